package render

import (
	"image"

	"example.org/cancuoc/templates/forms"
)

// within is the largest box of those proportions (width by height) in the middle of b.
func within(b forms.Box, proportions float64) forms.Box {
	inner := b
	if b.W/b.H > proportions {
		inner.W = b.H * proportions
	} else {
		inner.H = b.W / proportions
	}
	inner.X += (b.W - inner.W) / 2
	inner.Y += (b.H - inner.H) / 2
	return inner
}

// Cover is the part of a picture of w by h dots that is printed in a box: all of it if
// the proportions are the same within a hundredth. Otherwise a picture that is too wide
// loses its sides, and one that is too high its lower edge, so that the head stays.
func Cover(b forms.Box, w, h int) image.Rectangle {
	cut := image.Rect(0, 0, w, h)
	width, height := float64(w), float64(h)
	switch want := b.W / b.H; {
	case width/height > want*1.01:
		margin := int((width - height*want) / 2)
		cut.Min.X, cut.Max.X = margin, w-margin
	case width/height < want/1.01:
		cut.Max.Y = int(width / want)
	}
	return cut
}

// overlap reports whether two boxes share an area.
func overlap(b, o forms.Box) bool {
	const touch = 1e-6
	return b.Side == o.Side && b.X < o.X+o.W-touch && o.X < b.X+b.W-touch && b.Y < o.Y+o.H-touch && o.Y < b.Y+b.H-touch
}
