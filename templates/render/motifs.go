package render

import (
	"math"

	"example.org/cancuoc/templates/forms"
)

// motif is a piece of the background.
type motif forms.Motif

// motifs are what a background can be made of, by the names that forms use: how many
// colors each takes (at least so many, if that is negative), whether it is solid, so that nothing may be printed on it, and what
// draws it. All were made for this project after ornaments that belong to everybody; no
// emblem of a State is copied.
var motifs = map[string]struct {
	colors int
	solid  bool
	draw   func(*artwork, *motif, []rgb)
}{
	"wash":        {-2, false, (*artwork).wash},
	"weave":       {-2, false, (*artwork).weave},
	"ribbon":      {-2, false, (*artwork).ribbon},
	"medallion":   {-2, false, (*artwork).medallion},
	"fringe":      {-2, false, (*artwork).fringe},
	"see-through": {1, false, (*artwork).seeThrough},
	"guilloche":   {1, false, (*artwork).guilloche},
	"water":       {1, false, (*artwork).water},
	"roundel":     {2, true, (*artwork).roundel},
	"chip-symbol": {1, true, (*artwork).chipSymbol},
	"seal":        {1, true, (*artwork).seal},
	"signature":   {1, true, (*artwork).signature},
}

func (m *motif) count(own int) int {
	if m.Count == 0 {
		return own
	}
	return m.Count
}

func (m *motif) weight(own float64) float64 {
	if m.Weight == 0 {
		return own
	}
	return m.Weight
}

// middle is the middle of a motif's box, and half of its shorter side.
func (m *motif) middle() (x, y, r float64) {
	return m.X + m.W/2, m.Y + m.H/2, min(m.W, m.H) / 2
}

// wash fills the side from one color to the other, in the middle, and back; or, of three
// and more colors, from the first on the left to the last on the right. Each strip reaches
// under the next, so that no seam shows.
func (a *artwork) wash(_ *motif, c []rgb) {
	const strips, under = 96, 0.4
	b, w := a.page.Bleed, a.page.W+2*a.page.Bleed
	color := func(i int) rgb {
		t := (float64(i) + 0.5) / strips
		if len(c) > 2 {
			return duct(c, eased(t, len(c)))
		}
		mix := 0.5 - 0.5*math.Cos(2*math.Pi*t)
		return blend(c[0], c[1], mix*mix)
	}
	for from, to := 0, 1; to <= strips; to++ {
		if to < strips && color(to) == color(from) {
			continue
		}
		left, right := w*float64(from)/strips-b, min(w*float64(to)/strips+under, w)-b
		a.fill(color(from), polygon(rectangle(forms.Box{X: left, Y: -b, W: right - left, H: a.page.H + 2*b})...))
		from = to
	}
}

// guilloche draws a band of waves from edge to edge, which cross, swell and narrow.
func (a *artwork) guilloche(m *motif, c []rgb) {
	n := m.count(12)
	_, y, _ := m.middle()
	lines := make([]contour, 0, n)
	for k := range n {
		phase := 2 * math.Pi * float64(k) / float64(n)
		lines = append(lines, curve(0, 1, 32, func(t float64) dot {
			turn := 2 * math.Pi * t
			swell := 0.58 + 0.30*math.Cos(2*turn+m.X/10)
			wave := 0.68*math.Sin(2.5*turn+phase) + 0.32*math.Sin(4*turn-2*phase+m.Y/9)
			return dot{m.X + m.W*t, y + m.H/2*swell*wave}
		}))
	}
	a.stroke(c[0], m.weight(0.09), lines...)
}

// water draws rows of arches within arches, as on old ceramics.
func (a *artwork) water(m *motif, c []rgb) {
	n := m.count(20)
	r := m.W / float64(n) / 2
	const most = 40 // rows
	rows := min(int(math.Round(m.H/max(r, 0.1))), most)
	var lines []contour
	for row := range rows {
		y := m.Y + m.H - float64(row)*r*0.9
		shift := float64(row%2) * r
		for i := range n + row%2 {
			x := m.X + r + 2*r*float64(i) - shift
			for _, k := range []float64{0.94, 0.64, 0.34} {
				lines = append(lines, arch(x, y, r*k))
			}
		}
	}
	a.stroke(c[0], m.weight(0.09), lines...)
}

// roundel is a plain star on a disc, where the circular has the emblem.
func (a *artwork) roundel(m *motif, c []rgb) {
	x, y, r := m.middle()
	a.fill(c[1], circle(x, y, r))
	a.fill(c[0], circle(x, y, r*0.955))
	a.fill(c[1], circle(x, y, r*0.86))
	a.fill(c[0], circle(x, y, r*0.825))
	rays := make([]contour, 0, 72)
	for i := range 72 {
		angle := math.Pi * float64(i) / 36
		rays = append(rays, chain(dot{x + r*0.88*math.Sin(angle), y - r*0.88*math.Cos(angle)}, dot{x + r*0.935*math.Sin(angle), y - r*0.935*math.Cos(angle)}))
	}
	a.stroke(c[1], r*0.022, rays...)
	a.fill(c[1], star(x, y, r*0.62))
}

// chipSymbol is the mark of an electronic document after ICAO Doc 9303-9: a
// circle between two bars.
func (a *artwork) chipSymbol(m *motif, c []rgb) {
	x, y, h := m.X+m.W/2, m.Y+m.H/2, m.H
	t := h * 0.11
	a.fill(c[0], rounded(m.Box, h*0.14), reversed(rounded(forms.Box{X: m.X + t, Y: m.Y + t, W: m.W - 2*t, H: h - 2*t}, h*0.07)))
	a.fill(c[0], polygon(rectangle(forms.Box{X: m.X + t, Y: y - t/2, W: m.W/2 - t - h*0.24, H: t})...))
	a.fill(c[0], polygon(rectangle(forms.Box{X: x + h*0.24, Y: y - t/2, W: m.W/2 - t - h*0.24, H: t})...))
	a.fill(c[0], circle(x, y, h*0.27), reversed(circle(x, y, h*0.16)))
}

// seal is a round stamp with a star and no words. It is a placeholder: the seal of an
// authority is not this project's to draw.
func (a *artwork) seal(m *motif, c []rgb) {
	x, y, r := m.middle()
	a.fill(c[0], circle(x, y, r), reversed(circle(x, y, r*0.93)))
	a.fill(c[0], circle(x, y, r*0.88), reversed(circle(x, y, r*0.86)))
	a.fill(c[0], circle(x, y, r*0.56), reversed(circle(x, y, r*0.53)))
	for i := range 24 {
		angle := math.Pi * float64(i) / 12
		p := dot{x + r*0.71*math.Sin(angle), y - r*0.71*math.Cos(angle)}
		if i%6 == 0 {
			a.fill(c[0], star(p.x, p.y, r*0.1))
		} else {
			a.fill(c[0], circle(p.x, p.y, r*0.045))
		}
	}
	a.fill(c[0], star(x, y, r*0.4))
}

// signature is a flourish that is nobody's signature.
func (a *artwork) signature(m *motif, c []rgb) {
	at := func(u, v float64) dot { return dot{m.X + m.W*u, m.Y + m.H*v} }
	a.stroke(c[0], m.weight(0.22),
		contour{curved: true, points: []dot{
			at(0.03, 0.78), at(0.10, 0.50), at(0.24, 0.00), at(0.29, 0.10),
			at(0.34, 0.20), at(0.16, 0.70), at(0.18, 0.86),
			at(0.20, 1.00), at(0.31, 0.44), at(0.36, 0.42),
			at(0.41, 0.40), at(0.33, 0.72), at(0.37, 0.72),
			at(0.41, 0.72), at(0.44, 0.42), at(0.48, 0.42),
			at(0.52, 0.42), at(0.45, 0.70), at(0.49, 0.70),
			at(0.54, 0.70), at(0.60, 0.10), at(0.66, 0.08),
			at(0.72, 0.06), at(0.58, 0.66), at(0.64, 0.68),
			at(0.70, 0.70), at(0.78, 0.40), at(0.97, 0.34),
		}},
		contour{curved: true, points: []dot{at(0.12, 0.92), at(0.36, 0.80), at(0.60, 0.80), at(0.86, 0.86)}})
}

// plate draws the eight contacts of the chip (ISO/IEC 7816-2), which the blank has, for
// pictures of a finished card.
func (a *artwork) plate(b forms.Box) {
	fill := func(c rgb, contours ...contour) { a.body = append(a.body, shape{contours: contours, color: c}) }
	line := func(points ...dot) {
		a.body = append(a.body, shape{contours: []contour{chain(points...)}, width: 0.16, color: plateLines})
	}
	fill(plateGold, rounded(b, 1.4))
	middle := forms.Box{X: b.X + b.W*0.36, Y: b.Y + b.H*0.25, W: b.W * 0.28, H: b.H * 0.5}
	corners := rectangle(middle)
	line(append(corners, corners[0])...)
	for i := 1; i < 4; i++ {
		y := b.Y + b.H*float64(i)/4
		line(dot{b.X, y}, dot{middle.X, y})
		line(dot{middle.X + middle.W, y}, dot{b.X + b.W, y})
	}
	line(dot{b.X + b.W/2, b.Y}, dot{b.X + b.W/2, middle.Y})
	line(dot{b.X + b.W/2, middle.Y + middle.H}, dot{b.X + b.W/2, b.Y + b.H})
}
