package fingerprint

import (
	"maps"
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
	var codes []quality.Code
	var poor []string
	measures := quality.Measures{MeasureFingers: float64(len(records))}
	for _, p := range slices.SortedFunc(maps.Keys(records), byCode) {
		r := records[p]
		measures.AtMost(MeasureQuality, float64(r.Quality))
		measures.AtMost(MeasureMinutiae, float64(len(r.Minutiae)))
		switch {
		case len(r.Minutiae) < limits.MinMinutiae:
			codes, poor = append(codes, quality.FingerFewMinutiae), append(poor, string(p))
		case r.Quality > 0 && r.Quality < limits.MinQuality:
			codes, poor = append(codes, quality.FingerPoor), append(poor, string(p))
		}
	}
	if len(records) < limits.MinFingers {
		codes = append(codes, quality.FingersMissing)
	}
	if oneFingerTwice(records, limits.SameFinger) {
		codes = append(codes, quality.FingersAlike)
	}
	judgment := quality.Judge(slices.Compact(slices.Sorted(slices.Values(codes))), measures)
	judgment.Fingers = poor
	return judgment, nil
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
