package print

import (
	"image"
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// comparison has both pictures of a side in the same raster, color by color: what is
// expected of the picture, and what it shows. Both are softened.
type comparison struct {
	want, seen colors
	tone
}

// compare brings a picture into the raster of the expected print, which is sharp, and soft
// once softened; half is the picture with half its dots.
func compare(sharp, soft colors, half *image.RGBA, place transform) *comparison {
	seen := warpedColors(half, 2, place, sharp[0].w, sharp[0].h)
	seen.soften()
	c := &comparison{seen: seen, tone: toneOf(soft, seen)}
	c.want = c.predicted(sharp, soft, seen)
	c.noise = noiseOf(c.want[1], seen[1])
	return c
}

// likeness is how like a part of the picture is to what is expected, in squares of size
// dots: 1 is the same, in any brightness and contrast; 0 is nothing in common. Squares
// without much to see in them are left out.
type likeness struct {
	squares []float64 // sorted
}

// likeness compares the squares in a box (mm) that are within an area.
func (c *comparison) likeness(b forms.Box, size int, least float32, within func(x, y float64) bool) likeness {
	w, h := c.want[0].w, c.want[0].h
	x0, y0 := max(int(b.X*workScale), 0), max(int(b.Y*workScale), 0)
	x1, y1 := min(int(math.Ceil((b.X+b.W)*workScale)), w), min(int(math.Ceil((b.Y+b.H)*workScale)), h)
	var l likeness
	for y := y0; y+size <= y1; y += size / 2 {
		for x := x0; x+size <= x1; x += size / 2 {
			if within != nil && !within((float64(x+size/2)-b.X*workScale)/(b.W*workScale), (float64(y+size/2)-b.Y*workScale)/(b.H*workScale)) {
				continue
			}
			if like, ok := c.square(x, y, size, least); ok {
				l.squares = append(l.squares, like)
			}
		}
	}
	slices.Sort(l.squares)
	return l
}

// square compares a square in the color in which it is least alike. Noise, which makes
// everything less alike, is allowed for. ok is false if in every color less contrast
// (standard deviation) is expected of it, or hardly more than there is noise, or nothing
// but glare.
func (c *comparison) square(x, y, size int, least float32) (like float64, ok bool) {
	const glare = 232
	like = 1
	n := float32(size * size)
	for color := range c.want {
		want, seen := c.want[color], c.seen[color]
		var e, q, ee, qq, eq float32
		for j := range size {
			at := (y+j)*want.w + x
			p, s := want.pix[at:at+size:at+size], seen.pix[at:at+size:at+size]
			for i, v := range p {
				u := s[i]
				e, q, ee, qq, eq = e+v, q+u, ee+v*v, qq+u*u, eq+v*u
			}
		}
		ve, vq := (ee-e*e/n)/n, (qq-q*q/n)/n
		noise := float32(c.noise * c.noise)
		if ve < max(least*least, 6*noise) || e > glare*n {
			continue
		}
		ok = true
		vq = max(vq-noise, noise, 1)
		like = min(like, float64((eq-e*q/n)/n)/math.Sqrt(float64(ve*vq)))
	}
	return like, ok
}

// mean of the squares; 1 if there are none.
func (l likeness) mean() float64 {
	if len(l.squares) == 0 {
		return 1
	}
	sum := 0.0
	for _, v := range l.squares {
		sum += v
	}
	return sum / float64(len(l.squares))
}

// worst is the mean of the least alike squares: that share of them, one at least.
func (l likeness) worst(share float64) float64 {
	if len(l.squares) == 0 {
		return 1
	}
	n := max(1, int(share*float64(len(l.squares))))
	return likeness{l.squares[:n]}.mean()
}
