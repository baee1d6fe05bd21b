package render

import (
	"slices"

	"example.org/cancuoc/templates/forms"
)

// shape is a filled area, or a line of some width, of one color.
type shape struct {
	contours []contour
	width    float64 // mm; 0 fills
	color    rgb
}

// artwork is the background of one side: everything but texts that is the same on every
// card of a form.
type artwork struct {
	shapes   []shape
	specimen []shape // the mark MẪU / SPECIMEN
	body     []shape // what the blank has before it is printed: the chip's contacts
	page     forms.Page
}

var (
	white      = rgb{255, 255, 255}
	markRed    = rgb{228, 138, 132}
	plateGold  = rgb{214, 190, 128}
	plateLines = rgb{150, 124, 66}
)

// drawArt draws the background of a side.
func drawArt(f *Form, side forms.Side) *artwork {
	a := &artwork{page: f.Page}
	for i := range f.Art {
		if m := (*motif)(&f.Art[i]); m.Side == side {
			colors := make([]rgb, 0, len(m.Colors))
			for _, name := range m.Colors {
				colors = append(colors, f.color(name))
			}
			motifs[m.Kind].draw(a, m, colors)
		}
	}
	for _, g := range f.Fields {
		if g.Side == side && slices.Contains([]forms.Kind{forms.QRField, forms.PortraitField, forms.FingerField}, g.Kind) {
			a.fill(white, polygon(rectangle(g.Box)...))
		}
	}
	for _, z := range f.Zones {
		if z.Side == side && z.Name == forms.ChipZone {
			a.fill(white, rounded(z.Box, 1.4))
			a.plate(z.Box)
		}
	}
	for _, m := range f.Specimen {
		if m.Side == side {
			a.specimen = append(a.specimen, f.outline(m)...)
		}
	}
	return a
}

func (a *artwork) fill(c rgb, contours ...contour) {
	a.shapes = append(a.shapes, shape{contours: contours, color: c})
}

func (a *artwork) stroke(c rgb, width float64, contours ...contour) {
	a.shapes = append(a.shapes, shape{contours: contours, width: width, color: c})
}
