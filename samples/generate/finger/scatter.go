package finger

import (
	"math"
	"math/rand/v2"

	"example.org/cancuoc/internal/biometrics/minutiae"
)

// Scatter is a finger without ridges: minutiae strewn over a field of directions. It
// is made ten thousand times faster than a Master, for galleries and load tests in
// which most fingers only have to be different.
type Scatter struct{ minutiae []spot }

// spot is a minutia in pixels from the finger's middle, y downwards, its angle
// counterclockwise in radians.
type spot struct {
	x, y, angle float64
	fork        bool
}

// apart is how close two minutiae of a finger may be, in pixels.
const apart = 9

// Strew makes the finger of a seed.
func Strew(seed uint64) *Scatter {
	random := rand.New(rand.NewPCG(seed, 0x73747265))
	way := flow(random)
	var s Scatter
	wanted := 52 + int(9*random.NormFloat64())
	for tries := 0; len(s.minutiae) < wanted && tries < 50*wanted; tries++ {
		x, y := (2*random.Float64()-1)*135, (2*random.Float64()-1)*180
		if math.Hypot(x/135, y/180) > 1 || s.crowded(x, y) {
			continue
		}
		angle := -way(x+masterWidth/2, y+masterHeight/2)
		if random.IntN(2) == 0 {
			angle += math.Pi
		}
		s.minutiae = append(s.minutiae, spot{x, y, angle, random.IntN(5) < 2})
	}
	return &s
}

func (s *Scatter) crowded(x, y float64) bool {
	for _, m := range s.minutiae {
		if math.Hypot(x-m.x, y-m.y) < apart {
			return true
		}
	}
	return false
}

// Impression is what an extractor might find when the finger is laid on the scanner
// once: turned, shifted, stretched, with some minutiae lost and some invented.
func (s *Scatter) Impression(seed uint64) minutiae.Record {
	random := rand.New(rand.NewPCG(seed, 0x696d7072))
	turn := min(max(random.NormFloat64()*0.14, -0.4), 0.4)
	sin, cos := math.Sincos(turn)
	dx, dy := random.NormFloat64()*9, random.NormFloat64()*12
	stretchX, stretchY := waves(random, 4), waves(random, 4)
	t := minutiae.Record{Width: Width, Height: Height, Resolution: minutiae.DPI500, Quality: 80}
	add := func(x, y, angle float64, fork bool) {
		edge := math.Hypot((x-Width/2)/116, (y-Height/2)/162)
		if edge > 1 {
			return
		}
		m := minutiae.Minutia{
			Type: minutiae.Ending, X: int(x + 0.5), Y: int(y + 0.5), Quality: 80,
			Angle: uint8(int(math.Round(angle*128/math.Pi)) & 255),
		}
		if fork {
			m.Type = minutiae.Bifurcation
		}
		t.Minutiae = append(t.Minutiae, m)
	}
	const lost, invented = 0.12, 4
	for _, m := range s.minutiae {
		if random.Float64() < lost {
			continue
		}
		x := cos*m.x + sin*m.y + dx + 4.5*at(stretchX, m.x, m.y) + 1.2*random.NormFloat64() + Width/2
		y := cos*m.y - sin*m.x + dy + 4.5*at(stretchY, m.x, m.y) + 1.2*random.NormFloat64() + Height/2
		add(x, y, m.angle+turn+0.08*random.NormFloat64(), m.fork != (random.Float64() < 0.1))
	}
	for range random.IntN(2*invented + 1) {
		add(Width*random.Float64(), Height*random.Float64(), 2*math.Pi*random.Float64(), false)
	}
	return t
}
