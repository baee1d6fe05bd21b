package printing

import (
	"context"
	"slices"
	"strings"

	"github.com/OpenPrinting/goipp"
)

// remedies say what a person has to do about a printer-state-reasons keyword (RFC
// 8011, 5.4.12; PWG 5100.13). Other keywords are shown as they are.
var remedies = map[string]string{
	"media-empty":                "put blank cards into the hopper",
	"media-needed":               "put blank cards into the hopper",
	"media-low":                  "blank cards are running low: fill the hopper soon",
	"media-jam":                  "a card is stuck: open the printer and take it out",
	"cover-open":                 "close the cover",
	"door-open":                  "close the door",
	"interlock-open":             "close the printer",
	"input-tray-missing":         "put the hopper in",
	"output-tray-missing":        "put the output tray in",
	"output-area-full":           "take the finished cards out",
	"output-area-almost-full":    "the output is filling up: take the finished cards out soon",
	"marker-supply-empty":        "change the ribbon",
	"marker-supply-low":          "the ribbon is running low: have another ready",
	"marker-waste-full":          "change the waste box",
	"cleaner-life-over":          "clean the printer and change the cleaning roller",
	"paused":                     "resume the printer at its panel",
	"moving-to-paused":           "resume the printer at its panel",
	"shutdown":                   "switch the printer on",
	"offline":                    "switch the printer on, or check its cable",
	"timed-out":                  "the device does not answer: check its cable",
	"connecting-to-device":       "the device does not answer yet: check its cable if this stays",
	"stopped-partly":             "part of the printer is out of order: see its panel",
	"spool-area-full":            "the printer's memory is full: restart it when no card is in it",
	"identify-printer-requested": "somebody is looking for this printer",
}

// jobRemedies say likewise what a person has to do about a job-state-reasons keyword (RFC
// 8011, 5.3.8). Those that the printer's own reasons explain say nothing.
var jobRemedies = map[string]string{
	"printer-stopped":              "",
	"printer-stopped-partly":       "",
	"job-incoming":                 "",
	"job-queued":                   "",
	"job-spooling":                 "",
	"job-interpreting":             "",
	"job-transforming":             "",
	"job-printing":                 "",
	"job-outgoing":                 "",
	"queued-in-device":             "",
	"processing-to-stop-point":     "",
	"job-hold-until-specified":     "release the job at the printer: it holds it",
	"job-held-for-review":          "release the job at the printer: it holds it",
	"job-held-by-service":          "release the job at the printer: it holds it",
	"job-stopped":                  "resume the job at the printer: it stopped it",
	"job-suspended":                "resume the job at the printer: it stopped it",
	"resources-are-not-ready":      "the printer lacks what the card needs: see its panel",
	"cups-held-for-authentication": "the printer's queue wants a password for the device behind it: give it there, and release the job",
}

// idleFor is on how many looks in a row a printer is idle, and leaves a job that it has or is
// offered, before a person is told: half a minute at the default interval.
const idleFor = 60

// attention asks the printer what it needs a person to do, for a job or for none. It gives
// "" if that is nothing, or the printer does not answer. idle counts the looks in a row on
// which it was idle.
func (p *IPP) attention(ctx context.Context, job goipp.Attributes, idle *int) string {
	printer, err := p.attributes(ctx, "printer-state", "printer-state-reasons", "printer-is-accepting-jobs")
	if err != nil {
		return ""
	}
	if *idle++; number(printer, "printer-state") != printerIdle {
		*idle = 0
	}
	now := attend(printer, job)
	if now == "" && *idle >= idleFor {
		return "see the printer's panel: it is idle, and does not begin the job"
	}
	return now
}

// attend turns the state of a printer and of a job into one sentence for the person beside
// the printer, or "" if nothing is needed.
func attend(printer, job goipp.Attributes) string {
	list := sentences(nil, keywords(printer, "printer-state-reasons"), remedies)
	state := number(job, "job-state")
	if state == jobHeld || state == jobStopped {
		list = sentences(list, keywords(job, "job-state-reasons"), jobRemedies)
	}
	if len(list) > 0 {
		return strings.Join(list, "; ")
	}
	switch {
	case state == jobHeld:
		return "release the job at the printer: it holds it"
	case state == jobStopped:
		return "see the printer's panel: it stopped the job"
	case number(printer, "printer-state") == printerStopped:
		return "see the printer's panel: it is stopped"
	case isNo(printer, "printer-is-accepting-jobs"):
		return "let the printer accept jobs: it accepts none"
	}
	return ""
}

// sentences adds to a list what to do about each reason.
func sentences(list, reasons []string, remedies map[string]string) []string {
	for _, reason := range reasons {
		plain := reason
		for _, severity := range []string{"-report", "-warning", "-error"} {
			plain = strings.TrimSuffix(plain, severity)
		}
		if plain == "none" || plain == "" {
			continue
		}
		what, known := remedies[plain]
		if !known {
			what = "see the printer's panel (" + printable(plain) + ")"
		}
		if what != "" && !slices.Contains(list, what) {
			list = append(list, what)
		}
	}
	return list
}

// printable removes from a keyword what keywords do not consist of (RFC 8010, 5.1.4),
// and shortens it.
func printable(keyword string) string {
	const most = 60
	keyword = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return -1
	}, keyword)
	return keyword[:min(len(keyword), most)]
}
