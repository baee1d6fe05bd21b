package templates

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// dot is a place on a side, mm.
type dot struct{ x, y float64 }

// shape is a filled area, or a line of some width, of one color.
type shape struct {
	contours [][]dot
	width    float64 // mm; 0 fills
	color    rgb
}

// artwork is the background of one side: everything that is the same on every
// card of a form, but for texts. It is drawn by code, of this project's own
// making; no emblem of a State is copied.
type artwork struct {
	shapes   []shape
	specimen []shape // the mark that this card is none
	width    float64
	height   float64
}

// The colors of the art: a light blue that turns yellow in the middle and back.
var (
	paleBlue   = rgb{222, 238, 247}
	paleYellow = rgb{252, 247, 222}
	lineBlue   = rgb{168, 206, 226}
	lineGreen  = rgb{180, 216, 202}
	lineGold   = rgb{226, 206, 150}
	starRed    = rgb{206, 52, 48}
	starGold   = rgb{250, 208, 66}
	markRed    = rgb{214, 120, 120}
	contact    = rgb{196, 176, 116}
)

// drawArt draws a side.
func drawArt(f *Form, side Side) *artwork {
	a := &artwork{width: f.Page.W, height: f.Page.H}
	a.ground()
	if side == Front {
		a.waves(lineBlue, 11, 0.55, 0.24)
		a.waves(lineGreen, 9, 0.45, 0.7)
		a.drum(a.width*0.63, a.height*0.60, 15)
	} else {
		a.waves(lineGreen, 10, 0.5, 0.3)
		a.waves(lineGold, 8, 0.6, 0.62)
		a.lotus(a.width*0.62, a.height*0.38, 12)
	}
	for _, g := range f.Fields {
		if g.Side != side {
			continue
		}
		switch g.Kind {
		case "roundel":
			a.roundel(g.Box)
		case "chip-symbol":
			a.chipSymbol(g.Box)
		case "qr", "portrait", "finger":
			a.fill(rgb{255, 255, 255}, rectangle(g.Box))
		}
	}
	a.specimen = f.catalog.outline("bold", "MẪU / SPECIMEN", a.width/2, a.height*0.60, 21, -0.36)
	return a
}

func (a *artwork) fill(c rgb, contours ...[]dot) {
	a.shapes = append(a.shapes, shape{contours: contours, color: c})
}

func (a *artwork) line(c rgb, width float64, contour []dot) {
	a.shapes = append(a.shapes, shape{contours: [][]dot{contour}, width: width, color: c})
}

// ground fills the side with strips from blue to yellow and back.
func (a *artwork) ground() {
	const strips = 64
	for i := range strips {
		t := (float64(i) + 0.5) / strips
		mix := math.Exp(-math.Pow((t-0.5)/0.22, 2))
		x := a.width * float64(i) / strips
		a.fill(blend(paleBlue, paleYellow, mix), rectangle(Box{X: x, W: a.width/strips + 0.05, H: a.height}))
	}
}

// waves draws a band of guilloche: waves of changing height that cross.
func (a *artwork) waves(c rgb, n int, height, at float64) {
	const steps = 110
	for i := range n {
		phase := 2 * math.Pi * float64(i) / float64(n)
		curve := make([]dot, 0, steps+1)
		for s := range steps + 1 {
			t := float64(s) / steps
			envelope := 0.45 + 0.55*math.Sin(math.Pi*t+phase/3)
			y := a.height * (at + height*0.5*envelope*math.Sin(2*math.Pi*1.6*t+phase)*0.9)
			curve = append(curve, dot{a.width * t, clamp(y, 0, a.height)})
		}
		a.line(c, 0.09, curve)
	}
}

// drum draws rings, rays and dots in the manner of a bronze drum's face.
func (a *artwork) drum(x, y, r float64) {
	for _, k := range []float64{1, 0.965, 0.78, 0.755, 0.56, 0.54, 0.34} {
		a.line(lineGold, 0.14, circle(x, y, r*k, 72))
	}
	const rays = 14
	star := make([]dot, 0, 2*rays+1)
	for i := range 2*rays + 1 {
		k := 0.30
		if i%2 == 1 {
			k = 0.13
		}
		angle := math.Pi * float64(i) / rays
		star = append(star, dot{x + r*k*math.Sin(angle), y - r*k*math.Cos(angle)})
	}
	a.line(lineGold, 0.16, star)
	for i := range 36 {
		angle := 2 * math.Pi * float64(i) / 36
		a.line(lineGold, 0.12, []dot{
			{x + r*0.56*math.Sin(angle), y - r*0.56*math.Cos(angle)},
			{x + r*0.655*math.Sin(angle+0.045), y - r*0.655*math.Cos(angle+0.045)},
			{x + r*0.755*math.Sin(angle), y - r*0.755*math.Cos(angle)},
		})
		a.line(lineGold, 0.12, circle(x+r*0.87*math.Sin(angle), y-r*0.87*math.Cos(angle), r*0.05, 10))
		a.line(lineGold, 0.12, circle(x+r*0.45*math.Sin(angle), y-r*0.45*math.Cos(angle), r*0.03, 8))
	}
}

// lotus draws petals that open upwards.
func (a *artwork) lotus(x, y, r float64) {
	for _, k := range []float64{1, 0.82, 0.64} {
		for i := -4; i <= 4; i++ {
			angle := float64(i) * 0.34
			tip := dot{x + r*k*math.Sin(angle), y - r*k*math.Cos(angle)}
			left := dot{x + r*k*0.62*math.Sin(angle-0.26), y - r*k*0.62*math.Cos(angle-0.26)}
			right := dot{x + r*k*0.62*math.Sin(angle+0.26), y - r*k*0.62*math.Cos(angle+0.26)}
			base := dot{x, y}
			a.line(lineGold, 0.12, append(quadratic(base, left, tip, 10), quadratic(tip, right, base, 10)...))
		}
	}
	for i := range 5 {
		w := r * (0.5 + 0.22*float64(i))
		a.line(lineBlue, 0.12, quadratic(dot{x - w, y + 1.1*float64(i)}, dot{x, y + 2 + 2.2*float64(i)}, dot{x + w, y + 1.1*float64(i)}, 24))
	}
}

// roundel is a plain star on a disc, where the circular has the emblem.
func (a *artwork) roundel(b Box) {
	x, y, r := b.X+b.W/2, b.Y+b.H/2, min(b.W, b.H)/2
	a.fill(starRed, circle(x, y, r, 72))
	a.line(starGold, r*0.07, circle(x, y, r*0.9, 72))
	star := make([]dot, 0, 10)
	for i := range 10 {
		k := 0.66
		if i%2 == 1 {
			k = 0.66 * 0.382
		}
		angle := math.Pi * float64(i) / 5
		star = append(star, dot{x + r*k*math.Sin(angle), y - r*k*math.Cos(angle)})
	}
	a.fill(starGold, star)
}

// chipSymbol is the mark of an electronic document after ICAO Doc 9303-9: a
// circle between two bars.
func (a *artwork) chipSymbol(b Box) {
	gold := contact
	h := b.H
	a.line(gold, h*0.1, closed(rectangle(Box{X: b.X + h*0.05, Y: b.Y + h*0.05, W: b.W - h*0.1, H: h * 0.9})))
	a.fill(gold, rectangle(Box{X: b.X, Y: b.Y + h*0.45, W: b.W * 0.3, H: h * 0.1}))
	a.fill(gold, rectangle(Box{X: b.X + b.W*0.7, Y: b.Y + h*0.45, W: b.W * 0.3, H: h * 0.1}))
	a.line(gold, h*0.1, circle(b.X+b.W/2, b.Y+h/2, h*0.24, 36))
}

// outline draws a text as filled contours, centred at a place, size in pt, turned
// by an angle (radians, clockwise). It is a picture: extracted text lacks it.
func (c *Catalog) outline(face, text string, x, y, size, angle float64) []shape {
	t := c.faces[face]
	_, width, _ := c.shape(face, text)
	mm := size * point
	sin, cos := math.Sin(angle), math.Cos(angle)
	var contours [][]dot
	at := -width / 2
	for _, r := range text {
		for _, contour := range t.contours(r) {
			turned := make([]dot, len(contour))
			for i, p := range contour {
				px, py := (at+p.x)*mm, (p.y+0.35)*mm
				turned[i] = dot{x + px*cos - py*sin, y + px*sin + py*cos}
			}
			contours = append(contours, closed(turned))
		}
		at += t.width[r]
	}
	shapes := make([]shape, len(contours))
	for i, contour := range contours {
		shapes[i] = shape{contours: [][]dot{contour}, width: 0.16, color: markRed}
	}
	return shapes
}

// contours gives a letter's outline in em, y downwards, curves as chords.
func (t *typeface) contours(r rune) [][]dot {
	var buf sfnt.Buffer
	glyph, err := t.font.GlyphIndex(&buf, r)
	if err != nil {
		return nil
	}
	const scale = 1024
	segments, err := t.font.LoadGlyph(&buf, glyph, fixed.I(scale), &sfnt.LoadGlyphOptions{})
	if err != nil {
		return nil
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
			from := contours[n][len(contours[n])-1]
			contours[n] = append(contours[n], quadratic(from, at(s.Args[0]), at(s.Args[1]), 6)[1:]...)
		case sfnt.SegmentOpCubeTo: // the fonts here are quadratic
			contours[n] = append(contours[n], at(s.Args[2]))
		}
	}
	return contours
}

// xobject gives both sides' shapes as one deflated PDF form XObject in mm, y
// upwards: the front from 0 to H, the back from H to 2H. gofpdf writes several
// imported objects in random order, so there is one.
func xobject(sides [2]*artwork, specimen bool) ([]byte, error) {
	var content bytes.Buffer
	h := sides[0].height
	for i, a := range sides {
		shapes := a.shapes
		if specimen {
			shapes = append(shapes[:len(shapes):len(shapes)], a.specimen...)
		}
		top := h * float64(i+1)
		for _, s := range shapes {
			s.write(&content, top)
		}
	}
	var packed bytes.Buffer
	w, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content.Bytes()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	var object bytes.Buffer
	fmt.Fprintf(&object, "<</Type /XObject /Subtype /Form /FormType 1 /BBox [0 0 %.2f %.2f] /Resources <<>> /Filter /FlateDecode /Length %d>>\nstream\n",
		sides[0].width, 2*h, packed.Len())
	object.Write(packed.Bytes())
	object.WriteString("\nendstream\nendobj")
	return object.Bytes(), nil
}

// write adds a shape to a content stream.
func (s shape) write(w *bytes.Buffer, top float64) {
	c := s.color
	op, paint := "rg", "f"
	if s.width > 0 {
		op, paint = "RG", "S"
		fmt.Fprintf(w, "%.2f w ", s.width)
	}
	fmt.Fprintf(w, "%.3f %.3f %.3f %s\n", float64(c.r)/255, float64(c.g)/255, float64(c.b)/255, op)
	for _, contour := range s.contours {
		for i, p := range contour {
			step := "l"
			if i == 0 {
				step = "m"
			}
			fmt.Fprintf(w, "%.2f %.2f %s\n", p.x, top-p.y, step)
		}
	}
	w.WriteString(paint + "\n")
}

func rectangle(b Box) []dot {
	return []dot{{b.X, b.Y}, {b.X + b.W, b.Y}, {b.X + b.W, b.Y + b.H}, {b.X, b.Y + b.H}}
}

func closed(contour []dot) []dot {
	return append(contour[:len(contour):len(contour)], contour[0])
}

func circle(x, y, r float64, n int) []dot {
	points := make([]dot, n+1)
	for i := range points {
		angle := 2 * math.Pi * float64(i) / float64(n)
		points[i] = dot{x + r*math.Cos(angle), y + r*math.Sin(angle)}
	}
	return points
}

func quadratic(a, b, c dot, n int) []dot {
	points := make([]dot, n+1)
	for i := range points {
		t := float64(i) / float64(n)
		u := 1 - t
		points[i] = dot{u*u*a.x + 2*u*t*b.x + t*t*c.x, u*u*a.y + 2*u*t*b.y + t*t*c.y}
	}
	return points
}

func blend(a, b rgb, t float64) rgb {
	mix := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*(1-t) + float64(y)*t)) }
	return rgb{mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)}
}

func clamp(v, low, high float64) float64 { return min(max(v, low), high) }
