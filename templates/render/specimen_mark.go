package render

import (
	"math"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"example.org/cancuoc/templates/forms"
)

// specimenText marks what is no valid card. It is drawn as a picture: text that is
// extracted from a PDF is the card's alone.
const specimenText = "MẪU / SPECIMEN"

// outline draws the mark as contours of its letters.
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
			contours = append(contours, chain(append(points, points[0])...))
		}
		at += face.glyphs[r].width
	}
	return []shape{{contours: contours, width: 0.15, color: markRed}}
}

// turn brings a place in the mark's text, in em from the start of its baseline, to
// the side.
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

// contours gives a letter's outline in em, y downwards, curves as chords.
func (t *typeface) contours(r rune) [][]dot {
	var buf sfnt.Buffer
	const scale = 1024
	segments, err := t.font.LoadGlyph(&buf, t.glyphs[r].index, fixed.I(scale), nil)
	if err != nil {
		return nil // loadTypeface measured it: it is there
	}
	at := func(p fixed.Point26_6) dot { return dot{float64(p.X) / 64 / scale, float64(p.Y) / 64 / scale} }
	var contours [][]dot
	for _, s := range segments {
		n := len(contours) - 1
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			contours = append(contours, []dot{at(s.Args[0])})
		case sfnt.SegmentOpLineTo:
			contours[n] = append(contours[n], at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			from, bend, to := contours[n][len(contours[n])-1], at(s.Args[0]), at(s.Args[1])
			for j := 1; j <= 6; j++ {
				t := float64(j) / 6
				u := 1 - t
				contours[n] = append(contours[n], dot{u*u*from.x + 2*u*t*bend.x + t*t*to.x, u*u*from.y + 2*u*t*bend.y + t*t*to.y})
			}
		case sfnt.SegmentOpCubeTo: // TrueType has none
			contours[n] = append(contours[n], at(s.Args[2]))
		}
	}
	return contours
}
