package render

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"sync"

	"github.com/jung-kurt/gofpdf"
)

// feather is how much of a picture shows at a place in a box of w by h mm, 0 to 1: nothing
// at its edge, and all of it as far inside as its edge fades. The corners are round.
func feather(x, y, w, h, edge float64) float64 {
	if edge == 0 {
		return 1
	}
	r := edge * 1.8
	dx, dy := max(r-x, r-(w-x), 0), max(r-y, r-(h-y), 0)
	if dx == 0 && dy == 0 {
		return 1
	}
	inside := min((r-math.Hypot(dx, dy))/edge, 1)
	if inside <= 0 {
		return 0
	}
	return inside * inside * (3 - 2*inside)
}

// ghostAlpha is how much of the ghost is seen.
const ghostAlpha = 0.55

// softMask identifies the soft mask of pictures of one size in boxes of one size.
type softMask struct {
	width, height   int // dots
	boxW, boxH, fad float64
}

// softMasks keeps soft masks: portraits are of one size, or of few.
type softMasks struct {
	mu   sync.Mutex
	kept map[softMask][]byte
}

// maxMasks bounds the soft masks that are kept, some 6 kB each.
const maxMasks = 32

// of gives a picture's soft mask as a gray JPEG of the picture's size.
func (m *softMasks) of(p picture) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := softMask{p.width, p.height, p.box.W, p.box.H, p.feather}
	if made, ok := m.kept[key]; ok {
		return made, nil
	}
	if m.kept == nil || len(m.kept) >= maxMasks {
		m.kept = make(map[softMask][]byte)
	}
	img, cut := image.NewGray(image.Rect(0, 0, p.width, p.height)), p.cover()
	for y := cut.Min.Y; y < cut.Max.Y; y++ {
		for x := cut.Min.X; x < cut.Max.X; x++ {
			u, v := (float64(x-cut.Min.X)+0.5)/float64(cut.Dx()), (float64(y-cut.Min.Y)+0.5)/float64(cut.Dy())
			img.SetGray(x, y, color.Gray{Y: uint8(math.Round(255 * feather(u*p.box.W, v*p.box.H, p.box.W, p.box.H, p.feather)))})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 45}); err != nil {
		return nil, fmt.Errorf("write soft mask: %w", err)
	}
	m.kept[key] = out.Bytes()
	return out.Bytes(), nil
}

// withMask gives a JPEG that is registered in a PDF a soft mask. gofpdf has no function for
// that, but sets all that it knows of an image from its gob.
func withMask(info *gofpdf.ImageInfoType, b, mask []byte, width, height int, space string) error {
	var out bytes.Buffer
	out.Grow(len(b) + len(mask) + 256)
	encoder := gob.NewEncoder(&out)
	const bits, pointsPerMM = 8, 72 / 25.4
	for _, v := range []any{
		b, mask, 0, float64(width), float64(height), space, []byte(nil), bits, "DCTDecode", "", []int(nil), pointsPerMM, 72.0,
	} {
		if err := encoder.Encode(v); err != nil {
			return fmt.Errorf("mask picture: %w", err)
		}
	}
	if err := info.GobDecode(out.Bytes()); err != nil {
		return fmt.Errorf("mask picture: %w", err)
	}
	return nil
}

// luminosity gives below the lightness of above, as PDF blends (ISO 32000-1, 11.3.5.3).
func luminosity(below, above color.RGBA) color.RGBA {
	light := func(r, g, b float64) float64 { return 0.3*r + 0.59*g + 0.11*b }
	c := [3]float64{float64(below.R), float64(below.G), float64(below.B)}
	want := light(float64(above.R), float64(above.G), float64(above.B))
	d := want - light(c[0], c[1], c[2])
	for i := range c {
		c[i] += d
	}
	low, high := min(c[0], c[1], c[2]), max(c[0], c[1], c[2])
	for i := range c {
		if low < 0 {
			c[i] = want + (c[i]-want)*want/(want-low)
		}
		if high > 255 {
			c[i] = want + (c[i]-want)*(255-want)/(high-want)
		}
	}
	level := func(v float64) uint8 { return uint8(math.Round(min(max(v, 0), 255))) }
	return color.RGBA{level(c[0]), level(c[1]), level(c[2]), 255}
}
