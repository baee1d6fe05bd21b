package render

import (
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // portraits
	_ "image/png"  // fingerprints
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/qr"
)

// Content is what is drawn on a form.
type Content struct {
	Card        identity.Card
	MRZ         [3]string
	QR          string // the payload
	Pictures           // nil where the form has none
	PaperSerial string // of the blank, for forms that print it
}

// Pictures are the images of one person that a card may show.
type Pictures struct {
	Portrait   []byte // JPEG
	LeftIndex  []byte // PNG or JPEG; nil where the finger could not be taken
	RightIndex []byte
}

// binding is what a text field can show.
type binding struct {
	value    func(Content) string
	field    string // of the application, for refusals
	alphabet string // the letters that it can hold; any when empty
}

const dateLetters = "0123456789/"

// bindings by the names that forms use.
var bindings = map[string]binding{
	"number":      {func(c Content) string { return string(c.Card.Person.Number) }, "person.number", "0123456789"},
	"name":        {func(c Content) string { return c.Card.Person.Name.Text }, "person.name", ""},
	"birth":       {func(c Content) string { return c.Card.Person.Birth.Display() }, "person.birth", dateLetters},
	"sex":         {func(c Content) string { return c.Card.Person.Sex.Label() }, "person.sex", "NamNữ"},
	"nationality": {func(Content) string { return identity.Nationality }, "person.nationality", identity.Nationality},
	"origin":      {func(c Content) string { return c.Card.Person.Origin.Text }, "person.origin.text", ""},
	"residence":   {func(c Content) string { return c.Card.Person.Residence.Text }, "person.residence.text", ""},
	"birth-registration": {
		func(c Content) string { return c.Card.Person.BirthRegistration.Text }, "person.birth_registration.text", "",
	},
	"marks":        {func(c Content) string { return c.Card.Person.Marks }, "person.marks", ""},
	"issued":       {func(c Content) string { return c.Card.Issued.Display() }, "issued", dateLetters},
	"expiry":       {func(c Content) string { return c.Card.Expiry.String() }, "expiry", dateLetters + identity.Expiry{}.String()},
	"paper-serial": {func(c Content) string { return c.PaperSerial }, "blank", ""},
}

// piece is a line of text in its place, on its baseline.
type piece struct {
	runs  []run
	x, y  float64 // mm
	size  float64 // pt
	pitch float64 // from letter to letter, mm; 0 for the letters' own widths
	color rgb
}

// picture is an image in its place. It fills its box: what is too much of it is not
// shown.
type picture struct {
	box           Box
	bytes         []byte
	width, height int // of the image, dots
	finger        bool
}

// layout is everything variable of both sides.
type layout struct {
	pieces   [2][]piece
	codes    [2][]code
	pictures [2][]picture
}

// code is a QR code in its place.
type code struct {
	x, y, module float64
	modules      *qr.Code
}

// encode makes a field's QR code, in the middle of the field.
func encode(g *Field, payload string) (code, error) {
	modules, module, err := qr.Encode(payload, qr.Square{Side: g.W, Quiet: g.Quiet, Module: g.Module, Level: g.Level, ECI: g.ECI})
	if errors.Is(err, qr.ErrTooLong) {
		return code{}, identity.RefuseField(identity.Invalid, "person", "holds more than the QR code can: its modules would be under %.3g mm", g.Module)
	}
	if err != nil {
		return code{}, err
	}
	quiet := module * float64(g.Quiet)
	return code{x: g.X + quiet, y: g.Y + quiet, module: module, modules: modules}, nil
}

// Check lays a card out without drawing it, and refuses, field by field (joined),
// letters that no font has, texts that do not fit, and what cannot be drawn at all.
// An image that is not there yet is no fault. It is what PDF and Bitmaps begin with,
// and meant to be asked at intake too.
func (f *Form) Check(c Content) error {
	_, err := f.layout(c, nil)
	return err
}

// layout places the fields that are wanted; all when only is nil.
func (f *Form) layout(c Content, only []string) (*layout, error) {
	l := &layout{}
	var faults []error
	for i := range f.Fields {
		if g := &f.Fields[i]; wanted(only, g.ID) {
			if err := f.place(l, g, c); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return l, errors.Join(faults...)
}

// complete refuses a card whose portrait is missing.
func (f *Form) complete(c Content, only []string) error {
	for _, g := range f.Fields {
		if g.Kind == "portrait" && !g.Optional && c.Portrait == nil && wanted(only, g.ID) {
			return identity.RefuseField(identity.Invalid, "portrait", "is missing; the form %s shows it", f.ID)
		}
	}
	return nil
}

func wanted(only []string, id string) bool {
	return only == nil || slices.Contains(only, id)
}

// place lays one field out.
func (f *Form) place(l *layout, g *Field, c Content) error {
	side := sideIndex(g.Side)
	switch g.Kind {
	case "text":
		pieces, err := f.fit(g, bindings[g.Bind].value(c))
		l.pieces[side] = append(l.pieces[side], pieces...)
		return err
	case "mrz":
		pieces, err := f.zone(g, c.MRZ)
		l.pieces[side] = append(l.pieces[side], pieces...)
		return err
	case "qr":
		code, err := encode(g, c.QR)
		if err != nil {
			return err
		}
		l.codes[side] = append(l.codes[side], code)
	case "portrait":
		return l.picture(g, "portrait", c.Portrait)
	case "finger":
		finger := c.LeftIndex
		if g.Bind == "right-index" {
			finger = c.RightIndex
		}
		return l.picture(g, "fingerprints", finger)
	}
	return nil
}

// picture places an image that is there.
func (l *layout) picture(g *Field, field string, b []byte) error {
	if b == nil {
		return nil
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || config.Width == 0 || config.Height == 0 || g.Kind == "portrait" && format != "jpeg" {
		return identity.RefuseField(identity.Invalid, field, "is no image that can be printed; JPEG is accepted, and PNG for fingerprints")
	}
	p := picture{box: g.Box, bytes: b, width: config.Width, height: config.Height, finger: g.Kind == "finger"}
	if p.finger {
		p.box = g.Box.within(float64(p.width) / float64(p.height))
	}
	side := sideIndex(g.Side)
	l.pictures[side] = append(l.pictures[side], p)
	return nil
}

// within is the largest box of those proportions in the middle of b: a fingerprint
// is printed whole.
func (b Box) within(proportions float64) Box {
	inner := b
	if b.W/b.H > proportions {
		inner.W = b.H * proportions
	} else {
		inner.H = b.W / proportions
	}
	inner.X += (b.W - inner.W) / 2
	inner.Y += (b.H - inner.H) / 2
	return inner
}

// cover is the part of the image that fills the box.
func (p picture) cover() image.Rectangle { return p.box.Cover(p.width, p.height) }

// Cover is the part of a picture of w by h dots that is printed in the box: all of
// it where the proportions are the same within a hundredth, else its middle from
// side to side, or its top, which holds the head.
func (b Box) Cover(w, h int) image.Rectangle {
	cut := image.Rect(0, 0, w, h)
	width, height := float64(w), float64(h)
	switch want := b.W / b.H; {
	case width/height > want*1.01:
		margin := int((width - height*want) / 2)
		cut.Min.X, cut.Max.X = margin, w-margin
	case width/height < want/1.01:
		cut.Max.Y = int(width / want)
	}
	return cut
}

// shrink is the step by which a text gets smaller, pt.
const shrink = 0.25

// fit sets a text into its field: at its size, smaller as long as the field keeps
// it on one line, then on more lines, smaller again down to the field's minimum.
// What does not fit then is refused.
func (f *Form) fit(g *Field, text string) ([]piece, error) {
	field := bindings[g.Bind].field
	if text == "" {
		if g.Optional {
			return nil, nil
		}
		return nil, identity.RefuseField(identity.Invalid, field, "is missing; the form %s shows it", f.ID)
	}
	if g.Upper {
		text = strings.ToUpper(text)
	}
	text = letters(text)
	words, missing := f.words(g.Font, text)
	if missing != 0 {
		return nil, identity.RefuseField(identity.Invalid, field, "holds a character that no form can print (U+%04X)", missing)
	}
	space := f.catalog.faces[g.Font].glyphs[' '].width
	for size := g.Size; size >= g.Single-1e-9; size -= shrink {
		if lines, ok := g.wrap(words, space, size*point, 1); ok {
			return f.pieces(g, lines, size), nil
		}
	}
	for size := g.Wrapped; g.Lines > 1 && size >= g.Min-1e-9; size -= shrink {
		if lines, ok := g.wrap(words, space, size*point, g.Lines); ok && g.holds(lines, size*point) {
			return f.pieces(g, lines, size), nil
		}
	}
	return nil, identity.RefuseField(identity.Invalid, field,
		"does not fit on the card, which has %d line(s) of %.0f mm at %.4g pt for it", g.Lines, g.W, g.Min)
}

// word is a word, and what it covers, in em.
type word struct {
	text               string
	width, top, bottom float64
}

// words cuts letters at spaces and measures them.
func (f *Form) words(face, text string) (words []word, missing rune) {
	words = make([]word, 0, 1+strings.Count(text, " "))
	for part := range strings.SplitSeq(text, " ") {
		w := word{text: part}
		for _, r := range part {
			glyph, ok := f.catalog.glyph(face, r)
			if !ok {
				return nil, r
			}
			w.width += glyph.width
			w.top, w.bottom = max(w.top, -glyph.top), max(w.bottom, glyph.bottom)
		}
		words = append(words, w)
	}
	return words, 0
}

// line is some of the words, and how far they reach from its baseline, in em.
type line struct {
	words       []word
	top, bottom float64
}

// wrap breaks words into at most n lines; em is the size in mm. The first line may
// hold nothing when it begins behind a label.
func (g *Field) wrap(words []word, space, em float64, n int) (lines []line, ok bool) {
	room, used := g.W-g.indent, 0.0
	var current line
	from := 0
	for i := 0; i < len(words); {
		needed := words[i].width * em
		if used > 0 {
			needed += space * em
		}
		if used+needed <= room+1e-6 {
			used += needed
			current.top, current.bottom = max(current.top, words[i].top), max(current.bottom, words[i].bottom)
			i++
			continue
		}
		if used == 0 && (len(lines) > 0 || g.indent == 0) || len(lines)+1 >= n {
			return nil, false // a word is wider than a line, or there is no further line
		}
		current.words = words[from:i]
		lines = append(lines, current)
		current, from, room, used = line{}, i, g.W, 0
	}
	current.words = words[from:]
	return append(lines, current), true
}

// The least from baseline to baseline, and the least between the letters of two
// lines, in em.
const (
	leastLeading = 1.2
	leastGap     = 0.06
)

// leading is from baseline to baseline, mm.
func (g *Field) leading(lines []line, em float64) float64 {
	leading := leastLeading
	for i := 1; i < len(lines); i++ {
		bottom := lines[i-1].bottom
		if i == 1 && g.indent > 0 {
			bottom = g.bottom // the label's
		}
		leading = max(leading, bottom+lines[i].top+leastGap)
	}
	return leading * em
}

// tall is the height of several lines, mm.
func (g *Field) tall(lines []line, em float64) float64 {
	n := len(lines) - 1
	return lines[0].top*em + float64(n)*g.leading(lines, em) + lines[n].bottom*em
}

// holds reports whether the field is tall enough for the lines.
func (g *Field) holds(lines []line, em float64) bool {
	room := g.H
	if g.indent > 0 {
		room -= g.Baseline - lines[0].top*em - g.Y // it begins on its baseline
	}
	return g.tall(lines, em) <= room+1e-6
}

// first is the first baseline. One line stands on the field's own, and so does the
// first of several that begins behind a label; otherwise several stand in the
// middle of the field.
func (g *Field) first(lines []line, em float64) float64 {
	if len(lines) == 1 || g.indent > 0 {
		return g.Baseline
	}
	return g.Y + (g.H-g.tall(lines, em))/2 + lines[0].top*em
}

// pieces places wrapped lines.
func (f *Form) pieces(g *Field, lines []line, size float64) []piece {
	em := size * point
	first, leading := g.first(lines, em), g.leading(lines, em)
	pieces := make([]piece, 0, len(lines))
	for i, l := range lines {
		if len(l.words) == 0 {
			continue
		}
		texts := make([]string, 0, len(l.words))
		for _, w := range l.words {
			texts = append(texts, w.text)
		}
		runs, _ := f.catalog.shape(g.Font, strings.Join(texts, " "))
		x := g.X
		if i == 0 {
			x += g.indent
		}
		pieces = append(pieces, piece{runs: runs, x: x, y: first + float64(i)*leading, size: size, color: f.color(g.Color)})
	}
	return pieces
}

// The MRZ's letters stand in cells of a pitch by CellHeight, and mrzBaseline below
// a cell's top, mm.
const (
	CellHeight  = 3.6
	mrzBaseline = 2.9
)

// zone places the lines of the MRZ at their pitch.
func (f *Form) zone(g *Field, lines [3]string) ([]piece, error) {
	face := f.catalog.faces["mrz"]
	pieces := make([]piece, 0, len(lines))
	for i, line := range lines {
		if _, missing := f.catalog.width("mrz", line); missing != 0 || line == "" {
			return nil, identity.RefuseField(identity.Invalid, "person", "gives no machine-readable zone")
		}
		pieces = append(pieces, piece{
			runs: []run{{face: face, text: line}}, x: g.X + f.mrzMargin(g), y: g.Y + float64(i)*g.Leading + mrzBaseline,
			size: g.Size, pitch: g.Pitch, color: f.color(g.Color),
		})
	}
	return pieces, nil
}

// mrzMargin is how far from a cell's left edge its letter begins.
func (f *Form) mrzMargin(g *Field) float64 {
	return (g.Pitch - f.catalog.faces["mrz"].glyphs['A'].width*g.Size*point) / 2
}
