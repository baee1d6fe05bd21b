// Package svg reads drawings: the small part of SVG that a card's art needs, and nothing
// else. A drawing has paths, in groups, filled and stroked with plain colors. What it does
// not know it refuses, with the line: a drawing that lost a part without a word would be
// printed that way.
//
// It stands on encoding/xml. Libraries that draw SVG (oksvg, canvas) skip what they do not
// know, resolve references and styles, and rasterize; here all of that is unwanted.
package svg

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The bounds of a drawing.
const (
	MaxBytes  = 1 << 20
	maxDepth  = 16      // of groups in groups
	maxPoints = 200_000 // of all paths
)

// Drawing is a drawing of W by H, in units of its own, y downwards.
type Drawing struct {
	W, H   float64
	Shapes []Shape // in the order in which they are painted
}

// Shape is an area, or a line of some width, of one color.
type Shape struct {
	Paths   []Path
	Color   [3]uint8 // red, green, blue
	Opacity float64
	Width   float64 // of a line; 0 fills, by the nonzero rule
}

// Path is a chain of cubic Bézier curves: a point, and for each curve two control points
// and its end.
type Path []Point

// Point is a place in a drawing.
type Point struct{ X, Y float64 }

// Fault is what is wrong with a drawing.
type Fault struct {
	Line   int
	Detail string
}

func (f *Fault) Error() string { return fmt.Sprintf("line %d: %s", f.Line, f.Detail) }

// Parse reads a drawing. The error is a *Fault.
func Parse(data []byte) (*Drawing, error) {
	if len(data) > MaxBytes {
		return nil, &Fault{1, fmt.Sprintf("it has %d bytes; a drawing has at most %d", len(data), MaxBytes)}
	}
	p := &parser{xml: xml.NewDecoder(bytes.NewReader(data))}
	p.xml.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("it is written in %s; UTF-8 is accepted", charset)
	}
	for {
		token, err := p.xml.Token()
		switch {
		case errors.Is(err, io.EOF) && p.begun:
			return &p.drawing, nil
		case errors.Is(err, io.EOF):
			return nil, p.fault("there is no <svg>")
		case err != nil:
			return nil, p.fault("%s", unwrapped(err))
		}
		if err := p.token(token); err != nil {
			return nil, p.fault("%s", err)
		}
	}
}

// unwrapped is an XML fault without its own line.
func unwrapped(err error) string {
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return syntax.Msg
	}
	return err.Error()
}

type parser struct {
	xml     *xml.Decoder
	drawing Drawing
	begun   bool
	open    []paint // of <svg> and the groups that are open
	inPath  bool
	points  int
}

func (p *parser) fault(format string, args ...any) error {
	line, _ := p.xml.InputPos()
	return &Fault{line, fmt.Sprintf(format, args...)}
}

func (p *parser) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return p.start(t)
	case xml.EndElement:
		if p.inPath {
			p.inPath = false
		} else {
			p.open = p.open[:len(p.open)-1]
		}
	case xml.CharData:
		if len(bytes.TrimSpace(t)) > 0 {
			return errors.New("it has text between its elements; text is drawn as paths")
		}
	case xml.ProcInst:
		if t.Target != "xml" {
			return fmt.Errorf("<?%s?> is not accepted", t.Target)
		}
	case xml.Directive:
		return errors.New("<!…> is not accepted: a drawing has no document type and no entities")
	case xml.Comment:
	}
	return nil
}

const namespace = "http://www.w3.org/2000/svg"

func (p *parser) start(e xml.StartElement) error {
	name := e.Name.Local
	if e.Name.Space != "" && e.Name.Space != namespace || !slices.Contains([]string{"svg", "g", "path"}, name) {
		return fmt.Errorf("<%s> is not accepted; <svg>, <g> and <path> are", name)
	}
	switch {
	case (name == "svg") == p.begun:
		return errors.New("a drawing is one <svg>, with <g> and <path> in it")
	case p.inPath:
		return fmt.Errorf("a <path> holds nothing, not <%s>", name)
	case len(p.open) >= maxDepth:
		return fmt.Errorf("groups are %d deep; %d are accepted", len(p.open), maxDepth)
	}
	own := first
	if name != "svg" {
		own = p.open[len(p.open)-1]
	}
	var d string
	for _, a := range e.Attr {
		var err error
		switch {
		case name == "svg" && (a.Name.Local == "xmlns" || a.Name.Space == "xmlns"):
		case name == "svg" && a.Name.Local == "viewBox":
			err = p.viewBox(&own, a.Value)
		case name == "path" && a.Name.Local == "d":
			d = a.Value
		default:
			err = own.set(name, a)
		}
		if err != nil {
			return fmt.Errorf("%s of <%s>: %w", a.Name.Local, name, err)
		}
	}
	if name == "path" {
		p.inPath = true
		return p.path(own, d)
	}
	if name == "svg" && p.drawing.W == 0 {
		return errors.New("viewBox of <svg> is missing: it says how large the drawing is")
	}
	p.begun = true
	p.open = append(p.open, own)
	return nil
}

func (p *parser) viewBox(own *paint, value string) error {
	v, err := numbers(value, 4)
	if err != nil {
		return err
	}
	if v[2] <= 0 || v[3] <= 0 {
		return errors.New("the drawing has no size; four numbers are accepted, and the last two are above 0")
	}
	p.drawing.W, p.drawing.H = v[2], v[3]
	own.place = matrix{1, 0, 0, 1, -v[0], -v[1]}
	return nil
}

// path adds what a path paints.
func (p *parser) path(own paint, d string) error {
	paths, err := pathsOf(d, maxPoints-p.points)
	if err != nil {
		return fmt.Errorf("d of <path>: %w", err)
	}
	for _, path := range paths {
		p.points += len(path)
		for i, q := range path {
			path[i] = own.place.of(q)
			if p.outside(path[i]) {
				return errors.New("a path lies farther outside the viewBox than that is large")
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	width := own.width * own.place.scale()
	if own.fill != nil && own.stroke != nil && width > 0 && own.opacity < 1 {
		return errors.New("a <path> that is both filled and stroked has no opacity: where both lie, it would show twice")
	}
	if own.fill != nil {
		p.drawing.Shapes = append(p.drawing.Shapes, Shape{Paths: paths, Color: *own.fill, Opacity: own.opacity})
	}
	if own.stroke != nil && width > 0 {
		p.drawing.Shapes = append(p.drawing.Shapes, Shape{Paths: paths, Color: *own.stroke, Opacity: own.opacity, Width: width})
	}
	return nil
}

// outside reports whether a point is far beyond the drawing's edges.
func (p *parser) outside(q Point) bool {
	w, h := p.drawing.W, p.drawing.H
	return q.X < -w || q.X > 2*w || q.Y < -h || q.Y > 2*h
}

// paint is how paths are painted: an element's, and what those in it begin with.
type paint struct {
	fill, stroke *[3]uint8
	opacity      float64
	width        float64
	place        matrix
}

// first is how a path is painted that says nothing (SVG 1.1, 11.2).
var first = paint{fill: &[3]uint8{}, opacity: 1, width: 1, place: matrix{1, 0, 0, 1, 0, 0}}

// set reads an attribute that any element may have.
func (p *paint) set(element string, a xml.Attr) (err error) {
	switch a.Name.Local {
	case "fill":
		p.fill, err = color(a.Value)
	case "stroke":
		p.stroke, err = color(a.Value)
	case "stroke-width":
		p.width, err = between(a.Value, 0, largest)
	case "opacity":
		if element != "path" {
			return errors.New("only a <path> has one: its group would show through where paths overlap")
		}
		p.opacity, err = between(a.Value, 0, 1)
	case "transform":
		var own matrix
		own, err = transform(a.Value)
		p.place = p.place.times(own)
	default:
		return errors.New("it is not accepted; fill, stroke, stroke-width, opacity and transform are, viewBox of <svg> and d of <path>")
	}
	return err
}

func between(value string, least, most float64) (float64, error) {
	v, err := numbers(value, 1)
	if err != nil {
		return 0, err
	}
	if v[0] < least || v[0] > most {
		return 0, fmt.Errorf("%g is not accepted; %g to %g are", v[0], least, most)
	}
	return v[0], nil
}

func color(value string) (*[3]uint8, error) {
	if value == "none" {
		return nil, nil
	}
	var c [3]uint8
	hex, ok := strings.CutPrefix(value, "#")
	if !ok || len(hex) != 6 {
		return nil, errors.New("none and #rrggbb are accepted")
	}
	if _, err := fmt.Sscanf(hex, "%02x%02x%02x", &c[0], &c[1], &c[2]); err != nil {
		return nil, errors.New("none and #rrggbb are accepted")
	}
	return &c, nil
}
