package render

import (
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// dot is a place on a side, mm.
type dot struct{ x, y float64 }

// contour is a chain of points. In a curved one, the points after the first are those of
// cubic Bézier curves, three each: two control points and the end.
type contour struct {
	points []dot
	curved bool
}

// curve follows a function of a parameter with n cubic Bézier curves that have its slopes
// where they meet.
func curve(from, to float64, n int, at func(float64) dot) contour {
	const h = 1e-5
	step := (to - from) / float64(n)
	slope := func(t float64) dot {
		a, b := at(t-h), at(t+h)
		return dot{(b.x - a.x) / (2 * h) * step / 3, (b.y - a.y) / (2 * h) * step / 3}
	}
	points := make([]dot, 0, 3*n+1)
	p, d := at(from), slope(from)
	points = append(points, p)
	for i := 1; i <= n; i++ {
		t := from + step*float64(i)
		q, e := at(t), slope(t)
		points = append(points, dot{p.x + d.x, p.y + d.y}, dot{q.x - e.x, q.y - e.y}, q)
		p, d = q, e
	}
	return contour{points, true}
}

// straightened is a chain of straight lines, if no curve of a contour bends.
func (c contour) straightened() contour {
	const least = 1e-6 // mm
	ends := []dot{c.points[0]}
	for i := 1; i+2 < len(c.points); i += 3 {
		p, q, r, s := c.points[i-1], c.points[i], c.points[i+1], c.points[i+2]
		if math.Hypot(q.x-(2*p.x+s.x)/3, q.y-(2*p.y+s.y)/3) > least || math.Hypot(r.x-(p.x+2*s.x)/3, r.y-(p.y+2*s.y)/3) > least {
			return c
		}
		ends = append(ends, s)
	}
	return chain(ends...)
}

// chain is straight lines from point to point.
func chain(points ...dot) contour { return contour{points: points} }

// polygon is an area's edge; filling closes it.
func polygon(points ...dot) contour { return contour{points: points} }

// rectangle gives a box's corners, clockwise from the top left.
func rectangle(b forms.Box) []dot {
	return []dot{{b.X, b.Y}, {b.X + b.W, b.Y}, {b.X + b.W, b.Y + b.H}, {b.X, b.Y + b.H}}
}

// isRectangle reports whether a chain is what rectangle gives.
func (c contour) isRectangle() bool {
	p := c.points
	return !c.curved && len(p) == 4 && p[0].y == p[1].y && p[1].x == p[2].x && p[2].y == p[3].y && p[3].x == p[0].x
}

// quarter is the distance of the control points of a quarter of a circle with radius 1.
const quarter = 0.5523

func circle(x, y, r float64) contour {
	k := r * quarter
	return contour{curved: true, points: []dot{
		{x + r, y},
		{x + r, y + k},
		{x + k, y + r},
		{x, y + r},
		{x - k, y + r},
		{x - r, y + k},
		{x - r, y},
		{x - r, y - k},
		{x - k, y - r},
		{x, y - r},
		{x + k, y - r},
		{x + r, y - k},
		{x + r, y},
	}}
}

// arch is the upper half of a circle.
func arch(x, y, r float64) contour {
	k := r * quarter
	return contour{curved: true, points: []dot{
		{x - r, y}, {x - r, y - k}, {x - k, y - r}, {x, y - r}, {x + k, y - r}, {x + r, y - k}, {x + r, y},
	}}
}

// rounded is a box with round corners.
func rounded(b forms.Box, r float64) contour {
	k := r * (1 - quarter)
	l, t, e, f := b.X, b.Y, b.X+b.W, b.Y+b.H
	side := func(from, to dot) []dot { // a straight line among curves
		return []dot{{from.x + (to.x-from.x)/3, from.y + (to.y-from.y)/3}, {from.x + (to.x-from.x)*2/3, from.y + (to.y-from.y)*2/3}, to}
	}
	points := []dot{{l + r, t}}
	points = append(points, side(dot{l + r, t}, dot{e - r, t})...)
	points = append(points, dot{e - k, t}, dot{e, t + k}, dot{e, t + r})
	points = append(points, side(dot{e, t + r}, dot{e, f - r})...)
	points = append(points, dot{e, f - k}, dot{e - k, f}, dot{e - r, f})
	points = append(points, side(dot{e - r, f}, dot{l + r, f})...)
	points = append(points, dot{l + k, f}, dot{l, f - k}, dot{l, f - r})
	points = append(points, side(dot{l, f - r}, dot{l, t + r})...)
	return contour{curved: true, points: append(points, dot{l, t + k}, dot{l + k, t}, dot{l + r, t})}
}

// reversed runs the other way, and so cuts a hole into an area around it.
func reversed(c contour) contour {
	points := slices.Clone(c.points)
	slices.Reverse(points)
	return contour{points, c.curved}
}

// flat gives a contour's points, each curve as 2 to 32 chords; scale is in dots per mm.
func (c contour) flat(scale float64) []dot {
	if !c.curved {
		return c.points
	}
	points := make([]dot, 1, 2*len(c.points))
	points[0] = c.points[0]
	for i := 1; i+2 < len(c.points); i += 3 {
		p, q, r, s := c.points[i-1], c.points[i], c.points[i+1], c.points[i+2]
		length := math.Hypot(q.x-p.x, q.y-p.y) + math.Hypot(r.x-q.x, r.y-q.y) + math.Hypot(s.x-r.x, s.y-r.y)
		chords := min(max(int(math.Sqrt(length*scale)), 2), 32)
		for j := 1; j <= chords; j++ {
			t := float64(j) / float64(chords)
			u := 1 - t
			a, b, d, e := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
			points = append(points, dot{a*p.x + b*q.x + d*r.x + e*s.x, a*p.y + b*q.y + d*r.y + e*s.y})
		}
	}
	return points
}

func star(x, y, r float64) contour {
	points := make([]dot, 0, 11)
	for i := range 11 {
		k := 1.0
		if i%2 == 1 {
			k = 0.382
		}
		angle := math.Pi * float64(i) / 5
		points = append(points, dot{x + r*k*math.Sin(angle), y - r*k*math.Cos(angle)})
	}
	return polygon(points...)
}
