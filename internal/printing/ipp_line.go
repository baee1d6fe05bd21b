package printing

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/OpenPrinting/goipp"
	"github.com/icholy/digest"
)

// line is the connection to a printer: IPP messages in HTTP (RFC 8010), in the version
// that it speaks, with the password that it asks for.
type line struct {
	uri, url       string // of the printer, for IPP and for HTTP
	http           *http.Client
	jobs           *http.Client // for documents: each on a connection of its own
	user, password string
	old            atomic.Bool // it speaks 1.1, and refuses 2.0
	hasty          atomic.Bool // it does not say before a document whether it wants that
	last           atomic.Uint32

	mu     sync.Mutex
	basic  bool              // how it asked for the password last
	digest *digest.Challenge // likewise
	used   int               // how often the digest's challenge was answered
}

// dial makes a line to the printer of an ipp or ipps URI (RFC 3510, RFC 7472); the port is
// 631 by default. Nothing is sent yet.
func dial(uri *url.URL, transport *http.Transport, user, password string) *line {
	u := *uri
	u.Scheme = map[string]string{"ipp": "http", "ipps": "https"}[uri.Scheme]
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "631")
	}
	// Of a connection that is kept nobody knows whether the printer is just ending it.
	once := transport.Clone()
	once.DisableKeepAlives = true
	once.ExpectContinueTimeout = wantedWithin
	once.DialContext = dialSlowly
	return &line{uri: uri.String(), url: u.String(), user: cmp.Or(user, "cancuoc"), password: password, http: client(transport), jobs: client(once)}
}

// dialSlowly connects so that little of a document is under way at once: a printer that ends
// the connection in the middle of it is seen not to have all of it.
func dialSlowly(ctx context.Context, network, address string) (net.Conn, error) {
	const underWay = 16 << 10
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, is := conn.(*net.TCPConn); is {
		err = tcp.SetWriteBuffer(underWay)
	}
	return &patient{Conn: conn}, err
}

// patient is a connection on which the answer is read also when the other side takes nothing
// any more: a printer may refuse a document, by asking for a password for instance, and end the
// connection before all of it has come. net/http would tell of the broken connection alone.
type patient struct {
	net.Conn

	broken atomic.Pointer[error] // why the other side takes nothing; what is written then is dropped
}

// Write implements net.Conn.
func (p *patient) Write(b []byte) (int, error) {
	if p.broken.Load() != nil {
		return len(b), nil
	}
	n, err := p.Conn.Write(b)
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		p.broken.Store(&err)
		return len(b), nil
	}
	return n, err
}

// brokenBy is why the other side of a connection of dialSlowly, with TLS on it or without, takes
// nothing any more; nil where it does.
func brokenBy(conn net.Conn) error {
	if secured, is := conn.(*tls.Conn); is {
		conn = secured.NetConn()
	}
	if p, is := conn.(*patient); is {
		if err := p.broken.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// client is one of HTTP that goes nowhere else: a printer that sends us elsewhere has taken
// nothing.
func client(transport *http.Transport) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// How long an answer may take. A printer may print a card before it answers that it took it.
const (
	answerWithin = time.Minute
	takeWithin   = 5 * time.Minute
	wantedWithin = time.Second // for saying whether it wants a document; one that says nothing gets it
)

// ask sends a request with operation attributes, job attributes and a document, each of
// which may be missing, and reads the answer.
func (l *line) ask(ctx context.Context, o goipp.Op, operation, job goipp.Attributes, document []byte) (*goipp.Message, error) {
	within := answerWithin
	if document != nil {
		within = takeWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	version := goipp.MakeVersion(2, 0)
	if l.old.Load() {
		version = goipp.MakeVersion(1, 1)
	}
	answer, err := l.askIn(ctx, version, o, operation, job, document)
	if version.Major() > 1 && document == nil && wantsOld(err) {
		newest := err
		answer, err = l.askIn(ctx, goipp.MakeVersion(1, 1), o, operation, job, nil)
		if _, answered := errors.AsType[*statusError](err); wantsOld(err) {
			err = newest // it is not the version
		} else if err == nil || answered {
			l.old.Store(true)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	return answer, nil
}

// askIn is ask in a version of IPP.
func (l *line) askIn(ctx context.Context, version goipp.Version, o goipp.Op, operation, job goipp.Attributes, document []byte) (*goipp.Message, error) {
	request := goipp.NewRequest(version, o, l.last.Add(1)&0x7FFFFFFF)
	request.Operation = slices.Concat(goipp.Attributes{
		goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String("utf-8")),
		goipp.MakeAttr("attributes-natural-language", goipp.TagLanguage, goipp.String("en")),
		goipp.MakeAttr("printer-uri", goipp.TagURI, goipp.String(l.uri)),
	}, operation, goipp.Attributes{
		goipp.MakeAttr("requesting-user-name", goipp.TagName, goipp.String(l.user)),
	})
	request.Job = job
	body, err := request.EncodeBytes()
	if err != nil {
		return nil, err
	}
	response, err := l.post(ctx, append(body, document...), document != nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := readAnswer(response)
	switch {
	case err != nil:
		return nil, err
	case answer.RequestID != request.RequestID:
		return nil, errors.New("the answer belongs to another request")
	case answer.Code >= firstError:
		return nil, &statusError{o, goipp.Status(answer.Code), answer.Version, number(answer.Job, "job-id")}
	}
	return answer, nil
}

// post sends a body, with a document or without, and again if the printer asks for the
// password, or does not know how it is asked whether it wants a document (RFC 9110, 10.1.1).
func (l *line) post(ctx context.Context, body []byte, document bool) (*http.Response, error) {
	response, err := l.postOnce(ctx, body, document)
	if err != nil && !document { // a connection that was kept may just have been ending
		l.http.CloseIdleConnections()
		response, err = l.postOnce(ctx, body, document)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case response.StatusCode == http.StatusExpectationFailed && document && !l.hasty.Swap(true):
	case response.StatusCode == http.StatusUnauthorized && l.password != "" && l.asksForPassword(response):
	default:
		return response, nil
	}
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	return l.postOnce(ctx, body, document)
}

// postOnce sends a body with the password that the printer is known to ask for.
func (l *line) postOnce(ctx context.Context, body []byte, document bool) (*http.Response, error) {
	var on atomic.Pointer[net.Conn]
	var wanted atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:        func(info httptrace.GotConnInfo) { on.Store(&info.Conn) },
		Got100Continue: func() { wanted.Store(true) },
	})
	given := &handed{from: bytes.NewReader(body)}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, given) // without GetBody, a job is not sent twice
	if err != nil {
		return nil, err
	}
	r.ContentLength = int64(len(body)) // some printers do not accept chunks
	r.Header.Set("Content-Type", goipp.ContentType)
	if err := l.authorize(r); err != nil {
		return nil, err
	}
	by := l.http
	if document {
		by = l.jobs
		l.http.CloseIdleConnections() // some printers have one at a time
		if !l.hasty.Load() {
			r.Header.Set("Expect", "100-continue")
		}
	}
	response, err := by.Do(r)
	var broken error
	if conn := on.Load(); conn != nil {
		broken = brokenBy(*conn)
	}
	switch read := given.bytes.Load(); {
	case err != nil && broken != nil:
		return nil, &unsentError{broken, true}
	case err != nil && read < r.ContentLength:
		return nil, &unsentError{err, on.Load() != nil && read > 0}
	case err == nil && broken != nil:
		response.Body = cut{response.Body, broken}
	case err == nil && document && read == r.ContentLength && !wanted.Load():
		l.hasty.Store(true)
	}
	return response, err
}

// cut is the body of an answer to a request that was not sent to its end: what of the answer
// does not come is for that reason.
type cut struct {
	io.ReadCloser

	broken error
}

// Read implements io.Reader.
func (c cut) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &unsentError{c.broken, true}
	}
	return n, err
}

// handed counts what was read of a body.
type handed struct {
	from  io.Reader
	bytes atomic.Int64
}

func (h *handed) Read(b []byte) (int, error) {
	n, err := h.from.Read(b)
	h.bytes.Add(int64(n))
	return n, err
}

// asksForPassword notes how the printer asks for a password, and reports whether that is
// a new question: a password that was refused is not sent again.
func (l *line) asksForPassword(response *http.Response) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	given := response.Request.Header.Get("Authorization") != ""
	if c, err := digest.FindChallenge(response.Header); err == nil {
		l.digest, l.basic, l.used = c, false, 0
		return !given || c.Stale
	}
	if slices.ContainsFunc(response.Header.Values("WWW-Authenticate"), asksBasic) {
		l.digest, l.basic = nil, true
		return !given
	}
	return false
}

// asksBasic reports whether one of the challenges of a line is Basic (RFC 9110, 11.6.1). A
// comma is also between the parameters of one; a scheme is a word that has none.
func asksBasic(line string) bool {
	for part := range strings.SplitSeq(line, ",") {
		if scheme, _, _ := strings.Cut(strings.TrimSpace(part), " "); strings.EqualFold(scheme, "Basic") {
			return true
		}
	}
	return false
}

// authorize adds the password to a request.
func (l *line) authorize(r *http.Request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.basic:
		r.SetBasicAuth(l.user, l.password)
	case l.digest != nil:
		l.used++
		answer, err := digest.Digest(l.digest, digest.Options{
			Method: r.Method, URI: r.URL.RequestURI(), Count: l.used, Username: l.user, Password: l.password,
		})
		if err != nil {
			return fmt.Errorf("answer the printer's question for the password: %w", err)
		}
		r.Header.Set("Authorization", answer.String())
	}
	return nil
}

// maxAnswer is far more than a list of jobs or attributes takes, in bytes.
const maxAnswer = 1 << 20

// readAnswer reads the body of an HTTP response, if it is IPP.
func readAnswer(response *http.Response) (*goipp.Message, error) {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case kind != goipp.ContentType && response.StatusCode/100 != 2:
		return nil, &httpError{response.StatusCode}
	case kind != goipp.ContentType:
		return nil, fmt.Errorf("not an IPP printer: it answered HTTP %d without an IPP message", response.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxAnswer {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	answer, err := decode(b)
	if err != nil && response.StatusCode/100 != 2 {
		return nil, &httpError{response.StatusCode}
	}
	return answer, err
}

// decode reads a message, up to its end, and ignores what follows.
func decode(b []byte) (*goipp.Message, error) {
	m := new(goipp.Message)
	if err := m.DecodeBytesEx(b, goipp.DecoderOptions{EnableWorkarounds: true}); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return m, nil
}

// firstError is the first status code that is not a success (RFC 8011, appendix B).
const firstError = 0x0200

// statusError is an answer with a status code that is not a success.
type statusError struct {
	operation goipp.Op
	status    goipp.Status
	version   goipp.Version
	job       int32 // the number of the job that it took nevertheless, or 0
}

func (e *statusError) Error() string {
	what := fmt.Sprintf("the printer answered %s (0x%04x)", e.status, int(e.status))
	if slices.Contains(notAllowed, e.status) {
		what += askedFor
	}
	return what
}

// wantsOld reports whether the printer may not understand IPP 2.0, or not its HTTP.
func wantsOld(err error) bool {
	if failed, answered := errors.AsType[*httpError](err); answered {
		return failed.status == http.StatusBadRequest || failed.status == http.StatusHTTPVersionNotSupported
	}
	return answeredWith(err, goipp.StatusErrorVersionNotSupported, goipp.StatusErrorBadRequest)
}

// notAllowed are the status codes of a printer that does not let us.
var notAllowed = []goipp.Status{goipp.StatusErrorForbidden, goipp.StatusErrorNotAuthenticated, goipp.StatusErrorNotAuthorized}

const askedFor = ": give the user and the password that it wants (printing.user, printing.password_file)"

// httpError is an answer of HTTP that is not a success, without one of IPP.
type httpError struct{ status int }

func (e *httpError) Error() string {
	what := fmt.Sprintf("the printer answered HTTP %d", e.status)
	switch e.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return what + askedFor
	case http.StatusNotFound:
		return what + ": no printer is at that path (printing.uri)"
	case http.StatusRequestEntityTooLarge:
		return what + ": the job is too large for it"
	}
	return what + ", and not by IPP"
}

// unsentError is that of a request that was not sent to its end.
type unsentError struct {
	err   error
	begun bool // a part of it may have been
}

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// answeredWith reports whether the printer answered with one of those status codes.
func answeredWith(err error, list ...goipp.Status) bool {
	failed, answered := errors.AsType[*statusError](err)
	return answered && slices.Contains(list, failed.status)
}

// lacking reports whether the printer does not do what it was asked.
func lacking(err error) bool {
	return answeredWith(err, goipp.StatusErrorBadRequest, goipp.StatusErrorAttributesOrValues, goipp.StatusErrorOperationNotSupported)
}

// forgotten reports whether the printer does not know a job, or tells of none.
func forgotten(err error) bool {
	failed, answered := errors.AsType[*httpError](err)
	return answered && (failed.status == http.StatusNotFound || failed.status == http.StatusGone) || lacking(err) || answeredWith(err, goipp.StatusErrorNotFound, goipp.StatusErrorGone, goipp.StatusErrorNotPossible)
}

// unanswered says what a person has to do about a printer that gives no useful answer.
func unanswered(err error) string {
	_, refused := errors.AsType[*httpError](err)
	_, answered := errors.AsType[*statusError](err)
	if refused || answered {
		return err.Error()
	}
	return "the printer does not answer: switch it on, or check its cable"
}
