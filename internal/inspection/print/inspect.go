// Package print inspects the picture of a printed card as a machine at the counter would:
// it reads the QR code and the MRZ, compares the portrait, and says in an officer's words
// what is missing or wrong. Start at Inspect.
package print

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"

	"golang.org/x/image/draw"

	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// Inspect compares the pictures of both sides, cut at the card's edges, with what should be
// on them. A good card has no findings. A finding holds no personal data.
func Inspect(form *render.Form, front, back image.Image, want render.Content) []string {
	sides := map[forms.Side]*picture{
		forms.Front: newPicture(front, form.Page), forms.Back: newPicture(back, form.Page),
	}
	var findings []string
	for _, field := range form.Fields {
		p := sides[field.Side]
		switch field.Kind {
		case forms.QRField:
			findings = append(findings, p.checkQR(field.Box, want.QR)...)
		case forms.MRZField:
			findings = append(findings, p.checkMRZ(form, field, want.MRZ)...)
		case forms.PortraitField:
			findings = append(findings, p.checkPortrait(field.Box, want.Portrait)...)
		case forms.TextField, forms.FingerField: // not inspected
		}
	}
	return findings
}

// picture is one side.
type picture struct {
	image image.Image
	scale float64 // dots per mm
}

func newPicture(img image.Image, page forms.Page) *picture {
	return &picture{image: img, scale: float64(img.Bounds().Dx()) / page.W}
}

// crop gives a box, widened by margin mm, in gray, at its place in the picture. Gray is
// the green channel: in it the background's red and blue are light, and what is read is
// black.
func (p *picture) crop(b forms.Box, margin float64) *image.Gray {
	origin := p.image.Bounds().Min
	r := image.Rect(
		int((b.X-margin)*p.scale), int((b.Y-margin)*p.scale),
		int(math.Ceil((b.X+b.W+margin)*p.scale)), int(math.Ceil((b.Y+b.H+margin)*p.scale))).Add(origin).Intersect(p.image.Bounds())
	crop := image.NewGray(r.Sub(origin))
	rgba, ok := p.image.(*image.RGBA)
	if !ok {
		draw.Draw(crop, crop.Rect, p.image, r.Min, draw.Src)
		return crop
	}
	for y := range r.Dy() {
		row := rgba.Pix[rgba.PixOffset(r.Min.X, r.Min.Y+y):]
		gray := crop.Pix[y*crop.Stride:][:r.Dx()]
		for x := range gray {
			gray[x] = row[4*x+1]
		}
	}
	return crop
}

// checkQR reads the code and compares it.
func (p *picture) checkQR(b forms.Box, want string) []string {
	got, err := p.readQR(b)
	if err != nil {
		return []string{"the QR code cannot be read"}
	}
	if got != want {
		return []string{"the QR code says something else than the application"}
	}
	return nil
}

// leastLike is the least correlation of the printed portrait with the one that was sent.
// Below it, the print is missing or shifted, or is another picture.
const leastLike = 0.9

// checkPortrait compares the printed portrait with the one that was sent.
func (p *picture) checkPortrait(b forms.Box, portrait []byte) []string {
	if portrait == nil {
		return nil
	}
	src, err := jpeg.Decode(bytes.NewReader(portrait))
	if err != nil {
		return []string{"the portrait that was sent to the printer cannot be read"}
	}
	printed := render.Cover(b, src.Bounds().Dx(), src.Bounds().Dy()).Add(src.Bounds().Min)
	seen := p.crop(b, 0)
	if correlate(shrink(src, printed), shrink(seen, seen.Rect)) < leastLike {
		return []string{"the portrait is missing, shifted or another"}
	}
	return nil
}

// The size at which portraits are compared: so small that their grain does not count.
const smallW, smallH = 32, 48

// shrink averages the green of a part of a picture to the small size.
func shrink(img image.Image, r image.Rectangle) []uint8 {
	out := make([]uint8, smallW*smallH)
	for j := range smallH {
		for i := range smallW {
			cell := image.Rect(
				r.Min.X+i*r.Dx()/smallW, r.Min.Y+j*r.Dy()/smallH, r.Min.X+(i+1)*r.Dx()/smallW, r.Min.Y+(j+1)*r.Dy()/smallH)
			out[j*smallW+i] = greenOf(img, cell)
		}
	}
	return out
}

// greenOf is the mean green of a part. For a JPEG the mean is taken of luma and chroma:
// the conversion to colors is linear.
func greenOf(img image.Image, part image.Rectangle) uint8 {
	n := max(part.Dx()*part.Dy(), 1)
	switch img := img.(type) {
	case *image.Gray:
		sum := 0
		for y := part.Min.Y; y < part.Max.Y; y++ {
			for _, v := range img.Pix[img.PixOffset(part.Min.X, y):][:part.Dx()] {
				sum += int(v)
			}
		}
		return uint8(sum / n & 0xFF)
	case *image.YCbCr:
		var luma, cb, cr, colors int
		for y := part.Min.Y; y < part.Max.Y; y++ {
			for _, v := range img.Y[img.YOffset(part.Min.X, y):][:part.Dx()] {
				luma += int(v)
			}
		}
		for y := part.Min.Y; y < part.Max.Y; y += 2 { // chroma changes slowly, and most files keep a quarter of it
			for x := part.Min.X; x < part.Max.X; x += 2 {
				c := img.COffset(x, y)
				cb, cr, colors = cb+int(img.Cb[c]), cr+int(img.Cr[c]), colors+1
			}
		}
		colors = max(colors, 1)
		_, g, _ := color.YCbCrToRGB(uint8(luma/n&0xFF), uint8(cb/colors&0xFF), uint8(cr/colors&0xFF))
		return g
	}
	sum := 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			_, g, _, _ := img.At(x, y).RGBA()
			sum += int(g >> 8)
		}
	}
	return uint8(sum / n & 0xFF)
}

// correlate is the normalized correlation of two pictures of the same size: 1 for the same
// picture in any brightness and contrast, 0 if one has no contrast.
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

// ReadQR reads the form's QR code from the pictures of both sides; it is empty if the form
// has none.
func ReadQR(form *render.Form, front, back image.Image) (string, error) {
	for _, field := range form.Fields {
		if field.Kind != forms.QRField {
			continue
		}
		side := front
		if field.Side == forms.Back {
			side = back
		}
		return newPicture(side, form.Page).readQR(field.Box)
	}
	return "", nil
}
