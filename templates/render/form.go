// Package render draws cards: forms as data (forms/), fonts, and one layout
// that is written as PDF for printers or as bitmaps for cameras and adapters.
//
// Lengths are millimetres from the top left corner of a side, y downwards; font
// sizes are points. Start at Catalog.Form, then Form.Check and Form.PDF.
package render

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/qr"
)

// Catalog holds every form, and the fonts that they are drawn with.
type Catalog struct {
	forms map[identity.FormID]*Form
	faces map[string]*typeface
	cache cache
}

// Load reads the forms that are built in.
func Load() (*Catalog, error) {
	return LoadFS(forms.Files)
}

// LoadFS reads the forms (*.yaml) of a folder. Everything that is wrong with them
// is told, with file, line and field; a form at fault is left out.
func LoadFS(files fs.FS) (*Catalog, error) {
	faces, err := loadTypefaces()
	if err != nil {
		return nil, fmt.Errorf("load forms: %w", err)
	}
	c := &Catalog{forms: make(map[identity.FormID]*Form), faces: faces}
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("load forms: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("load forms: there is no *.yaml")
	}
	var faults []error
	for _, name := range names {
		form, err := c.read(files, name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if c.forms[form.ID] != nil {
			faults = append(faults, fmt.Errorf("form %s:1: another file has the id %s", name, form.ID))
		}
		c.forms[form.ID] = form
	}
	return c, errors.Join(faults...)
}

// Form finds a form, or refuses with NotFound.
func (c *Catalog) Form(id identity.FormID) (*Form, error) {
	form, ok := c.forms[id]
	if !ok {
		return nil, identity.Refuse(identity.NotFound, "there is no form %s", id)
	}
	return form, nil
}

// IDs lists the forms.
func (c *Catalog) IDs() []identity.FormID {
	ids := make([]identity.FormID, 0, len(c.forms))
	for id := range c.forms {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Form is what a card looks like.
type Form struct {
	ID        identity.FormID   `yaml:"id"`
	Version   int               `yaml:"version"` // of the drawing, not of the law
	Title     string            `yaml:"title"`
	Source    string            `yaml:"source"`     // the circular
	ValidFrom identity.Date     `yaml:"valid_from"` // the first day on which it was issued
	ValidTo   identity.Date     `yaml:"valid_to"`   // the last; zero while it is in force
	Page      Page              `yaml:"page"`
	Colors    map[string]string `yaml:"colors"` // "#rrggbb" by name
	Zones     []Zone            `yaml:"zones"`
	Specimen  []Mark            `yaml:"specimen"`
	Art       []Motif           `yaml:"art"`
	Texts     []Text            `yaml:"texts"`
	Fields    []Field           `yaml:"fields"`
	Samples   []Sample          `yaml:"samples"`

	catalog *Catalog
	hash    string
	art     [2]*artwork // front, back
	labels  [2][]piece
}

// Page is the size of a side.
type Page struct {
	W      float64 `yaml:"w"`
	H      float64 `yaml:"h"`
	Corner float64 `yaml:"corner"` // radius
	Safe   float64 `yaml:"safe"`   // nothing but art is nearer to the edge
	Bleed  float64 `yaml:"bleed"`  // by so much a print house's sheet goes beyond the edge
}

// Side of a card.
type Side string

// The sides.
const (
	Front Side = "front"
	Back  Side = "back"
)

// sides in the order of a PDF's pages.
var sides = [2]Side{Front, Back}

func sideIndex(s Side) int {
	if s == Back {
		return 1
	}
	return 0
}

// Box is a rectangle on a side.
type Box struct {
	Side Side    `yaml:"side"`
	X    float64 `yaml:"x"`
	Y    float64 `yaml:"y"`
	W    float64 `yaml:"w"`
	H    float64 `yaml:"h"`
}

// Zone is a box with a use of its own. In the zone "chip" nothing is printed at
// all: the chip's contacts lie there. In "mrz" stands nothing but the MRZ.
type Zone struct {
	Name string `yaml:"name"`
	Box  `yaml:",inline"`
	line int
}

// Mark is where a specimen says that it is none: MẪU / SPECIMEN, in outline.
type Mark struct {
	Side  Side    `yaml:"side"`
	X     float64 `yaml:"x"` // of its middle
	Y     float64 `yaml:"y"`
	Size  float64 `yaml:"size"`
	Angle float64 `yaml:"angle"` // degrees, counter-clockwise
	line  int
}

// Text is fixed: a title, a label, a block of the authority.
type Text struct {
	ID       string `yaml:"id"` // where a field comes after it
	Text     string `yaml:"text"`
	Box      `yaml:",inline"`
	Baseline float64 `yaml:"baseline"`
	Font     string  `yaml:"font"`
	Size     float64 `yaml:"size"`
	Color    string  `yaml:"color"`
	Align    string  `yaml:"align"` // left (default), centre
	line     int
}

// Field is filled from a card. A text field stands on its baseline and needs no y:
// it follows from the tallest letter, and Box has it once the form is loaded. So
// does h, but for a field of several lines, where it says how much room they have.
type Field struct {
	ID       string `yaml:"id"`
	Kind     string `yaml:"kind"` // text, mrz, qr, portrait, finger
	Bind     string `yaml:"bind"` // what of the card; see bindings
	Box      `yaml:",inline"`
	Baseline float64  `yaml:"baseline"` // of the first line
	After    string   `yaml:"after"`    // the first line begins behind the text of this id
	Gap      float64  `yaml:"gap"`      // and so far behind it, mm
	Font     string   `yaml:"font"`
	Size     float64  `yaml:"size"`
	Single   float64  `yaml:"single"`  // it shrinks to this size before it wraps; Size when 0
	Wrapped  float64  `yaml:"wrapped"` // the size that it begins with on several lines; Size when 0
	Min      float64  `yaml:"min"`     // it shrinks to this size at the last
	Lines    int      `yaml:"lines"`   // and wraps to so many lines
	Leading  float64  `yaml:"leading"` // of an MRZ: from line to line, mm
	Color    string   `yaml:"color"`
	Upper    bool     `yaml:"upper"`
	Optional bool     `yaml:"optional"` // may be empty
	Pitch    float64  `yaml:"pitch"`    // of an MRZ: from letter to letter, mm
	Level    qr.Level `yaml:"level"`    // of a QR code: the best error correction, L, M, Q or H; it falls to L
	Quiet    int      `yaml:"quiet"`    // of a QR code: modules of white around
	Module   float64  `yaml:"module"`   // of a QR code: the smallest module, mm
	ECI      bool     `yaml:"eci"`      // of a QR code: it always says that it is UTF-8; else it does only where readers guess wrong

	indent float64 // of the first line, mm
	top    float64 // of its letters above the baseline, em
	bottom float64
	line   int
}

// Sample is a card that the form must be able to hold, by what fields are bound
// to: a form brings its own tests.
type Sample struct {
	Note   string            `yaml:"note"`
	Values map[string]string `yaml:"values"`
	line   int
}

// point is a typographic point, in mm.
const point = 25.4 / 72

// Hash identifies the form's data, fonts and art, for the record of a card.
func (f *Form) Hash() string { return f.hash }

// String names the form for people.
func (f *Form) String() string { return fmt.Sprintf("%s (%s)", f.Title, f.ID) }

// Field finds a field by its ID.
func (f *Form) Field(id string) (Field, bool) {
	i := slices.IndexFunc(f.Fields, func(g Field) bool { return g.ID == id })
	if i < 0 {
		return Field{}, false
	}
	return f.Fields[i], true
}

// Shows reports whether the form has a field of that kind: text, mrz, qr, portrait
// or finger.
func (f *Form) Shows(kind string) bool {
	return slices.ContainsFunc(f.Fields, func(g Field) bool { return g.Kind == kind })
}

// read reads, checks and compiles one form.
func (c *Catalog) read(files fs.FS, name string) (*Form, error) {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("form %s: %w", name, err)
	}
	f := &Form{catalog: c}
	if err := decode(b, name, f); err != nil {
		return nil, err
	}
	f.settle()
	if err := f.validate(name); err != nil {
		return nil, err
	}
	sum := sha256.New()
	sum.Write(b)
	if err := f.compile(sum); err != nil {
		return nil, fmt.Errorf("form %s: %w", name, err)
	}
	f.hash = hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

// settle computes what follows from the data: where fields begin that come after
// a text, and the boxes of texts.
func (f *Form) settle() {
	ends := make(map[string]float64)
	for i := range f.Texts {
		t := &f.Texts[i]
		t.Font = orText(t.Font)
		if f.catalog.faces[t.Font] == nil {
			continue // validate tells
		}
		width, _ := f.catalog.width(t.Font, letters(t.Text))
		ends[t.ID] = t.X + width*t.Size*point
		top, bottom := f.catalog.reach(t.Font, letters(t.Text))
		t.Y, t.H = t.Baseline-top*t.Size*point, (top+bottom)*t.Size*point
	}
	for i := range f.Fields {
		g := &f.Fields[i]
		g.Font = orText(g.Font)
		if g.Kind != "text" || f.catalog.faces[g.Font] == nil {
			continue
		}
		g.Lines = max(g.Lines, 1)
		g.Wrapped = orSize(g.Wrapped, g.Size)
		g.Min = orSize(g.Min, g.Wrapped)
		if g.Lines == 1 {
			g.Single = g.Min
		}
		g.Single = orSize(g.Single, g.Size)
		if end, ok := ends[g.After]; ok && g.After != "" {
			if begin := end + g.Gap; g.Lines == 1 {
				g.W, g.X = g.X+g.W-begin, begin
			} else {
				g.indent = begin - g.X
			}
		}
		g.top, g.bottom = f.catalog.reach(g.Font, bindings[g.Bind].alphabet)
		g.Y = g.Baseline - g.top*g.Size*point
		if g.Lines == 1 {
			g.H = (g.top + g.bottom) * g.Size * point
		}
	}
}

func orText(font string) string {
	if font == "" {
		return "text"
	}
	return font
}

func orSize(size, otherwise float64) float64 {
	if size == 0 {
		return otherwise
	}
	return size
}

// compile draws everything that is the same on every card.
func (f *Form) compile(sum hash.Hash) error {
	for i, side := range sides {
		f.art[i] = drawArt(f, side)
		f.labels[i] = f.texts(side)
	}
	for _, face := range []string{"text", "bold", "text-more", "bold-more", "mrz"} {
		sum.Write(f.catalog.faces[face].packed)
	}
	background, err := xobject(f, background{art: true, specimen: true})
	sum.Write(background)
	return err
}

// texts are the fixed texts of a side, in their places.
func (f *Form) texts(side Side) []piece {
	var pieces []piece
	for _, t := range f.Texts {
		if t.Side != side {
			continue
		}
		runs, width := f.catalog.shape(t.Font, letters(t.Text))
		x := t.X
		if t.Align == "centre" {
			x += (t.W - width*t.Size*point) / 2
		}
		pieces = append(pieces, piece{runs: runs, x: x, y: t.Baseline, size: t.Size, color: f.color(t.Color)})
	}
	return pieces
}
