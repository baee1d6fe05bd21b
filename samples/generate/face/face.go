// Package face draws portraits of people who do not exist: heads made of ellipses,
// framed as an identity photograph. They look drawn, on purpose. The same face gives
// the same picture.
package face

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// The size of a portrait in pixels: 3 x 4 cm at 300 dpi.
const (
	Width  = 354
	Height = 472
)

// oversampling is how many times larger a portrait is drawn, each way.
const oversampling = 2

// Face says who is drawn. Its zero value with a seed is an adult man.
type Face struct {
	Seed   uint64 // of everything that is not a field here
	Female bool
	Age    int
	Skin   int // 0 light to 3 dark
	Hair   Hair
	Mole   bool    // beside the mouth
	Blur   float64 // a defect: standard deviation of the blur in pixels
	Dark   float64 // a defect: share of the light that is missing, 0 to 1
}

// Hair is how hair is worn.
type Hair int

// The hair styles.
const (
	Short Hair = iota
	Parted
	Bob
	Long
	Bun
	Receding
)

// rgb is a color; each part is 0 to 1.
type rgb struct{ r, g, b float64 }

func (c rgb) times(k float64) rgb { return rgb{c.r * k, c.g * k, c.b * k} }

func mix(a, b rgb, t float64) rgb {
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

// shape gives the distance of a point to its edge, negative inside. The unit is the
// distance from the eyes to the chin; x goes right and y down from between the eyes.
type shape func(x, y float64) float64

func ellipse(cx, cy, rx, ry float64) shape {
	return func(x, y float64) float64 {
		return (math.Hypot((x-cx)/rx, (y-cy)/ry) - 1) * min(rx, ry)
	}
}

// egg is an ellipse with a squarer lower half, the jaw.
func egg(rx, up, down, jaw float64) shape {
	const cy = -0.05
	return func(x, y float64) float64 {
		if y < cy {
			return (math.Hypot(x/rx, (y-cy)/up) - 1) * rx
		}
		sum := math.Pow(math.Abs(x)/rx, jaw) + math.Pow((y-cy)/down, jaw)
		return (math.Pow(sum, 1/jaw) - 1) * rx
	}
}

// stroke is a line along a parabola from x0 to x1, raised by bend in its middle.
func stroke(x0, x1, y0, y1, bend, thick float64) shape {
	return func(x, y float64) float64 {
		t := min(max((x-x0)/(x1-x0), 0), 1)
		line := y0 + (y1-y0)*t - bend*4*t*(1-t)
		cx := x0 + (x1-x0)*t
		return math.Hypot(x-cx, y-line) - thick*(0.45+0.55*math.Sin(math.Pi*min(max(t, 0.08), 0.92)))
	}
}

func without(a, b shape) shape {
	return func(x, y float64) float64 { return max(a(x, y), -b(x, y)) }
}

func both(a, b shape) shape {
	return func(x, y float64) float64 { return max(a(x, y), b(x, y)) }
}

func either(a, b shape) shape {
	return func(x, y float64) float64 { return min(a(x, y), b(x, y)) }
}

func below(edge float64) shape { return func(_, y float64) float64 { return edge - y } }

// canvas is the picture being drawn.
type canvas struct{ pix []rgb }

const (
	canvasWidth  = Width * oversampling
	canvasHeight = Height * oversampling
	unit         = 0.375 * canvasHeight // eyes to chin
	eyeLine      = 0.475 * canvasHeight
)

// paint fills a shape; soft is the width of its edge.
func (c *canvas) paint(s shape, soft, opacity float64, tint func(x, y float64) rgb) {
	for j := range canvasHeight {
		y := (float64(j) - eyeLine) / unit
		for i := range canvasWidth {
			x := (float64(i) - canvasWidth/2) / unit
			d := s(x, y)
			if d >= soft {
				continue
			}
			p := &c.pix[j*canvasWidth+i]
			*p = mix(*p, tint(x, y), opacity*min(max((soft-d)/(2*soft), 0), 1))
		}
	}
}

func plain(c rgb) func(x, y float64) rgb { return func(float64, float64) rgb { return c } }

const crisp = 0.008

// Draw makes the portrait.
func Draw(f Face) *image.RGBA {
	random := rand.New(rand.NewPCG(f.Seed, 0x66616365))
	vary := func(middle, by float64) float64 { return middle + by*(2*random.Float64()-1) }
	a := anatomy{
		width: vary(0.635, 0.03), jaw: vary(2.25, 0.2), eyeGap: vary(0.30, 0.018), eyeWide: vary(0.118, 0.01),
		eyeHigh: vary(0.05, 0.008), brow: vary(0.155, 0.015), nose: vary(0.45, 0.03), noseWide: vary(0.13, 0.02),
		mouth: vary(0.69, 0.02), mouthWide: vary(0.2, 0.025), smile: vary(0.012, 0.012), side: vary(0, 1),
		cloth: clothes()[random.IntN(len(clothes()))],
		skin:  skins()[f.Skin&3], hair: hairColor(f.Age, random),
	}
	if f.Female {
		a.jaw, a.width = a.jaw-0.12, a.width-0.02
	}
	if f.Age < 14 {
		a.eyeWide, a.eyeHigh, a.width, a.nose = a.eyeWide*1.12, a.eyeHigh*1.2, a.width+0.03, a.nose-0.04
	}
	c := &canvas{pix: make([]rgb, canvasWidth*canvasHeight)}
	c.paint(func(float64, float64) float64 { return -1 }, crisp, 1, func(x, y float64) rgb {
		return rgb{0.94, 0.95, 0.96}.times(1 - 0.02*math.Hypot(x, y))
	})
	a.draw(c, f, random)
	return develop(c, f, random)
}

// anatomy is the place and size of everything. The unit is the distance from the eyes
// to the chin.
type anatomy struct {
	width, jaw, eyeGap, eyeWide, eyeHigh, brow, nose, noseWide, mouth, mouthWide, smile, side float64
	cloth, skin, hair                                                                         rgb
}

func skins() []rgb {
	return []rgb{{0.95, 0.80, 0.69}, {0.90, 0.72, 0.58}, {0.82, 0.62, 0.47}, {0.70, 0.50, 0.37}}
}

func clothes() []rgb {
	return []rgb{{0.20, 0.27, 0.42}, {0.55, 0.16, 0.18}, {0.16, 0.36, 0.30}, {0.35, 0.35, 0.38}, {0.45, 0.30, 0.45}, {0.62, 0.66, 0.75}}
}

func hairColor(age int, random *rand.Rand) rgb {
	black := mix(rgb{0.07, 0.06, 0.06}, rgb{0.20, 0.13, 0.09}, random.Float64())
	return mix(black, rgb{0.72, 0.72, 0.73}, min(max((float64(age)-45)/30, 0), 1))
}

func (a anatomy) draw(c *canvas, f Face, random *rand.Rand) {
	face := egg(a.width, 0.93, 1.05, a.jaw)
	hair := a.strands(random)
	switch f.Hair { // what hangs behind the head
	case Long:
		c.paint(both(ellipse(0, 0.25, a.width+0.2, 1.32), func(_, y float64) float64 { return y - 1.5 }), crisp, 1, hair)
	case Bob:
		c.paint(ellipse(0, -0.02, a.width+0.16, 1.04), crisp, 1, hair)
	case Bun:
		c.paint(ellipse(0, -1.04, 0.24, 0.15), crisp, 1, hair)
	case Short, Parted, Receding:
	}
	shadow := plain(a.skin.times(0.78))
	c.paint(both(ellipse(0, 1.0, 0.33, 0.75), below(0.4)), crisp, 1, shadow)
	c.paint(both(ellipse(0, 2.1, 1.25, 0.98), below(1.1)), crisp, 1, func(x, y float64) rgb {
		return a.cloth.times(1.05 - 0.25*math.Abs(x) + 0.04*math.Sin(40*x+9*y))
	})
	c.paint(without(both(ellipse(0, 1.18, 0.45, 0.36), below(1.12)), ellipse(0, 1.02, 0.34, 0.34)), crisp, 1, plain(a.cloth.times(1.35)))
	for _, s := range ears(f.Hair) {
		c.paint(ellipse(s*(a.width+0.02), 0.12, 0.09, 0.2), crisp, 1, plain(a.skin.times(0.9)))
		c.paint(ellipse(s*(a.width+0.03), 0.12, 0.045, 0.12), 0.02, 0.6, shadow)
	}
	c.paint(face, crisp, 1, func(x, y float64) rgb {
		k := 1.03 - 0.13*math.Pow(math.Hypot(x/a.width, y/1.1), 3) - 0.035*x
		return a.skin.times(k)
	})
	for _, s := range []float64{-1, 1} {
		c.paint(both(face, ellipse(s*0.36, 0.42, 0.16, 0.11)), 0.1, 0.25, plain(rgb{0.93, 0.55, 0.48}))
	}
	a.features(c, f)
	c.paint(a.cap(f.Hair), crisp, 1, hair)
}

// ears lists the sides on which an ear is not covered by hair.
func ears(h Hair) []float64 {
	if h == Long || h == Bob {
		return nil
	}
	return []float64{-1, 1}
}

// features draws eyes, brows, nose, mouth and the wrinkles of age.
func (a anatomy) features(c *canvas, f Face) {
	ink := rgb{0.13, 0.09, 0.08}
	for _, s := range []float64{-1, 1} {
		x := s * a.eyeGap
		eye := ellipse(x, 0, a.eyeWide, a.eyeHigh)
		c.paint(ellipse(x, -0.01, a.eyeWide*1.35, a.eyeHigh*2.2), 0.05, 0.22, plain(a.skin.times(0.7)))
		c.paint(eye, crisp, 1, plain(rgb{0.97, 0.96, 0.95}))
		c.paint(both(eye, ellipse(x, -0.004, 0.056, 0.056)), crisp, 1, plain(rgb{0.28, 0.17, 0.11}))
		c.paint(both(eye, ellipse(x, -0.004, 0.027, 0.027)), crisp, 1, plain(ink))
		c.paint(ellipse(x+0.018, -0.02, 0.011, 0.011), crisp, 0.9, plain(rgb{1, 1, 1}))
		c.paint(stroke(x-a.eyeWide, x+a.eyeWide, 0.005, 0.005, a.eyeHigh, 0.016), crisp, 1, plain(ink))
		c.paint(stroke(x-a.eyeWide, x+a.eyeWide, -0.035, -0.035, a.eyeHigh+0.015, 0.007), 0.01, 0.5, plain(a.skin.times(0.55)))
		thick := 0.034
		if f.Female {
			thick = 0.022
		}
		c.paint(stroke(x-s*0.14, x+s*0.16, -a.brow, -a.brow-0.01, 0.03, thick), 0.015, 0.9, plain(mix(a.hair, ink, 0.5)))
		c.paint(ellipse(s*a.noseWide*0.55, a.nose, 0.026, 0.014), 0.015, 0.75, plain(a.skin.times(0.42)))
		c.paint(stroke(s*a.noseWide, s*(a.noseWide-0.03), a.nose-0.05, a.nose+0.02, 0, 0.008), 0.012, 0.6, plain(a.skin.times(0.6)))
		if f.Age > 45 {
			deep := min(float64(f.Age-45)/40, 0.7)
			c.paint(stroke(s*0.17, s*0.30, a.nose, a.mouth+0.02, 0.03, 0.009), 0.014, deep, plain(a.skin.times(0.62)))
			c.paint(stroke(x-0.1, x+0.1, 0.10, 0.10, -0.03, 0.006), 0.012, deep, plain(a.skin.times(0.66)))
			c.paint(stroke(s*0.05, s*0.3, -0.46, -0.46, 0.02, 0.007), 0.012, deep, plain(a.skin.times(0.68)))
		}
	}
	c.paint(ellipse(0.03, a.nose-0.15, 0.035, 0.2), 0.05, 0.22, plain(a.skin.times(1.15)))
	c.paint(stroke(-0.05, 0.05, a.nose+0.035, a.nose+0.035, -0.015, 0.008), 0.012, 0.6, plain(a.skin.times(0.55)))
	lip := mix(a.skin, rgb{0.72, 0.30, 0.30}, 0.5)
	if f.Female {
		lip = mix(a.skin, rgb{0.78, 0.20, 0.25}, 0.72)
	}
	w := a.mouthWide
	c.paint(ellipse(0, a.mouth+0.022, w*0.78, 0.05), 0.01, 1, plain(lip))
	c.paint(either(ellipse(-w*0.35, a.mouth-0.012, w*0.55, 0.032), ellipse(w*0.35, a.mouth-0.012, w*0.55, 0.032)), 0.01, 1, plain(lip.times(0.9)))
	c.paint(stroke(-w, w, a.mouth-a.smile, a.mouth-a.smile, -2*a.smile, 0.011), 0.006, 1, plain(lip.times(0.5)))
	if f.Mole {
		c.paint(ellipse(0.26, a.mouth-0.07, 0.018, 0.018), crisp, 1, plain(a.skin.times(0.35)))
	}
}

// cap is the hair on the head.
func (a anatomy) cap(h Hair) shape {
	outer := egg(a.width+0.06, 1.02, 0.9, 2)
	top := func(edge float64) shape { return func(_, y float64) float64 { return y - edge } }
	switch h {
	case Parted:
		return both(without(outer, ellipse(0.16*sign(a.side), 0.24, a.width+0.02, 0.86)), top(0.0))
	case Bob:
		return both(without(egg(a.width+0.1, 1.04, 1.0, 2), ellipse(0, 0.42, a.width-0.05, 0.98)), top(0.75))
	case Long:
		return both(without(egg(a.width+0.1, 1.04, 1.5, 2), ellipse(0.05*sign(a.side), 0.36, a.width-0.03, 1.02)), top(1.1))
	case Bun:
		return both(without(outer, ellipse(0, 0.3, a.width-0.01, 0.98)), top(0.05))
	case Receding:
		return both(without(outer, ellipse(0, 0.02, a.width-0.035, 0.99)), top(0.02))
	case Short:
	}
	return both(without(outer, ellipse(0, 0.18, a.width-0.01, 0.76)), top(-0.02))
}

func squared(v float64) float64 { return v * v }

func sign(v float64) float64 { return math.Copysign(1, v) }

// strands gives the color of hair, lighter and darker along its fall.
func (a anatomy) strands(random *rand.Rand) func(x, y float64) rgb {
	phase := random.Float64() * 9
	return func(x, y float64) rgb {
		angle := math.Atan2(x-0.1*a.side, y+1.3)
		shine := 0.12*math.Sin(46*angle+phase) + 0.08*math.Sin(91*angle+2*phase)
		gloss := 0.25 * math.Exp(-squared((y+0.78-0.2*x*x)/0.12))
		return mix(a.hair.times(1+shine), rgb{0.6, 0.58, 0.56}, 0.5*gloss)
	}
}

// develop reduces the drawing to the portrait, as a camera would see it.
func develop(c *canvas, f Face, random *rand.Rand) *image.RGBA {
	small := make([]rgb, Width*Height)
	for y := range Height {
		for x := range Width {
			var sum rgb
			for k := range oversampling * oversampling {
				p := c.pix[(y*oversampling+k/oversampling)*canvasWidth+x*oversampling+k%oversampling]
				sum = rgb{sum.r + p.r, sum.g + p.g, sum.b + p.b}
			}
			small[y*Width+x] = sum.times(1.0 / (oversampling * oversampling))
		}
	}
	if f.Blur > 0 {
		small = blur(small, f.Blur)
	}
	out := image.NewRGBA(image.Rect(0, 0, Width, Height))
	for i, p := range small {
		p = p.times(1 - f.Dark)
		grain := 0.004 * random.NormFloat64()
		to8 := func(v float64) uint8 { return uint8(min(max(v+grain, 0), 1)*255 + 0.5) }
		out.SetRGBA(i%Width, i/Width, color.RGBA{to8(p.r), to8(p.g), to8(p.b), 255})
	}
	return out
}

// blur is a Gaussian over rows and then columns.
func blur(in []rgb, sigma float64) []rgb {
	reach := int(3 * sigma)
	weights, sum := make([]float64, 2*reach+1), 0.0
	for i := range weights {
		d := float64(i - reach)
		weights[i] = math.Exp(-d * d / (2 * sigma * sigma))
		sum += weights[i]
	}
	pass := func(in []rgb, dx, dy int) []rgb {
		out := make([]rgb, len(in))
		for y := range Height {
			for x := range Width {
				var p rgb
				for i, w := range weights {
					sx := min(max(x+dx*(i-reach), 0), Width-1)
					sy := min(max(y+dy*(i-reach), 0), Height-1)
					q := in[sy*Width+sx].times(w / sum)
					p = rgb{p.r + q.r, p.g + q.g, p.b + q.b}
				}
				out[y*Width+x] = p
			}
		}
		return out
	}
	return pass(pass(in, 1, 0), 0, 1)
}
