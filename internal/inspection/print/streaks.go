package print

import (
	"fmt"
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// A dot of the print head that is dead, or dirt on it, leaves a line along the whole card that is
// thinner than a cell, and hardly changes one. In the mean of all dots of a row, or of a column,
// noise and compression cancel out, and it stands out against the rows beside it.
const (
	streakAround = 9   // rows on each side that a row is compared with,
	streakSelf   = 3   // but for the nearest ones, into which a line may reach
	streakDots   = 60  // of a row that are to be seen, at least
	streakFlat   = 16  // levels by which what is expected may change over four dots; letters change more
	streakDark   = 110 // levels: what is darker is a letter
	streakMost   = 25  // levels that a dot counts
	streakOff    = 10  // levels that a row may differ from those beside it, in any light
)

// profile is how far each row, or column, of a side is from what is expected, by color.
type profile struct {
	sum [][3]int // softened levels
	n   []int
}

func newProfile(size int) profile { return profile{make([][3]int, size), make([]int, size)} }

func (p *profile) add(at int, off [3]int) {
	p.n[at]++
	for c, v := range off {
		p.sum[at][c] += v
	}
}

// checkStreaks finds lines across or down the card that are not expected.
func (i *inspection) checkStreaks(except []forms.Box) []finding {
	rows, columns := i.profiles(except)
	var findings []finding
	for _, p := range []struct {
		profile

		name string
	}{{rows, "across"}, {columns, "down"}} {
		if at, off := p.worst(); math.Abs(off) > streakOff*slices.Max(i.gain[:]) {
			findings = append(findings, finding{"", fmt.Sprintf("there is a line %s the card at %.1f mm: it is %s", p.name, (float64(at)+0.5)/workScale, levels(off))})
		}
	}
	return findings
}

// profiles adds up every other dot with nothing but even art.
func (i *inspection) profiles(except []forms.Box) (rows, columns profile) {
	const ahead, green = 2, 1
	w, h := i.comparison.want.w, i.comparison.want.h
	want, seen := i.comparison.want.pix, i.seen.pix
	rows, columns = newProfile(h), newProfile(w)
	shade := [3]int{fixed(i.shade[0]), fixed(i.shade[1]), fixed(i.shade[2])}
	shift := shifts[green]
	for y := ahead; y < h-ahead; y++ {
		for x := ahead + y%2; x < w-ahead; x += 2 {
			at := y*w + x
			if lane(want[at], shift) < streakDark*soft ||
				distance(lane(want[at-ahead], shift), lane(want[at+ahead], shift)) > streakFlat*soft ||
				distance(lane(want[at-ahead*w], shift), lane(want[at+ahead*w], shift)) > streakFlat*soft {
				continue
			}
			mx, my := (float64(x)+0.5)/workScale, (float64(y)+0.5)/workScale
			if atEdge(i.form.Page, mx, my) || within(except, mx, my) || !i.shows(mx, my) {
				continue
			}
			var off [3]int
			for c, shift := range shifts {
				d := lane(seen[at], shift) - lane(want[at], shift)*shade[c]>>gainBits
				off[c] = max(min(d, streakMost*soft), -streakMost*soft)
			}
			rows.add(y, off)
			columns.add(x, off)
		}
	}
	return rows, columns
}

// worst is the row that differs most from those beside it, and by how many levels.
func (p *profile) worst() (at int, off float64) {
	mean := func(row, c int) float64 { return float64(p.sum[row][c]) / float64(p.n[row]) / soft }
	beside := make([]float64, 0, 2*streakAround)
	for row, n := range p.n {
		if n < streakDots {
			continue
		}
		for c := range 3 {
			beside = beside[:0]
			for other := max(row-streakAround, 0); other <= min(row+streakAround, len(p.n)-1); other++ {
				if distance(other, row) >= streakSelf && p.n[other] >= streakDots {
					beside = append(beside, mean(other, c))
				}
			}
			if len(beside) < streakAround {
				continue
			}
			slices.Sort(beside)
			if d := mean(row, c) - beside[len(beside)/2]; math.Abs(d) > math.Abs(off) {
				at, off = row, d
			}
		}
	}
	return at, off
}
