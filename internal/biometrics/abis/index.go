package abis

import (
	"slices"

	"example.org/cancuoc/internal/biometrics/minutiae"
)

// index finds, for one finger position, the entries that have pairs of neighboring
// minutiae in common with a probe.
//
// A pair is described by what turning and shifting the finger does not change: the
// distance, the direction of one minutia as seen from the other, and the turn
// between them. Entries are listed under each description, rounded. A probe's pairs
// vote for the entries listed there; votes count together only where they agree on
// how far the finger was turned, as those by chance do not.
type index struct {
	cells [distances * directions * directions][]posting
	pairs []uint16    // of each finger here, by place
	entry []int       // the number of each finger's entry, by place; -1 once removed
	place map[int]int // by the entry's number
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
		if c, ok := home(l); ok {
			x.cells[c] = append(x.cells[c], posting(place)<<8|posting(l.Angle))
		}
	}
}

// remove takes a finger of an entry out again.
func (x *index) remove(number int, f *minutiae.Prepared) {
	place, ok := x.place[number]
	if !ok {
		return
	}
	delete(x.place, number)
	x.entry[place] = -1
	for _, l := range f.Links() {
		if c, ok := home(l); ok {
			x.cells[c] = slices.DeleteFunc(x.cells[c], func(p posting) bool { return int(p>>8) == place })
		}
	}
}

// home is the cell of a pair. Pairs too far apart have none.
func home(l minutiae.Link) (int, bool) {
	d := int(l.Distance / distanceStep)
	return cell(d, int(l.Bearing)/directionStep, int(l.Turn)/directionStep), d < distances
}

func cell(distance, bearing, turn int) int {
	return (distance*directions+bearing)*directions + turn
}

// vote adds to every entry that has this finger the share of pairs that it has in
// common with the probe at its best rotation, and counts the finger.
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

// near lists the cells that a pair may fall into in another impression: its own and
// the nearest in each measure.
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
