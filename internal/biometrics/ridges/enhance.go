package ridges

import "math"

// The filter bank: ridges in 32 directions and of three widths. Periods are in
// pixels at 500 dpi, from a child's finger to a broad thumb.
const (
	directions = 32
	reach      = 10 // pixels from the center of a filter
	side       = 2*reach + 1
	spread     = 4.2 // standard deviation of a filter in pixels
	blockSide  = 8   // pixels over which one period is chosen
)

func periods() [3]float64 { return [3]float64{7.2, 8.8, 10.8} }

// filter is an even Gabor filter with mean 0.
type filter [side * side]float32

func newFilter(angle, period float64) *filter {
	var f filter
	sin, cos := math.Sincos(angle)
	sum := 0.0
	for y := -reach; y <= reach; y++ {
		for x := -reach; x <= reach; x++ {
			across := -sin*float64(x) + cos*float64(y)
			v := math.Exp(-float64(x*x+y*y)/(2*spread*spread)) * math.Cos(2*math.Pi*across/period)
			f[(y+reach)*side+x+reach] = float32(v)
			sum += v
		}
	}
	norm := 0.0
	for i := range f {
		f[i] -= float32(sum / (side * side))
		norm += math.Abs(float64(f[i]))
	}
	for i := range f {
		f[i] /= float32(norm)
	}
	return &f
}

// at gives the filter's response at x, y, which must be reach pixels inside.
func (f *filter) at(p plane, x, y int) float32 {
	sum := float32(0)
	for dy := range side {
		row := p.v[(y+dy-reach)*p.w+x-reach:][:side:side]
		weights := f[dy*side:][:side:side]
		a, b, c := float32(0), float32(0), float32(0)
		for k := 0; k < side; k += 3 {
			a += row[k] * weights[k]
			b += row[k+1] * weights[k+1]
			c += row[k+2] * weights[k+2]
		}
		sum += a + b + c
	}
	return sum
}

// enhance filters along the ridges and reports where they are: where the filter's
// response is positive.
func enhance(p plane, f flow, m mask) []bool {
	var bank [3][directions]*filter
	for i, period := range periods() {
		for d := range directions {
			bank[i][d] = newFilter(float64(d)*math.Pi/directions, period)
		}
	}
	ridge := make([]bool, len(p.v))
	for top := reach; top < p.h-reach; top += blockSide {
		for left := reach; left < p.w-reach; left += blockSide {
			right, bottom := min(left+blockSide, p.w-reach), min(top+blockSide, p.h-reach)
			filters := bank[period(p, f, &bank, left, top, right, bottom)]
			for y := top; y < bottom; y++ {
				for x := left; x < right; x++ {
					if i := y*p.w + x; m.in[i] {
						ridge[i] = filters[direction(f.angle[i])].at(p, x, y) > 0
					}
				}
			}
		}
	}
	return ridge
}

// period chooses the filter width that responds most strongly in a block, sampled
// at every third pixel of every third row.
func period(p plane, f flow, bank *[3][directions]*filter, left, top, right, bottom int) int {
	best, at := float32(-1), 0
	for k := range bank {
		energy := float32(0)
		for y := top; y < bottom; y += 3 {
			for x := left; x < right; x += 3 {
				v := bank[k][direction(f.angle[y*p.w+x])].at(p, x, y)
				energy += v * v
			}
		}
		if energy > best {
			best, at = energy, k
		}
	}
	return at
}

func direction(angle float32) int {
	return int(math.Round(float64(angle)*directions/math.Pi)) % directions
}
