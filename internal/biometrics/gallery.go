package biometrics

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"

	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/identity"
)

// Gallery is the fingers of many captures in memory, to be searched by those of
// another. An entry is a capture (an encounter, in OSIA's words) under the
// caller's identifier. It may be used by several goroutines.
//
// A search looks the probe up in an index and compares it in full only with the
// few entries that have much in common with it, so that it costs less than ten
// microseconds for each entry. It is meant for some ten thousand persons; a
// country needs an ABIS of its own.
type Gallery struct {
	mu      sync.RWMutex
	entries []entry        // by number; removed ones stay, empty
	numbers map[string]int // by identifier
	indexes map[Position]*index
}

// entry is one capture of the gallery.
type entry struct {
	id     string
	digest [sha256.Size]byte // of the records
	hand   hand              // nil once removed
}

// NewGallery makes an empty gallery.
func NewGallery() *Gallery {
	return &Gallery{numbers: make(map[string]int), indexes: make(map[Position]*index)}
}

// IdentifyLimits bound a search.
type IdentifyLimits struct {
	Match      MatchLimits
	Candidates int               // to be given at most
	Compare    int               // entries to be compared in full at most, the likeliest
	MinVotes   float64           // what the index must say for an entry to be compared, for each finger
	Skip       func(string) bool // entries that are not to be found: the applicant's own; may be nil
}

// DefaultIdentifyLimits search strictly: a false hit costs two people's time, and
// with ten thousand persons there are ten thousand chances for one.
func DefaultIdentifyLimits() IdentifyLimits {
	return IdentifyLimits{Match: MatchLimits{OneFinger: 90, PerFinger: 60}, Candidates: 10, Compare: 60, MinVotes: 0.15}
}

// Candidate is an entry that may be of the same person as the probe.
type Candidate struct {
	ID string
	Verdict
}

// Add puts a capture into the gallery, or replaces the one of that identifier.
// Adding the same capture again changes nothing. It refuses records it cannot read.
func (g *Gallery) Add(id string, t Templates) error {
	records, err := t.MarshalBinary()
	if err != nil {
		return fmt.Errorf("add %s: %w", id, err)
	}
	e := entry{id: id, digest: sha256.Sum256(records)}
	if g.holds(e) {
		return nil
	}
	if e.hand, err = t.prepare(); err != nil {
		return fmt.Errorf("add %s: %w", id, err)
	}
	g.put(e)
	return nil
}

// holds reports whether that very capture is in the gallery.
func (g *Gallery) holds(e entry) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	number, ok := g.numbers[e.id]
	return ok && g.entries[number].digest == e.digest
}

// put takes an entry into the gallery and its indexes.
func (g *Gallery) put(e entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(e.id)
	number := len(g.entries)
	g.entries = append(g.entries, e)
	g.numbers[e.id] = number
	for p, f := range e.hand {
		if g.indexes[p] == nil {
			g.indexes[p] = newIndex()
		}
		g.indexes[p].add(number, f)
	}
}

// Remove takes a capture out of the gallery; one that is not there is no mistake.
func (g *Gallery) Remove(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(id)
}

func (g *Gallery) remove(id string) {
	number, ok := g.numbers[id]
	if !ok {
		return
	}
	delete(g.numbers, id)
	for p, f := range g.entries[number].hand {
		g.indexes[p].remove(number, f)
	}
	g.entries[number].hand = nil
}

// Len is the number of captures.
func (g *Gallery) Len() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.numbers)
}

// Verify compares a probe with the capture of that identifier, or refuses with
// NotFound.
func (g *Gallery) Verify(id string, probe Templates, limits MatchLimits) (Verdict, error) {
	p, err := probe.prepare()
	if err != nil {
		return Verdict{}, err
	}
	g.mu.RLock()
	number, ok := g.numbers[id]
	var enrolled hand
	if ok {
		enrolled = g.entries[number].hand
	}
	g.mu.RUnlock()
	if !ok {
		return Verdict{}, identity.Refuse(identity.NotFound, "the gallery has no capture %s", id)
	}
	return verify(enrolled, p, limits), nil
}

// Identify gives the entries whose fingers match the probe's, the best first, and
// among equals by identifier. The same gallery and probe give the same answer. It
// stops with the context's error when the context ends.
func (g *Gallery) Identify(ctx context.Context, probe Templates, limits IdentifyLimits) ([]Candidate, error) {
	p, err := probe.prepare()
	if err != nil {
		return nil, err
	}
	var found []Candidate
	for _, e := range g.likely(p, limits) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("search gallery: %w", err)
		}
		if v := verify(e.hand, p, limits.Match); v.Match {
			found = append(found, Candidate{e.id, v})
		}
	}
	slices.SortFunc(found, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score/b.Limit, a.Score/a.Limit), cmp.Compare(a.ID, b.ID))
	})
	return found[:min(len(found), limits.Candidates)], nil
}

// likely asks the index for the entries to compare in full, the likeliest first.
func (g *Gallery) likely(probe hand, limits IdentifyLimits) []entry {
	g.mu.RLock()
	defer g.mu.RUnlock()
	votes := make([]float32, len(g.entries))
	fingers := make([]uint8, len(g.entries))
	for _, p := range slices.SortedFunc(maps.Keys(probe), byCode) {
		if x := g.indexes[p]; x != nil {
			x.vote(probe[p], votes, fingers)
		}
	}
	var numbers []int
	for n, e := range g.entries {
		if e.hand == nil || fingers[n] == 0 || limits.Skip != nil && limits.Skip(e.id) {
			continue
		}
		if votes[n] /= float32(fingers[n]); float64(votes[n]) >= limits.MinVotes {
			numbers = append(numbers, n)
		}
	}
	slices.SortFunc(numbers, func(a, b int) int {
		return cmp.Or(cmp.Compare(votes[b], votes[a]), cmp.Compare(g.entries[a].id, g.entries[b].id))
	})
	chosen := make([]entry, 0, min(len(numbers), limits.Compare))
	for _, n := range numbers[:min(len(numbers), limits.Compare)] {
		chosen = append(chosen, g.entries[n])
	}
	return chosen
}

// index finds, for one finger position, the entries that have pairs of
// neighbouring minutiae in common with a probe.
//
// A pair is described by what turning and shifting the finger leaves as it is:
// the distance, the direction of one minutia as seen from the other, and the turn
// between them. Entries are listed under each description, roughly. A probe's
// pairs vote for the entries listed there; votes count together only where they
// agree on how far the finger was turned, which chance does not.
type index struct {
	cells [distances * directions * directions][]posting
	pairs []uint16 // of each finger here, by place
	entry []int    // the number of each finger's entry, by place; -1 once removed
	place map[int]int
}

// posting is one pair of a finger: the finger's place in the index in the upper 24
// bits, the angle of the pair's first minutia in the lower 8.
type posting uint32

const (
	distances     = 20
	distanceStep  = 6.0 // pixels at 500 dpi
	directions    = 32
	directionStep = 256 / directions
	rotations     = directions // into which votes are sorted
	// maxTurned is how far a finger may be turned between two captures, in
	// rotations either way: 56 degrees.
	maxTurned = 5
)

func newIndex() *index { return &index{place: make(map[int]int)} }

// add lists a finger of an entry.
func (x *index) add(number int, f *minutiae.Prepared) {
	place := len(x.entry)
	x.entry = append(x.entry, number)
	x.place[number] = place
	links := f.Links()
	x.pairs = append(x.pairs, uint16(min(len(links), 1<<16-1)))
	for _, l := range links {
		d := int(l.Distance / distanceStep)
		if d >= distances {
			continue
		}
		c := cell(d, int(l.Bearing)/directionStep, int(l.Turn)/directionStep)
		x.cells[c] = append(x.cells[c], posting(place)<<8|posting(l.Angle))
	}
}

// remove takes a finger's pairs out again.
func (x *index) remove(number int, f *minutiae.Prepared) {
	place, ok := x.place[number]
	if !ok {
		return
	}
	delete(x.place, number)
	x.entry[place] = -1
	for _, l := range f.Links() {
		d := int(l.Distance / distanceStep)
		if d >= distances {
			continue
		}
		c := cell(d, int(l.Bearing)/directionStep, int(l.Turn)/directionStep)
		x.cells[c] = slices.DeleteFunc(x.cells[c], func(p posting) bool { return int(p>>8) == place })
	}
}

func cell(distance, bearing, turn int) int {
	return (distance*directions+bearing)*directions + turn
}

// vote adds, to every entry that has this finger, the share of pairs that it has
// in common with the probe at one rotation, and counts the finger.
func (x *index) vote(probe *minutiae.Prepared, votes []float32, fingers []uint8) {
	counts := make([]uint16, len(x.entry)*rotations)
	links := probe.Links()
	for _, l := range links {
		for _, c := range near(l) {
			for _, p := range x.cells[c] {
				rotation := uint8(p) - l.Angle + directionStep/2
				counts[int(p>>8)*rotations+int(rotation/directionStep)]++
			}
		}
	}
	for place, number := range x.entry {
		if number < 0 {
			continue
		}
		fingers[number]++
		most := uint16(0)
		at := counts[place*rotations:][:rotations]
		for r := -maxTurned; r < maxTurned; r++ {
			most = max(most, at[(r+rotations)%rotations]+at[(r+1+rotations)%rotations])
		}
		if all := max(int(x.pairs[place]), len(links)); all > 0 {
			votes[number] += float32(most) / float32(all)
		}
	}
}

// near lists the cells that a pair may have fallen into in another impression:
// its own and the nearest in each measure.
func near(l minutiae.Link) []int {
	d := int(l.Distance/distanceStep - 0.5)
	b := (int(l.Bearing) - directionStep/2 + 256) / directionStep
	t := (int(l.Turn) - directionStep/2 + 256) / directionStep
	cells := make([]int, 0, 8)
	for i := range 8 {
		dd := d + i&1
		if l.Distance/distanceStep < 0.5 {
			dd = i & 1
		}
		if dd < distances {
			cells = append(cells, cell(dd, (b+i>>1&1)%directions, (t+i>>2&1)%directions))
		}
	}
	return cells
}
