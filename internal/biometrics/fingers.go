package biometrics

import (
	"maps"
	"slices"

	"example.org/cancuoc/internal/biometrics/minutiae"
)

// FingerLimits are what a capture of fingers must reach.
type FingerLimits struct {
	MinQuality  int     // of each finger as its record states it, 0 to 100; a record without is judged by its minutiae
	MinMinutiae int     // in each finger
	MinFingers  int     // taken
	SameFinger  float64 // score from which two fingers of one capture are one finger given twice
}

// DefaultFingerLimits are limits for flat live-scan fingers at 500 dpi.
func DefaultFingerLimits() FingerLimits {
	return FingerLimits{MinQuality: 30, MinMinutiae: 16, MinFingers: 1, SameFinger: 90}
}

// Names of measures of fingers: the lowest among the fingers of the capture.
const (
	MeasureFingers       = "fingers"
	MeasureFingerQuality = "finger_quality"
	MeasureMinutiae      = "minutiae"
)

// JudgeFingers says whether the fingers of a capture will do. The pictures are not
// needed: a record carries the quality that its extractor found. Whether a finger
// that is not there has a reason is for the door to check.
func JudgeFingers(t Templates, limits FingerLimits) (Judgement, error) {
	found := make(map[Position]minutiae.Template, len(t))
	for p, record := range t {
		parsed, err := minutiae.Parse(record)
		if err != nil {
			return Judgement{}, err
		}
		found[p] = parsed
	}
	var codes []Code
	lowest := Measures{MeasureFingers: float64(len(found))}
	for _, p := range slices.SortedFunc(maps.Keys(found), byCode) {
		f := found[p]
		lowest.atMost(MeasureFingerQuality, float64(f.Quality))
		lowest.atMost(MeasureMinutiae, float64(len(f.Minutiae)))
		switch {
		case len(f.Minutiae) < limits.MinMinutiae:
			codes = append(codes, FingerFewMinutiae)
		case f.Quality > 0 && f.Quality < limits.MinQuality:
			codes = append(codes, FingerPoor)
		}
	}
	if len(found) < limits.MinFingers {
		codes = append(codes, FingersMissing)
	}
	if oneFingerTwice(found, limits.SameFinger) {
		codes = append(codes, FingersAlike)
	}
	return judge(slices.Compact(slices.Sorted(slices.Values(codes))), lowest), nil
}

// atMost keeps the lower of the value and what is there.
func (m Measures) atMost(name string, v float64) {
	if old, ok := m[name]; !ok || v < old {
		m[name] = v
	}
}

// oneFingerTwice reports whether any two fingers of a capture are one.
func oneFingerTwice(found map[Position]minutiae.Template, limit float64) bool {
	var ready []*minutiae.Prepared
	for _, p := range slices.SortedFunc(maps.Keys(found), byCode) {
		f := minutiae.Prepare(found[p])
		for _, other := range ready {
			if minutiae.Match(f, other) >= limit {
				return true
			}
		}
		ready = append(ready, f)
	}
	return false
}
