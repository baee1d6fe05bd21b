package printing

import (
	"slices"
	"strings"
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

// attention turns printer-state-reasons into one sentence for the person beside the
// printer, or "" if nothing is needed.
func attention(reasons []string) string {
	var list []string
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
		if !slices.Contains(list, what) {
			list = append(list, what)
		}
	}
	return strings.Join(list, "; ")
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
