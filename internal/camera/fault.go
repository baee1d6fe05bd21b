package camera

import (
	"image"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"example.org/cancuoc/internal/camera/fault"
)

// apply gives a side with the fault; scale is in dots per mm.
func apply(f fault.Fault, img *image.RGBA, side int, scale float64) *image.RGBA {
	switch f.Kind {
	case fault.Blank:
		fill(img, img.Rect)
	case fault.Cyan:
		bleach(img, 0)
	case fault.Magenta:
		bleach(img, 1)
	case fault.Yellow:
		bleach(img, 2)
	case fault.Smear:
		if side == 0 {
			smear(img, scale)
		}
	case fault.Half:
		fill(img, image.Rect(0, img.Rect.Dy()/2, img.Rect.Dx(), img.Rect.Dy()))
	case fault.Shift:
		d := f.Amount * scale
		return moved(img, f64.Aff3{1, 0, d, 0, 1, d})
	case fault.Rotation:
		sin, cos := math.Sincos(f.Amount * math.Pi / 180)
		x, y := float64(img.Rect.Dx())/2, float64(img.Rect.Dy())/2
		return moved(img, f64.Aff3{cos, -sin, x - cos*x + sin*y, sin, cos, y - sin*x - cos*y})
	case fault.Noise:
		random := rand.New(rand.NewPCG(1, uint64(side&1))) //nolint:gosec // the same each time, on purpose
		each(img, func(v float64) float64 { return v + f.Amount*random.NormFloat64() })
	case fault.Brightness:
		each(img, func(v float64) float64 { return v * f.Amount })
	case fault.Other: // another picture, which Simulated takes
	}
	return img
}

func fill(img *image.RGBA, r image.Rectangle) {
	draw.Draw(img, r, image.White, image.Point{}, draw.Src)
}

// bleach takes a color away: the light that it absorbs comes back.
func bleach(img *image.RGBA, channel int) {
	for i := channel; i < len(img.Pix); i += 4 {
		img.Pix[i] = 0xff
	}
}

// smear draws the middle of the print out to the right: each dot drags some of the ink
// before it along.
func smear(img *image.RGBA, scale float64) {
	const keep = 0.92 // of the ink, over a tenth of a millimeter
	k := math.Pow(keep, 10/scale)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for y := h * 2 / 5; y < h*3/5; y++ {
		var dragged [3]float64
		for x := w / 8; x < w*7/8; x++ {
			at := img.Pix[img.PixOffset(x, y):][:3]
			for c := range dragged {
				dragged[c] = dragged[c]*k + float64(at[c])*(1-k)
				at[c] = uint8(dragged[c])
			}
		}
	}
}

// moved gives the picture under a transformation, on white.
func moved(img *image.RGBA, m f64.Aff3) *image.RGBA {
	out := image.NewRGBA(img.Rect)
	fill(out, out.Rect)
	draw.BiLinear.Transform(out, m, img, img.Rect, draw.Src, nil)
	return out
}

// each changes every color of every dot.
func each(img *image.RGBA, change func(float64) float64) {
	for i := range img.Pix {
		if i%4 != 3 {
			img.Pix[i] = uint8(min(max(change(float64(img.Pix[i])), 0), 255))
		}
	}
}
