package printing

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"example.org/cancuoc/internal/durable"
	"example.org/cancuoc/internal/identity"
)

// IPP prints on a card printer that speaks the Internet Printing Protocol 2.0 and
// takes PDF.
//
// A printer forgets its jobs, and a connection may break after a job was sent.
// Therefore each job is written into a ledger before it is sent. All processes of
// the station send their jobs one after the other.
type IPP struct {
	uri         *url.URL // printer-uri, for example ipp://host:631/ipp/print
	httpURL     string   // the same printer for HTTP
	http        *http.Client
	media       string
	ledger      ledger
	poll        time.Duration
	user        string
	password    string
	lastRequest atomic.Int32 // request-id
	old         atomic.Bool  // it speaks 1.1, and refuses 2.0
}

// IPPOptions describe a printer.
type IPPOptions struct {
	URI    string        // ipp://HOST[:PORT]/PATH or ipps://HOST[:PORT]/PATH
	CAFile string        // with ipps: PEM file of the CAs that its certificate is checked against; "": the system's
	Media  string        // the card's size by PWG 5101.1, for example om_id1-card_53.98x85.6mm; "": the media loaded
	Ledger string        // folder in which jobs are written down
	Poll   time.Duration // interval at which a job is looked at; 0: half a second

	User, Password string // for HTTP Basic; "": none is asked for
}

// OpenIPP makes a driver. It does not connect to the printer, which may be off.
func OpenIPP(o IPPOptions) (*IPP, error) {
	uri, err := url.Parse(o.URI)
	if err != nil || uri.Host == "" || uri.Scheme != "ipp" && uri.Scheme != "ipps" {
		return nil, errors.New("printing.uri must be ipp://HOST/PATH or ipps://HOST/PATH")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the printer is in the same network
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities of the printer: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificate authorities of the printer: there is no certificate in %s", o.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	opened, err := openLedger(o.Ledger)
	if err != nil {
		return nil, err
	}
	p := &IPP{
		uri: uri, media: o.Media, ledger: opened, poll: o.Poll, user: cmp.Or(o.User, "cancuoc"), password: o.Password,
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("a printer does not redirect")
		}},
	}
	if p.poll == 0 {
		p.poll = 500 * time.Millisecond
	}
	p.httpURL = httpURL(uri)
	return p, nil
}

// httpURL gives the URL of an ipp or ipps URI for HTTP (RFC 3510, RFC 7472); the port
// is 631 by default.
func httpURL(uri *url.URL) string {
	u := *uri
	u.Scheme = map[string]string{"ipp": "http", "ipps": "https"}[uri.Scheme]
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "631")
	}
	return u.String()
}

// operation is an operation-id (RFC 8011, 5.4.15).
type operation uint16

const (
	opPrintJob             operation = 0x0002
	opValidateJob          operation = 0x0004
	opGetJobAttributes     operation = 0x0009
	opGetJobs              operation = 0x000A
	opGetPrinterAttributes operation = 0x000B
)

// String names the operation as RFC 8011 does.
func (o operation) String() string {
	return map[operation]string{
		opPrintJob: "Print-Job", opValidateJob: "Validate-Job", opGetJobAttributes: "Get-Job-Attributes",
		opGetJobs: "Get-Jobs", opGetPrinterAttributes: "Get-Printer-Attributes",
	}[o]
}

// Status codes (RFC 8011, appendix B). Those below firstError are successes.
const (
	firstError             = 0x0400
	statusBadRequest       = 0x0400 // client-error-bad-request
	statusNotFound         = 0x0406 // client-error-not-found
	statusGone             = 0x0407 // client-error-gone
	statusAttributes       = 0x040B // client-error-attributes-or-values-not-supported
	statusNoOperation      = 0x0501 // server-error-operation-not-supported
	statusVersion          = 0x0503 // server-error-version-not-supported
	statusTemporaryError   = 0x0505 // server-error-temporary-error
	statusNotAcceptingJobs = 0x0506 // server-error-not-accepting-jobs
	statusBusy             = 0x0507 // server-error-busy
)

// Values of job-state (RFC 8011, 5.3.7).
const (
	jobHeld      = 4
	jobStopped   = 6
	jobCanceled  = 7
	jobAborted   = 8
	jobCompleted = 9
)

// statusError is an answer with a status code that is not a success.
type statusError struct {
	operation operation
	status    uint16
}

func (e *statusError) Error() string {
	return fmt.Sprintf("the printer answered %s with status 0x%04x", e.operation, e.status)
}

// httpError is an answer of HTTP that is not a success, without one of IPP: whatever was
// sent, the printer did not take it.
type httpError struct{ status int }

func (e *httpError) Error() string {
	switch e.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprintf("the printer answered HTTP %d: give the user and the password that it wants (printing.user, printing.password_file)", e.status)
	case http.StatusRequestEntityTooLarge:
		return fmt.Sprintf("the printer answered HTTP %d: the job is too large for it", e.status)
	}
	return fmt.Sprintf("the printer answered HTTP %d, and not by IPP", e.status)
}

// Print implements Printer.
func (p *IPP) Print(ctx context.Context, job string, card Sides, tell func(string)) error {
	if err := checkJob(job); err != nil {
		return err
	}
	pdf := card.PDF
	release, err := p.ledger.lock(ctx)
	if err != nil {
		return fmt.Errorf("wait for the printer: %w", err)
	}
	defer release()
	entry, err := p.ledger.read(job)
	switch {
	case err != nil:
		return err
	case entry.is(pdf, completed):
		return nil
	case entry.state != "" && !entry.holds(pdf):
		return identity.Refuse(identity.Spoiled, "job %s was printed before with different content: nobody knows what is on the card", job)
	}
	id := entry.id
	if id == 0 {
		if id, err = p.find(ctx, job); err != nil {
			return fmt.Errorf("look for job %s: %w", job, err)
		}
	}
	if id == 0 {
		if entry.state == sent {
			return identity.Refuse(identity.Spoiled, "job %s was sent, but the printer does not know it any more: its card may have been printed", job)
		}
		if id, err = p.send(ctx, job, pdf, tell); err != nil {
			return fmt.Errorf("send job %s: %w", job, err)
		}
	}
	if err := p.follow(ctx, job, id, tell); err != nil {
		return err
	}
	return p.ledger.write(job, entryOf(pdf, completed))
}

// find gives the job-id of the latest job of that name that the printer knows, or 0. A
// printer may call every job the same, keep no history or list no jobs: names are a help,
// and what it says itself of a job is by the job-id that it gave.
func (p *IPP) find(ctx context.Context, job string) (int32, error) {
	var found int32
	for _, which := range []string{"not-completed", "completed"} {
		answer, err := p.ask(ctx, opGetJobs, []attribute{
			{"which-jobs", []value{text(tagKeyword, which)}},
			{"requested-attributes", []value{text(tagKeyword, "job-id"), text(tagKeyword, "job-name")}},
		}, nil, nil)
		if failed, answered := errors.AsType[*statusError](err); answered && slices.Contains([]uint16{statusBadRequest, statusAttributes, statusNoOperation}, failed.status) {
			continue // it does not list them
		}
		if err != nil {
			return 0, err
		}
		for _, g := range answer.all(tagJob) {
			if g.first("job-name").String() == job {
				found = max(found, g.first("job-id").integer())
			}
		}
	}
	return found, nil
}

// send writes a job down and sends it to the printer, as soon as that accepts jobs. It
// gives the job-id.
func (p *IPP) send(ctx context.Context, job string, pdf []byte, tell func(string)) (int32, error) {
	template, err := p.jobTemplate(ctx)
	if err != nil {
		return 0, err
	}
	if err := p.ledger.write(job, entryOf(pdf, sent)); err != nil {
		return 0, err
	}
	for {
		answer, err := p.ask(ctx, opPrintJob, []attribute{
			{"job-name", []value{text(tagName, job)}},
			fidelity,
			{"document-format", []value{text(tagMIMEType, formatPDF)}},
		}, template, pdf)
		if err == nil {
			entry := entryOf(pdf, sent)
			if entry.id = answer.one(tagJob).first("job-id").integer(); entry.id == 0 {
				return 0, errors.New("the printer took the job but gave no job-id")
			}
			return entry.id, p.ledger.write(job, entry)
		}
		failed, answered := errors.AsType[*statusError](err)
		_, refused := errors.AsType[*httpError](err)
		if !answered && !refused && !neverConnected(err) {
			return 0, err // the job may have arrived: it stays in the ledger
		}
		if answered && slices.Contains([]uint16{statusBusy, statusTemporaryError, statusNotAcceptingJobs}, failed.status) {
			tell(p.attention(ctx, group{}))
			if err := wait(ctx, p.poll); err != nil {
				return 0, errors.Join(err, p.ledger.forget(job))
			}
			continue
		}
		return 0, errors.Join(err, p.ledger.forget(job)) // the printer did not take the job
	}
}

// fidelity has the printer refuse a job that it would print otherwise than it is told.
var fidelity = attribute{"ipp-attribute-fidelity", []value{{tagBoolean, []byte{1}}}}

// jobTemplate gives the job template attributes (RFC 8011, 5.2): one copy, on both
// sides of one card if the printer has a choice.
func (p *IPP) jobTemplate(ctx context.Context) ([]attribute, error) {
	answer, err := p.ask(ctx, opGetPrinterAttributes, []attribute{
		{"requested-attributes", []value{text(tagKeyword, "sides-supported"), text(tagKeyword, "document-format-supported")}},
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	printer := answer.one(tagPrinter)
	if formats := keywords(printer, "document-format-supported"); len(formats) > 0 && !slices.Contains(formats, formatPDF) {
		return nil, errors.New("the printer does not accept PDF: choose another driver (printing.driver)")
	}
	list := []attribute{{"copies", []value{integer(tagInteger, 1)}}}
	const bothSides = "two-sided-long-edge"
	switch sides := keywords(printer, "sides-supported"); {
	case slices.Contains(sides, bothSides):
		list = append(list, attribute{"sides", []value{text(tagKeyword, bothSides)}})
	case len(sides) > 0:
		return nil, errors.New("the printer prints on one side only: a card has two")
	}
	if p.media != "" {
		list = append(list, attribute{"media", []value{text(tagKeyword, p.media)}})
	}
	return list, nil
}

// Prove implements Printer: the ledger can be written, and the printer answers, lets us
// print, and takes PDF of that size on both sides.
func (p *IPP) Prove(ctx context.Context) error {
	if err := durable.Prove(p.ledger.dir, ledgerBytes, true); err != nil {
		return fmt.Errorf("ledger of print jobs: %w", err)
	}
	template, err := p.jobTemplate(ctx)
	if err != nil {
		return fmt.Errorf("printer: %w", err)
	}
	_, err = p.ask(ctx, opValidateJob, []attribute{
		{"job-name", []value{text(tagName, "proof")}}, fidelity, {"document-format", []value{text(tagMIMEType, formatPDF)}},
	}, template, nil)
	if failed, answered := errors.AsType[*statusError](err); answered && slices.Contains([]uint16{statusNoOperation, statusBusy, statusTemporaryError, statusNotAcceptingJobs}, failed.status) {
		return nil // it has no such operation, or is busy: then a job waits
	}
	if err != nil {
		return fmt.Errorf("printer: %w", err)
	}
	return nil
}

// ledgerBytes is more than a job takes in the ledger.
const ledgerBytes = 4 << 10

// Media types.
const (
	typeIPP   = "application/ipp"
	formatPDF = "application/pdf"
)

// neverConnected reports whether a request failed before anything was sent.
func neverConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// follow waits until the printer has ended a job, and meanwhile tells what the printer
// needs a person to do. It keeps asking while the printer does not answer. A job that was
// followed and that the printer forgot, as it may when it is done, was printed or not: the
// camera sees.
func (p *IPP) follow(ctx context.Context, job string, id int32, tell func(string)) error {
	told := ""
	for {
		answer, err := p.ask(ctx, opGetJobAttributes, []attribute{
			{"job-id", []value{integer(tagInteger, id)}},
			{"requested-attributes", []value{text(tagKeyword, "job-name"), text(tagKeyword, "job-state"), text(tagKeyword, "job-state-reasons")}},
		}, nil, nil)
		failed, answered := errors.AsType[*statusError](err)
		now := ""
		switch g := answer.one(tagJob); {
		case answered && (failed.status == statusNotFound || failed.status == statusGone), err == nil && p.anothers(g, job):
			return nil
		case err != nil:
			now = "the printer does not answer: switch it on, or check its cable"
		case g.first("job-state").integer() == jobCompleted:
			return nil
		case g.first("job-state").integer() == jobCanceled:
			return identity.Refuse(identity.Spoiled, "job %s was canceled at the printer (%s): its card may have been printed", job, reasons(g, "job-state-reasons"))
		case g.first("job-state").integer() == jobAborted:
			return identity.Refuse(identity.Spoiled, "the printer aborted job %s (%s): its card may have been printed", job, reasons(g, "job-state-reasons"))
		default:
			now = p.attention(ctx, g)
		}
		if now != told {
			told = now
			tell(now)
		}
		if err := wait(ctx, p.poll); err != nil {
			return fmt.Errorf("wait for job %s: %w", job, err)
		}
	}
}

// anothers reports whether a job is another of ours: the printer forgot the one with that
// job-id, and gave the number again. What else it calls a job says nothing.
func (p *IPP) anothers(g group, job string) bool {
	name := g.first("job-name").String()
	if name == job || checkJob(name) != nil {
		return false
	}
	other, err := p.ledger.read(name)
	return err == nil && other.state != ""
}

// attention asks what the printer needs a person to do, also for a job that it holds or
// stopped, and gives "" if that is nothing or the printer does not answer.
func (p *IPP) attention(ctx context.Context, job group) string {
	answer, err := p.ask(ctx, opGetPrinterAttributes, []attribute{
		{"requested-attributes", []value{text(tagKeyword, "printer-state"), text(tagKeyword, "printer-state-reasons")}},
	}, nil, nil)
	if err != nil {
		return ""
	}
	wanted := attention(keywords(answer.one(tagPrinter), "printer-state-reasons"))
	state := job.first("job-state").integer()
	if wanted != "" || state != jobHeld && state != jobStopped {
		return wanted
	}
	if wanted = attention(keywords(job, "job-state-reasons")); wanted != "" {
		return wanted
	}
	if state == jobHeld {
		return "release the job at the printer: it holds it"
	}
	return "see the printer's panel: it stopped the job"
}

func keywords(g group, name string) []string {
	var list []string
	for _, v := range g.get(name) {
		list = append(list, v.String())
	}
	return list
}

// reasons lists the keywords of an attribute, safe to show.
func reasons(g group, name string) string {
	var b bytes.Buffer
	for i, k := range keywords(g, name) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(printable(k))
	}
	return b.String()
}

// maxAnswer is far more than a list of jobs or attributes takes, in bytes.
const maxAnswer = 1 << 20

// ask sends a request with operation attributes, job attributes and a document, each
// of which may be missing, and reads the answer.
func (p *IPP) ask(ctx context.Context, o operation, attributes, job []attribute, document []byte) (message, error) {
	answer, err := p.askOnce(ctx, o, attributes, job, document)
	if failed, answered := errors.AsType[*statusError](err); answered && failed.status == statusVersion && !p.old.Swap(true) {
		return p.askOnce(ctx, o, attributes, job, document)
	}
	return answer, err
}

// askOnce is ask in the version that the printer is known to speak.
func (p *IPP) askOnce(ctx context.Context, o operation, attributes, job []attribute, document []byte) (message, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	version := [2]byte{2, 0}
	if p.old.Load() {
		version = [2]byte{1, 1}
	}
	request := message{version: version, code: uint16(o), request: p.lastRequest.Add(1) & 0x7FFFFFFF}
	request.groups = append(request.groups, group{tagOperation, append([]attribute{
		{"attributes-charset", []value{text(tagCharset, "utf-8")}},
		{"attributes-natural-language", []value{text(tagLanguage, "en")}},
		{"printer-uri", []value{text(tagURI, p.uri.String())}},
		{"requesting-user-name", []value{text(tagName, p.user)}},
	}, attributes...)})
	if job != nil {
		request.groups = append(request.groups, group{tagJob, job})
	}
	head := request.encode()
	body := io.MultiReader(bytes.NewReader(head), bytes.NewReader(document))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.httpURL, body)
	if err != nil {
		return message{}, fmt.Errorf("%s: %w", o, err)
	}
	r.ContentLength = int64(len(head) + len(document)) // some printers do not accept chunks
	r.Header.Set("Content-Type", typeIPP)
	if p.password != "" {
		r.SetBasicAuth(p.user, p.password)
	}
	response, err := p.http.Do(r)
	if err != nil {
		return message{}, fmt.Errorf("%s: %w", o, err)
	}
	defer response.Body.Close()
	answer, err := readAnswer(response)
	switch {
	case err != nil:
		return message{}, fmt.Errorf("%s: %w", o, err)
	case answer.request != request.request:
		return message{}, fmt.Errorf("%s: the answer belongs to another request", o)
	case answer.code >= firstError:
		return message{}, &statusError{o, answer.code}
	}
	return answer, nil
}

// readAnswer reads the body of an HTTP response, if it is IPP.
func readAnswer(response *http.Response) (message, error) {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case kind != typeIPP && response.StatusCode/100 != 2:
		return message{}, &httpError{response.StatusCode}
	case kind != typeIPP:
		return message{}, fmt.Errorf("not an IPP printer: it answered HTTP %d without an IPP message", response.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return message{}, err
	}
	if len(b) > maxAnswer {
		return message{}, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	return decode(b)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
