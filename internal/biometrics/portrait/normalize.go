package portrait

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// What the card and the chip need of a portrait, in pixels and bytes.
const (
	cardWidth, cardHeight       = 472, 709 // at most: 20 x 30 mm at 600 dpi
	cardMinWidth, cardMinHeight = 236, 354 // at least: the same at 300 dpi
	cardBytes                   = 60_000   // at most: the print of a card is small
	cardQuality                 = 92
	chipWidth, chipHeight       = 480, 640 // at most
	chipBytes                   = 20_000   // at most: reading it over the air takes seconds
	bestQuality, worstQuality   = 90, 10
)

// Normalize gives a portrait as the card prints it (its part of 2:3, which is what
// shows, has 300 to 600 dpi at 20 x 30 mm) and as the chip holds it (at most
// 480 x 640 pixels and 20 kB), both baseline JPEG, upright and without metadata.
//
// A file that is so already is given back as it is: it shares its bytes with b and
// is not even decoded, so the picture loses nothing. The renderer cuts it. The same
// file gives the same bytes. Normalize refuses what Check refuses, except what only
// decoding would find in a file that it gives back.
func Normalize(b []byte) (card, chip []byte, err error) {
	h, err := parseJPEG(b)
	if err != nil {
		return nil, nil, err
	}
	if h.fitsCard(len(b)) && h.fitsChip(len(b)) {
		return b, b, nil
	}
	err = decoded(b, func(p *portrait) error {
		if card, err = p.card(); err != nil {
			return fmt.Errorf("make portrait of the card: %w", err)
		}
		if chip, err = p.chip(); err != nil {
			return fmt.Errorf("make portrait of the chip: %w", err)
		}
		return nil
	})
	return card, chip, err
}

// clean reports whether the file is upright and without metadata.
func (h jpegHeader) clean() bool { return h.bare && h.orientation == 1 }

func (h jpegHeader) fitsCard(size int) bool {
	cut := twoByThree(image.Rect(0, 0, h.width, h.height))
	return h.clean() && size <= cardBytes &&
		cut.Dx() <= cardWidth && cut.Dy() <= cardHeight && cut.Dx() >= cardMinWidth && cut.Dy() >= cardMinHeight
}

func (h jpegHeader) fitsChip(size int) bool {
	return h.clean() && size <= chipBytes && h.width <= chipWidth && h.height <= chipHeight
}

// card gives the portrait for the card. One that has to be written anew is cut to
// 2:3 at the sides or at the lower edge, since the head is at the top.
func (p *portrait) card() ([]byte, error) {
	if p.header.fitsCard(len(p.source)) {
		return p.source, nil
	}
	return encode(resized(p.pixels, twoByThree(p.pixels.Bounds()), cardWidth, cardHeight), cardQuality)
}

// twoByThree is the largest part of a picture that is 2:3, to within a pixel.
func twoByThree(r image.Rectangle) image.Rectangle {
	w, h := r.Dx(), r.Dy()
	switch wanted := (2*h + 1) / 3; {
	case w > wanted+1:
		r.Min.X += (w - wanted) / 2
		r.Max.X = r.Min.X + wanted
	case w < wanted-1:
		r.Max.Y = r.Min.Y + w*3/2
	}
	return r
}

// chip makes the portrait small enough for the chip.
func (p *portrait) chip() ([]byte, error) {
	if p.header.fitsChip(len(p.source)) {
		return p.source, nil
	}
	for width, height := chipWidth, chipHeight; ; width, height = width/2, height/2 {
		b, err := encodeWithin(resized(p.pixels, p.pixels.Bounds(), width, height), chipBytes)
		if b != nil || err != nil {
			return b, err
		}
	}
}

// encodeWithin gives the best JPEG of at most so many bytes; nil if there is none.
func encodeWithin(picture image.Image, limit int) (best []byte, err error) {
	for low, high := worstQuality, bestQuality; low <= high; {
		middle := (low + high) / 2
		b, err := encode(picture, middle)
		if err != nil {
			return nil, err
		}
		if len(b) <= limit {
			best, low = b, middle+1
		} else {
			high = middle - 1
		}
	}
	return best, nil
}

// resized cuts a part out of a picture, and reduces it if it does not fit.
func resized(src image.Image, part image.Rectangle, width, height int) image.Image {
	scale := min(float64(width)/float64(part.Dx()), float64(height)/float64(part.Dy()), 1)
	if scale == 1 {
		if s, ok := src.(interface {
			SubImage(image.Rectangle) image.Image
		}); ok {
			return s.SubImage(part)
		}
	}
	size := image.Rect(0, 0, max(int(float64(part.Dx())*scale+0.5), 1), max(int(float64(part.Dy())*scale+0.5), 1))
	dst := image.NewRGBA(size)
	draw.CatmullRom.Scale(dst, size, src, part, draw.Src, nil)
	return dst
}

func encode(picture image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("write JPEG: %w", err)
	}
	return b.Bytes(), nil
}
