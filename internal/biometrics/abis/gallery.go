package abis

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"example.org/cancuoc/internal/biometrics/fingerprint"
)

// Gallery holds the fingers of many captures in memory, to be searched for those of
// another. Each capture (OSIA: encounter) has an identifier of the caller's. A
// gallery may be used by several goroutines.
//
// A search looks the probe up in an index, and compares it in full only with the
// few captures that have much in common with it: it takes less than ten
// microseconds for each capture. It is meant for about ten thousand persons; a
// country needs another ABIS.
type Gallery struct {
	mu      sync.RWMutex
	entries []entry        // by number; removed ones stay, empty
	numbers map[string]int // by identifier
	indexes map[fingerprint.Position]*index
}

// entry is one capture of the gallery.
type entry struct {
	id      string
	digest  [sha256.Size]byte    // of the records
	fingers fingerprint.Prepared // nil once removed
}

// NewGallery makes an empty gallery.
func NewGallery() *Gallery {
	return &Gallery{numbers: make(map[string]int), indexes: make(map[fingerprint.Position]*index)}
}

// Limits bound a search.
type Limits struct {
	Match      fingerprint.MatchLimits
	Candidates int               // given at most
	Compare    int               // captures compared in full at most, the likeliest first
	MinVotes   float64           // what the index must give a capture for it to be compared, for each finger
	Skip       func(string) bool // captures that are not searched: the applicant's own; may be nil
}

// DefaultLimits are strict: a false hit costs two people's time, and among ten
// thousand persons there are ten thousand chances of one.
func DefaultLimits() Limits {
	return Limits{Match: fingerprint.MatchLimits{OneFinger: 90, PerFinger: 60}, Candidates: 10, Compare: 60, MinVotes: 0.15}
}

// Candidate is a capture that may be of the same person as the probe.
type Candidate struct {
	ID string
	fingerprint.Verdict
}

// Add puts a capture into the gallery, or replaces the one with that identifier.
// Adding the same capture again changes nothing. It refuses records it cannot read.
func (g *Gallery) Add(id string, t fingerprint.Templates) error {
	records, err := t.MarshalBinary()
	if err != nil {
		return fmt.Errorf("add %s: %w", id, err)
	}
	e := entry{id: id, digest: sha256.Sum256(records)}
	if g.holds(e) {
		return nil
	}
	if e.fingers, err = t.Prepare(); err != nil {
		return fmt.Errorf("add %s: %w", id, err)
	}
	g.put(e)
	return nil
}

// holds reports whether the gallery has the same capture already.
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
	for p, f := range e.fingers {
		if g.indexes[p] == nil {
			g.indexes[p] = newIndex()
		}
		g.indexes[p].add(number, f)
	}
}

// remove takes a capture out of the gallery, if it is there.
func (g *Gallery) remove(id string) {
	number, ok := g.numbers[id]
	if !ok {
		return
	}
	delete(g.numbers, id)
	for p, f := range g.entries[number].fingers {
		g.indexes[p].remove(number, f)
	}
	g.entries[number].fingers = nil
}

// Len is the number of captures.
func (g *Gallery) Len() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.numbers)
}

// Identify gives the captures whose fingers match the probe's, the best first, and
// among equals by identifier. The same gallery and probe give the same answer. It
// refuses records it cannot read, and returns the context's error when the context
// ends.
func (g *Gallery) Identify(ctx context.Context, probe fingerprint.Templates, limits Limits) ([]Candidate, error) {
	p, err := probe.Prepare()
	if err != nil {
		return nil, err
	}
	var found []Candidate
	for _, e := range g.likely(p, limits) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("search gallery: %w", err)
		}
		if v := e.fingers.Verify(p, limits.Match); v.Match {
			found = append(found, Candidate{e.id, v})
		}
	}
	slices.SortFunc(found, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score/b.Limit, a.Score/a.Limit), cmp.Compare(a.ID, b.ID))
	})
	return found[:min(len(found), limits.Candidates)], nil
}

// likely asks the indexes for the entries to compare in full, the likeliest first.
func (g *Gallery) likely(probe fingerprint.Prepared, limits Limits) []entry {
	g.mu.RLock()
	defer g.mu.RUnlock()
	votes := make([]float32, len(g.entries))
	fingers := make([]uint8, len(g.entries))
	for _, p := range probe.Positions() {
		if x := g.indexes[p]; x != nil {
			x.vote(probe[p], votes, fingers)
		}
	}
	var numbers []int
	for n, e := range g.entries {
		if e.fingers == nil || fingers[n] == 0 || limits.Skip != nil && limits.Skip(e.id) {
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
