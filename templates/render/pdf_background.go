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
	var c content
	page := f.Page
	sheer := make(map[int]bool)
	for i := range bands {
		shapes := f.art[i%2].under(what)
		if i >= len(sides) {
			shapes = f.art[i%2].above(what)
		}
		// A side is clipped where its bleed ends: the other side lies beyond.
		c.ops = append(c.ops, "q "...)
		c.top, c.origin = stride(page)*float64(i)+page.Bleed+page.H, [2]int{}
		c.rectangle(rectangle(forms.Box{X: -page.Bleed, Y: -page.Bleed, W: page.W + 2*page.Bleed, H: stride(page)}))
		c.ops = append(c.ops, "W n\n1 J 1 j\n"...)
		for _, s := range shapes {
			sheer[s.sheer] = true
			c.shape(s)
		}
		c.ops = append(c.ops, "Q\n"...)
	}
	packed, err := deflate(c.ops)
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

// levels are a color's levels of 0 to 1.
func (c rgb) levels() string {
	return fmt.Sprintf("%.3f %.3f %.3f", float64(c.r)/255, float64(c.g)/255, float64(c.b)/255)
}

// content is what draws a background. Its numbers count from an origin that moves from
// shape to shape: they have few digits, and the object is a tenth smaller.
type content struct {
	ops    []byte
	top    float64 // of the side, mm
	origin [2]int
}

// shape adds a shape.
func (c *content) shape(s shape) {
	op, paint := "rg\n", "f\n"
	if s.sheer > 0 {
		c.ops = append(append(append(c.ops, "q /S"...), strconv.Itoa(s.sheer)...), " gs\n"...)
	}
	before := c.origin
	c.moveTo(s.contours)
	if s.width > 0 {
		op, paint = "RG\n", "S\n"
		c.ops = strconv.AppendFloat(c.ops, s.width*perMM, 'f', 1, 64)
		c.ops = append(c.ops, " w "...)
	}
	c.ops = append(append(append(c.ops, s.color.levels()...), ' '), op...)
	for _, line := range s.contours {
		if s.width == 0 && line.isRectangle() {
			c.rectangle(line.points)
			continue
		}
		for i, p := range line.points {
			c.point(p)
			switch {
			case i == 0:
				c.ops = append(c.ops, "m\n"...)
			case !line.curved:
				c.ops = append(c.ops, "l\n"...)
			case i%3 == 0:
				c.ops = append(c.ops, "c\n"...)
			}
		}
	}
	c.ops = append(c.ops, paint...)
	if s.sheer > 0 {
		c.ops = append(c.ops, "Q\n"...)
		c.origin = before
	}
}

// moveTo moves the origin to the lower left corner of what contours begin at.
func (c *content) moveTo(contours []contour) {
	x, y := math.MaxInt, math.MaxInt
	for _, line := range contours {
		px, py := c.units(line.points[0])
		x, y = min(x, px), min(y, py)
	}
	c.ops = append(c.ops, "1 0 0 1 "...)
	c.numbers(x-c.origin[0], y-c.origin[1])
	c.ops = append(c.ops, "cm\n"...)
	c.origin = [2]int{x, y}
}

// rectangle adds a box by an operator of its own: where it lies on whole dots, that is
// painted without looking for edges.
func (c *content) rectangle(corners []dot) {
	left, bottom := c.units(corners[3])
	right, top := c.units(corners[1])
	c.numbers(left-c.origin[0], bottom-c.origin[1], right-left, top-bottom)
	c.ops = append(c.ops, "re\n"...)
}

func (c *content) point(p dot) {
	x, y := c.units(p)
	c.numbers(x-c.origin[0], y-c.origin[1])
}

// units is where a place of the side lies in the object.
func (c *content) units(p dot) (x, y int) {
	return int(math.Round(p.x * perMM)), int(math.Round((c.top - p.y) * perMM))
}

func (c *content) numbers(list ...int) {
	for _, n := range list {
		c.ops = append(strconv.AppendInt(c.ops, int64(n), 10), ' ')
	}
}
