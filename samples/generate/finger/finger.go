// Package finger makes fingerprints of people who do not exist: a master pattern
// grown from random seeds along a field of directions, and impressions of it as a
// scanner at 500 dpi would see them, each turned, shifted, stretched and soiled a
// little differently. The same seed gives the same finger.
//
// To a matcher they behave like prints, but they are not a model of a population.
package finger

import (
	"image"
	"math"
	"math/cmplx"
	"math/rand/v2"
)

// The size of an impression in pixels at 500 dpi.
const (
	Width  = 320
	Height = 420
)

// The master is larger, so that an impression may be shifted.
const (
	margin       = 30
	masterWidth  = Width + 2*margin
	masterHeight = Height + 2*margin
)

// Master is the pattern of one finger.
type Master struct {
	ridge []float32 // -1 valley to 1 ridge, row by row
}

// Grow makes the finger of a seed.
func Grow(seed uint64) *Master {
	random := rand.New(rand.NewPCG(seed, 0x6e676f6e))
	way := flow(random)
	period := periods(random)
	filters := bank()
	chosen := make([]*filter, masterWidth*masterHeight)
	for i := range chosen {
		x, y := float64(i%masterWidth), float64(i/masterWidth)
		d := int(way(x, y)*ways/math.Pi+0.5) % ways
		k := min(max(int((period(x, y)-smallest)/widthStep+0.5), 0), widths-1)
		chosen[i] = &filters[d][k]
	}
	m := &Master{ridge: make([]float32, masterWidth*masterHeight)}
	for i := range m.ridge {
		m.ridge[i] = float32(random.NormFloat64())
	}
	const passes = 24
	for range passes {
		m.ridge = grow(m.ridge, chosen)
	}
	return m
}

// wave is a slow variation over the finger: a few sines with random phases.
type wave struct{ fx, fy, phase, weight float64 }

func waves(random *rand.Rand, n int) []wave {
	w := make([]wave, n)
	for i := range w {
		w[i] = wave{
			fx: random.NormFloat64() / 110, fy: random.NormFloat64() / 110,
			phase: random.Float64() * 2 * math.Pi, weight: 1 / math.Sqrt(float64(n)),
		}
	}
	return w
}

func at(ws []wave, x, y float64) float64 {
	sum := 0.0
	for _, w := range ws {
		sum += w.weight * math.Sin(w.fx*x+w.fy*y+w.phase)
	}
	return sum
}

// flow gives the direction of ridges at a place of the master, 0 to pi with y
// downwards, from the places of cores and deltas (Sherlock and Monro's zero-pole
// model) and a slow random variation.
func flow(random *rand.Rand) func(x, y float64) float64 {
	cx, cy := masterWidth/2+random.NormFloat64()*10, masterHeight*0.44+random.NormFloat64()*12
	core := complex(cx, cy)
	spot := func(dx, dy float64) complex128 {
		return core + complex(dx+random.NormFloat64()*8, dy+random.NormFloat64()*8)
	}
	var cores, deltas []complex128
	arch := 0.0
	switch k := random.IntN(20); {
	case k < 7: // loop opening to the left
		cores, deltas = []complex128{core}, []complex128{spot(85, 105)}
	case k < 13: // loop opening to the right
		cores, deltas = []complex128{core}, []complex128{spot(-85, 105)}
	case k < 19: // whorl
		cores = []complex128{spot(0, -14), spot(0, 34)}
		deltas = []complex128{spot(-115, 125), spot(115, 125)}
	default: // arch
		arch = 0.7 + 0.5*random.Float64()
	}
	variation := waves(random, 6)
	tilt := random.NormFloat64() * 0.06
	return func(x, y float64) float64 {
		z := complex(x, y)
		a := tilt + 0.16*at(variation, x, y)
		for _, c := range cores {
			a += turn(z - c)
		}
		for _, d := range deltas {
			a -= turn(z - d)
		}
		if arch > 0 {
			dx, dy := (x-cx)/80, (y-cy-30)/90
			a += arch * dx * math.Exp(-dx*dx/2-dy*dy/2)
		}
		return math.Mod(math.Mod(a, math.Pi)+math.Pi, math.Pi)
	}
}

// turn is half the angle of z, measured so that it jumps below the core or delta. A
// jump by pi does not change the direction of a ridge.
func turn(z complex128) float64 {
	return (cmplx.Phase(z*complex(0, 1)) - math.Pi/2) / 2
}

// periods gives the distance from ridge to ridge at a place, in pixels.
func periods(random *rand.Rand) func(x, y float64) float64 {
	mean := 8.7 + 0.35*random.NormFloat64()
	variation := waves(random, 4)
	return func(x, y float64) float64 { return mean + 0.7*at(variation, x, y) }
}

const (
	reach      = 10
	side       = 2*reach + 1
	ways       = 48
	widths     = 5
	smallest   = 7.3 // pixels from ridge to ridge
	widthStep  = 0.8
	filterSize = 4.0
)

// filter makes ridges of one direction and width grow.
type filter [side * side]float32

// bank holds the filters by direction and width.
func bank() *[ways][widths]filter {
	var b [ways][widths]filter
	for d := range ways {
		sin, cos := math.Sincos(float64(d) * math.Pi / ways)
		for k := range widths {
			period, sum := smallest+widthStep*float64(k), float32(0)
			f := &b[d][k]
			for i := range f {
				x, y := float64(i%side-reach), float64(i/side-reach)
				f[i] = float32(math.Exp(-(x*x+y*y)/(2*filterSize*filterSize)) * math.Cos(2*math.Pi*(cos*y-sin*x)/period))
				sum += f[i]
			}
			for i := range f {
				f[i] -= sum / (side * side)
			}
		}
	}
	return &b
}

// grow filters the pattern once along its directions and sharpens it.
func grow(ridge []float32, chosen []*filter) []float32 {
	out := make([]float32, len(ridge))
	for y := reach; y < masterHeight-reach; y++ {
		for x := reach; x < masterWidth-reach; x++ {
			i := y*masterWidth + x
			sum := float32(0)
			for dy := range side {
				row := ridge[i+(dy-reach)*masterWidth-reach:][:side:side]
				weights := chosen[i][dy*side:][:side:side]
				a, b, c := float32(0), float32(0), float32(0)
				for j := 0; j < side; j += 3 {
					a += row[j] * weights[j]
					b += row[j+1] * weights[j+1]
					c += row[j+2] * weights[j+2]
				}
				sum += a + b + c
			}
			out[i] = float32(math.Tanh(float64(sum) / 6))
		}
	}
	return out
}

// Conditions are unusual conditions of an impression.
type Conditions struct {
	Faint bool // pressed lightly: a small, pale, broken print
}

// Impression is the finger laid on the scanner once. The same seed gives the same
// image.
func (m *Master) Impression(seed uint64, c Conditions) *image.Gray {
	random := rand.New(rand.NewPCG(seed, 0x74617920))
	turn := min(max(random.NormFloat64()*0.14, -0.4), 0.4)
	sin, cos := math.Sincos(turn)
	dx, dy := random.NormFloat64()*9, random.NormFloat64()*12
	stretchX, stretchY := waves(random, 4), waves(random, 4)
	pressure := random.NormFloat64() * 0.22 // dry below 0, wet above
	dirt, soil := waves(random, 5), spots(random, 14)
	wide, high := 128+random.NormFloat64()*7, 176+random.NormFloat64()*9
	if c.Faint {
		pressure, wide, high = pressure-0.7, wide*0.5, high*0.42
	}
	scratches := cuts(random, random.IntN(3))

	g := image.NewGray(image.Rect(0, 0, Width, Height))
	for y := range Height {
		for x := range Width {
			u, v := float64(x)-Width/2, float64(y)-Height/2
			edge := math.Hypot(u/wide, v/high) + 0.03*at(dirt, 2*u, 2*v)
			if edge > 1.06 {
				g.Pix[y*g.Stride+x] = 255
				continue
			}
			sx := cos*u - sin*v + dx + 4.5*at(stretchX, u, v) + masterWidth/2
			sy := sin*u + cos*v + dy + 4.5*at(stretchY, u, v) + masterHeight/2
			ridge := m.sample(sx, sy) + pressure + 0.25*at(dirt, u, v)
			ridge -= 1.6*soil.at(u, v) + 2*scratches.at(u, v) + 0.35*random.NormFloat64()
			ink := 1 / (1 + math.Exp(-3.2*ridge))
			ink *= min(max((1.06-edge)/0.08, 0), 1)
			g.Pix[y*g.Stride+x] = uint8(min(max(238-190*ink, 0), 255)) &^ 3 // 64 gray levels make smaller files
		}
	}
	return g
}

// sample reads the master between its pixels.
func (m *Master) sample(x, y float64) float64 {
	x, y = min(max(x, 0), masterWidth-2), min(max(y, 0), masterHeight-2)
	i, j := int(x), int(y)
	fx, fy := x-float64(i), y-float64(j)
	row, below := m.ridge[j*masterWidth+i:], m.ridge[(j+1)*masterWidth+i:]
	lerp := func(a, b float32, t float64) float64 { return float64(a)*(1-t) + float64(b)*t }
	return lerp(row[0], row[1], fx)*(1-fy) + lerp(below[0], below[1], fx)*fy
}

// blobs are spots where the skin did not touch the glass.
type blobs []struct{ x, y, size float64 }

func spots(random *rand.Rand, n int) blobs {
	b := make(blobs, n)
	for i := range b {
		b[i].x, b[i].y = random.NormFloat64()*90, random.NormFloat64()*120
		b[i].size = 1.2 + 2*random.Float64()
	}
	return b
}

func (b blobs) at(x, y float64) float64 {
	most := 0.0
	for _, s := range b {
		d := ((x-s.x)*(x-s.x) + (y-s.y)*(y-s.y)) / (s.size * s.size)
		if d < 6 {
			most = max(most, math.Exp(-d/2))
		}
	}
	return most
}

// scratch is a thin line across the finger.
type scratch []struct{ x, y, nx, ny, length float64 }

func cuts(random *rand.Rand, n int) scratch {
	s := make(scratch, n)
	for i := range s {
		a := random.Float64() * math.Pi
		s[i].x, s[i].y = random.NormFloat64()*60, random.NormFloat64()*90
		s[i].nx, s[i].ny = math.Cos(a), math.Sin(a)
		s[i].length = 25 + 40*random.Float64()
	}
	return s
}

func (s scratch) at(x, y float64) float64 {
	most := 0.0
	for _, c := range s {
		dx, dy := x-c.x, y-c.y
		across, along := dx*c.nx+dy*c.ny, dy*c.nx-dx*c.ny
		if math.Abs(across) < 2.5 && math.Abs(along) < c.length {
			most = max(most, math.Exp(-across*across))
		}
	}
	return most
}
