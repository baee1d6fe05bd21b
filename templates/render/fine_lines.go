package render

import (
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// Fine lines are drawn as presses draw them: many side by side, each swelling and thinning
// along its way, in inks that run into each other from left to right (split duct). A line is
// cut into short curves; those of the same width and tone are one shape. A shading would be
// one shape for all tones, but for each of them printers and cameras paint the whole card.

// widths is how many widths a line has, and tones how many tones from edge to edge.
const widths, tones = 4, 24

// duct is the ink at a place between the first color and the last.
func duct(c []rgb, t float64) rgb {
	at := min(max(t, 0), 1) * float64(len(c)-1)
	i := min(int(at), len(c)-2)
	return blend(c[i], c[i+1], at-float64(i))
}

// eased slows down at each of n inks, so that no edge shows where they cover an area.
func eased(t float64, n int) float64 {
	whole, mix := math.Modf(t * float64(n-1))
	return (whole + mix*mix*(3-2*mix)) / float64(n-1)
}

// fineLine is a line: where it is, and how wide of 0 to 1, at a parameter of 0 to 1.
type fineLine struct {
	n     int // curves
	at    func(t float64) dot
	width func(t float64) float64

	// early is by which part of a curve an open line begins before 0; it then ends behind 1.
	// Lines that are early by different parts change their widths at different places.
	early float64
}

// early spreads the places where the widths of neighbors change.
func early(k int) float64 { return math.Mod(float64(k)*0.618, 1) }

// fine draws lines in inks that run from left to right across the card. The weight is
// that of a line in the middle between its thinnest and its widest.
func (a *artwork) fine(into *[]shape, c []rgb, weight float64, lines []fineLine) {
	var shapes [tones][widths][]contour
	for _, l := range lines {
		n, from, to := l.n, 0.0, 1.0
		if l.early > 0 {
			n, from, to = l.n+1, -l.early/float64(l.n), 1+(1-l.early)/float64(l.n)
		}
		whole := curve(from, to, n, l.at).points
		var last *[]contour
		for i := range n {
			part := whole[3*i : 3*i+4]
			if a.hides(part) {
				last = nil
				continue
			}
			t := from + (float64(i)+0.5)/float64(l.n)
			width := int(min(max(l.width(t), 0), 0.999) * widths)
			tone := int(min(max((part[0].x+part[3].x)/2/a.page.W, 0), 0.999) * tones)
			list := &shapes[tone][width]
			if list == last { // it goes on
				(*list)[len(*list)-1].points = append((*list)[len(*list)-1].points, part[1:]...)
			} else {
				*list = append(*list, contour{points: slices.Clone(part), curved: true})
			}
			last = list
		}
	}
	for tone, lists := range shapes {
		for width, list := range lists {
			if list != nil {
				*into = append(*into, shape{contours: list, width: weight * (0.7 + 0.6*float64(width)/(widths-1)), color: duct(c, (float64(tone)+0.5)/tones)})
			}
		}
	}
}

// hides reports whether a panel without lines will lie over a curve.
func (a *artwork) hides(part []dot) bool {
	const edge = 0.2 // mm; wider than half a line, and than a panel's corners are round
	for _, b := range a.panels {
		if b = inset(b, edge); !slices.ContainsFunc(part, func(p dot) bool { return p.x < b.X || p.x > b.X+b.W || p.y < b.Y || p.y > b.Y+b.H }) {
			return true
		}
	}
	return false
}

// swell is a line's width that comes and goes, often times along its way.
func swell(times, phase float64) func(float64) float64 {
	return func(t float64) float64 { return 0.5 + 0.5*math.Sin(2*math.Pi*(times*t+phase)) }
}

// weave fills its box with two interleaved families of waves that run across it. One rises
// where the other falls, and their distances open and close, so that no copy is the same.
func (a *artwork) weave(m *motif, c []rgb) {
	n := m.count(64)
	lines := make([]fineLine, 0, n)
	for k := range n {
		u := (float64(k) + 0.5) / float64(n)
		sign := 1 - 2*float64(k%2)
		lines = append(lines, fineLine{n: 10, early: early(k), at: func(t float64) dot {
			v := u + 0.030*math.Sin(2*math.Pi*(1.15*t+1.6*u)) + sign*0.028*math.Sin(2*math.Pi*(0.9*t+0.12+0.8*u))
			return dot{m.X + m.W*t, m.Y + m.H*v}
		}, width: swell(2, 2.5*u)})
	}
	a.fine(&a.shapes, c, m.weight(0.065), lines)
}

// ribbon draws a band of waves between two envelopes that swell and narrow three times:
// each line begins a little later than the one before, and together they are lace.
func (a *artwork) ribbon(m *motif, c []rgb) {
	n := m.count(30)
	lines := make([]fineLine, 0, 2*n)
	for family := range 2 {
		for k := range n {
			phase := float64(k) / float64(n)
			turns := []float64{2.5, 3.5}[family]
			lines = append(lines, fineLine{n: 11 + 5*family, early: early(k), at: func(t float64) dot {
				open := 0.50 + 0.36*math.Cos(2*math.Pi*(1.5*t+0.25*float64(family)))
				lean := 0.14 * math.Sin(2*math.Pi*(t+0.1+0.3*float64(family)))
				return dot{m.X + m.W*t, m.Y + m.H/2*(1+lean+open*math.Sin(2*math.Pi*(turns*t+phase)))}
			}, width: swell(3, phase)})
		}
	}
	a.fine(&a.shapes, c, m.weight(0.06), lines)
}

// medallion draws a rosette of two interleaved families of closed waves about what stands in
// its middle.
func (a *artwork) medallion(m *motif, c []rgb) {
	x, y, r := m.middle()
	n := m.count(10)
	lines := make([]fineLine, 0, 2*n)
	for family, f := range []struct{ lobes, size, deep float64 }{{12, 0.86, 0.14}, {9, 0.66, 0.20}} {
		for k := range n {
			phase := 2 * math.Pi * float64(k) / float64(n)
			lines = append(lines, fineLine{n: int(f.lobes) * 3, at: func(t float64) dot {
				turn := 2 * math.Pi * t
				k := r * (f.size + f.size*f.deep*math.Cos(f.lobes*turn+phase))
				return dot{x + k*math.Sin(turn), y - k*math.Cos(turn)}
			}, width: swell(f.lobes, phase+float64(family)/3)})
		}
	}
	a.fine(&a.shapes, c, m.weight(0.055), lines)
}

// fringe draws lines that run along both sides of a portrait and over its edge, in and out,
// and meet at its corners.
func (a *artwork) fringe(m *motif, c []rgb) {
	n := m.count(14)
	lines := make([]fineLine, 0, 2*n)
	for k := range n {
		u := (float64(k) + 0.5) / float64(n)
		for _, side := range []float64{0, 1} {
			lines = append(lines, fineLine{n: 10, at: func(t float64) dot {
				open := math.Sin(math.Pi * t)
				in := open * ((u-0.5)*1.7 + 0.7*math.Sin(2*math.Pi*(2*t+0.45*u)))
				return dot{m.X + side*m.W + (1-2*side)*(in+0.3), m.Y + m.H*t}
			}, width: swell(2, u)})
		}
	}
	a.fine(&a.over, c, m.weight(0.05), lines)
}

// seeThrough draws half of a mark: every second part of a star in a ring on the front, and
// the others, mirrored, on the back. Against the light, if both sides lie exactly on each
// other, the mark is whole.
func (a *artwork) seeThrough(m *motif, c []rgb) {
	x, y, r := m.middle()
	mirror := 1.0
	half := 0
	if m.Side == forms.Back {
		mirror, half = -1, 1
	}
	at := func(angle, k float64) dot { return dot{x + mirror*r*k*math.Sin(angle), y - r*k*math.Cos(angle)} }
	const parts = 10
	for i := half; i < parts; i += 2 {
		from, to := 2*math.Pi*float64(i)/parts, 2*math.Pi*float64(i+1)/parts
		ends := [2]float64{0.62, 0.26} // of a star with five rays
		a.fill(c[0], polygon(dot{x, y}, at(from, ends[i%2]), at(to, ends[(i+1)%2])))
		const steps = 5
		ring := make([]dot, 0, 2*steps+2)
		for j := range steps + 1 {
			ring = append(ring, at(from+(to-from)*float64(j)/steps, 1))
		}
		for j := steps; j >= 0; j-- {
			ring = append(ring, at(from+(to-from)*float64(j)/steps, 0.82))
		}
		a.fill(c[0], polygon(ring...))
	}
}
