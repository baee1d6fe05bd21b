package printing

import (
	"bytes"
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

	"example.org/cancuoc/internal/identity"
)

// IPP prints on a card printer that speaks the Internet Printing Protocol 2.0 and
// takes PDF.
//
// A printer forgets its jobs, and a connection may break when it has one: so each
// job is written down before it is sent (ledger). Jobs go to the printer one after
// the other, from all processes of the station.
type IPP struct {
	uri    *url.URL // ipp://host:631/ipp/print, as printers call themselves
	post   string   // the same as HTTP has it
	http   *http.Client
	media  string
	ledger ledger
	poll   time.Duration
	last   atomic.Int32 // request-id
}

// IPPOptions of a printer.
type IPPOptions struct {
	URI    string        // ipp://HOST[:PORT]/PATH, or ipps://
	CAFile string        // PEM of who may have signed its certificate, with ipps; "": the system's
	Media  string        // the card's size by PWG 5101.1, as om_id1-card_53.98x85.6mm; "": what is in it
	Ledger string        // folder in which jobs are written down
	Poll   time.Duration // between looks at a job; 0: half a second
}

// OpenIPP makes a driver. It does not speak to the printer yet: that may be off.
func OpenIPP(o IPPOptions) (*IPP, error) {
	uri, err := url.Parse(o.URI)
	if err != nil || uri.Host == "" || uri.Scheme != "ipp" && uri.Scheme != "ipps" {
		return nil, errors.New("printing.uri must be ipp://HOST/PATH or ipps://HOST/PATH")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // a printer is in the same room
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities of the printer: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificate authorities of the printer: there is none in %s", o.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	opened, err := openLedger(o.Ledger)
	if err != nil {
		return nil, err
	}
	p := &IPP{
		uri: uri, media: o.Media, ledger: opened, poll: o.Poll,
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("a printer does not redirect")
		}},
	}
	if p.poll == 0 {
		p.poll = 500 * time.Millisecond
	}
	p.post = httpURL(uri)
	return p, nil
}

// httpURL is where the printer is for HTTP (RFC 3510; port 631).
func httpURL(uri *url.URL) string {
	u := *uri
	u.Scheme = map[string]string{"ipp": "http", "ipps": "https"}[uri.Scheme]
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "631")
	}
	return u.String()
}

// Operations (RFC 8011, 5.4.15).
const (
	opPrintJob             = 0x0002
	opGetJobAttributes     = 0x0009
	opGetJobs              = 0x000A
	opGetPrinterAttributes = 0x000B
)

// Statuses (RFC 8011, appendix B). Below firstError all are success.
const (
	firstError  = 0x0400
	statusGone  = 0x0406 // client-error-not-found
	statusGone2 = 0x0407 // client-error-gone
	statusLater = 0x0505 // server-error-temporary-error
	statusStop  = 0x0506 // server-error-not-accepting-jobs
	statusBusy  = 0x0507 // server-error-busy
)

// States of a job (RFC 8011, 5.3.7).
const (
	jobCanceled  = 7
	jobAborted   = 8
	jobCompleted = 9
)

// ippError is a status that is no success.
type ippError struct {
	operation string
	status    uint16
}

func (e *ippError) Error() string {
	return fmt.Sprintf("the printer refuses %s (status 0x%04x)", e.operation, e.status)
}

// Print implements Printer.
func (p *IPP) Print(ctx context.Context, job string, card Sides, tell func(string)) error {
	if err := checkJob(job); err != nil {
		return err
	}
	pdf := card.PDF
	release, err := p.ledger.lock(ctx)
	if err != nil {
		return fmt.Errorf("await turn at the printer: %w", err)
	}
	defer release()
	entry, err := p.ledger.read(job)
	switch {
	case err != nil:
		return err
	case entry.is(pdf, completed):
		return nil
	case entry.state != "" && !entry.holds(pdf):
		return identity.Refuse(identity.Conflict, "job %s was printed before with another content", job)
	}
	id, err := p.find(ctx, job)
	if err != nil {
		return fmt.Errorf("look for job %s: %w", job, err)
	}
	if id == 0 {
		if entry.state == sent {
			return identity.Refuse(identity.Spoiled, "job %s was sent, and the printer does not know it any more: its card may be printed", job)
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

// find gives the id of the latest job of that name that the printer knows, or 0.
func (p *IPP) find(ctx context.Context, job string) (int32, error) {
	var found int32
	for _, which := range []string{"not-completed", "completed"} {
		answer, err := p.ask(ctx, "Get-Jobs", opGetJobs, []attribute{
			{"which-jobs", []value{text(tagKeyword, which)}},
			{"requested-attributes", []value{text(tagKeyword, "job-id"), text(tagKeyword, "job-name")}},
		}, nil, nil)
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

// send writes a job down and gives it to the printer, when that takes jobs.
func (p *IPP) send(ctx context.Context, job string, pdf []byte, tell func(string)) (int32, error) {
	template, err := p.template(ctx)
	if err != nil {
		return 0, err
	}
	if err := p.ledger.write(job, entryOf(pdf, sent)); err != nil {
		return 0, err
	}
	for {
		answer, err := p.ask(ctx, "Print-Job", opPrintJob, []attribute{
			{"job-name", []value{text(tagName, job)}},
			{"document-format", []value{text(tagMIMEType, formatPDF)}},
		}, template, pdf)
		if err == nil {
			id := answer.one(tagJob).first("job-id").integer()
			if id == 0 {
				return 0, errors.New("the printer took the job and gave it no number")
			}
			return id, nil
		}
		refused, answered := errors.AsType[*ippError](err)
		if !answered && !neverConnected(err) {
			return 0, err // it may have arrived: the ledger keeps it
		}
		if answered && slices.Contains([]uint16{statusBusy, statusLater, statusStop}, refused.status) {
			tell(p.wants(ctx))
			if err := wait(ctx, p.poll); err != nil {
				return 0, errors.Join(err, p.ledger.forget(job))
			}
			continue
		}
		return 0, errors.Join(err, p.ledger.forget(job)) // nothing was taken
	}
}

// template is how a card is printed: once, on both sides of one card where the
// printer has a choice.
func (p *IPP) template(ctx context.Context) ([]attribute, error) {
	answer, err := p.ask(ctx, "Get-Printer-Attributes", opGetPrinterAttributes, []attribute{
		{"requested-attributes", []value{text(tagKeyword, "sides-supported"), text(tagKeyword, "document-format-supported")}},
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	can := answer.one(tagPrinter)
	if formats := keywords(can, "document-format-supported"); len(formats) > 0 && !slices.Contains(formats, formatPDF) {
		return nil, errors.New("the printer takes no PDF; it needs another driver")
	}
	list := []attribute{{"copies", []value{integer(tagInteger, 1)}}}
	if slices.Contains(keywords(can, "sides-supported"), "two-sided-long-edge") {
		list = append(list, attribute{"sides", []value{text(tagKeyword, "two-sided-long-edge")}})
	}
	if p.media != "" {
		list = append(list, attribute{"media", []value{text(tagKeyword, p.media)}})
	}
	return list, nil
}

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

// follow waits until the printer is done with a job, and tells what it wants of a
// person meanwhile. It asks again while the printer does not answer.
func (p *IPP) follow(ctx context.Context, job string, id int32, tell func(string)) error {
	told := ""
	for {
		answer, err := p.ask(ctx, "Get-Job-Attributes", opGetJobAttributes, []attribute{
			{"job-id", []value{integer(tagInteger, id)}},
			{"requested-attributes", []value{text(tagKeyword, "job-name"), text(tagKeyword, "job-state"), text(tagKeyword, "job-state-reasons")}},
		}, nil, nil)
		refused, answered := errors.AsType[*ippError](err)
		now := ""
		switch g := answer.one(tagJob); {
		case answered && (refused.status == statusGone || refused.status == statusGone2),
			err == nil && len(g.get("job-name")) > 0 && g.first("job-name").String() != job:
			return identity.Refuse(identity.Spoiled, "the printer does not know job %s any more: its card may be printed", job)
		case err != nil:
			now = "the printer does not answer: switch it on, or see to its cable"
		case g.first("job-state").integer() == jobCompleted:
			return nil
		case g.first("job-state").integer() == jobCanceled:
			return identity.Refuse(identity.Spoiled, "job %s was canceled at the printer (%s): its card may be printed", job, reasons(g, "job-state-reasons"))
		case g.first("job-state").integer() == jobAborted:
			return identity.Refuse(identity.Spoiled, "the printer gave job %s up (%s): its card may be printed", job, reasons(g, "job-state-reasons"))
		default:
			now = p.wants(ctx)
		}
		if now != told {
			told = now
			tell(now)
		}
		if err := wait(ctx, p.poll); err != nil {
			return fmt.Errorf("await job %s: %w", job, err)
		}
	}
}

// wants asks what the printer wants of a person; empty where it wants nothing, or
// does not say.
func (p *IPP) wants(ctx context.Context) string {
	answer, err := p.ask(ctx, "Get-Printer-Attributes", opGetPrinterAttributes, []attribute{
		{"requested-attributes", []value{text(tagKeyword, "printer-state"), text(tagKeyword, "printer-state-reasons")}},
	}, nil, nil)
	if err != nil {
		return ""
	}
	return attention(keywords(answer.one(tagPrinter), "printer-state-reasons"))
}

func keywords(g group, name string) []string {
	var list []string
	for _, v := range g.get(name) {
		list = append(list, v.String())
	}
	return list
}

// reasons lists keywords, fit to be shown.
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

// An answer lists a printer's jobs, or its attributes: never so much.
const maxAnswer = 1 << 20

// ask sends a request, a document behind it where there is one, and reads the
// answer.
func (p *IPP) ask(ctx context.Context, operation string, code uint16, attributes, job []attribute, document []byte) (message, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request := message{version: [2]byte{2, 0}, code: code, request: p.last.Add(1) & 0x7FFFFFFF}
	request.groups = append(request.groups, group{tagOperation, append([]attribute{
		{"attributes-charset", []value{text(tagCharset, "utf-8")}},
		{"attributes-natural-language", []value{text(tagLanguage, "en")}},
		{"printer-uri", []value{text(tagURI, p.uri.String())}},
		{"requesting-user-name", []value{text(tagName, "cancuoc")}},
	}, attributes...)})
	if job != nil {
		request.groups = append(request.groups, group{tagJob, job})
	}
	head := request.encode()
	body := io.MultiReader(bytes.NewReader(head), bytes.NewReader(document))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.post, body)
	if err != nil {
		return message{}, fmt.Errorf("%s: %w", operation, err)
	}
	r.ContentLength = int64(len(head) + len(document)) // some printers take nothing in chunks
	r.Header.Set("Content-Type", typeIPP)
	response, err := p.http.Do(r)
	if err != nil {
		return message{}, fmt.Errorf("%s: %w", operation, err)
	}
	defer response.Body.Close()
	answer, err := readAnswer(response)
	switch {
	case err != nil:
		return message{}, fmt.Errorf("%s: %w", operation, err)
	case answer.request != request.request:
		return message{}, fmt.Errorf("%s: the answer is to another request", operation)
	case answer.code >= firstError:
		return message{}, &ippError{operation, answer.code}
	}
	return answer, nil
}

// readAnswer reads what came back, if it is IPP.
func readAnswer(response *http.Response) (message, error) {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || kind != typeIPP {
		return message{}, fmt.Errorf("this is no IPP printer: HTTP %d", response.StatusCode)
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
