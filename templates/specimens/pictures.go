package specimens

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"

	"golang.org/x/image/vector"

	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// drawn are the pictures that a form shows.
func drawn(form *render.Form) (render.Pictures, error) {
	var p render.Pictures
	var portrait, left, right error
	if form.Shows(forms.PortraitField) {
		p.Portrait, portrait = Portrait()
	}
	if form.Shows(forms.FingerField) {
		p.LeftIndex, left = fingerprint(0.6)
		p.RightIndex, right = fingerprint(-0.5)
	}
	return p, errors.Join(portrait, left, right)
}

// Portrait draws a figure without a face, as a JPEG of 2:3.
func Portrait() ([]byte, error) {
	const w, h = 472, 708
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w { // a ground that is lighter in its middle
			d := math.Hypot(float64(x-w/2)/w, float64(y-h*2/5)/h)
			v := uint8(244 - 26*min(d, 1))
			img.SetRGBA(x, y, color.RGBA{v - 3, v - 1, v, 255})
		}
	}
	ellipse := func(x, y, rx, ry float32, c color.Color) {
		const k = 0.5523
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
	ellipse(236, 690, 212, 190, shirt)
	ellipse(236, 500, 62, 96, shade)
	ellipse(236, 300, 148, 186, hair)
	ellipse(236, 332, 116, 158, skin)
	ellipse(236, 206, 118, 60, hair)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// fingerprint draws ridges that nobody's finger has, as a PNG.
func fingerprint(lean float64) ([]byte, error) {
	const w, h = 240, 260
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := (float64(x)-w/2)/w*2, (float64(y)-h*0.46)/h*2
			edge := math.Hypot(u/0.8, (v-0.08)/0.9)
			r := math.Hypot(u+lean*v*v*0.4, v*0.72+0.12*math.Cos(u*3))
			ridge := math.Sin(r*62 + 2.2*math.Sin(math.Atan2(v, u+lean*0.2)*2))
			grey := 255.0
			if edge < 1 && ridge > -0.1 {
				grey = 255 - 205*min(1, (1-edge)*6)*min(1, (ridge+0.1)*2.4)
			}
			img.SetGray(x, y, color.Gray{Y: uint8(grey)})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
