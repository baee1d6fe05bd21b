// Package inspect looks at the picture of a printed card as a machine at the
// counter would: it reads the QR code and the MRZ, looks for the portrait, and
// says in an officer's words what is missing or wrong.
package inspect

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"

	"golang.org/x/image/draw"

	"example.org/cancuoc/templates"
)

// Print compares the pictures of both sides, cut at the card's edges, with what
// should be on them. It gives no finding for a good card; a finding holds no
// personal data.
func Print(form *templates.Form, front, back image.Image, want templates.Content) []string {
	sides := map[templates.Side]*picture{
		templates.Front: newPicture(front, form.Page), templates.Back: newPicture(back, form.Page),
	}
	var findings []string
	for _, field := range form.Fields {
		p := sides[field.Side]
		switch field.Kind {
		case "qr":
			findings = append(findings, p.checkQR(field.Box, want.QR)...)
		case "mrz":
			findings = append(findings, p.checkMRZ(form, field, want.MRZ)...)
		case "portrait":
			findings = append(findings, p.checkPortrait(field.Box, want.Portrait)...)
		}
	}
	return findings
}

// picture is one side in grey.
type picture struct {
	grey  *image.Gray
	scale float64 // dots per mm
}

// newPicture takes the green channel for grey: red and blue of the background are
// light in it, and all print that is read is black.
func newPicture(img image.Image, page templates.Page) *picture {
	p := &picture{scale: float64(img.Bounds().Dx()) / page.W}
	if rgba, ok := img.(*image.RGBA); ok {
		p.grey = image.NewGray(rgba.Rect)
		for i := range p.grey.Pix {
			p.grey.Pix[i] = rgba.Pix[4*i+1]
		}
		return p
	}
	p.grey = image.NewGray(img.Bounds())
	draw.Draw(p.grey, p.grey.Rect, img, img.Bounds().Min, draw.Src)
	return p
}

// crop gives a box, widened by margin mm.
func (p *picture) crop(b templates.Box, margin float64) *image.Gray {
	r := image.Rect(
		int((b.X-margin)*p.scale), int((b.Y-margin)*p.scale),
		int(math.Ceil((b.X+b.W+margin)*p.scale)), int(math.Ceil((b.Y+b.H+margin)*p.scale))).Intersect(p.grey.Rect)
	crop := image.NewGray(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(crop, crop.Rect, p.grey, r.Min, draw.Src)
	return crop
}

// checkQR reads the code and compares what it says.
func (p *picture) checkQR(b templates.Box, want string) []string {
	got, err := p.readQR(b)
	if err != nil {
		return []string{"the QR code cannot be read"}
	}
	if got != want {
		return []string{"the QR code says something else than the application"}
	}
	return nil
}

// leastLike is the correlation of print and portrait below which they are two
// pictures, or the print is shifted or missing.
const leastLike = 0.9

// checkPortrait compares the printed portrait with the one that was sent, both
// small: what is compared is the picture, not its grain.
func (p *picture) checkPortrait(b templates.Box, portrait []byte) []string {
	if portrait == nil {
		return nil
	}
	src, err := jpeg.Decode(bytes.NewReader(portrait))
	if err != nil {
		return []string{"the portrait that was sent to the printer cannot be read"}
	}
	small := image.Rect(0, 0, 32, 48)
	want, got := image.NewGray(small), image.NewGray(small)
	draw.BiLinear.Scale(want, small, green{src}, src.Bounds(), draw.Src, nil)
	crop := p.crop(b, 0)
	draw.BiLinear.Scale(got, small, crop, crop.Bounds(), draw.Src, nil)
	if correlate(want.Pix, got.Pix) < leastLike {
		return []string{"the portrait is missing, shifted or another"}
	}
	return nil
}

// green is a picture of which only the green channel counts.
type green struct{ image.Image }

// At implements image.Image.
func (g green) At(x, y int) color.Color {
	_, v, _, _ := g.Image.At(x, y).RGBA()
	return color.Gray{Y: uint8(v >> 8)}
}

// ColorModel implements image.Image.
func (green) ColorModel() color.Model { return color.GrayModel }

// correlate is the normalized correlation of two pictures of one size: 1 for the
// same picture in whatever brightness and contrast, 0 where there is no picture.
func correlate(a, b []uint8) float64 {
	var sa, sb, saa, sbb, sab float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		sa, sb, saa, sbb, sab = sa+x, sb+y, saa+x*x, sbb+y*y, sab+x*y
	}
	n := float64(len(a))
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va <= n || vb <= n { // flat
		return 0
	}
	return (sab - sa*sb/n) / math.Sqrt(va*vb)
}

// ReadQR reads the form's QR code from the pictures.
func ReadQR(form *templates.Form, front, back image.Image) (string, error) {
	for _, field := range form.Fields {
		if field.Kind != "qr" {
			continue
		}
		side := front
		if field.Side == templates.Back {
			side = back
		}
		return newPicture(side, form.Page).readQR(field.Box)
	}
	return "", nil
}
