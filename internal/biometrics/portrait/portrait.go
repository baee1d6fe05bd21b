// Package portrait judges the applicant's portrait, and makes it ready for the
// card and the chip.
//
// Start at Check, Judge and Normalize. A portrait is a baseline JPEG.
package portrait

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"runtime"

	"example.org/cancuoc/internal/biometrics/quality"
	"example.org/cancuoc/internal/identity"
)

// Check refuses a portrait that no later stage could use: one that is empty, damaged,
// progressive, in four colors, of a kind that is rare, or smaller or larger than
// MinWidth, MinHeight and MaxSide allow. The size is read before any pixel. Whether
// the picture is good is for Judge to say.
func Check(b []byte) error {
	return decoded(b, func(*portrait) error { return nil })
}

// Judge says whether a portrait is good enough. It measures resolution, sharpness,
// light, color and background after the ideas of ISO/IEC 29794-5; it claims no
// conformance, and pose, eyes, glasses and headgear are the officer's to see. It
// refuses what Check refuses.
func Judge(b []byte, limits Limits) (quality.Judgment, error) {
	var judgment quality.Judgment
	err := decoded(b, func(p *portrait) error {
		m := p.measure()
		judgment = quality.Judge(limits.against(m), m)
		return nil
	})
	return judgment, err
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
	pixels *image.YCbCr
}

// atWork bounds how many portraits a process has in pixels at once, and so its memory:
// the largest take about 60 MB to decode, and as much again to crop.
var atWork = make(chan struct{}, min(runtime.GOMAXPROCS(0), 4))

// decoded reads a portrait, its size before its pixels, and uses it.
func decoded(b []byte, use func(p *portrait) error) error {
	h, err := parseJPEG(b)
	if err != nil {
		return err
	}
	atWork <- struct{}{}
	defer func() { <-atWork }()
	p, err := decode(b, h)
	if err != nil {
		return err
	}
	return use(p)
}

// decode reads the pixels of a portrait.
func decode(b []byte, h jpegHeader) (*portrait, error) {
	pixels, err := jpeg.Decode(bytes.NewReader(b))
	if unsupported, ok := errors.AsType[jpeg.UnsupportedError](err); ok {
		return nil, refuse("is a JPEG of a kind that is not accepted (%s); baseline JPEG is, with colors sampled 4:4:4, 4:4:0, 4:2:2, 4:2:0, 4:1:1 or 4:1:0",
			string(unsupported))
	}
	if err != nil {
		return nil, refuse("is a damaged or truncated JPEG picture; a whole one is accepted")
	}
	p := &portrait{source: b, header: h}
	p.width, p.height = h.upright()
	switch pixels := pixels.(type) {
	case *image.YCbCr:
		p.pixels = pixels
	case *image.Gray:
		p.pixels = fromGray(pixels)
	case *image.RGBA: // the file is coded in RGB
		p.pixels = fromRGB(pixels)
	default:
		return nil, refuse("is a JPEG with unusual colors; 8 bits per channel, gray or RGB, are accepted")
	}
	if h.orientation != 1 {
		p.pixels = upright(p.pixels, h.orientation)
	}
	return p, nil
}

// upright turns a picture as its Exif orientation asks (2 to 8).
func upright(src *image.YCbCr, orientation int) *image.YCbCr {
	size := src.Rect
	if orientation >= 5 {
		size.Max.X, size.Max.Y = size.Max.Y, size.Max.X
	}
	dst := image.NewYCbCr(size, image.YCbCrSubsampleRatio444)
	right, bottom := size.Max.X-1, size.Max.Y-1
	for y := range size.Max.Y {
		for x := range size.Max.X {
			fromX, fromY := x, y
			switch orientation {
			case 2:
				fromX = right - x
			case 3:
				fromX, fromY = right-x, bottom-y
			case 4:
				fromY = bottom - y
			case 5:
				fromX, fromY = y, x
			case 6:
				fromX, fromY = y, right-x
			case 7:
				fromX, fromY = bottom-y, right-x
			case 8:
				fromX, fromY = bottom-y, x
			}
			i, c := dst.YOffset(x, y), src.COffset(fromX, fromY)
			dst.Y[i], dst.Cb[i], dst.Cr[i] = src.Y[src.YOffset(fromX, fromY)], src.Cb[c], src.Cr[c]
		}
	}
	return dst
}

// fromGray gives a picture that has no color.
func fromGray(src *image.Gray) *image.YCbCr {
	dst := image.NewYCbCr(src.Rect, image.YCbCrSubsampleRatio420)
	for y := range src.Rect.Dy() {
		copy(dst.Y[dst.YOffset(0, y):][:src.Rect.Dx()], src.Pix[src.PixOffset(0, y):])
	}
	for i := range dst.Cb {
		dst.Cb[i], dst.Cr[i] = 128, 128
	}
	return dst
}

// fromRGB separates brightness from color, as the measures need them, at full
// resolution.
func fromRGB(src *image.RGBA) *image.YCbCr {
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
