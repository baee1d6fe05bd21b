package printing

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/OpenPrinting/goipp"

	"example.org/cancuoc/internal/durable"
	"example.org/cancuoc/internal/identity"
)

// IPP prints on a card printer that speaks the Internet Printing Protocol, 2.0 or 1.1, and
// takes PDF or PWG raster.
//
// A job is known by the number that the printer gave it. Printers forget their jobs, call
// them what they like, and connections break after a job was sent. Therefore each job is
// written into a ledger before it is sent, and its number before it is waited for. What a
// printer's answers prove is in ipp_fate.go. All processes of the station send their jobs one
// after the other.
type IPP struct {
	media  string
	sides  string
	ledger ledger
	poll   time.Duration
	line   *line
	names  atomic.Bool // the printer was seen to keep the names of jobs
}

// IPPOptions describe a printer.
type IPPOptions struct {
	URI    string        // ipp://HOST[:PORT]/PATH or ipps://HOST[:PORT]/PATH
	CAFile string        // with ipps: PEM file of the CAs that its certificate is checked against; "": the system's
	Media  string        // the card's size by PWG 5101.1, for example om_id1-card_53.98x85.6mm; "": the media loaded
	Sides  string        // two-sided-long-edge or two-sided-short-edge; "": the former
	Ledger string        // folder in which jobs are written down
	Poll   time.Duration // interval at which a job is looked at; 0: half a second

	User, Password string // where the printer asks for them; "": none are given
}

// OpenIPP makes a driver. It does not connect to the printer, which may be off.
func OpenIPP(o IPPOptions) (*IPP, error) {
	uri, err := url.Parse(o.URI)
	if err != nil || uri.Host == "" || uri.Scheme != "ipp" && uri.Scheme != "ipps" {
		return nil, errors.New("printing.uri must be ipp://HOST/PATH or ipps://HOST/PATH")
	}
	if uri.User != nil {
		return nil, errors.New("printing.uri holds a user: give printing.user and printing.password_file instead")
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
	p := &IPP{media: o.Media, sides: cmp.Or(o.Sides, longEdge), ledger: opened, poll: o.Poll, line: dial(uri, transport, o.User, o.Password)}
	if p.poll == 0 {
		p.poll = 500 * time.Millisecond
	}
	return p, nil
}

// Values of job-state (RFC 8011, 5.3.7) and printer-state (5.4.11).
const (
	jobHeld      = 4
	jobStopped   = 6
	jobCanceled  = 7
	jobAborted   = 8
	jobCompleted = 9

	printerIdle    = 3
	printerStopped = 5
)

// Print implements Printer.
func (p *IPP) Print(ctx context.Context, job string, card Sides, tell func(string)) error {
	if err := checkJob(job); err != nil {
		return err
	}
	release, err := p.ledger.lock(ctx)
	if err != nil {
		return fmt.Errorf("wait for the printer: %w", err)
	}
	defer release()
	e, err := p.ledger.read(job)
	switch {
	case err != nil:
		return err
	case e.state == "", e.state == unbegun:
		if e, err = p.begin(ctx, job, card, e, tell); err != nil {
			return err
		}
	case !e.holds(card.PDF):
		return identity.Refuse(identity.Spoiled, "job %s was printed before with different content: nobody knows what is on the card", job)
	case e.state == completed:
		return nil
	}
	if e.id == 0 {
		if e.id, err = p.recover(ctx, job, tell); err != nil {
			return err
		}
		if e.id == 0 {
			return &Doubt{fmt.Sprintf("job %s was sent, and the printer did not say that it took it", job)}
		}
		if err := p.ledger.write(job, e); err != nil {
			return err
		}
	}
	if err := p.follow(ctx, job, e, tell); err != nil {
		return err
	}
	e.state = completed
	return p.ledger.write(job, e)
}

// begin gives a job to the printer, as soon as that accepts jobs. An earlier try may be in
// the ledger: it came to nothing.
func (p *IPP) begin(ctx context.Context, job string, card Sides, earlier entry, tell func(string)) (entry, error) {
	told, idle := "", 0
	for {
		e, err := p.offer(ctx, job, card, earlier)
		if !answeredWith(err, goipp.StatusErrorBusy, goipp.StatusErrorTemporary, goipp.StatusErrorNotAcceptingJobs) || e.state == "" {
			return e, err
		}
		earlier = e
		if now := p.attention(ctx, nil, &idle); now != told {
			told = now
			tell(now)
		}
		if err := wait(ctx, p.poll); err != nil {
			return e, fmt.Errorf("send job %s: %w", job, err)
		}
	}
}

// offer finds a job that the ledger does not have, since that may be lost, or sends it. The
// entry has no number if nobody knows whether the printer took the job.
func (p *IPP) offer(ctx context.Context, job string, card Sides, earlier entry) (entry, error) {
	known, err := p.jobs(ctx)
	if err != nil {
		return entry{}, fmt.Errorf("look for job %s: %w", job, err)
	}
	e := entryOf(card.PDF, sent)
	e.before = known.last()
	if e.id = known.named(job); e.id > earlier.id {
		return e, p.ledger.write(job, e)
	}
	e.id = 0
	if came, err := p.mayHaveCome(known, job, earlier); came || err != nil {
		return e, errors.Join(err, p.ledger.write(job, e))
	}
	can, err := p.ready(ctx)
	if err != nil {
		return entry{}, fmt.Errorf("send job %s: %w", job, err)
	}
	document, err := can.document(card)
	if err != nil {
		return entry{}, err
	}
	if err := p.ledger.write(job, e); err != nil {
		return entry{}, err
	}
	answer, err := p.line.ask(ctx, goipp.OpPrintJob, can.operation(job), can.template, document)
	switch e.id = numberGiven(answer, err); {
	case slices.ContainsFunc(known.jobs, func(j listedJob) bool { return j.id == e.id }): // it is another's
		e.id = 0
	case e.id == 0 && notTaken(err, e.before >= 0):
		e.id, e.state = earlier.id, unbegun
		return e, errors.Join(fmt.Errorf("send job %s: %w", job, err), p.ledger.write(job, e))
	}
	if err == nil && can.altered(answer) {
		e.state = altered
	}
	return e, p.ledger.write(job, e)
}

// listed are jobs that the printer knows.
type listed struct {
	jobs    []listedJob
	all     bool // it lists those that wait or are in work
	waiting int  // how many of them do
}

type listedJob struct {
	id         int32
	name, user string
}

// jobsListed is how many finished jobs are asked for: the latest ones.
const jobsListed = 100

// jobs lists what the printer knows. It may keep no history, and list no jobs at all.
func (p *IPP) jobs(ctx context.Context) (listed, error) {
	var l listed
	for _, which := range []string{"not-completed", "completed"} {
		attributes := goipp.Attributes{
			goipp.MakeAttr("which-jobs", goipp.TagKeyword, goipp.String(which)),
			asked("job-id", "job-name", "job-originating-user-name", "job-state"),
		}
		if which == "completed" {
			attributes = slices.Insert(attributes, 0, goipp.MakeAttr("limit", goipp.TagInteger, goipp.Integer(jobsListed)))
		}
		answer, err := p.line.ask(ctx, goipp.OpGetJobs, attributes, nil, nil)
		if lacking(err) {
			continue
		}
		if err != nil {
			return l, err
		}
		for _, g := range answer.Groups {
			if g.Tag == goipp.TagJobGroup {
				l.jobs = append(l.jobs, listedJob{
					number(g.Attrs, "job-id"), text(g.Attrs, "job-name"), text(g.Attrs, "job-originating-user-name"),
				})
				if number(g.Attrs, "job-state") < jobCanceled && which == "not-completed" { // some list all jobs, however they are asked
					l.waiting++
				}
			}
		}
		l.all = l.all || which == "not-completed"
	}
	return l, nil
}

// named gives the number of the latest job of a name, or 0. Printers may call every job the
// same: a name that is there is ours, one that is not says nothing.
func (l listed) named(job string) int32 {
	var found int32
	for _, j := range l.jobs {
		if j.name == job {
			found = max(found, j.id)
		}
	}
	return found
}

// last gives the highest number, or -1 if the printer lists no jobs.
func (l listed) last() int32 {
	var last int32
	if !l.all {
		return -1
	}
	for _, j := range l.jobs {
		last = max(last, j.id)
	}
	return last
}

// recover looks for a job that was sent, and of which the printer gave no number, by its
// name: no other job of the printer is believed to be it. It waits until the printer has
// nothing more to do, and gives 0 if it does not list the job.
func (p *IPP) recover(ctx context.Context, job string, tell func(string)) (int32, error) {
	var found int32
	err := p.untilIdle(ctx, tell, settled, func() (bool, int, string) {
		known, err := p.jobs(ctx)
		if err != nil {
			return false, 0, unanswered(err)
		}
		found = known.named(job)
		return found != 0, known.waiting, ""
	})
	if err != nil {
		return 0, fmt.Errorf("look for job %s: %w", job, err)
	}
	return found, nil
}

// settled is on how many looks in a row a printer that may say something else yet has to say
// the same.
const settled = 6

// untilIdle waits until the printer was idle on so many looks in a row, or found says that
// there is nothing to wait for. found also counts the jobs that wait in the printer, or says
// what a person has to do instead.
func (p *IPP) untilIdle(ctx context.Context, tell func(string), looks int, found func() (is bool, waiting int, instead string)) error {
	told, idle := "", 0
	for {
		is, waiting, now := found()
		if is {
			return nil
		}
		if now == "" {
			printer, err := p.attributes(ctx, "printer-state", "printer-state-reasons", "queued-job-count")
			state := number(printer, "printer-state")
			switch waiting += int(number(printer, "queued-job-count")); {
			case err != nil:
				idle, now = 0, unanswered(err)
			case state == printerIdle && waiting > 0:
				idle, now = 0, "release or delete the jobs that the printer holds"
			case state == printerIdle:
				idle++
			case state == 0: // one that does not say for long is not waited for
				idle, looks = idle+1, settled
			default:
				idle, now = 0, attend(printer, nil)
			}
			if idle == looks {
				return nil
			}
		} else {
			idle = 0
		}
		if now != told {
			told = now
			tell(now)
		}
		if err := wait(ctx, p.poll); err != nil {
			return err
		}
	}
}

// follow waits until the printer has ended a job, and meanwhile tells what the printer
// needs a person to do. It keeps asking while the printer does not answer. Of a job that
// did not end well, or that the printer forgot, nobody knows whether it was printed.
func (p *IPP) follow(ctx context.Context, job string, e entry, tell func(string)) error {
	told, silent, idle := "", 0, 0
	for {
		now := ""
		g, err := p.job(ctx, e.id)
		if id := number(g, "job-id"); id != 0 && id != e.id && text(g, "job-name") != job {
			g = nil // it tells of another job
		}
		if err := p.seen(job, &e, g); err != nil {
			return err
		}
		state := number(g, "job-state")
		if silent++; err != nil || state != 0 {
			silent = 0
		}
		switch {
		case forgotten(err), silent == settled, err == nil && p.anothers(text(g, "job-name"), job, e):
			if err := p.untilIdle(ctx, tell, 1, nothing); err != nil {
				return fmt.Errorf("wait for job %s: %w", job, err)
			}
			return &Doubt{fmt.Sprintf("the printer took job %s, and does not know it any more", job)}
		case err != nil:
			now = unanswered(err)
		case (state == jobAborted || state == jobCanceled) && neverBegun(g):
			e.state = unbegun
			return errors.Join(fmt.Errorf("the printer took job %s, and did not begin it (%s)", job, reasons(g)), p.ledger.write(job, e))
		case state >= jobCanceled:
			return p.ended(ctx, job, e, g, tell)
		default:
			now = p.attention(ctx, g, &idle)
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

// nothing is what untilIdle finds where it is only waited.
func nothing() (bool, int, string) { return false, 0, "" }

// job asks for a job by its number.
func (p *IPP) job(ctx context.Context, id int32) (goipp.Attributes, error) {
	answer, err := p.line.ask(ctx, goipp.OpGetJobAttributes, goipp.Attributes{
		goipp.MakeAttr("job-id", goipp.TagInteger, goipp.Integer(id)),
		asked("job-id", "job-name", "job-state", "job-state-reasons", "job-impressions-completed", "job-media-sheets-completed", "sides", "time-at-processing"),
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	return answer.Job, nil
}

// Prove implements Printer: the ledger can be written, and the printer answers, lets us
// print and see jobs, and takes both sides of a card of that size in a format of ours.
func (p *IPP) Prove(ctx context.Context) error {
	if err := durable.Prove(p.ledger.dir, ledgerBytes, true); err != nil {
		return fmt.Errorf("ledger of print jobs: %w", err)
	}
	_, err := p.ready(ctx)
	if err == nil {
		_, err = p.jobs(ctx)
	}
	if err != nil {
		return fmt.Errorf("printer: %w", err)
	}
	return nil
}

// ready proves that the printer takes a card's job, and lets us see it.
func (p *IPP) ready(ctx context.Context) (ability, error) {
	can, err := p.can(ctx)
	if err != nil {
		return ability{}, err
	}
	if err := p.validate(ctx, can); err != nil {
		return ability{}, err
	}
	return can, p.showsJobs(ctx)
}

// showsJobs asks for a job that there is not: whoever may not see jobs is told that first.
func (p *IPP) showsJobs(ctx context.Context) error {
	_, err := p.job(ctx, 1<<31-1)
	if forgotten(err) {
		return nil
	}
	if _, answered := errors.AsType[*statusError](err); answered && !answeredWith(err, notAllowed...) {
		return nil
	}
	return err
}

// ledgerBytes is more than a job takes in the ledger.
const ledgerBytes = 4 << 10

// wait waits for a time.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
