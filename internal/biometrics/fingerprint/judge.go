package fingerprint

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/biometrics/quality"
)

// QualityLimits are what the fingers of a capture must reach.
type QualityLimits struct {
	MinQuality  int     // of each finger as its record states it, 0 to 100; a record that states none is judged by its minutiae
	MinMinutiae int     // in each finger
	MinFingers  int     // taken
	SameFinger  float64 // score from which two fingers of a capture are one finger given twice
}

// DefaultQualityLimits are for flat live-scan fingers at 500 dpi.
func DefaultQualityLimits() QualityLimits {
	return QualityLimits{MinQuality: 30, MinMinutiae: 16, MinFingers: 1, SameFinger: 90}
}

// Names of the measures: the number of fingers, and the lowest quality and number
// of minutiae among them.
const (
	MeasureFingers  = "fingers"
	MeasureQuality  = "finger_quality"
	MeasureMinutiae = "minutiae"
)

// Judge says whether the fingers of a capture are good enough. It needs no images:
// a record carries the quality that its extractor found. Whether a finger that was
// not taken has a reason is checked at intake. Judge refuses records it cannot
// read.
func Judge(t Templates, limits QualityLimits) (quality.Judgment, error) {
	records, err := t.parse()
	if err != nil {
		return quality.Judgment{}, err
	}
	var findings []quality.Finding
	var poor []string
	measures := quality.Measures{MeasureFingers: float64(len(records))}
	for _, p := range slices.SortedFunc(maps.Keys(records), byCode) {
		r := records[p]
		measures.AtMost(MeasureQuality, float64(r.Quality))
		measures.AtMost(MeasureMinutiae, float64(len(r.Minutiae)))
		switch {
		case len(r.Minutiae) < limits.MinMinutiae:
			findings, poor = append(findings, of(p, quality.FingerFewMinutiae, MeasureMinutiae, len(r.Minutiae), limits.MinMinutiae)), append(poor, string(p))
		case r.Quality > 0 && r.Quality < limits.MinQuality:
			findings, poor = append(findings, of(p, quality.FingerPoor, MeasureQuality, r.Quality, limits.MinQuality)), append(poor, string(p))
		}
	}
	if len(records) < limits.MinFingers {
		findings = append(findings, quality.Finding{Code: quality.FingersMissing})
	}
	if oneFingerTwice(records, limits.SameFinger) {
		findings = append(findings, quality.Finding{Code: quality.FingersAlike})
	}
	slices.SortStableFunc(findings, func(x, y quality.Finding) int { return cmp.Compare(x.Code, y.Code) })
	judgment := quality.Judge(findings, measures)
	judgment.Fingers = poor
	return judgment, nil
}

// of is what was measured of one finger, and what is accepted.
func of(p Position, code quality.Code, measure string, value, least int) quality.Finding {
	return quality.Finding{Code: code, Measured: string(p) + ": " + quality.Bound(measure, float64(value), float64(least), math.Inf(1))}
}

// oneFingerTwice reports whether any two fingers of a capture are the same finger.
func oneFingerTwice(records map[Position]minutiae.Record, limit float64) bool {
	var ready []*minutiae.Prepared
	for _, p := range slices.SortedFunc(maps.Keys(records), byCode) {
		f := minutiae.Prepare(records[p])
		for _, other := range ready {
			if minutiae.Match(f, other) >= limit {
				return true
			}
		}
		ready = append(ready, f)
	}
	return false
}
