package fingerprint

import (
	"maps"
	"slices"

	"example.org/cancuoc/internal/biometrics/minutiae"
)

// MatchLimits are the scores from which two captures are taken to be of one person.
// The scores of the fingers that both have are added up. One finger alone must
// reach more than its share, since there is no second one to average chance away.
type MatchLimits struct {
	OneFinger float64
	PerFinger float64 // for each of several fingers
}

// DefaultMatchLimits leave room on both sides on synthetic fingers; see
// docs/biometrics.md.
func DefaultMatchLimits() MatchLimits { return MatchLimits{OneFinger: 75, PerFinger: 50} }

// limit is the score that n fingers must reach together.
func (l MatchLimits) limit(n int) float64 {
	if n <= 1 {
		return l.OneFinger
	}
	return l.PerFinger * float64(n)
}

// Verdict is the outcome of comparing two captures.
type Verdict struct {
	Match   bool
	Score   float64 // the sum over fingers; see minutiae.Match
	Limit   float64 // what Score had to reach
	Fingers int     // how many both captures have; with none there is no match
}

// Verify compares the fingers that both captures have at the same positions. At
// the counter, a verdict without a match calls for another try and then for an
// officer; by itself it refuses nothing. Verify refuses records it cannot read.
func Verify(enrolled, probe Templates, limits MatchLimits) (Verdict, error) {
	a, err := enrolled.Prepare()
	if err != nil {
		return Verdict{}, err
	}
	b, err := probe.Prepare()
	if err != nil {
		return Verdict{}, err
	}
	return a.Verify(b, limits), nil
}

// Prepared is a capture made ready for comparison. It does not change and may be
// shared.
type Prepared map[Position]*minutiae.Prepared

// Prepare makes every finger ready for comparison. It refuses records it cannot
// read.
func (t Templates) Prepare() (Prepared, error) {
	records, err := t.parse()
	if err != nil {
		return nil, err
	}
	ready := make(Prepared, len(records))
	for p, record := range records {
		ready[p] = minutiae.Prepare(record)
	}
	return ready, nil
}

// Positions lists the fingers of the capture by code.
func (c Prepared) Positions() []Position { return slices.SortedFunc(maps.Keys(c), byCode) }

// Verify is the function Verify, of captures that were made ready before.
func (c Prepared) Verify(probe Prepared, limits MatchLimits) Verdict {
	var v Verdict
	for _, p := range probe.Positions() {
		if enrolled := c[p]; enrolled != nil {
			v.Score += minutiae.Match(probe[p], enrolled)
			v.Fingers++
		}
	}
	v.Limit = limits.limit(v.Fingers)
	v.Match = v.Fingers > 0 && v.Score >= v.Limit
	return v
}
