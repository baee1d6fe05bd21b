// Package ridges reads a fingerprint: from the image of a finger at 500 dpi to its
// minutiae. The steps are the classical ones: level the contrast, estimate which
// way the ridges run and where there are any, filter along them, thin them to
// lines, and find where lines end or fork.
//
// Start at Read.
package ridges

import (
	"image"
	"math"

	"example.org/cancuoc/internal/biometrics/minutiae"
)

// Reading is what a finger image gives.
type Reading struct {
	Record    minutiae.Record // finger position and impression type are the caller's to fill in
	Area      float64         // share of the image where ridges could be read, 0 to 1
	Coherence float64         // how parallel neighboring ridges run there, mean, 0 to 1
}

// The smallest and the largest image that is read, in pixels a side: 5 and 60 mm at
// 500 dpi. An image of several fingers has to be cut up first.
const (
	MinSide = 100
	MaxSide = 1200
)

// Read finds the minutiae of one finger in an image at 500 dpi, ridges dark. Both
// sides of the image must be within MinSide and MaxSide.
func Read(picture *image.Gray) Reading {
	raw := planeOf(picture)
	level, contrast := level(raw)
	flow := flowOf(level)
	mask := maskOf(contrast, flow)
	ridges := enhance(level, flow, mask)
	lines := thin(ridges, mask)

	r := Reading{Record: minutiae.Record{Width: raw.w, Height: raw.h, Resolution: minutiae.DPI500}}
	r.Area, r.Coherence = mask.summary(flow)
	found := lines.minutiae(mask)
	r.Record.Minutiae = make([]minutiae.Minutia, len(found))
	for i, f := range found {
		f.Quality = flow.quality(f.X, f.Y)
		r.Record.Minutiae[i] = f
	}
	r.Record.Quality = quality(r.Area*float64(raw.w*raw.h), r.Coherence, len(found))
	return r
}

// quality is the finger's quality, 0 to 100: the weakest of its measures. It is
// this program's own and not NFIQ.
func quality(area, coherence float64, count int) int {
	const goodArea, poorCoherence, goodCoherence, goodCount = 45000, 0.35, 0.75, 30
	worst := min(
		area/goodArea,
		(coherence-poorCoherence)/(goodCoherence-poorCoherence),
		float64(count)/goodCount,
	)
	return int(math.Round(100 * min(max(worst, 0), 1)))
}

// plane is an image of numbers, row by row.
type plane struct {
	w, h int
	v    []float32
}

func newPlane(w, h int) plane { return plane{w, h, make([]float32, w*h)} }

func planeOf(g *image.Gray) plane {
	p := newPlane(g.Rect.Dx(), g.Rect.Dy())
	for y := range p.h {
		row := g.Pix[y*g.Stride : y*g.Stride+p.w]
		for x, v := range row {
			p.v[y*p.w+x] = float32(v)
		}
	}
	return p
}

// blurred averages over a square of side 2r+1, smaller at the edges.
func (p plane) blurred(r int) plane {
	return p.rowsBlurred(r).turned().rowsBlurred(r).turned()
}

func (p plane) rowsBlurred(r int) plane {
	out := newPlane(p.w, p.h)
	for y := range p.h {
		in, to := p.v[y*p.w:(y+1)*p.w], out.v[y*p.w:(y+1)*p.w]
		sum, n := float32(0), 0
		for x := range min(r, p.w) {
			sum, n = sum+in[x], n+1
		}
		for x := range to {
			if x+r < p.w {
				sum, n = sum+in[x+r], n+1
			}
			if x-r-1 >= 0 {
				sum, n = sum-in[x-r-1], n-1
			}
			to[x] = sum / float32(n)
		}
	}
	return out
}

func (p plane) turned() plane {
	out := newPlane(p.h, p.w)
	for y := range p.h {
		for x, v := range p.v[y*p.w : (y+1)*p.w] {
			out.v[x*p.h+y] = v
		}
	}
	return out
}

// levelRadius is the neighborhood in which contrast is leveled: about three ridges
// across.
const levelRadius = 12

// level brings every neighborhood to mean 0 and deviation 1, dark being high, and
// gives the deviation that it had.
func level(p plane) (leveled, contrast plane) {
	squares := newPlane(p.w, p.h)
	for i, v := range p.v {
		squares.v[i] = v * v
	}
	mean, meanSquare := p.blurred(levelRadius), squares.blurred(levelRadius)
	leveled, contrast = newPlane(p.w, p.h), newPlane(p.w, p.h)
	for i, v := range p.v {
		deviation := float32(math.Sqrt(float64(max(meanSquare.v[i]-mean.v[i]*mean.v[i], 0))))
		contrast.v[i] = deviation
		leveled.v[i] = min(max((mean.v[i]-v)/max(deviation, minDeviation), -3), 3)
	}
	return leveled, contrast
}

// Deviations in gray levels: below the first, nothing is amplified further; below
// the second, there is no ridge.
const (
	minDeviation = 4
	minContrast  = 9
)

// flow is which way the ridges run.
type flow struct {
	w, h      int
	angle     []float32 // of the ridge, 0 to pi, y downwards
	coherence plane     // 0 where gradients have no common direction, to 1
}

// flowOf averages gradients with their angles doubled, so that the two sides of
// a ridge agree.
func flowOf(p plane) flow {
	xx, xy, sum := newPlane(p.w, p.h), newPlane(p.w, p.h), newPlane(p.w, p.h)
	for y := 1; y < p.h-1; y++ {
		for x := 1; x < p.w-1; x++ {
			i := y*p.w + x
			a, b, c := p.v[i-p.w-1:i-p.w+2], p.v[i-1:i+2], p.v[i+p.w-1:i+p.w+2]
			gx := a[2] + 2*b[2] + c[2] - a[0] - 2*b[0] - c[0]
			gy := c[0] + 2*c[1] + c[2] - a[0] - 2*a[1] - a[2]
			xx.v[i], xy.v[i], sum.v[i] = gx*gx-gy*gy, 2*gx*gy, gx*gx+gy*gy
		}
	}
	const radius = 7
	for range 3 {
		xx, xy = xx.blurred(radius), xy.blurred(radius)
		sum = sum.blurred(radius)
	}
	f := flow{p.w, p.h, make([]float32, len(p.v)), newPlane(p.w, p.h)}
	for i := range p.v {
		across := math.Atan2(float64(xy.v[i]), float64(xx.v[i])) / 2
		f.angle[i] = float32(math.Mod(across+1.5*math.Pi, math.Pi))
		if sum.v[i] > 1e-3 {
			f.coherence.v[i] = float32(math.Hypot(float64(xx.v[i]), float64(xy.v[i]))) / sum.v[i]
		}
	}
	return f
}

// quality says how far a minutia at x, y may be trusted: 1 to 100.
func (f flow) quality(x, y int) uint8 {
	c := f.coherence.v[y*f.w+x]
	return uint8(1 + 99*min(max(c, 0), 1))
}

// mask says where ridges can be read.
type mask struct {
	w, h int
	in   []bool
	deep []bool // in, and far from its edge
}

// edge is how far from the edge of the mask a minutia must be to count, in pixels.
const edge = 14

func maskOf(contrast plane, f flow) mask {
	const minCoherence, radius = 0.28, 8
	votes := newPlane(f.w, f.h)
	for i := range votes.v {
		if contrast.v[i] >= minContrast && f.coherence.v[i] >= minCoherence {
			votes.v[i] = 1
		}
	}
	m := mask{f.w, f.h, make([]bool, len(votes.v)), make([]bool, len(votes.v))}
	smooth := votes.blurred(radius)
	inside := newPlane(f.w, f.h)
	for i, v := range smooth.v {
		if v > 0.5 {
			m.in[i], inside.v[i] = true, 1
		}
	}
	near := inside.blurred(edge)
	for y := edge; y < f.h-edge; y++ {
		for x := edge; x < f.w-edge; x++ {
			m.deep[y*f.w+x] = near.v[y*f.w+x] > 0.999
		}
	}
	return m
}

// summary gives the share of the image inside, and the mean coherence there.
func (m mask) summary(f flow) (area, coherence float64) {
	n := 0
	for i, in := range m.in {
		if in {
			n++
			coherence += float64(f.coherence.v[i])
		}
	}
	return float64(n) / float64(len(m.in)), coherence / float64(max(n, 1))
}
