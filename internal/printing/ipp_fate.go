package printing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/OpenPrinting/goipp"

	"example.org/cancuoc/internal/identity"
)

// What is known of a job that was sent:
//
//   - It is this one, if the printer answered with a number that it had not given before,
//     also beside an error, or if it lists it under its name. No other job is taken for it.
//   - It was surely not taken, if nothing, or not all of it, was sent, or the printer said so.
//     It is sent again, unless a job was listed meanwhile that may be it.
//   - Otherwise it may have been taken, and a person or a camera has to look at the card.

// numberGiven gives the number that the printer answered with, or 0.
func numberGiven(answer *goipp.Message, err error) int32 {
	if failed, answered := errors.AsType[*statusError](err); answered {
		return failed.job
	}
	if err != nil {
		return 0
	}
	return number(answer.Job, "job-id")
}

// notTaken reports whether an error says that a job did not come into being. Of one that was
// sent in part that is known only where the printer lists its jobs: it may have begun to
// print what it had.
func notTaken(err error, lists bool) bool {
	if failed, answered := errors.AsType[*statusError](err); answered {
		return failed.status != goipp.StatusErrorJobCanceled
	}
	if refused, answered := errors.AsType[*httpError](err); answered {
		return !slices.Contains(passedOn, refused.status)
	}
	unsent, is := errors.AsType[*unsentError](err)
	return is && (lists || !unsent.begun)
}

// passedOn are the statuses of HTTP with which whoever stands before a printer says that it
// gave no answer in time (RFC 9110, 15.5.9, 15.6.3, 15.6.5): it may have the job.
var passedOn = []int{http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout}

// mayHaveCome reports whether a job that the printer did not take, as it said, is there
// nevertheless: one was listed meanwhile that is nobody else's.
func (p *IPP) mayHaveCome(known listed, job string, earlier entry) (bool, error) {
	if earlier.state != unbegun || earlier.before < 0 {
		return false, nil
	}
	var came []int32
	for _, j := range known.jobs {
		ours := j.user == "" || j.user == p.line.user
		if ours && j.id > max(earlier.before, earlier.id) && !p.anothers(j.name, job, earlier) {
			came = append(came, j.id)
		}
	}
	if len(came) == 0 {
		return false, nil
	}
	others, err := p.ledger.numbersSince(job)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(came, func(id int32) bool { return !slices.Contains(others, id) }), nil
}

// anothers reports whether what the printer calls a job says that it is not this one: this
// one was seen under its own name, or the name is that of another of ours. Printers may call
// every job the same, so that any other name says nothing.
func (p *IPP) anothers(name, job string, e entry) bool {
	if name == job || name == "" {
		return false
	}
	if e.named || p.names.Load() || isJob(name) {
		return true
	}
	if checkJob(name) != nil {
		return false
	}
	other, err := p.ledger.read(name)
	return err == nil && other.state != ""
}

// isJob reports whether a name is that of a job of ours, here or at another station: the
// number of an application, a dash, and a number.
func isJob(name string) bool {
	at := strings.LastIndexByte(name, '-')
	if at < 0 || strings.Trim(name[at+1:], "0123456789") != "" {
		return false
	}
	n, err := identity.ParseApplicationNumber(name[:at])
	return err == nil && string(n) == name[:at]
}

// seen notes that a job was seen under its own name: whatever has its number and another name
// afterwards is another job, as after the printer's power failed.
func (p *IPP) seen(job string, e *entry, g goipp.Attributes) error {
	if e.named || text(g, "job-name") != job {
		return nil
	}
	e.named = true
	p.names.Store(true)
	return p.ledger.write(job, *e)
}

// sidesOfACard is how many impressions a card takes.
const sidesOfACard = 2

// ended judges a job that the printer has ended.
func (p *IPP) ended(ctx context.Context, job string, e entry, g goipp.Attributes, tell func(string)) error {
	impressions, impressionsCounted := counted(g, "job-impressions-completed")
	sheets, sheetsCounted := counted(g, "job-media-sheets-completed")
	said := keywords(g, "job-state-reasons")
	switch state := number(g, "job-state"); {
	case state == jobCanceled:
		return &Doubt{fmt.Sprintf("job %s was canceled at the printer (%s)", job, reasons(g))}
	case state != jobCompleted:
		return &Doubt{fmt.Sprintf("the printer aborted job %s (%s)", job, reasons(g))}
	case slices.Contains(said, "queued-in-device"):
		if err := p.untilIdle(ctx, tell, settled, nothing); err != nil {
			return fmt.Errorf("wait for job %s: %w", job, err)
		}
		return &Doubt{fmt.Sprintf("the printer passed job %s on, and does not say what became of it", job)}
	case e.state == altered, isOneSided(g):
		return &Doubt{fmt.Sprintf("the printer printed job %s otherwise than it was told", job)}
	case slices.ContainsFunc(said, isFailure):
		return &Doubt{fmt.Sprintf("the printer printed job %s with errors (%s)", job, reasons(g))}
	case impressionsCounted && impressions < sidesOfACard:
		return &Doubt{fmt.Sprintf("the printer says that it printed %d of the %d sides of job %s", impressions, sidesOfACard, job)}
	case sheetsCounted && sheets == 0:
		return &Doubt{"the printer says that it printed no card for job " + job}
	case impressions > sidesOfACard:
		return &Doubt{fmt.Sprintf("the printer says that it printed %d sides of job %s, which has %d: look for a second card with this print", impressions, job, sidesOfACard)}
	}
	return nil
}

// isOneSided reports whether the printer says of a job that it has one side.
func isOneSided(g goipp.Attributes) bool { return text(g, "sides") == "one-sided" }

// isFailure reports whether a reason for a job's state says that not all of it was printed
// as it should be (RFC 8011, 5.3.8).
func isFailure(reason string) bool {
	return reason == "job-completed-with-errors" || reason == "errors-detected" || strings.HasPrefix(reason, "job-canceled-")
}

// neverBegun reports whether the printer says of a job that it aborted, or that was canceled,
// that it did not begin it: it may be sent again when that is mended.
func neverBegun(g goipp.Attributes) bool {
	impressions, counted := counted(g, "job-impressions-completed")
	if impressions > 0 {
		return false
	}
	if number(g, "job-state") == jobCanceled {
		return counted && hasNoValue(g, "time-at-processing") // it waited (RFC 8011, 5.3.14.2)
	}
	for _, reason := range keywords(g, "job-state-reasons") {
		switch reason {
		case "unsupported-document-format", "unsupported-compression", "unsupported-attributes-or-values",
			"document-access-error", "document-password-error", "document-permission-error", "document-security-error":
			return true
		case "document-format-error", "document-unprintable-error", "compression-error", "conflicting-attributes":
			if counted {
				return true
			}
		}
		if strings.HasPrefix(reason, "account-") && counted { // a limit may be reached between both sides
			return true
		}
	}
	return false
}
