package render

import (
	"image"
	"sync"
)

// sheets are bitmaps that are used again: each is some megabytes.
var sheets sync.Pool

// sheet gives a bitmap in which anything may be.
func sheet(r image.Rectangle) *image.RGBA {
	size := 4 * r.Dx() * r.Dy()
	if s, ok := sheets.Get().(*image.RGBA); ok && cap(s.Pix) >= size {
		s.Pix, s.Stride, s.Rect = s.Pix[:size], 4*r.Dx(), r
		return s
	}
	return image.NewRGBA(r)
}

// Discard gives back bitmaps that nobody looks at any more: others are drawn in them.
func Discard(drawn ...*image.RGBA) {
	for _, s := range drawn {
		sheets.Put(s)
	}
}
