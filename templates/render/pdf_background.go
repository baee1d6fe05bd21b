package render

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.org/cancuoc/templates/forms"
)

// perMM is how many units of the background's PDF object are a millimeter: its numbers
// are whole, and so they are short.
const perMM = 50

// stride is the distance from side to side in the background's PDF object, mm.
func stride(p forms.Page) float64 { return p.H + 2*p.Bleed }

// bands are how many sides the background's PDF object holds: front and back, then what is
// drawn over the pictures of both.
const bands = 4

// xobject gives both sides' shapes as one deflated PDF form XObject, y upwards, bleed
// included: the front from 0 to a stride, the back above it, then what lies over their
// pictures. It is one object because gofpdf writes several imported objects in random order.
func xobject(f *Form, what background) ([]byte, error) {
	var content []byte
	page := f.Page
	sheer := make(map[int]bool)
	for i := range bands {
		shapes := f.art[i%2].under(what)
		if i >= len(sides) {
			shapes = f.art[i%2].above(what)
		}
		// A side is clipped where its bleed ends: the other side lies beyond.
		content = append(content, "q "...)
		content = appendUnits(content, dot{-page.Bleed, stride(page) * float64(i)})
		content = appendUnits(content, dot{page.W + 2*page.Bleed, stride(page)})
		content = append(content, "re W n\n"...)
		content = append(content, "1 J 1 j\n"...)
		for _, s := range shapes {
			sheer[s.sheer] = true
			content = s.append(content, stride(page)*float64(i)+page.Bleed+page.H)
		}
		content = append(content, "Q\n"...)
	}
	packed, err := deflate(content)
	if err != nil {
		return nil, err
	}
	var object bytes.Buffer
	fmt.Fprintf(&object, "<</Type /XObject /Subtype /Form /FormType 1 /Matrix [%g 0 0 %g 0 0] /BBox [%.0f 0 %.0f %.0f] /Resources <</ExtGState <<%s>>>> /Filter /FlateDecode /Length %d>>\nstream\n",
		1.0/perMM, 1.0/perMM, -page.Bleed*perMM, (page.W+page.Bleed)*perMM, bands*stride(page)*perMM, states(sheer), len(packed))
	object.Write(packed)
	object.WriteString("\nendstream\nendobj")
	return object.Bytes(), nil
}

// states are the graphics states of shapes that what is below them shows through.
func states(sheer map[int]bool) string {
	var b strings.Builder
	for _, percent := range slices.Sorted(maps.Keys(sheer)) {
		fmt.Fprintf(&b, "/S%d <</ca %.2f /CA %.2f>> ", percent, 1-float64(percent)/100, 1-float64(percent)/100)
	}
	return b.String()
}

// under lists what is drawn below a side's pictures.
func (a *artwork) under(what background) []shape {
	if !what.art {
		return nil
	}
	return a.shapes
}

// above lists what is drawn over a side's pictures.
func (a *artwork) above(what background) (shapes []shape) {
	if what.art {
		shapes = append(shapes, a.over...)
	}
	if what.specimen {
		shapes = append(shapes, a.specimen...)
	}
	if what.layers {
		shapes = append(shapes, a.layers...)
	}
	return shapes
}

// append adds a shape.
func (s shape) append(b []byte, top float64) []byte {
	op, paint := "rg\n", "f\n"
	if s.sheer > 0 {
		b = append(append(append(b, "q /S"...), strconv.Itoa(s.sheer)...), " gs\n"...)
	}
	if s.width > 0 {
		op, paint = "RG\n", "S\n"
		b = strconv.AppendFloat(b, s.width*perMM, 'f', 1, 64)
		b = append(b, " w "...)
	}
	for _, v := range [3]uint8{s.color.r, s.color.g, s.color.b} {
		b = strconv.AppendFloat(b, float64(v)/255, 'f', 3, 64)
		b = append(b, ' ')
	}
	b = append(b, op...)
	for _, c := range s.contours {
		for i, p := range c.points {
			b = appendUnits(b, dot{p.x, top - p.y})
			switch {
			case i == 0:
				b = append(b, "m\n"...)
			case !c.curved:
				b = append(b, "l\n"...)
			case i%3 == 0:
				b = append(b, "c\n"...)
			}
		}
	}
	b = append(b, paint...)
	if s.sheer > 0 {
		b = append(b, "Q\n"...)
	}
	return b
}

func appendUnits(b []byte, p dot) []byte {
	b = strconv.AppendInt(b, int64(math.Round(p.x*perMM)), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(math.Round(p.y*perMM)), 10)
	return append(b, ' ')
}
