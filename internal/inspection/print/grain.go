package print

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// The art's fine lines and small letters change the mean of a cell little, so they are compared
// by their grain: how much each cell of half a millimeter differs from those around it, pooled
// over a square, in which noise and compression cancel out. Where lines are missing, less of the
// expected grain is seen.
const (
	grainDots   = 3                     // a cell's side,
	grainCell   = grainDots / workScale // and that in mm
	grainAround = 2                     // cells, from a cell to those that it is compared with
	grainSquare = 20                    // cells: a square's side, of which each covers half of the next one
	grainCells  = 80                    // that are to be seen of a square, at least
	grainMost   = 30                    // levels: what differs more is no line
	grainLeast  = 1.0                   // levels: what differs less on average has no lines
	grainGain   = 1.1                   // a picture that is brighter shows few of them
	grainSeen   = 0.5                   // of the lines, at least,
	grainUsual  = 0.6                   // and so much of what half of the squares show,
	grainDim    = 0.8                   // but where less light falls on them, of which noise and compression leave less,
	grainInDim  = 0.75                  // so much of that
)

// grain has the cells of a side.
type grain struct {
	w, h       int
	want, seen [][3]float32 // of those with nothing but art
	art        []bool       // whether there is nothing but art in a cell
}

// newGrain has cells for what is expected and seen, of which none is known yet.
func newGrain(c *comparison) *grain {
	g := &grain{w: c.want.w / grainDots, h: c.want.h / grainDots}
	g.want, g.seen, g.art = make([][3]float32, g.w*g.h), make([][3]float32, g.w*g.h), make([]bool, g.w*g.h)
	return g
}

// boxed tells of which cells the middle is in one of some boxes.
func (g *grain) boxed(boxes []forms.Box) []bool {
	list := make([]bool, g.w*g.h)
	first := func(mm float64, most int) int { return min(max(int(math.Ceil(mm/grainCell-0.5)), 0), most) }
	for _, b := range boxes {
		for y := first(b.Y, g.h); y < first(b.Y+b.H, g.h); y++ {
			for x := first(b.X, g.w); x < first(b.X+b.W, g.w); x++ {
				list[y*g.w+x] = true
			}
		}
	}
	return list
}

// written tells which cells have letters, or are beside one that has, of those in which there may be some.
func (g *grain) written(expected *image.RGBA, boxed []bool) []bool {
	list := make([]bool, len(boxed))
	const dots = 2 * grainDots // of what is expected, which is drawn at twice as many
	for n, may := range boxed {
		x, y := n%g.w, n/g.w
		if !may || inked(expected, image.Rect(x*dots, y*dots, (x+1)*dots, (y+1)*dots).Intersect(expected.Rect)).Empty() {
			continue
		}
		for j := max(y-1, 0); j <= min(y+1, g.h-1); j++ {
			for i := max(x-1, 0); i <= min(x+1, g.w-1); i++ {
				list[j*g.w+i] = true
			}
		}
	}
	return list
}

// look fills in those cells that have nothing but art.
func (g *grain) look(c *comparison) {
	const quarters = 0x3ff * lanes
	for n, art := range g.art {
		if !art {
			continue
		}
		var want, seen uint64
		for j := range grainDots {
			at := (n/g.w*grainDots+j)*c.want.w + n%g.w*grainDots
			for i, v := range c.want.pix[at:][:grainDots] {
				want, seen = want+v>>4&quarters, seen+c.seen.pix[at+i]>>4&quarters
			}
		}
		for i, shift := range shifts {
			const all = grainDots * grainDots * quarter
			g.want[n][i], g.seen[n][i] = float32(lane(want, shift))*float32(c.shade[i])/all, float32(lane(seen, shift))/all
		}
	}
}

// square is how much is seen of the grain about a point (mm).
type square struct{ x, y, seen float64 }

// squares lists each square with some grain.
func (g *grain) squares() (list []square) {
	type sums struct{ n, ee, eq float32 }
	const half = grainSquare / 2
	w, h := g.w/half, g.h/half
	blocks := make([]sums, w*h)
	for y := grainAround; y < min(h*half, g.h-grainAround); y++ {
		for x := grainAround; x < min(w*half, g.w-grainAround); x++ {
			at := y*g.w + x
			up, down, left, right := at-grainAround*g.w, at+grainAround*g.w, at-grainAround, at+grainAround
			if !g.art[at] || !g.art[up] || !g.art[down] || !g.art[left] || !g.art[right] {
				continue
			}
			s := &blocks[y/half*w+x/half]
			for i := range 3 {
				e := g.want[at][i] - (g.want[up][i]+g.want[down][i]+g.want[left][i]+g.want[right][i])/4
				q := g.seen[at][i] - (g.seen[up][i]+g.seen[down][i]+g.seen[left][i]+g.seen[right][i])/4
				if e > grainMost || e < -grainMost {
					continue
				}
				q = max(min(q, 2*grainMost), -2*grainMost)
				s.n, s.ee, s.eq = s.n+1, s.ee+e*e, s.eq+e*q
			}
		}
	}
	for y := range h - 1 {
		for x := range w - 1 {
			var s sums
			for _, at := range [...]int{y*w + x, y*w + x + 1, (y+1)*w + x, (y+1)*w + x + 1} {
				s.n, s.ee, s.eq = s.n+blocks[at].n, s.ee+blocks[at].ee, s.eq+blocks[at].eq
			}
			if s.n >= 3*grainCells && s.ee >= grainLeast*grainLeast*s.n {
				list = append(list, square{float64(x+1) * half * grainCell, float64(y+1) * half * grainCell, float64(s.eq / s.ee)})
			}
		}
	}
	return list
}

// checkGrain compares the lines of the art, unless so much light falls on them that they pale.
func (i *inspection) checkGrain(except []forms.Box) []finding {
	if slices.Max(i.gain[:]) > grainGain {
		return nil
	}
	var written []forms.Box
	for _, f := range i.placed.Fields {
		if f.Side == i.side && f.Kind == forms.TextField {
			written = append(written, f.Box)
		} else if f.Side == i.side {
			except = append(except, f.Box)
		}
	}
	for _, t := range i.placed.Texts {
		if t.Side == i.side {
			written = append(written, t.Box)
		}
	}
	g := newGrain(i.comparison)
	other, text := g.boxed(except), g.written(i.expected, g.boxed(written))
	for n := range g.art {
		x, y := (float64(n%g.w)+0.5)*grainCell, (float64(n/g.w)+0.5)*grainCell
		g.art[n] = !other[n] && !text[n] && !atEdge(i.form.Page, x, y) && i.shows(x, y)
	}
	g.look(i.comparison)
	squares := g.squares()
	if len(squares) == 0 {
		return nil
	}
	slices.SortFunc(squares, func(a, b square) int { return cmp.Compare(a.seen, b.seen) })
	needed := max(grainSeen, grainUsual*min(squares[len(squares)/2].seen, 1))
	if slices.Min(i.gain[:]) < grainDim {
		needed *= grainInDim
	}
	if least := squares[0]; least.seen < needed {
		return []finding{{fmt.Sprintf("art at %.0f, %.0f mm", least.x, least.y), fmt.Sprintf("%.0f%% of its lines are seen; %.0f%% are needed", 100*max(least.seen, 0), 100*needed)}}
	}
	return nil
}
