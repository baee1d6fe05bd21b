package print

import (
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// edge is a side of the card in a picture: the position across as a function of the one
// along, both in dots.
type edge struct{ at, slope float64 }

// cardIn finds the card in a picture, in whole levels, by its edges against what it lies on, and gives the
// transform of its page; the whole picture where it fills it. found reports whether edges
// were seen.
func cardIn(r *raster, page forms.Page) (t transform, found bool) {
	w, h := r.w, r.h
	dot := func(x, y int) uint64 { return r.pix[y*w+x] }
	whole := upright(w, h, page)
	left, ok1 := edgeOf(h, w, func(along, across int) uint64 { return dot(across, along) })
	right, ok2 := edgeOf(h, w, func(along, across int) uint64 { return dot(w-1-across, along) })
	top, ok3 := edgeOf(w, h, func(along, across int) uint64 { return dot(along, across) })
	bottom, ok4 := edgeOf(w, h, func(along, across int) uint64 { return dot(along, h-1-across) })
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return whole, false
	}
	right = edge{float64(w) - right.at, -right.slope}
	bottom = edge{float64(h) - bottom.at, -bottom.slope}
	turn := (top.slope + bottom.slope - left.slope - right.slope) / 4
	const parallel = 0.01
	for _, slope := range []float64{top.slope, bottom.slope, -left.slope, -right.slope} {
		if math.Abs(slope-turn) > parallel {
			return whole, false
		}
	}
	cos := math.Cos(math.Atan(turn))
	middleX, middleY := float64(w)/2, float64(h)/2
	x0, x1 := left.at+left.slope*middleY, right.at+right.slope*middleY
	y0, y1 := top.at+top.slope*middleX, bottom.at+bottom.slope*middleX
	sx, sy := (x1-x0)*cos/page.W, (y1-y0)*cos/page.H
	const square = 0.03
	if sx <= 0 || math.Abs(sy/sx-1) > square {
		return whole, false
	}
	// The edges' middles are those at the picture's middle; the card's middle is near it.
	sin, c := math.Sincos(math.Atan(turn))
	cx, cy := (x0+x1)/2, (y0+y1)/2
	cx, cy = cx+(left.slope+right.slope)/2*(cy-middleY), cy+(top.slope+bottom.slope)/2*(cx-middleX)
	t = transform{xx: sx * c, xy: -sy * sin, yx: sx * sin, yy: sy * c}
	t.x0, t.y0 = cx-t.xx*page.W/2-t.xy*page.H/2, cy-t.yx*page.W/2-t.yy*page.H/2
	return t, true
}

// byInk gives about where the expected print, which is softened, may lie in a picture in
// whole levels, by how far what is dark reaches in both. In glaring light less is dark.
func byInk(picture, expected *raster) (list []transform) {
	const dark = 100 // levels
	px, py := inkOf(picture, dark*whole)
	for _, level := range []int{dark, dark * 3 / 4, dark / 2} {
		ex, ey := inkOf(expected, level*soft)
		across, down := (px[1]-px[0])/(ex[1]-ex[0]), (py[1]-py[0])/(ey[1]-ey[0])
		for _, scale := range []float64{across, down} {
			if !(scale > 0.5 && scale < 2) { // nor is it a number, where nothing is dark
				continue
			}
			t := transform{xx: scale * workScale, yy: scale * workScale}
			t.x0, t.y0 = (px[0]+px[1]-scale*(ex[0]+ex[1]))/2, (py[0]+py[1]-scale*(ey[0]+ey[1]))/2
			list = append(list, t)
		}
	}
	return list
}

// inkOf gives the first and the last column and row of a raster in which some dots are dark.
func inkOf(r *raster, dark int) (x, y [2]float64) {
	const some, perLevel = 3, 4
	columns, rows := make([]int, r.w), make([]int, r.h)
	for at, dot := range r.pix {
		if gray(dot) < dark*perLevel {
			columns[at%r.w]++
			rows[at/r.w]++
		}
	}
	reach := func(counts []int) (ends [2]float64) {
		inked := func(n int) bool { return n >= some }
		ends[0] = float64(slices.IndexFunc(counts, inked))
		slices.Reverse(counts)
		ends[1] = float64(len(counts) - 1 - slices.IndexFunc(counts, inked))
		return ends
	}
	return reach(columns), reach(rows)
}

// edgeOf finds the card's edge on one side of a picture that is long dots along the edge
// and deep dots across it. What the card lies on has one color, from which the card's
// differs in red, green or blue.
func edgeOf(long, deep int, at func(along, across int) uint64) (edge, bool) {
	const (
		lines = 64
		step  = 12 // the least that the card differs from what it lies on
		thick = 3  // dots in which it has to
	)
	var middle, least [3]int
	for c, shift := range shifts {
		bed := make([]int, 0, 2*lines)
		for i := range lines {
			along := long/10 + i*(long*8/10)/lines
			bed = append(bed, lane(at(along, 0), shift), lane(at(along, 1), shift))
		}
		slices.Sort(bed)
		spread := bed[len(bed)*9/10] - bed[len(bed)/10]
		if spread > 2*step {
			return edge{}, false // no one color
		}
		middle[c], least[c] = bed[len(bed)/2], max(step, spread)
	}
	differs := func(dot uint64) bool {
		for c, shift := range shifts {
			if distance(lane(dot, shift), middle[c]) > least[c] {
				return true
			}
		}
		return false
	}
	var xs, ys []float64
	for i := range lines {
		along := long/10 + i*(long*8/10)/lines
		run := 0
		for across := range deep / 5 {
			if !differs(at(along, across)) {
				run = 0
			} else if run++; run == thick {
				xs, ys = append(xs, float64(along)), append(ys, float64(across-thick+1))
				break
			}
		}
	}
	if len(xs) < lines*7/10 {
		return edge{}, false
	}
	e, ok := line(xs, ys)
	if ok {
		e.at += float64(shadowed(middle, lines, func(line, dots int) (dot uint64, ok bool) {
			along := long/10 + line*(long*8/10)/lines
			across := int(e.at+e.slope*float64(along)) + dots
			if across < 0 || across >= deep {
				return 0, false
			}
			return at(along, across), true
		}))
	}
	return e, ok
}

// shadowed is how many dots wide the card's soft shadow is before its edge, on a bed of that
// color: it is the bed's color, darker and darker by a little, and ends at once, where the card
// is brighter. at is a dot on one of so many lines across the edge, counted from where
// something differs from the bed.
func shadowed(bed [3]int, lines int, at func(line, dots int) (dot uint64, ok bool)) int {
	const (
		widest  = 30   // dots, 5 mm
		least   = 4    // dots: less is no shadow, but the picture's blur
		neutral = 0.05 // how far the colors are from each other, of the bed's
		softest = 0.1  // how much darker it is from one dot to the next, at most
		dark    = 0.92 // of the bed, at most, where it ends,
		rise    = 0.06 // and so much brighter is the card, a dot farther
		uneven  = 0.01 // how much brighter noise makes it
	)
	light := func(dots int) (mean, spread float64) {
		var sums [3]float64
		for line := range lines {
			if dot, ok := at(line, dots); ok {
				for c, shift := range shifts {
					sums[c] += float64(lane(dot, shift))
				}
			}
		}
		for c := range sums {
			sums[c] /= float64(lines * max(bed[c], 1))
		}
		return (sums[0] + sums[1] + sums[2]) / 3, slices.Max(sums[:]) - slices.Min(sums[:])
	}
	before := 1.0
	for wide := range widest {
		now, spread := light(wide)
		if now > before+uneven {
			if card, _ := light(wide + 1); wide >= least && before <= dark && card >= before+rise {
				return wide
			}
			return 0
		}
		if spread > neutral || before-now > softest {
			return 0
		}
		before = min(before, now)
	}
	return 0
}

// line is the line on which most points lie.
func line(xs, ys []float64) (edge, bool) {
	const near = 1.5 // dots
	best, found := 0, edge{}
	for i := range xs {
		for j := i + len(xs)/3; j < len(xs); j += 3 {
			slope := (ys[j] - ys[i]) / (xs[j] - xs[i])
			e, n := edge{ys[i] - slope*xs[i], slope}, 0
			for k, x := range xs {
				if math.Abs(e.at+e.slope*x-ys[k]) < near {
					n++
				}
			}
			if n > best {
				best, found = n, e
			}
		}
	}
	var n, mx, my, xx, xy float64
	for k, x := range xs {
		if math.Abs(found.at+found.slope*x-ys[k]) < near {
			n, mx, my = n+1, mx+x, my+ys[k]
		}
	}
	if n < float64(len(xs))*0.75 || math.Abs(found.slope) > math.Tan(mostTurn) {
		return edge{}, false
	}
	mx, my = mx/n, my/n
	for k, x := range xs {
		if math.Abs(found.at+found.slope*x-ys[k]) < near {
			xx, xy = xx+(x-mx)*(x-mx), xy+(x-mx)*(ys[k]-my)
		}
	}
	slope := xy / xx
	return edge{my - slope*mx, slope}, found.at+found.slope*mx > 1 // not the picture's own edge
}
