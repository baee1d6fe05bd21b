package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/samples/generate/face"
)

// groups are persons of the same hair, sex, age and skin.
var groups = []face.Face{
	{Age: 30, Hair: face.Short},
	{Age: 40, Hair: face.Parted, Skin: 1},
	{Age: 60, Hair: face.Receding, Skin: 2},
	{Age: 25, Female: true, Hair: face.Long},
	{Age: 20, Female: true, Hair: face.Bob, Skin: 1},
	{Age: 50, Female: true, Hair: face.Bun, Skin: 3},
}

// person is somebody whose portrait is on a card: a face, as it was drawn, or as a
// photograph has it.
type person struct {
	face.Face
	photographed bool
}

func anyPerson(random *rand.Rand) person {
	p := person{Face: groups[random.IntN(len(groups))], photographed: random.IntN(2) == 0}
	p.Seed = random.Uint64()
	return p
}

// portrait is a person's portrait as it is printed.
func (p person) portrait() ([]byte, error) {
	img := face.Draw(p.Face)
	if p.photographed {
		img = photographed(img, rand.New(rand.NewPCG(p.Seed, 0x70686f746f)))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		return nil, err
	}
	normal, _, err := portrait.Normalize(b.Bytes())
	return normal, err
}

// waves is a field of smooth waves, with a mean of 0 and a deviation of about 1.
type waves [5][4]float64

func anyWaves(random *rand.Rand) (w waves) {
	for i := range w {
		w[i] = [4]float64{random.NormFloat64() * 5, random.NormFloat64() * 5, random.Float64() * 2 * math.Pi, random.NormFloat64()}
	}
	return w
}

func (w waves) at(x, y float64) (sum float64) {
	for _, v := range w {
		sum += v[3] * math.Cos(v[0]*x+v[1]*y+v[2]) * 0.63
	}
	return sum
}

// photographed makes a drawing more like a photograph: no two halves of a face are alike,
// the light falls from one side, skin has pores.
func photographed(in *image.RGBA, random *rand.Rand) *image.RGBA {
	w, h := in.Rect.Dx(), in.Rect.Dy()
	out := image.NewRGBA(in.Rect)
	across, down, light := anyWaves(random), anyWaves(random), anyWaves(random)
	side, above, pores := 0.12*random.NormFloat64(), 0.08*random.NormFloat64(), 2+3*random.Float64()
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w)-0.5, float64(y)/float64(w)-0.5*float64(h)/float64(w)
			from := image.Pt(
				min(max(int(float64(x)+0.012*float64(w)*across.at(u, v)+0.5), 0), w-1),
				min(max(int(float64(y)+0.012*float64(w)*down.at(u, v)+0.5), 0), h-1))
			k := 1 + side*u*2 + above*v*2 + 0.04*light.at(u, v)
			grain := pores * random.NormFloat64()
			at, src := out.PixOffset(x, y), in.PixOffset(from.X, from.Y)
			for c := range 3 {
				out.Pix[at+c] = uint8(min(max(float64(in.Pix[src+c])*k+grain, 0), 255))
			}
			out.Pix[at+3] = 255
		}
	}
	return out
}

// light is how a picture of a good print is taken.
type light struct {
	dpi        int
	brightness float64
	noise      float64 // standard deviation, of 255
	blur       float64 // standard deviation, dots
	shift      float64 // mm, to the right and down
	turn       float64 // degrees
	around     float64 // mm of what the card lies on
	bed        uint8   // its gray
	jpeg       int     // quality; 0: not compressed
}

// anyLight is one of all that a good print may be seen in, often at a limit.
func anyLight(random *rand.Rand) light {
	between := func(low, high float64) float64 { return min(max(low+(high-low)*(1.2*random.Float64()-0.1), low), high) }
	l := light{
		dpi: 300 << random.IntN(2), brightness: between(0.6, 1.3), noise: between(0, 10), blur: between(0, 1.5),
		shift: between(-0.3, 0.3), turn: between(-2, 2), bed: []uint8{20, 90, 255}[random.IntN(3)],
	}
	if random.IntN(2) == 0 {
		l.turn = 0
	}
	if random.IntN(2) == 0 {
		l.around = between(1, 6)
	}
	if random.IntN(2) == 0 {
		l.jpeg = int(between(30, 80))
	}
	return l
}

// shine gives a picture as it is seen in the light.
func (l light) shine(in image.Image) (image.Image, error) {
	src, ok := in.(*image.RGBA)
	if !ok {
		return nil, fmt.Errorf("a picture is %T", in)
	}
	scale := float64(l.dpi) / 25.4
	around := int(l.around * scale)
	out := image.NewRGBA(image.Rect(0, 0, src.Rect.Dx()+2*around, src.Rect.Dy()+2*around))
	draw.Draw(out, out.Rect, image.NewUniform(color.Gray{l.bed}), image.Point{}, draw.Src)
	sin, cos := math.Sincos(l.turn * math.Pi / 180)
	x, y, d := float64(src.Rect.Dx())/2, float64(src.Rect.Dy())/2, l.shift*scale+float64(around)
	if l.turn == 0 && around == 0 && l.shift == 0 {
		draw.Draw(out, out.Rect, src, image.Point{}, draw.Src)
	} else {
		draw.BiLinear.Transform(out, f64.Aff3{cos, -sin, x - cos*x + sin*y + d, sin, cos, y - sin*x - cos*y + d}, src, src.Rect, draw.Src, nil)
	}
	if l.blur > 0 {
		blur(out, l.blur)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range out.Pix {
		if i%4 != 3 {
			out.Pix[i] = uint8(min(max(float64(out.Pix[i])*l.brightness+l.noise*random.NormFloat64(), 0), 255))
		}
	}
	if l.jpeg == 0 {
		return out, nil
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, out, &jpeg.Options{Quality: l.jpeg}); err != nil {
		return nil, err
	}
	return jpeg.Decode(&b)
}

// blur is a Gaussian over rows and then columns.
func blur(img *image.RGBA, sigma float64) {
	reach := int(3*sigma) + 1
	weights, sum := make([]float32, 2*reach+1), float32(0)
	for i := range weights {
		d := float64(i - reach)
		weights[i] = float32(math.Exp(-d * d / (2 * sigma * sigma)))
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	line := func(n, at, step int) {
		in := make([]uint8, n)
		for c := range 3 {
			for i := range in {
				in[i] = img.Pix[at+i*step+c]
			}
			for i := range in {
				var v float32
				for k, w := range weights {
					v += w * float32(in[min(max(i+k-reach, 0), n-1)])
				}
				img.Pix[at+i*step+c] = uint8(v + 0.5)
			}
		}
	}
	for y := range img.Rect.Dy() {
		line(img.Rect.Dx(), y*img.Stride, 4)
	}
	for x := range img.Rect.Dx() {
		line(img.Rect.Dy(), 4*x, img.Stride)
	}
}
