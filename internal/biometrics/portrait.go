package biometrics

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"

	"example.org/cancuoc/internal/identity"
)

// Portrait is a picture of the applicant, decoded and upright.
type Portrait struct {
	source []byte
	header jpegHeader
	width  int // upright
	height int
	pixels image.Image // *image.YCbCr or *image.Gray, as the file has it, perhaps not upright
}

// DecodePortrait reads a baseline JPEG, its size before its pixels. It refuses
// what is empty, damaged, progressive, in four colours or larger than 4096 pixels
// a side. Whether the picture is good is for Judge.
func DecodePortrait(b []byte) (*Portrait, error) {
	h, err := parseJPEG(b)
	if err != nil {
		return nil, err
	}
	pixels, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, identity.Refuse(identity.Invalid, "the portrait is a damaged or truncated JPEG picture; a whole one is accepted")
	}
	p := &Portrait{source: b, header: h, width: h.width, height: h.height, pixels: pixels}
	if h.orientation >= 5 {
		p.width, p.height = h.height, h.width
	}
	if h.orientation != 1 {
		p.pixels = upright(pixels, h.orientation)
	}
	return p, nil
}

// String hides the portrait.
func (*Portrait) String() string { return "[portrait]" }

// JudgePortrait decodes and judges a portrait. It needs no FaceFinder; see
// Portrait.Judge.
func JudgePortrait(b []byte, limits PortraitLimits) (Judgement, error) {
	p, err := DecodePortrait(b)
	if err != nil {
		return Judgement{}, err
	}
	return p.Judge(limits, nil)
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

// toYCbCr gives any picture with its brightness and its colour apart, as the
// measures want them, at full resolution.
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
