package render

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	_ "image/jpeg" // portraits
	_ "image/png"  // fingerprints

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/qr"
)

// Content is what is drawn on a form.
type Content struct {
	Card     identity.Card
	MRZ      [3]string
	QR       string // the payload
	Pictures        // those that the form shows
}

// Pictures are the images of one person that a card may show.
type Pictures struct {
	Portrait   []byte // JPEG
	LeftIndex  []byte // PNG or JPEG; nil where the finger could not be taken
	RightIndex []byte
}

// piece is a line of text in its place, on its baseline.
type piece struct {
	runs  []run
	x, y  float64 // mm
	size  float64 // pt
	pitch float64 // from letter to letter, mm; 0 for the letters' own widths
	color rgb
}

// picture is an image in its place. It fills its box, and is cut where it is larger.
type picture struct {
	box           forms.Box
	bytes         []byte
	width, height int // of the image, dots
	colors        color.Model
	finger        bool
	ghost         bool    // it gives the ground its lightness, and lets it shine through
	feather       float64 // how far its edge fades, mm
}

// layout is everything on both sides that differs from card to card.
type layout struct {
	labels   [2][]piece // the fixed texts, in their places
	pieces   [2][]piece
	rises    map[string]float64 // by field: how far what stands under it moves up
	micro    [2][]piece
	codes    [2][]code
	pictures [2][]picture
}

// code is a QR code in its place.
type code struct {
	x, y, module float64
	modules      *qr.Code
}

// encode makes a field's QR code, in the middle of the field.
func encode(g *forms.Field, payload string) (code, error) {
	return encodeBy(qr.Encode, g, payload)
}

func encodeBy(by func(string, qr.Square) (*qr.Code, float64, error), g *forms.Field, payload string) (code, error) {
	modules, module, err := by(payload, qr.Square{Side: g.W, Quiet: g.Quiet, Module: g.Module, Level: qr.Level(g.Level), ECI: qr.ECI(g.ECI)})
	if errors.Is(err, qr.ErrTooLong) {
		return code{}, identity.RefuseField(identity.Invalid, "person", "holds more than the QR code can: its modules would be under %.3g mm", g.Module)
	}
	if err != nil {
		return code{}, err
	}
	quiet := module * float64(g.Quiet)
	return code{x: g.X + quiet, y: g.Y + quiet, module: module, modules: modules}, nil
}

// Check lays a card out without drawing it. It refuses, one field at a time and joined,
// letters that no font has, texts that do not fit, and what cannot be drawn at all, but
// not a missing picture. PDF and Bitmaps begin with it; intake calls it before a card is
// promised.
func (f *Form) Check(c Content) error {
	_, err := f.layout(c, Full)
	return err
}

// layout places all fields. On preprinted blanks, whose labels stay where they are, nothing
// moves.
func (f *Form) layout(c Content, mode Mode) (*layout, error) {
	l := &layout{labels: f.labels}
	if mode != Overlay {
		l.rises = make(map[string]float64)
	}
	var faults []error
	for i := range f.fields {
		if err := f.place(l, &f.fields[i], c); err != nil {
			faults = append(faults, err)
		}
	}
	f.moveLabels(l)
	for _, m := range f.Micro {
		if m.Bind != "" {
			side := sideIndex(m.Side)
			l.micro[side] = append(l.micro[side], f.repeat(m, m.Value().Text(c.Card))...)
		}
	}
	return l, errors.Join(faults...)
}

// complete refuses a card whose portrait is missing.
func (f *Form) complete(c Content) error {
	if f.Shows(forms.PortraitField) && c.Portrait == nil {
		return identity.RefuseField(identity.Invalid, "portrait", "is missing; the form %s shows it", f.ID)
	}
	return nil
}

// place lays out one field.
func (f *Form) place(l *layout, g *field, c Content) error {
	side := sideIndex(g.Side)
	switch g.Kind {
	case forms.TextField:
		pieces, err := f.fit(g, g.Value().Text(c.Card))
		if len(pieces) <= 1 && g.Rise > 0 && l.rises != nil {
			l.rises[g.ID] = g.Rise
		}
		for i := range pieces {
			pieces[i].y -= l.rises[g.Under]
		}
		l.pieces[side] = append(l.pieces[side], pieces...)
		return err
	case forms.MRZField:
		pieces, err := f.zone(g.Field, c.MRZ)
		l.pieces[side] = append(l.pieces[side], pieces...)
		return err
	case forms.QRField:
		code, err := encode(g.Field, c.QR)
		if err != nil {
			return err
		}
		l.codes[side] = append(l.codes[side], code)
	case forms.PortraitField, forms.GhostField:
		return l.picture(g.Field, "portrait", c.Portrait)
	case forms.FingerField:
		finger := c.LeftIndex
		if g.Bind == forms.RightIndex {
			finger = c.RightIndex
		}
		return l.picture(g.Field, "fingerprints", finger)
	}
	return nil
}

// picture places an image, if there is one. A fingerprint is printed whole.
func (l *layout) picture(g *forms.Field, field string, b []byte) error {
	if b == nil {
		return nil
	}
	ghost := g.Kind == forms.GhostField
	config, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || config.Width == 0 || config.Height == 0 || g.Kind != forms.FingerField && format != "jpeg" {
		if ghost {
			return nil // the portrait is refused
		}
		return identity.RefuseField(identity.Invalid, field, "is not an image that can be printed; JPEG is accepted, and PNG for fingerprints")
	}
	p := picture{
		box: g.Box, bytes: b, width: config.Width, height: config.Height, colors: config.ColorModel,
		finger: g.Kind == forms.FingerField, ghost: ghost, feather: g.Feather,
	}
	if p.finger {
		p.box = within(g.Box, float64(p.width)/float64(p.height))
	}
	side := sideIndex(g.Side)
	l.pictures[side] = append(l.pictures[side], p)
	return nil
}

// cover is the part of the image that fills the box.
func (p picture) cover() image.Rectangle { return Cover(p.box, p.width, p.height) }
