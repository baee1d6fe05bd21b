package templates

import (
	"errors"
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"

	"example.org/cancuoc/internal/identity"
)

// Content is what is drawn on a form.
type Content struct {
	Card       identity.Card
	MRZ        [3]string
	QR         string // the payload
	Portrait   []byte // JPEG, 2:3; nil where the form has none
	LeftIndex  []byte // PNG; of the form of 2021
	RightIndex []byte
}

// bindings are what a text field can show.
var bindings = map[string]func(Content) string{
	"number":             func(c Content) string { return string(c.Card.Person.Number) },
	"name":               func(c Content) string { return c.Card.Person.Name.Text },
	"birth":              func(c Content) string { return c.Card.Person.Birth.Display() },
	"sex":                func(c Content) string { return c.Card.Person.Sex.Label() },
	"nationality":        func(Content) string { return identity.Nationality },
	"origin":             func(c Content) string { return c.Card.Person.Origin.Text },
	"residence":          func(c Content) string { return c.Card.Person.Residence.Text },
	"birth-registration": func(c Content) string { return c.Card.Person.BirthRegistration.Text },
	"marks":              func(c Content) string { return c.Card.Person.Marks },
	"issued":             func(c Content) string { return c.Card.Issued.Display() },
	"expiry":             func(c Content) string { return c.Card.Expiry.String() },
}

// fieldNames are the application's fields that bindings show, for refusals.
var fieldNames = map[string]string{
	"number": "person.number", "name": "person.name", "birth": "person.birth", "sex": "person.sex",
	"origin": "person.origin.text", "residence": "person.residence.text",
	"birth-registration": "person.birth_registration.text", "marks": "person.marks",
}

// piece is a line of text in its place: baseline at y.
type piece struct {
	runs  []run
	x, y  float64 // mm
	size  float64 // pt
	color rgb
}

// code is a QR code in its place.
type code struct {
	x, y, module float64
	rows         [][]bool
}

// picture is an image in its place.
type picture struct {
	box   Box
	bytes []byte
	kind  string // "jpg" or "png"
}

// layout is everything variable of both sides.
type layout struct {
	pieces   [2][]piece
	codes    [2][]code
	pictures [2][]picture
}

func sideIndex(s Side) int {
	if s == Back {
		return 1
	}
	return 0
}

// Check lays a card out without drawing it, and refuses, field by field, letters
// that no font has and texts that do not fit.
func (f *Form) Check(c Content) error {
	_, err := f.layout(c)
	return err
}

func (f *Form) layout(c Content) (*layout, error) {
	l := &layout{}
	var faults []error
	for _, g := range f.Fields {
		if err := f.place(l, g, c); err != nil {
			faults = append(faults, err)
		}
	}
	return l, errors.Join(faults...)
}

// place lays one field out.
func (f *Form) place(l *layout, g Field, c Content) error {
	side := sideIndex(g.Side)
	switch g.Kind {
	case "text":
		pieces, err := f.fit(g, bindings[g.Bind](c))
		l.pieces[side] = append(l.pieces[side], pieces...)
		return err
	case "mrz":
		l.pieces[side] = append(l.pieces[side], f.zone(g, c.MRZ)...)
	case "qr":
		qr, err := encodeQR(g, c.QR)
		if err != nil {
			return err
		}
		l.codes[side] = append(l.codes[side], qr)
	case "portrait":
		if c.Portrait != nil {
			l.pictures[side] = append(l.pictures[side], picture{box: g.Box, bytes: c.Portrait, kind: "jpg"})
		}
	case "finger":
		image := c.LeftIndex
		if g.Bind == "right-index" {
			image = c.RightIndex
		}
		if image != nil {
			l.pictures[side] = append(l.pictures[side], picture{box: g.Box, bytes: image, kind: "png"})
		}
	}
	return nil
}

// shrink is the step by which a text gets smaller, pt.
const shrink = 0.25

// fit sets a text into its field: at its size, then smaller down to the field's
// minimum, on more lines where the field has them. What does not fit then is
// refused.
func (f *Form) fit(g Field, text string) ([]piece, error) {
	if g.Upper {
		text = strings.ToUpper(text)
	}
	if text == "" {
		return nil, nil
	}
	face := orText(g.Font)
	if _, _, missing := f.catalog.shape(face, text); missing != 0 {
		return nil, identity.RefuseField(identity.Invalid, fieldNames[g.Bind], "holds a letter that no font can print (U+%04X)", missing)
	}
	smallest := g.Min
	if smallest == 0 {
		smallest = g.Size
	}
	for lines := 1; lines <= max(g.Lines, 1); lines++ {
		for size := g.Size; size >= smallest-1e-9; size -= shrink {
			if lines == 1 && g.Lines > 1 && size < g.Size {
				break // rather wrap than shrink
			}
			if wrapped, ok := f.wrap(g, text, size, lines); ok {
				return f.lines(g, wrapped, size), nil
			}
		}
	}
	return nil, identity.RefuseField(identity.Invalid, fieldNames[g.Bind], "does not fit on the card: at most %d line(s) of %.0f mm at %.2g pt", max(g.Lines, 1), g.W, smallest)
}

// wrap breaks a text at spaces into at most n lines.
func (f *Form) wrap(g Field, text string, size float64, n int) ([]string, bool) {
	width := func(s string) float64 {
		_, w, _ := f.catalog.shape(orText(g.Font), s)
		return w * size * point
	}
	var lines []string
	line := ""
	room := g.W - g.Indent
	for word := range strings.SplitSeq(text, " ") {
		longer := word
		if line != "" {
			longer = line + " " + word
		}
		if width(longer) <= room {
			line = longer
			continue
		}
		if line == "" && (len(lines) > 0 || g.Indent == 0) {
			return nil, false
		}
		lines = append(lines, line)
		room = g.W
		if line = word; width(word) > room {
			return nil, false
		}
	}
	lines = append(lines, line)
	return lines, len(lines) <= n
}

// lines places wrapped lines from the top of the field.
func (f *Form) lines(g Field, texts []string, size float64) []piece {
	pieces := make([]piece, 0, len(texts))
	for i, text := range texts {
		if text == "" {
			continue
		}
		runs, _, _ := f.catalog.shape(orText(g.Font), text)
		x := g.X
		if i == 0 {
			x += g.Indent
		}
		pieces = append(pieces, piece{
			runs: runs, x: x, y: g.Y + f.baseline(g) + float64(i)*g.Leading, size: size, color: f.color(g.Color),
		})
	}
	return pieces
}

// baseline is how far below the top of a field its first line stands: by the
// field's full size, so that a smaller text stands on the same line.
func (f *Form) baseline(g Field) float64 {
	if g.Lines > 1 {
		return min(g.Leading, g.H) - 0.25*g.Size*point
	}
	return g.H - 0.28*g.Size*point
}

// mrzBaseline is how far below the top of an MRZ cell its letters stand, mm.
const mrzBaseline = 2.9

// zone places the lines of the MRZ letter by letter, at its pitch.
func (f *Form) zone(g Field, lines [3]string) []piece {
	face := f.catalog.faces["mrz"]
	pieces := make([]piece, 0, len(lines))
	for i, line := range lines {
		runs := make([]run, 0, len(line))
		for j, r := range line {
			runs = append(runs, run{face: face, text: string(r), x: float64(j) * g.Pitch / (g.Size * point)})
		}
		pieces = append(pieces, piece{
			runs: runs, x: g.X + (g.Pitch-face.width['A']*g.Size*point)/2, y: g.Y + float64(i)*g.Leading + mrzBaseline, size: g.Size, color: f.color(g.Color),
		})
	}
	return pieces
}

// levels are the error correction levels, and which are tried after one.
var levels = map[string][]qrcode.RecoveryLevel{
	"H": {qrcode.Highest, qrcode.High, qrcode.Medium, qrcode.Low},
	"Q": {qrcode.High, qrcode.Medium, qrcode.Low},
	"M": {qrcode.Medium, qrcode.Low},
	"L": {qrcode.Low},
}

// encodeQR makes the code with the best error correction whose modules are large
// enough, centred in the field.
func encodeQR(g Field, payload string) (code, error) {
	for _, level := range levels[g.Level] {
		qr, err := qrcode.New(payload, level)
		if err != nil {
			continue
		}
		qr.DisableBorder = true
		rows := qr.Bitmap()
		module := g.W / float64(len(rows)+2*g.Quiet)
		if module < g.Module-1e-9 {
			continue
		}
		quiet := module * float64(g.Quiet)
		return code{x: g.X + quiet, y: g.Y + quiet, module: module, rows: rows}, nil
	}
	return code{}, identity.RefuseField(identity.Invalid, "person", "holds more than the QR code can: its modules would be under %.2f mm", g.Module)
}

// String names the form for people.
func (f *Form) String() string { return fmt.Sprintf("%s (%s)", f.Title, f.ID) }
