package render

import (
	"math"

	"example.org/cancuoc/templates/forms"
)

// shape is a filled area, or a line of some width, of one color.
type shape struct {
	contours []contour
	width    float64 // mm; 0 fills
	color    rgb
	sheer    int // how much of what is below it shows through, percent
}

// artwork is the background of one side: everything but texts that is the same on every
// card of a form.
type artwork struct {
	shapes   []shape
	over     []shape     // drawn over the pictures
	specimen []shape     // the mark MẪU / SPECIMEN, likewise
	layers   []shape     // what is not for card printers, in false colors
	body     []shape     // what the blank has before it is printed: the chip's contacts
	panels   []forms.Box // where nothing of the shapes before is seen
	page     forms.Page
}

var (
	white      = rgb{255, 255, 255}
	markRed    = rgb{200, 30, 40}
	plateGold  = rgb{214, 190, 128}
	plateLines = rgb{150, 124, 66}
)

// drawArt draws the background of a side.
func drawArt(f *Form, side forms.Side) *artwork {
	a := &artwork{page: f.Page}
	for _, g := range f.Fields {
		if g.Side == side && (g.Kind == forms.QRField || g.Kind == forms.FingerField) {
			a.panels = append(a.panels, g.Box)
		}
	}
	for i := range f.Art {
		if m := (*motif)(&f.Art[i]); m.Side == side && m.Drawing != nil {
			a.drawing(m)
		} else if m.Side == side {
			colors := make([]rgb, 0, len(m.Colors))
			for _, name := range m.Colors {
				colors = append(colors, f.color(name))
			}
			motifs[m.Kind].draw(a, m, colors)
		}
	}
	for _, g := range f.Fields {
		if g.Side != side {
			continue
		}
		switch g.Kind {
		case forms.QRField, forms.FingerField:
			a.panel(white, g.Box, panelEdge)
		case forms.PortraitField:
			a.halo(g.Box)
		case forms.GhostField:
			a.panel(f.color(g.Color), inset(g.Box, 1.7*g.Feather), 1.7*g.Feather)
		case forms.TextField, forms.MRZField:
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

// panelEdge is how far a panel's edge fades, mm.
const panelEdge = 0.9

// panel fills a box with a color that fades beyond its edge: so the quiet zone of a QR code
// is white, and has no frame.
func (a *artwork) panel(c rgb, b forms.Box, edge float64) {
	const steps = 9
	inside := reversed(rounded(inset(b, min(0.5, b.W/4, b.H/4)), 0.35)) // is covered at last
	for i := steps - 1; i > 0; i-- {
		d := edge * float64(i) / steps
		a.shapes = append(a.shapes, shape{contours: []contour{rounded(inset(b, -d), d+0.35), inside}, color: c, sheer: 76})
	}
	a.fill(c, rounded(b, 0.35))
}

// halo lightens the ground of a portrait, so that the art shows at its edge alone.
func (a *artwork) halo(b forms.Box) {
	const steps, sheer = 8, 80
	edge := min(3.2, b.W/4, b.H/4)
	middle := rounded(inset(b, edge), 3)
	for i := range steps {
		d := edge * float64(i) / steps
		a.shapes = append(a.shapes, shape{contours: []contour{rounded(inset(b, d), 3), reversed(middle)}, color: white, sheer: sheer})
	}
	whole := int(math.Round(100 * math.Pow(sheer/100.0, steps)))
	a.shapes = append(a.shapes, shape{contours: []contour{middle}, color: white, sheer: whole})
}

// inset is a box that is smaller by d on every side.
func inset(b forms.Box, d float64) forms.Box {
	b.X, b.Y, b.W, b.H = b.X+d, b.Y+d, b.W-2*d, b.H-2*d
	return b
}

// falseColors show what is not printed by a card printer.
var falseColors = map[forms.Layer]rgb{
	forms.UV: {40, 200, 60}, forms.OVI: {200, 40, 200}, forms.Tactile: {230, 120, 0},
}

// drawing draws a file's shapes into the motif's box.
func (a *artwork) drawing(m *motif) {
	d := m.Drawing
	b := within(m.Box, d.W/d.H)
	scale := b.W / d.W
	for _, s := range d.Shapes {
		drawn := shape{width: s.Width * scale, color: rgb{s.Color[0], s.Color[1], s.Color[2]}, sheer: int(math.Round(100 - 100*s.Opacity))}
		for _, path := range s.Paths {
			c := contour{points: make([]dot, len(path)), curved: true}
			for i, p := range path {
				c.points[i] = dot{b.X + p.X*scale, b.Y + p.Y*scale}
			}
			drawn.contours = append(drawn.contours, c.straightened())
		}
		if m.Layer == forms.Print {
			a.shapes = append(a.shapes, drawn)
			continue
		}
		drawn.color, drawn.sheer = falseColors[m.Layer], 35
		a.layers = append(a.layers, drawn)
	}
}

func (a *artwork) fill(c rgb, contours ...contour) {
	a.shapes = append(a.shapes, shape{contours: contours, color: c})
}

func (a *artwork) stroke(c rgb, width float64, contours ...contour) {
	a.shapes = append(a.shapes, shape{contours: contours, width: width, color: c})
}
