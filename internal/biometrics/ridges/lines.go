package ridges

import (
	"math"
	"slices"

	"example.org/cancuoc/internal/biometrics/minutiae"
)

// lines is an image of lines one pixel wide.
type lines struct {
	w, h int
	on   []bool
}

// around lists the eight neighbors of a pixel, clockwise from the one above, as
// steps in x and y.
func around() [8][2]int {
	return [8][2]int{{0, -1}, {1, -1}, {1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}}
}

// steps turns around into steps in a slice of rows.
func (l lines) steps() [8]int {
	var s [8]int
	for k, d := range around() {
		s[k] = d[1]*l.w + d[0]
	}
	return s
}

// thin wears ridges down to lines (Guo and Hall 1989, in two passes; Zhang and
// Suen's algorithm would lose slanting ridges). The outermost pixels are never on.
func thin(ridge []bool, m mask) lines {
	l := lines{m.w, m.h, ridge}
	steps := l.steps()
	var removable [2][256]bool
	for code := range 256 {
		removable[0][code], removable[1][code] = wearable(uint8(code), 0), wearable(uint8(code), 1)
	}
	var worn []int
	for again := true; again; {
		again = false
		for pass := range 2 {
			worn = worn[:0]
			for y := 1; y < l.h-1; y++ {
				for i := y*l.w + 1; i < (y+1)*l.w-1; i++ {
					if l.on[i] && removable[pass][l.neighbors(i, &steps)] {
						worn = append(worn, i)
					}
				}
			}
			for _, i := range worn {
				l.on[i] = false
			}
			again = again || len(worn) > 0
		}
	}
	return l
}

// neighbors gives a bit for each neighbor that is on, clockwise from above.
func (l lines) neighbors(i int, steps *[8]int) uint8 {
	code := uint8(0)
	for k, s := range steps {
		if l.on[i+s] {
			code |= 1 << k
		}
	}
	return code
}

// wearable reports whether a pixel with these neighbors may go in that pass: it
// neither connects two others nor ends a line.
func wearable(code uint8, pass int) bool {
	on := func(k int) int { return int(code>>(k&7)) & 1 }
	crossings, straight, slanting := 0, 0, 0
	for k := 0; k < 8; k += 2 {
		crossings += (1 - on(k)) & (on(k+1) | on(k+2))
		straight += on(k+7) | on(k)
		slanting += on(k) | on(k+1)
	}
	if fewest := min(straight, slanting); crossings != 1 || fewest < 2 || fewest > 3 {
		return false
	}
	if pass == 0 {
		return (on(4)|on(5)|(1-on(7)))&on(6) == 0
	}
	return (on(0)|on(1)|(1-on(3)))&on(2) == 0
}

// Lengths in pixels at 500 dpi.
const (
	traceLength = 12 // how far a line is followed for its direction
	spurLength  = 8  // a shorter line is an artifact of the filter
	crackLength = 7  // two minutiae nearer than this are a crack in a ridge
	gapLength   = 12 // and so are two that face each other across less than this
)

// minutiae finds where lines end or fork, away from the edge of the mask.
func (l lines) minutiae(m mask) []minutiae.Minutia {
	steps := l.steps()
	var found []minutiae.Minutia
	for y := 1; y < l.h-1; y++ {
		for x := 1; x < l.w-1; x++ {
			i := y*l.w + x
			if !l.on[i] || !m.deep[i] {
				continue
			}
			branches := runs(l.neighbors(i, &steps))
			if len(branches) != 1 && len(branches) != 3 {
				continue
			}
			if angle, ok := l.angle(i, branches, &steps); ok {
				kind := minutiae.Ending
				if len(branches) == 3 {
					kind = minutiae.Bifurcation
				}
				found = append(found, minutiae.Minutia{Type: kind, X: x, Y: y, Angle: angle})
			}
		}
	}
	return withoutCracks(found)
}

// runs gives one neighbor for each line that leaves a pixel: of neighbors that
// touch each other, the one straight above, beside or below.
func runs(code uint8) []int {
	on := func(k int) bool { return code>>(k&7)&1 == 1 }
	var starts []int
	for k := range 8 {
		if !on(k) || on(k+7) {
			continue
		}
		best := k
		for j := k; on(j) && j < k+8; j++ {
			if j&1 == 0 {
				best = j & 7
				break
			}
		}
		starts = append(starts, best)
	}
	return starts
}

// angle gives the direction of a minutia from the lines that leave its pixel: an
// ending points into its ridge, a bifurcation into the valley between its two
// closest branches (ISO/IEC 19794-2:2005). If a line is too short to be a ridge,
// there is no minutia.
func (l lines) angle(i int, branches []int, steps *[8]int) (uint8, bool) {
	directions := make([]float64, 0, 3)
	for _, b := range branches {
		end, length := l.follow(i, i+steps[b], branches, steps)
		if length < spurLength {
			return 0, false
		}
		dx, dy := end%l.w-i%l.w, end/l.w-i/l.w
		directions = append(directions, math.Atan2(float64(-dy), float64(dx)))
	}
	if len(directions) == 1 {
		return units(directions[0]), true
	}
	closest, middle := math.Inf(1), 0.0
	for a := range 3 {
		from, to := directions[a], directions[(a+1)%3]
		between := math.Remainder(to-from, 2*math.Pi)
		if math.Abs(between) < closest {
			closest, middle = math.Abs(between), from+between/2
		}
	}
	return units(middle), true
}

func units(radians float64) uint8 {
	return uint8(int(math.Round(radians*128/math.Pi)) & 255)
}

// follow goes along a line from its first pixel, which is beside origin, and gives
// the last pixel reached and the number of pixels passed.
func (l lines) follow(origin, first int, branches []int, steps *[8]int) (end, length int) {
	var seen [traceLength + 5]int
	n := 0
	see := func(i int) { seen[n] = i; n++ }
	see(origin)
	for _, b := range branches {
		if origin+steps[b] != first {
			see(origin + steps[b]) // keeps out of the other lines
		}
	}
	at := first
	for length = 1; length < traceLength; length++ {
		see(at)
		next := -1
		for k, s := range steps {
			if !l.on[at+s] || slices.Contains(seen[:n], at+s) {
				continue
			}
			if next < 0 || k&1 == 0 {
				next = at + s
				if k&1 == 0 {
					break
				}
			}
		}
		if next < 0 {
			return at, length
		}
		at = next
		if x, y := at%l.w, at/l.w; x == 0 || y == 0 || x == l.w-1 || y == l.h-1 {
			return at, length
		}
	}
	return at, length
}

// withoutCracks drops minutiae that are so close together, or face each other
// across so small a gap, that dirt or dryness must have made them.
func withoutCracks(all []minutiae.Minutia) []minutiae.Minutia {
	drop := make([]bool, len(all))
	for i, a := range all {
		for j, b := range all[:i] {
			distance := math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y))
			opposed := (int(a.Angle)-int(b.Angle)+256)%256 - 128
			facing := a.Type == minutiae.Ending && b.Type == minutiae.Ending && opposed > -28 && opposed < 28
			if distance < crackLength || facing && distance < gapLength {
				drop[i], drop[j] = true, true
			}
		}
	}
	var kept []minutiae.Minutia
	for i, m := range all {
		if !drop[i] {
			kept = append(kept, m)
		}
	}
	return kept
}
