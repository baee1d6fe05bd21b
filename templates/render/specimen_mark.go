package render

import (
	"image"
	"image/draw"
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// specimenText marks a card that is not valid. It is drawn as a picture, so that the text
// extracted from a PDF is the card's alone.
const specimenText = "MẪU / SPECIMEN"

// markSheer is how much of the card shows through the mark, percent.
const markSheer = 80

// outline draws the mark as areas of its letters.
func (f *Form) outline(m forms.Mark) []shape {
	face := f.renderer.faces["bold"]
	turn := f.turn(m)
	var contours []contour
	at := 0.0
	for _, r := range specimenText {
		for _, c := range face.contours(r) {
			points := make([]dot, 0, len(c)+1)
			for _, p := range c {
				points = append(points, turn(dot{at + p.x, p.y}))
			}
			contours = append(contours, polygon(points...))
		}
		at += face.glyphs[r].width
	}
	return []shape{{contours: contours, color: markRed, sheer: markSheer}}
}

// turn maps a place in the mark's text, in em from the start of its baseline, to a place
// on the side.
func (f *Form) turn(m forms.Mark) func(dot) dot {
	width, _ := f.renderer.faces.width("bold", specimenText)
	em := m.Size * point
	sin, cos := math.Sincos(m.Angle * math.Pi / 180)
	return func(p dot) dot {
		x, y := (p.x-width/2)*em, (p.y+0.36)*em
		return dot{m.X + x*cos + y*sin, m.Y - x*sin + y*cos}
	}
}

// markCorners are the corners of the mark's box.
func (f *Form) markCorners(m forms.Mark) [4]dot {
	width, _ := f.renderer.faces.width("bold", specimenText)
	top, bottom := f.renderer.faces.reach("bold", specimenText)
	turn := f.turn(m)
	return [4]dot{turn(dot{0, -top}), turn(dot{width, -top}), turn(dot{width, bottom}), turn(dot{0, bottom})}
}

// Mark draws where a side has the mark of a specimen: black on white, at a resolution. It is
// drawn once; callers must not change it.
func (f *Form) Mark(side forms.Side, dpi int) *image.RGBA {
	i := slices.Index(sides[:], side)
	return f.renderer.cache.bitmap(bitmapKey{f, i, dpi, background{specimen: true}}, func() []*image.RGBA {
		once := f.canvas(dpi)
		draw.Draw(once.img, once.img.Rect, image.White, image.Point{}, draw.Src)
		for _, s := range f.art[i].specimen {
			s.color, s.sheer = rgb{}, 0
			once.shapes([]shape{s})
		}
		return []*image.RGBA{once.img}
	})[0]
}
