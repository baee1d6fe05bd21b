// Package forms holds the forms of cards as data, a YAML file each: what a form shows
// and where, and whose card gets it. Package render draws them.
//
// Lengths are millimeters from the top left corner of a side, y downwards; font sizes
// are points. Start at Load and Catalog.For.
package forms

import (
	"cmp"
	"fmt"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/svg"
)

// Form is one form of card: its file as a structure.
type Form struct {
	ID       identity.FormID   `yaml:"id"`
	Version  int               `yaml:"version"` // of the drawing, not of the law
	Title    string            `yaml:"title"`   // of the form, for those who work with forms
	Card     CardName          `yaml:"card"`
	Source   string            `yaml:"source"` // the circular
	Issued   Issued            `yaml:"issued"`
	QR       []QRValue         `yaml:"qr"` // what the QR code says, in this order
	Page     Page              `yaml:"page"`
	Colors   map[string]string `yaml:"colors"` // "#rrggbb" by name
	Zones    []Zone            `yaml:"zones"`
	Grid     Grid              `yaml:"grid"`
	Specimen []Mark            `yaml:"specimen"`
	Art      []Motif           `yaml:"art"`
	Texts    []Text            `yaml:"texts"`
	Micro    []Micro           `yaml:"microtexts"`
	Fields   []Field           `yaml:"fields"`
	Samples  []Sample          `yaml:"samples"`

	file string
	data []byte
}

// CardName is what the law calls the card, for papers that go with it.
type CardName struct {
	Vietnamese string `yaml:"vi"`
	English    string `yaml:"en"`
}

// Issued says whose card gets the form: by the law and the day on which the application
// was filed, and the holder's age on that day. Of several forms, the one that is issued
// from the latest day is used.
type Issued struct {
	Document identity.Document `yaml:"document"` // card (default), certificate
	Law      identity.Law      `yaml:"law"`
	From     identity.Date     `yaml:"from"`      // first day of filing
	To       identity.Date     `yaml:"to"`        // last day of filing; none while it is in force
	FromAge  int               `yaml:"from_age"`  // youngest holder, in completed years
	BelowAge int               `yaml:"below_age"` // holders are younger than this; 0 for no limit
	line     int
}

// covers reports whether an application for the document filed under the law on that day, for
// a holder of that age, may get the form.
func (i Issued) covers(d identity.Document, law identity.Law, day identity.Date, age int) bool {
	return i.Document == d && i.Law == law && day.Compare(i.From) >= 0 && (i.To.IsZero() || day.Compare(i.To) <= 0) && i.HasAge(age)
}

// HasAge reports whether the form is issued to holders of that age.
func (i Issued) HasAge(age int) bool {
	return age >= i.FromAge && (i.BelowAge == 0 || age < i.BelowAge)
}

// Page is the size of a side.
type Page struct {
	W      float64 `yaml:"w"`
	H      float64 `yaml:"h"`
	Corner float64 `yaml:"corner"` // radius
	Safe   float64 `yaml:"safe"`   // margin in which nothing but art is printed
	Bleed  float64 `yaml:"bleed"`  // how far a print house's sheet goes beyond each edge
}

// Side of a card.
type Side string

// The sides.
const (
	Front Side = "front"
	Back  Side = "back"
)

// Box is a rectangle on a side.
type Box struct {
	Side Side    `yaml:"side"`
	X    float64 `yaml:"x"`
	Y    float64 `yaml:"y"`
	W    float64 `yaml:"w"`
	H    float64 `yaml:"h"`
}

// Zone is a box that is kept free. In the zone "chip", where the contacts lie, nothing
// at all is printed; in "mrz" nothing but the MRZ.
type Zone struct {
	Name string `yaml:"name"`
	Box  `yaml:",inline"`
	Line int `yaml:"-"`
}

// The names of zones.
const (
	ChipZone = "chip"
	MRZZone  = "mrz"
)

// Grid is where baselines lie: at From, and every Step from there. Texts of several lines
// keep to it where they have room. A form without one sets its baselines freely.
type Grid struct {
	From float64 `yaml:"from"`
	Step float64 `yaml:"step"`
	line int
}

// Mark is where a specimen is marked MẪU / SPECIMEN, in outline.
type Mark struct {
	Side  Side    `yaml:"side"`
	X     float64 `yaml:"x"` // of its middle
	Y     float64 `yaml:"y"`
	Size  float64 `yaml:"size"`
	Angle float64 `yaml:"angle"` // degrees, counterclockwise
	Line  int     `yaml:"-"`
}

// Motif is a piece of the background: one that package render draws, by its kind, or a
// drawing from a file.
type Motif struct {
	Kind   string `yaml:"kind"`
	Box    `yaml:",inline"`
	Colors []string `yaml:"colors"` // by name
	Count  int      `yaml:"count"`  // of lines, petals or rays; the motif's own number when 0
	Weight float64  `yaml:"weight"` // of lines, mm; the motif's own when 0

	// Of a drawing. It fills its box as far as its proportions allow.
	File    string `yaml:"file"`    // an SVG file beside the form
	SHA256  string `yaml:"sha256"`  // of the file, in hexadecimal
	Layer   Layer  `yaml:"layer"`   // what it is printed with
	Licence string `yaml:"licence"` // by which it may be used, after SPDX, or whose it is

	Drawing *svg.Drawing `yaml:"-"` // the file's
	Line    int          `yaml:"-"`
}

// Layer is what a drawing is printed with.
type Layer string

// The layers. Only Print goes to card printers: the others are a print house's, on the
// blank.
const (
	Print   Layer = "print"
	UV      Layer = "uv"      // ink that shines in ultraviolet light
	OVI     Layer = "ovi"     // ink that changes its color with the angle
	Tactile Layer = "tactile" // relief
)

// Layers are those that there are.
var Layers = []Layer{Print, UV, OVI, Tactile}

// Text is fixed: a title, a label, the name of an authority.
type Text struct {
	ID       string `yaml:"id"` // where a field comes after it
	Text     string `yaml:"text"`
	Box      `yaml:",inline"`
	Baseline float64 `yaml:"baseline"`
	Font     string  `yaml:"font"` // text (default), bold
	Size     float64 `yaml:"size"`
	Color    string  `yaml:"color"`
	Align    string  `yaml:"align"` // left (default), center
	Under    string  `yaml:"under"` // it stands under the field of this id, and rises with it
	Line     int     `yaml:"-"`
}

// Micro is a line of letters that a loupe shows: what a copier loses. It repeats its text,
// or a value of the card, from x on as often as w has room for, and is set a little wider or
// narrower than size says, so that it fills w.
type Micro struct {
	Text     string `yaml:"text"`
	Bind     string `yaml:"bind"`
	Box      `yaml:",inline"`
	Baseline float64 `yaml:"baseline"`
	Size     float64 `yaml:"size"`
	Color    string  `yaml:"color"`
	Line     int     `yaml:"-"`
}

// Kind is what a field shows.
type Kind string

// The kinds of fields.
const (
	TextField     Kind = "text"
	MRZField      Kind = "mrz"
	QRField       Kind = "qr"
	PortraitField Kind = "portrait"
	GhostField    Kind = "ghost" // the portrait again, small, pale and of one color
	FingerField   Kind = "finger"
)

// The fingers that a field of kind finger is bound to.
const (
	LeftIndex  = "left-index"
	RightIndex = "right-index"
)

// Field is filled from a card. A text field stands on its baseline and needs no y: that
// follows from its tallest letter. So does h, except for a field of several lines,
// where it is the room that they have.
type Field struct {
	ID       string `yaml:"id"`
	Kind     Kind   `yaml:"kind"`
	Bind     string `yaml:"bind"` // of a text: what of the card (see values); of a finger: which one
	Box      `yaml:",inline"`
	Color    string `yaml:"color"`
	Optional bool   `yaml:"optional"` // of a text: may be empty

	// Of a text.
	Baseline float64 `yaml:"baseline"` // of the first line
	After    string  `yaml:"after"`    // the first line begins behind the fixed text of this id
	Gap      float64 `yaml:"gap"`      // and this far behind it, mm
	Font     string  `yaml:"font"`     // text (default), bold
	Size     float64 `yaml:"size"`
	Single   float64 `yaml:"single"`  // it shrinks to this size before it wraps; Size when 0
	Wrapped  float64 `yaml:"wrapped"` // the size with which several lines begin; Size when 0
	Min      float64 `yaml:"min"`     // the smallest size; Wrapped when 0
	Lines    int     `yaml:"lines"`   // the most lines; 1 when 0
	Upper    bool    `yaml:"upper"`   // in capitals
	Rise     float64 `yaml:"rise"`    // how far what stands under it moves up if it takes one line, mm
	Under    string  `yaml:"under"`   // it stands under the field of this id, and rises with it

	// Of a portrait. A ghost fades as the portrait does.
	Feather float64 `yaml:"feather"` // how far its edge fades into the ground, mm

	// Of an MRZ, with Size.
	Pitch   float64 `yaml:"pitch"`   // from letter to letter, mm
	Leading float64 `yaml:"leading"` // from line to line, mm

	// Of a QR code.
	Level  string  `yaml:"level"`  // the best error correction: L, M, Q or H; it falls to L for long payloads
	Quiet  int     `yaml:"quiet"`  // modules of white around it
	Module float64 `yaml:"module"` // the smallest module, mm
	ECI    string  `yaml:"eci"`    // never or always marked as UTF-8; empty: where readers guess wrong

	Line int `yaml:"-"`
}

// Sample is a card that is hard to hold, by the names that fields are bound to: each
// form brings its own tests.
type Sample struct {
	Note   string            `yaml:"note"`
	Values map[string]string `yaml:"values"`
	Line   int               `yaml:"-"`
}

// Data is the form's file.
func (f *Form) Data() []byte { return f.data }

// HasChip reports whether what is made on the form has a chip, and so an MRZ, from which
// readers derive the chip's keys.
func (f *Form) HasChip() bool { return f.Issued.Document.HasChip() }

// Shows reports whether the form has a field of that kind.
func (f *Form) Shows(kind Kind) bool {
	return slices.ContainsFunc(f.Fields, func(g Field) bool { return g.Kind == kind })
}

// Fault is what is wrong with a form, with its file and the line.
func (f *Form) Fault(line int, what, format string, args ...any) error {
	return fmt.Errorf("form %s:%d: %s: %s", f.file, max(line, 1), what, fmt.Sprintf(format, args...))
}

// settle fills in what a field leaves out.
func (f *Form) settle() {
	f.Issued.Document = cmp.Or(f.Issued.Document, identity.CardDocument)
	for i := range f.Texts {
		f.Texts[i].Font = cmp.Or(f.Texts[i].Font, "text")
	}
	portrait := slices.IndexFunc(f.Fields, func(g Field) bool { return g.Kind == PortraitField && g.W > 0 })
	for i := range f.Fields {
		g := &f.Fields[i]
		if g.Kind == GhostField && portrait >= 0 {
			g.Feather = f.Fields[portrait].Feather * g.W / f.Fields[portrait].W
		}
		g.Font = cmp.Or(g.Font, "text")
		if g.Kind != TextField {
			continue
		}
		g.Lines = max(g.Lines, 1)
		g.Wrapped = cmp.Or(g.Wrapped, g.Size)
		g.Min = cmp.Or(g.Min, g.Wrapped)
		if g.Lines == 1 {
			g.Single = g.Min
		}
		g.Single = cmp.Or(g.Single, g.Size)
	}
}
