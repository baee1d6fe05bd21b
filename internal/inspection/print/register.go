package print

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// anchor is a place of the expected print by which it is found in a picture: one with
// edges in more than one direction.
type anchor struct {
	x, y  float64 // its middle, mm
	worth float64
}

// Anchors are sought in a grid, so that they are spread over the card: in squares of about
// 13 mm.
const (
	anchorEvery = 13.0 // mm
	anchorSize  = 4.0  // mm
)

// anchorsOf chooses anchors in the expected print, which has that many dots per mm.
func anchorsOf(r *raster, scale float64) []anchor {
	size := int(anchorSize * scale)
	corners := cornersOf(r)
	defer summed.Put(corners)
	across, down := int(math.Round(float64(r.w)/scale/anchorEvery)), int(math.Round(float64(r.h)/scale/anchorEvery))
	cw, ch := r.w/across, r.h/down
	var list []anchor
	for gy := range down {
		for gx := range across {
			best := anchor{}
			for y := gy * ch; y < (gy+1)*ch; y += size / 4 {
				for x := gx * cw; x < (gx+1)*cw; x += size / 4 {
					left, top := x-size/2, y-size/2
					if left < 1 || top < 1 || left+size >= r.w || top+size >= r.h {
						continue
					}
					if worth := corners.worth(left, top, size); worth > best.worth {
						best = anchor{float64(x) / scale, float64(y) / scale, worth}
					}
				}
			}
			if best.worth > 0 {
				list = append(list, best)
			}
		}
	}
	slices.SortFunc(list, func(a, b anchor) int { return cmp.Compare(b.worth, a.worth) })
	const faint = 0.01 // of the best
	for i, a := range list {
		if a.worth < faint*list[0].worth {
			return list[:i]
		}
	}
	return list
}

// corners has sums of products of gradients, by which corners are found.
type corners struct {
	w    int
	sums []products // of what lies above and left
}

type products struct{ xx, yy, xy int }

// summed are corners that are used again.
var summed sync.Pool

func cornersOf(r *raster) *corners {
	w := r.w + 1
	c, ok := summed.Get().(*corners)
	if !ok || cap(c.sums) < w*(r.h+1) {
		c = &corners{sums: make([]products, w*(r.h+1))}
	}
	c.w, c.sums = w, c.sums[:w*(r.h+1)]
	clear(c.sums)
	for y := 1; y < r.h-1; y++ {
		above, mid, below := r.pix[(y-1)*r.w:][:r.w], r.pix[y*r.w:][:r.w], r.pix[(y+1)*r.w:][:r.w]
		before, sums := c.sums[y*w:][:w], c.sums[(y+1)*w:][:w]
		var line products
		for x := 1; x < r.w-1; x++ {
			dx, dy := gray(mid[x+1])-gray(mid[x-1]), gray(below[x])-gray(above[x])
			line.xx, line.yy, line.xy = line.xx+dx*dx, line.yy+dy*dy, line.xy+dx*dy
			b := before[x+1]
			sums[x+1] = products{b.xx + line.xx, b.yy + line.yy, b.xy + line.xy}
		}
	}
	return c
}

// worth is the smaller eigenvalue of the structure tensor of a square.
func (c *corners) worth(x, y, size int) float64 {
	a, b, p, q := c.sums[y*c.w+x], c.sums[y*c.w+x+size], c.sums[(y+size)*c.w+x], c.sums[(y+size)*c.w+x+size]
	xx, yy, xy := float64(q.xx-p.xx-b.xx+a.xx), float64(q.yy-p.yy-b.yy+a.yy), float64(q.xy-p.xy-b.xy+a.xy)
	half := (xx - yy) / 2
	return (xx+yy)/2 - math.Sqrt(half*half+xy*xy)
}

// match is an anchor that was found in a picture.
type match struct {
	anchor
	dx, dy float64 // how far from its place, mm
	like   float64
}

// find seeks each anchor of the expected print in what is seen around its place, up to
// reach dots away.
func find(expected pattern, seen *view, anchors []anchor, reach int) []match {
	list := make([]match, 0, len(anchors))
	scale := expected.scale
	size := int(anchorSize * scale)
	around := newPatch(size + 2*reach)
	want := newPatch(size)
	n := 2*reach + 1
	scores := make([]float64, n*n)
	for _, a := range anchors {
		left, top := int(a.x*scale)-size/2, int(a.y*scale)-size/2
		if !expected.cut(want, left, top) {
			continue
		}
		seen.cut(around, left-reach, top-reach)
		want.likes(around, scores)
		best := 0
		for i, score := range scores {
			if score > scores[best] {
				best = i
			}
		}
		if scores[best] < leastAnchor {
			continue
		}
		bx, by := best%n, best/n
		m := match{anchor: a, like: scores[best], dx: float64(bx - reach), dy: float64(by - reach)}
		if bx > 0 && bx < n-1 {
			m.dx += peak(scores[best-1], scores[best], scores[best+1])
		}
		if by > 0 && by < n-1 {
			m.dy += peak(scores[best-n], scores[best], scores[best+n])
		}
		m.dx, m.dy = m.dx/scale, m.dy/scale
		list = append(list, m)
	}
	return list
}

// leastAnchor is the least likeness at which an anchor counts as found.
const leastAnchor = 0.5

// peak is where, between -0.5 and 0.5, the parabola through three values is highest.
func peak(a, b, c float64) float64 {
	if d := a - 2*b + c; d < 0 {
		return min(max((a-c)/(2*d), -0.5), 0.5)
	}
	return 0
}

// agree finds the displacement of the whole print on which most anchors agree: a small
// turn, a scale and a shift, and as finer adjustment a skew. It reports whether enough do.
func agree(list []match, tolerance float64) (t transform, inliers []match) {
	best := -1.0
	for i, a := range list {
		for _, b := range list[i+1:] {
			u, ok := similarity(a, b)
			if !ok {
				continue
			}
			sum := 0.0
			for k := range list {
				if m := &list[k]; u.misses(m) < tolerance*tolerance {
					sum += m.like
				}
			}
			if sum > best {
				best, t = sum, u
			}
		}
	}
	if best < 0 {
		return transform{xx: 1, yy: 1}, nil
	}
	for range 2 {
		inliers = inliers[:0]
		for k, m := range list {
			if t.misses(&list[k]) < tolerance*tolerance {
				inliers = append(inliers, m)
			}
		}
		t = fit(inliers, t)
	}
	return t, inliers
}

// misses is how far from its place a transform puts an anchor, mm², squared.
func (t *transform) misses(m *match) float64 {
	x, y := t.xx*m.x+t.xy*m.y+t.x0-m.x-m.dx, t.yx*m.x+t.yy*m.y+t.y0-m.y-m.dy
	return x*x + y*y
}

// Limits of a displacement.
const (
	mostTurn  = 3.5 * math.Pi / 180
	mostScale = 0.04 // larger or smaller
	farApart  = 15.0 // mm between two anchors that give a turn
)

// similarity is the turn, scale and shift that two anchors give.
func similarity(a, b match) (transform, bool) {
	px, py := b.x-a.x, b.y-a.y
	qx, qy := px+b.dx-a.dx, py+b.dy-a.dy
	d := px*px + py*py
	if d < farApart*farApart {
		return transform{}, false
	}
	c, s := (px*qx+py*qy)/d, (px*qy-py*qx)/d
	if math.Abs(math.Atan2(s, c)) > mostTurn || math.Abs(math.Hypot(c, s)-1) > mostScale {
		return transform{}, false
	}
	return transform{c, -s, a.x + a.dx - c*a.x + s*a.y, s, c, a.y + a.dy - s*a.x - c*a.y}, true
}

// fit gives the similarity that is nearest to the anchors, or where they are spread
// enough, the affine transform.
func fit(list []match, otherwise transform) transform {
	if len(list) < 3 {
		return otherwise
	}
	var n, mx, my, nx, ny float64
	for _, m := range list {
		n, mx, my, nx, ny = n+m.like, mx+m.like*m.x, my+m.like*m.y, nx+m.like*(m.x+m.dx), ny+m.like*(m.y+m.dy)
	}
	mx, my, nx, ny = mx/n, my/n, nx/n, ny/n
	var xx, xy, yy, ax, ay, bx, by float64
	for _, m := range list {
		x, y, u, v := m.x-mx, m.y-my, m.x+m.dx-nx, m.y+m.dy-ny
		xx, xy, yy = xx+m.like*x*x, xy+m.like*x*y, yy+m.like*y*y
		ax, ay, bx, by = ax+m.like*u*x, ay+m.like*u*y, bx+m.like*v*x, by+m.like*v*y
	}
	var t transform
	const long, short = 15.0 * 15.0, 8.0 * 8.0 // mm² about the middle
	if det := xx*yy - xy*xy; len(list) >= 10 && max(xx, yy)/n > long && min(xx, yy)/n > short && det > 0 {
		t = transform{xx: (ax*yy - ay*xy) / det, xy: (ay*xx - ax*xy) / det, yx: (bx*yy - by*xy) / det, yy: (by*xx - bx*xy) / det}
	} else {
		c, s := (ax+by)/(xx+yy), (bx-ay)/(xx+yy)
		t = transform{xx: c, xy: -s, yx: s, yy: c}
	}
	t.x0, t.y0 = nx-t.xx*mx-t.xy*my, ny-t.yx*mx-t.yy*my
	return t
}
