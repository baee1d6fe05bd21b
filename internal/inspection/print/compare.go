package print

import (
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// comparison has both pictures of a side in the same raster: what is expected of the
// picture, and what it shows. Both are softened.
type comparison struct {
	tone

	want, seen *raster
	shade      [3]float64 // by which each color of what is expected is darker than want has it
	noise      float64    // standard deviation, in levels
}

// compare brings a picture, of which half has half the dots, into the raster of the
// expected print, which is sharp, and softened as well.
func compare(sharp, softened, half *raster, place transform) *comparison {
	view := half.warped(place, sharp.w, sharp.h)
	c := &comparison{seen: view.softened()}
	done(view)
	c.tone = toneOf(softened, c.seen)
	c.want, c.shade = c.expect(sharp, softened, c.seen)
	c.blur()
	c.noise = noiseOf(c)
	return c
}

// blur has what is expected as blurred as the picture, if that is nearer to it: then what is
// alike is more so, and what is not, less.
func (c *comparison) blur() {
	again := c.want.softenedAgain()
	if c.apart(again) < c.apart(c.want) {
		c.want, again = again, c.want
	}
	done(again)
}

// apart is how far what is expected is from what is seen, by some of the dots.
func (c *comparison) apart(want *raster) (sum int) {
	const every = 7
	shade := [3]int{fixed(c.shade[0]), fixed(c.shade[1]), fixed(c.shade[2])}
	for i := 0; i < len(want.pix); i += every {
		v, u := want.pix[i], c.seen.pix[i]
		for color, shift := range shifts {
			sum += min(distance(lane(v, shift)*shade[color]>>gainBits, lane(u, shift)), mostDot*soft)
		}
	}
	return sum
}

// likeness is how like a part of the picture is to what is expected, in squares of size
// dots: 1 is the same, in any brightness and contrast; 0 is nothing in common. Squares
// without much to see in them are left out.
type likeness struct {
	squares []float64 // sorted
}

// likeness compares the squares in a box (mm) that are within an area, each of which covers
// half of the next one. One that is less like than enough is looked for beside its place as
// well.
func (c *comparison) likeness(b forms.Box, size int, least, enough float64, within func(x, y float64) bool) likeness {
	w, h := c.want.w, c.want.h
	x0, y0 := max(int(b.X*workScale), 0), max(int(b.Y*workScale), 0)
	x1, y1 := min(int(math.Ceil((b.X+b.W)*workScale)), w), min(int(math.Ceil((b.Y+b.H)*workScale)), h)
	step := size / 2
	var l likeness
	var upper, lower []sums // of blocks of half the side, of which a square has four
	for y := y0; y+size <= y1; y += step {
		if size == 2*step {
			if upper, lower = lower, upper; upper == nil {
				across := max((x1-x0)/step, 0)
				upper, lower = c.blocks(make([]sums, 0, across), x0, x1, y, step), make([]sums, 0, across)
			}
			lower = c.blocks(lower[:0], x0, x1, y+step, step)
		}
		for x, n := x0, 0; x+size <= x1; x, n = x+step, n+1 {
			if within != nil && !within((float64(x+step)-b.X*workScale)/(b.W*workScale), (float64(y+step)-b.Y*workScale)/(b.H*workScale)) {
				continue
			}
			var s sums
			if size == 2*step {
				s = upper[n].plus(&upper[n+1]).plus(&lower[n]).plus(&lower[n+1])
			} else {
				s = c.sums(x, y, size, 0)
			}
			like, ok := c.alike(&s, size, least)
			if !ok {
				continue
			}
			if like < enough {
				like = c.beside(x, y, size, least, like)
			}
			l.squares = append(l.squares, like)
		}
	}
	slices.Sort(l.squares)
	return l
}

// blocks appends the sums of a line of blocks.
func (c *comparison) blocks(list []sums, x0, x1, y, size int) []sums {
	for x := x0; x+size <= x1; x += size {
		list = append(list, c.sums(x, y, size, 0))
	}
	return list
}

// beside is how like a square is up to three quarters of a dot to the left or right of its
// place, 0.13 mm: engines round the advance of a letter, and the last one of a long line
// stands where all have been added.
func (c *comparison) beside(x, y, size int, least, like float64) float64 {
	if x < 1 || x+size >= c.seen.w {
		return like
	}
	for _, quarters := range [...]int{-3, -2, -1, 1, 2, 3} {
		s := c.sums(x, y, size, quarters)
		if there, ok := c.alike(&s, size, least); ok {
			like = max(like, there)
		}
	}
	return like
}

// between gives n dots of a row as they are some quarters of a dot to the right.
func (r *raster) between(at, n, quarters int) []uint64 {
	next, far := 1, quarters
	if quarters < 0 {
		next, far = -1, -quarters
	}
	row := make([]uint64, n)
	for i := range row {
		a, b := r.pix[at+i], r.pix[at+i+next]
		for _, shift := range shifts {
			row[i] |= uint64(lane(a, shift)*(4-far)+lane(b, shift)*far) / 4 << shift
		}
	}
	return row
}

// sums are those by which a square is compared, by color: of what is expected and of what is
// seen, of their squares, and of their products.
type sums [3]struct{ e, q, ee, qq, eq int }

func (s sums) plus(t *sums) sums {
	for i := range s {
		a, b := &s[i], &t[i]
		a.e, a.q, a.ee, a.qq, a.eq = a.e+b.e, a.q+b.q, a.ee+b.ee, a.qq+b.qq, a.eq+b.eq
	}
	return s
}

// sums adds up a square, which is seen some quarters of a dot to the right of where it is
// expected.
func (c *comparison) sums(x, y, size, quarters int) (s sums) {
	var p pairs
	dots := 0
	for j := range size {
		at := (y+j)*c.want.w + x
		want, seen := c.want.pix[at:at+size:at+size], c.seen.pix[at:at+size:at+size]
		if quarters != 0 {
			seen = c.seen.between(at, size, quarters)
		}
		for len(want) > 0 {
			n := min(len(want), mostPairs)
			if dots += n; dots > mostPairs {
				s.take(&p)
				dots = n
			}
			p.add(want[:n], seen[:n])
			want, seen = want[n:], seen[n:]
		}
	}
	s.take(&p)
	return s
}

// pairs are sums as they are added up, two in a number: one multiplication gives two products.
type pairs struct {
	e, q, blue uint64    // red and green expected, and seen; blue expected and seen
	ee, qq     [3]uint64 // by color: the squares of what is expected, with the products above them; and of what is seen
}

// mostPairs is how many dots add up to 32 bits: a softened lane has 14.
const mostPairs = 16

// add adds some dots.
func (p *pairs) add(want, seen []uint64) {
	const others, one = 0xffff_0000_ffff, 0xffff
	e, q, blue := p.e, p.q, p.blue
	ee0, ee1, ee2, qq0, qq1, qq2 := p.ee[0], p.ee[1], p.ee[2], p.qq[0], p.qq[1], p.qq[2]
	for i, v := range want {
		u := seen[i]
		e, q = e+v&others, q+u&others
		v0, u0 := v&one, u&one
		ee0, qq0 = ee0+v0*(v0|u0<<32), qq0+u0*u0
		v1, u1 := v>>32&one, u>>32&one
		ee1, qq1 = ee1+v1*(v1|u1<<32), qq1+u1*u1
		v2, u2 := v>>16&one, u>>16&one
		ee2, qq2, blue = ee2+v2*(v2|u2<<32), qq2+u2*u2, blue+(v2|u2<<32)
	}
	p.e, p.q, p.blue = e, q, blue
	p.ee, p.qq = [3]uint64{ee0, ee1, ee2}, [3]uint64{qq0, qq1, qq2}
}

// take adds pairs to sums, and clears them.
func (s *sums) take(p *pairs) {
	const low = 0xffff_ffff
	e, q := [3]uint64{p.e & low, p.e >> 32, p.blue & low}, [3]uint64{p.q & low, p.q >> 32, p.blue >> 32}
	for color := range s {
		t := &s[color]
		t.e, t.q = t.e+int(e[color]), t.q+int(q[color])
		t.ee, t.eq, t.qq = t.ee+int(p.ee[color]&low), t.eq+int(p.ee[color]>>32), t.qq+int(p.qq[color])
	}
	*p = pairs{}
}

// alike compares a square in the color in which it is least alike. Noise, which makes
// everything less alike, is allowed for. ok is false if in every color less contrast
// (standard deviation) is expected of it, or hardly more than there is noise, or nothing
// but glare.
func (c *comparison) alike(s *sums, size int, least float64) (like float64, ok bool) {
	const glare = 232 * soft
	like = 1
	n, noise := float64(size*size), c.noise*c.noise*soft*soft
	for color := range s {
		t, shade := &s[color], c.shade[color]
		mean := float64(t.e) / n
		ve, vq := (float64(t.ee)/n-mean*mean)*shade*shade, float64(t.qq)/n-float64(t.q)/n*float64(t.q)/n
		if ve < max(least*least*soft*soft, 6*noise) || mean*shade > glare {
			continue
		}
		ok = true
		vq = max(vq-noise, noise, soft*soft)
		like = min(like, (float64(t.eq)/n-mean*float64(t.q)/n)*shade/math.Sqrt(ve*vq))
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
