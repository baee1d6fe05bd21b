package biometrics

import (
	"maps"
	"slices"

	"example.org/cancuoc/internal/biometrics/minutiae"
)

// MatchLimits are the scores from which two captures are of one person. Scores of
// the fingers that both have are added up; one finger alone must reach more than
// its share, since chance is not averaged away.
type MatchLimits struct {
	OneFinger float64
	PerFinger float64 // for each of several fingers
}

// DefaultMatchLimits are limits with room on both sides on synthetic fingers; see
// docs/biometrics.md.
func DefaultMatchLimits() MatchLimits { return MatchLimits{OneFinger: 75, PerFinger: 50} }

// limit is the score that so many fingers must reach together.
func (l MatchLimits) limit(fingers int) float64 {
	if fingers <= 1 {
		return l.OneFinger
	}
	return l.PerFinger * float64(fingers)
}

// Verdict is the outcome of comparing two captures.
type Verdict struct {
	Match   bool
	Score   float64 // the sum over fingers; see minutiae.Match
	Limit   float64 // what Score had to reach
	Fingers int     // how many both captures have; with none there is no match
}

// Verify compares the fingers that both captures have at the same positions. At
// the counter a verdict without a match calls for another try and then for an
// officer, never for a refusal by itself. It refuses records it cannot read.
func Verify(enrolled, probe Templates, limits MatchLimits) (Verdict, error) {
	a, err := enrolled.prepare()
	if err != nil {
		return Verdict{}, err
	}
	b, err := probe.prepare()
	if err != nil {
		return Verdict{}, err
	}
	return verify(a, b, limits), nil
}

// hand is a capture made ready for comparison.
type hand map[Position]*minutiae.Prepared

func verify(a, b hand, limits MatchLimits) Verdict {
	var v Verdict
	for _, p := range slices.SortedFunc(maps.Keys(b), byCode) {
		if other := a[p]; other != nil {
			v.Score += minutiae.Match(b[p], other)
			v.Fingers++
		}
	}
	v.Limit = limits.limit(v.Fingers)
	v.Match = v.Fingers > 0 && v.Score >= v.Limit
	return v
}
