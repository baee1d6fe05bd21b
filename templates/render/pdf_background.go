package render

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"example.org/cancuoc/templates/forms"
)

// perMM is how many units of the background's PDF object are a millimeter: its numbers
// are whole, and so they are short.
const perMM = 100

// stride is the distance from side to side in the background's PDF object, mm.
func stride(p forms.Page) float64 { return p.H + 2*p.Bleed }

// xobject gives both sides' shapes as one deflated PDF form XObject, y upwards, bleed
// included: the front from 0 to a stride, the back above it. It is one object because
// gofpdf writes several imported objects in random order.
func xobject(f *Form, what background) ([]byte, error) {
	var content []byte
	page := f.Page
	for i, a := range f.art {
		// A side is clipped where its bleed ends: the other side lies beyond.
		content = append(content, "q "...)
		content = appendUnits(content, dot{-page.Bleed, stride(page) * float64(i)})
		content = appendUnits(content, dot{page.W + 2*page.Bleed, stride(page)})
		content = append(content, "re W n\n"...)
		content = a.append(content, what, stride(page)*float64(i)+page.Bleed+page.H)
		content = append(content, "Q\n"...)
	}
	packed, err := deflate(content)
	if err != nil {
		return nil, err
	}
	var object bytes.Buffer
	fmt.Fprintf(&object, "<</Type /XObject /Subtype /Form /FormType 1 /Matrix [%g 0 0 %g 0 0] /BBox [%.0f 0 %.0f %.0f] /Resources <<>> /Filter /FlateDecode /Length %d>>\nstream\n",
		1.0/perMM, 1.0/perMM, -page.Bleed*perMM, (page.W+page.Bleed)*perMM, 2*stride(page)*perMM, len(packed))
	object.Write(packed)
	object.WriteString("\nendstream\nendobj")
	return object.Bytes(), nil
}

// append adds a side's shapes; top is where its upper edge lies.
func (a *artwork) append(b []byte, what background, top float64) []byte {
	b = append(b, "1 J 1 j\n"...)
	if what.art {
		for _, s := range a.shapes {
			b = s.append(b, top)
		}
	}
	if what.specimen {
		for _, s := range a.specimen {
			b = s.append(b, top)
		}
	}
	return b
}

// append adds a shape.
func (s shape) append(b []byte, top float64) []byte {
	op, paint := "rg\n", "f\n"
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
	return append(b, paint...)
}

func appendUnits(b []byte, p dot) []byte {
	b = strconv.AppendInt(b, int64(math.Round(p.x*perMM)), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(math.Round(p.y*perMM)), 10)
	return append(b, ' ')
}
