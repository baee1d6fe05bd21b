package specimens

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"

	"golang.org/x/image/vector"

	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// pictures are those that a form shows.
func pictures(form *render.Form) (p render.Pictures, err error) {
	if form.Shows(forms.PortraitField) {
		if p.Portrait, err = portrait(); err != nil {
			return p, err
		}
	}
	if form.Shows(forms.FingerField) {
		if p.LeftIndex, err = fingerprint(0.6); err != nil {
			return p, err
		}
		p.RightIndex, err = fingerprint(-0.5)
	}
	return p, err
}

// portrait draws a figure without a face, as a JPEG of 2:3.
func portrait() ([]byte, error) {
	const w, h = 472, 708
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w { // a background that is lighter in its middle
			d := math.Hypot(float64(x-w/2)/w, float64(y-h*2/5)/h)
			v := uint8(244 - 26*min(d, 1))
			img.SetRGBA(x, y, color.RGBA{v - 3, v - 1, v, 255})
		}
	}
	ellipse := func(y, rx, ry float32, c color.Color) { // around the middle of the picture
		const x, k = w / 2, 0.5523
		r := vector.NewRasterizer(w, h)
		r.MoveTo(x+rx, y)
		r.CubeTo(x+rx, y+ry*k, x+rx*k, y+ry, x, y+ry)
		r.CubeTo(x-rx*k, y+ry, x-rx, y+ry*k, x-rx, y)
		r.CubeTo(x-rx, y-ry*k, x-rx*k, y-ry, x, y-ry)
		r.CubeTo(x+rx*k, y-ry, x+rx, y-ry*k, x+rx, y)
		r.ClosePath()
		r.Draw(img, img.Rect, image.NewUniform(c), image.Point{})
	}
	hair, skin, shade, shirt := color.RGBA{44, 36, 34, 255}, color.RGBA{232, 197, 170, 255}, color.RGBA{214, 175, 148, 255}, color.RGBA{62, 84, 124, 255}
	ellipse(690, 212, 190, shirt)
	ellipse(500, 62, 96, shade)
	ellipse(300, 148, 186, hair)
	ellipse(332, 116, 158, skin)
	ellipse(206, 118, 60, hair)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// fingerprint draws ridges that are on nobody's finger, as a PNG. They lean to the left
// or, where lean is negative, to the right.
func fingerprint(lean float64) ([]byte, error) {
	const w, h = 240, 260
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := (float64(x)-w/2)/w*2, (float64(y)-h*0.46)/h*2
			edge := math.Hypot(u/0.8, (v-0.08)/0.9)
			r := math.Hypot(u+lean*v*v*0.4, v*0.72+0.12*math.Cos(u*3))
			ridge := math.Sin(r*62 + 2.2*math.Sin(math.Atan2(v, u+lean*0.2)*2))
			gray := 255.0
			if edge < 1 && ridge > -0.1 {
				gray = 255 - 205*min(1, (1-edge)*6)*min(1, (ridge+0.1)*2.4)
			}
			img.SetGray(x, y, color.Gray{Y: uint8(gray)})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
