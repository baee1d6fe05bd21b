package print

import "math"

// patch is a square of a picture in gray; a level is four.
type patch struct {
	size int
	pix  []uint64
}

func newPatch(size int) *patch { return &patch{size, make([]uint64, size*size)} }

// flat is the standard deviation below which there is nothing in a patch.
const flat = 1 * quarter

// pattern is the expected print, with so many dots to a mm, and so much to a level.
type pattern struct {
	*raster

	scale float64
	level int
}

// cut takes a patch. It reports whether it is all on the print and there is something in it.
func (r pattern) cut(p *patch, x, y int) bool {
	if x < 0 || y < 0 || x+p.size > r.w || y+p.size > r.h {
		return false
	}
	sum, squares := 0, 0
	for j := range p.size {
		to := p.pix[j*p.size:][:p.size]
		for i, dot := range r.pix[(y+j)*r.w+x:][:p.size] {
			v := gray(dot) / r.level
			to[i], sum, squares = uint64(v), sum+v, squares+v*v
		}
	}
	n := len(p.pix)
	return n*squares-sum*sum >= n*n*flat*flat
}

// view is a picture, of which the raster is 1/k in whole levels, as it is seen where the
// expected print would be at its place.
type view struct {
	*raster

	place    transform
	k        float64
	scale    float64  // dots per mm of the expected print
	softened bool     // already
	dots     []uint64 // of a row
}

// cut takes a patch.
func (v *view) cut(p *patch, x, y int) {
	if v.softened {
		for j := range p.size {
			row := v.row(x, y+j, p.size)
			for i, dot := range row {
				p.pix[j*p.size+i] = uint64(gray(dot) >> 8)
			}
		}
		return
	}
	var above, mid, below []int
	for j := range p.size + 2 { // with what is around it
		above, mid, below = mid, below, above
		if below == nil {
			below = make([]int, p.size+2)
		}
		for i, dot := range v.row(x-1, y-1+j, p.size+2) {
			below[i] = gray(dot)
		}
		if j < 2 {
			continue
		}
		a, b := above[0]+2*mid[0]+below[0], above[1]+2*mid[1]+below[1]
		to := p.pix[(j-2)*p.size:][:p.size]
		for i := range to {
			c := above[i+2] + 2*mid[i+2] + below[i+2]
			to[i] = uint64(a+2*b+c) >> 12
			a, b = b, c
		}
	}
}

// row gives n dots, of which a level is 256.
func (v *view) row(x, y, n int) []uint64 {
	if len(v.dots) < n {
		v.dots = make([]uint64, n)
	}
	to := v.dots[:n]
	v.path(v.place, v.k, v.scale, (float64(x)+0.5)/v.scale, (float64(y)+0.5)/v.scale).sample(to)
	return to
}

// likes correlates a patch with a larger one at each place in it, line by line. Where
// there is nothing in that, it is 0.
func (p *patch) likes(in *patch, scores []float64) {
	n, size := in.size-p.size+1, p.size
	pairs := make([]uint64, len(in.pix)) // of neighbors: two products for one multiplication
	for i, v := range in.pix[:len(pairs)-1] {
		pairs[i] = v | in.pix[i+1]<<32
	}
	pairs[len(pairs)-1] = in.pix[len(pairs)-1]
	sums := in.sums(size)
	want := p.sums(size)[0]
	for y := range n {
		for x := 0; x < n; x += 2 {
			var product uint64
			for j := range size {
				row := pairs[(y+j)*in.size+x:][:size]
				for i, v := range p.pix[j*size:][:size] {
					product += v * row[i]
				}
			}
			scores[y*n+x] = correlation(want, sums[y*n+x], product&0xffff_ffff, size*size)
			if x+1 < n {
				scores[y*n+x+1] = correlation(want, sums[y*n+x+1], product>>32, size*size)
			}
		}
	}
}

// moments are the sums of the dots of a patch and of their squares.
type moments struct{ sum, squares int }

// sums gives the moments of each square of that size in a patch, line by line.
func (p *patch) sums(size int) []moments {
	n := p.size - size + 1
	list := make([]moments, 0, n*n)
	columns := make([]moments, p.size)
	for y := range p.size {
		for x := range columns {
			v := int(p.pix[y*p.size+x])
			columns[x].sum, columns[x].squares = columns[x].sum+v, columns[x].squares+v*v
			if y >= size {
				v := int(p.pix[(y-size)*p.size+x])
				columns[x].sum, columns[x].squares = columns[x].sum-v, columns[x].squares-v*v
			}
		}
		if y < size-1 {
			continue
		}
		var m moments
		for x, c := range columns {
			m.sum, m.squares = m.sum+c.sum, m.squares+c.squares
			if x >= size {
				m.sum, m.squares = m.sum-columns[x-size].sum, m.squares-columns[x-size].squares
			}
			if x >= size-1 {
				list = append(list, m)
			}
		}
	}
	return list
}

// correlation of two patches of n dots.
func correlation(a, b moments, product uint64, n int) float64 {
	va, vb := n*a.squares-a.sum*a.sum, n*b.squares-b.sum*b.sum
	if vb < n*n*flat*flat {
		return 0
	}
	return float64(n*int(product)-a.sum*b.sum) / math.Sqrt(float64(va)*float64(vb))
}
