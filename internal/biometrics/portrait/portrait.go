// Package portrait judges the applicant's portrait, and makes it ready for the
// card and the chip.
//
// Start at Check, Judge and Normalize. A portrait is a baseline JPEG.
package portrait

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"

	"example.org/cancuoc/internal/biometrics/quality"
	"example.org/cancuoc/internal/identity"
)

// Check refuses a portrait that no later stage could read: one that is empty,
// damaged, progressive, in four colors or larger than 4096 pixels a side. Whether
// the picture is good is for Judge to say.
func Check(b []byte) error {
	_, err := decode(b)
	return err
}

// Judge says whether a portrait is good enough. It measures resolution, sharpness,
// light, color and background after the ideas of ISO/IEC 29794-5; it claims no
// conformance, and pose, eyes, glasses and headgear are the officer's to see. It
// refuses what Check refuses.
func Judge(b []byte, limits Limits) (quality.Judgment, error) {
	p, err := decode(b)
	if err != nil {
		return quality.Judgment{}, err
	}
	m := p.measure()
	return quality.Judge(limits.against(m), m), nil
}

// refuse says what is wrong with a portrait.
func refuse(format string, args ...any) error {
	return identity.RefuseField(identity.Invalid, "portrait", format, args...)
}

// portrait is a decoded portrait, upright.
type portrait struct {
	source []byte
	header jpegHeader
	width  int // upright
	height int
	pixels image.Image // *image.YCbCr or *image.Gray
}

// decode reads a portrait, its size before its pixels.
func decode(b []byte) (*portrait, error) {
	h, err := parseJPEG(b)
	if err != nil {
		return nil, err
	}
	pixels, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, refuse("is a damaged or truncated JPEG picture; a whole one is accepted")
	}
	p := &portrait{source: b, header: h, width: h.width, height: h.height, pixels: pixels}
	if h.orientation >= 5 {
		p.width, p.height = h.height, h.width
	}
	if h.orientation != 1 {
		p.pixels = upright(pixels, h.orientation)
	}
	return p, nil
}

// upright turns a picture as its Exif orientation asks (2 to 8).
func upright(src image.Image, orientation int) image.Image {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	origin := src.Bounds().Min
	if orientation >= 5 {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, w-1-x
			case 7:
				sx, sy = h-1-y, w-1-x
			case 8:
				sx, sy = h-1-y, x
			}
			dst.Set(x, y, src.At(origin.X+sx, origin.Y+sy))
		}
	}
	return toYCbCr(dst)
}

// toYCbCr separates brightness from color, as the measures need them, at full
// resolution.
func toYCbCr(src *image.RGBA) *image.YCbCr {
	dst := image.NewYCbCr(src.Rect, image.YCbCrSubsampleRatio444)
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			c := src.RGBAAt(x, y)
			i := dst.YOffset(x, y)
			dst.Y[i], dst.Cb[i], dst.Cr[i] = color.RGBToYCbCr(c.R, c.G, c.B)
		}
	}
	return dst
}
