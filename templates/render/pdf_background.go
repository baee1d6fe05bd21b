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
const perMM = 40

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
	sheer, ducts := make(map[int]bool), &patterns{width: page.W}
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
			content = s.append(content, stride(page)*float64(i)+page.Bleed+page.H, ducts)
		}
		content = append(content, "Q\n"...)
	}
	packed, err := deflate(content)
	if err != nil {
		return nil, err
	}
	var object bytes.Buffer
	fmt.Fprintf(&object, "<</Type /XObject /Subtype /Form /FormType 1 /Matrix [%g 0 0 %g 0 0] /BBox [%.0f 0 %.0f %.0f] /Resources <</ExtGState <<%s>> /Pattern <<%s>>>> /Filter /FlateDecode /Length %d>>\nstream\n",
		1.0/perMM, 1.0/perMM, -page.Bleed*perMM, (page.W+page.Bleed)*perMM, bands*stride(page)*perMM, states(sheer), ducts.list.String(), len(packed))
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

// patterns are the inks of lines, each a shading from the left edge of a card to the right one.
type patterns struct {
	width float64 // of the card, mm
	known [][]rgb
	list  strings.Builder
}

// of gives the number of a pattern.
func (p *patterns) of(inks []rgb) int {
	if i := slices.IndexFunc(p.known, func(c []rgb) bool { return slices.Equal(c, inks) }); i >= 0 {
		return i
	}
	p.known = append(p.known, inks)
	var functions, bounds, encode strings.Builder
	for i := range len(inks) - 1 {
		fmt.Fprintf(&functions, "<</FunctionType 2 /Domain [0 1] /N 1 /C0 [%s] /C1 [%s]>>", inks[i].levels(), inks[i+1].levels())
		encode.WriteString("0 1 ")
		if i > 0 {
			fmt.Fprintf(&bounds, "%.4f ", float64(i)/float64(len(inks)-1))
		}
	}
	fmt.Fprintf(&p.list, "/P%d <</PatternType 2 /Shading <</ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 %.0f 0] /Extend [true true] "+
		"/Function <</FunctionType 3 /Domain [0 1] /Functions [%s] /Bounds [%s] /Encode [%s]>>>>>> ",
		len(p.known)-1, p.width*perMM, functions.String(), bounds.String(), encode.String())
	return len(p.known) - 1
}

// levels are a color's levels of 0 to 1.
func (c rgb) levels() string {
	return fmt.Sprintf("%.3f %.3f %.3f", float64(c.r)/255, float64(c.g)/255, float64(c.b)/255)
}

// append adds a shape.
func (s shape) append(b []byte, top float64, ducts *patterns) []byte {
	op, paint := "rg\n", "f\n"
	if s.sheer > 0 {
		b = append(append(append(b, "q /S"...), strconv.Itoa(s.sheer)...), " gs\n"...)
	}
	if s.width > 0 {
		op, paint = "RG\n", "S\n"
		b = strconv.AppendFloat(b, s.width*perMM, 'f', 1, 64)
		b = append(b, " w "...)
	}
	if s.inks != nil {
		b = fmt.Appendf(b, "/Pattern CS /P%d SCN\n", ducts.of(s.inks))
	} else {
		b = append(append(append(b, s.color.levels()...), ' '), op...)
	}
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
