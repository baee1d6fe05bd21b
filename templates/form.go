// Package templates draws cards: forms as data (forms/), fonts, and one layout
// that is written as PDF for printers or as bitmaps for cameras and adapters.
//
// Lengths are millimetres from the top left corner of a side, y downwards; font
// sizes are points. Start at Catalog.Form, then Form.Check and Form.PDF.
package templates

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"example.org/cancuoc/internal/identity"
)

//go:embed forms/*.yaml
var formFiles embed.FS

// Catalog holds every form, and the fonts that they are drawn with.
type Catalog struct {
	forms map[identity.FormID]*Form
	faces map[string]*typeface
	cache cache
}

// Load reads the forms that are built in.
func Load() (*Catalog, error) {
	files, err := fs.Sub(formFiles, "forms")
	if err != nil {
		return nil, fmt.Errorf("load forms: %w", err)
	}
	return LoadFS(files)
}

// LoadFS reads the forms (*.yaml) of a folder. Everything that is wrong with them
// is told, with file and line.
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
	var faults []error
	for _, name := range names {
		form, err := c.read(files, name)
		if err != nil {
			faults = append(faults, err)
			continue
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
	ID     identity.FormID   `yaml:"id"`
	Title  string            `yaml:"title"`
	Source string            `yaml:"source"` // the circular
	Page   Page              `yaml:"page"`
	Colors map[string]string `yaml:"colors"` // "#rrggbb" by name
	Zones  []Zone            `yaml:"zones"`
	Texts  []Text            `yaml:"texts"`
	Fields []Field           `yaml:"fields"`

	catalog *Catalog
	hash    string
	art     [2]*artwork // front, back
}

// Page is the size of a side.
type Page struct {
	W      float64 `yaml:"w"`
	H      float64 `yaml:"h"`
	Corner float64 `yaml:"corner"` // radius
	Safe   float64 `yaml:"safe"`   // nothing but art is nearer to the edge
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

// Zone is a box where nothing is printed: the chip's contacts.
type Zone struct {
	Name string `yaml:"name"`
	Box  `yaml:",inline"`
	line int
}

// Text is fixed: a title, a label, a block of the authority.
type Text struct {
	Text  string `yaml:"text"`
	Box   `yaml:",inline"`
	Font  string  `yaml:"font"`
	Size  float64 `yaml:"size"`
	Color string  `yaml:"color"`
	Align string  `yaml:"align"` // left (default), centre
	line  int
}

// Field is filled from a card. Kind text has Font to Lines; the others their own
// few.
type Field struct {
	ID       string `yaml:"id"`
	Kind     string `yaml:"kind"` // text, mrz, qr, portrait, finger, roundel, chip-symbol
	Bind     string `yaml:"bind"` // what of the card; see bindings
	Box      `yaml:",inline"`
	Font     string  `yaml:"font"`
	Size     float64 `yaml:"size"`
	Min      float64 `yaml:"min"`     // it may shrink to this size
	Lines    int     `yaml:"lines"`   // and wrap to so many lines
	Leading  float64 `yaml:"leading"` // from line to line, mm
	Indent   float64 `yaml:"indent"`  // of the first line, mm: it begins behind a label
	Color    string  `yaml:"color"`
	Upper    bool    `yaml:"upper"`
	Optional bool    `yaml:"optional"`
	Pitch    float64 `yaml:"pitch"`  // of an MRZ: from letter to letter, mm
	Level    string  `yaml:"level"`  // of a QR code: the best error correction, L, M, Q or H; it falls to L
	Quiet    int     `yaml:"quiet"`  // of a QR code: modules of white around
	Module   float64 `yaml:"module"` // of a QR code: the smallest module, mm
	line     int
}

// UnmarshalYAML keeps the line for errors.
func (z *Zone) UnmarshalYAML(n *yaml.Node) error {
	type plain Zone
	z.line = n.Line
	return strict(n, (*plain)(z))
}

// UnmarshalYAML keeps the line for errors.
func (t *Text) UnmarshalYAML(n *yaml.Node) error {
	type plain Text
	t.line = n.Line
	return strict(n, (*plain)(t))
}

// UnmarshalYAML keeps the line for errors.
func (f *Field) UnmarshalYAML(n *yaml.Node) error {
	type plain Field
	f.line = n.Line
	return strict(n, (*plain)(f))
}

// strict decodes a mapping and refuses keys that it has no place for: yaml.v3
// forgets KnownFields inside a custom unmarshaller.
func strict(n *yaml.Node, into any) error {
	known := make(map[string]bool)
	var document yaml.Node
	if err := document.Encode(into); err != nil {
		return err
	}
	for i := 0; i+1 < len(document.Content); i += 2 {
		known[document.Content[i].Value] = true
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !known[n.Content[i].Value] {
			return fmt.Errorf("line %d: there is no setting %q", n.Content[i].Line, n.Content[i].Value)
		}
	}
	return n.Decode(into)
}

// read reads and checks one form.
func (c *Catalog) read(files fs.FS, name string) (*Form, error) {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("form %s: %w", name, err)
	}
	f := &Form{catalog: c}
	decoder := yaml.NewDecoder(strings.NewReader(string(b)))
	decoder.KnownFields(true)
	if err := decoder.Decode(f); err != nil {
		return nil, fmt.Errorf("form %s: %w", name, err)
	}
	sum := sha256.New()
	sum.Write(b)
	for _, face := range []string{"text", "bold", "mrz"} {
		sum.Write(c.faces[face].packed)
	}
	f.hash = hex.EncodeToString(sum.Sum(nil))
	if err := f.validate(path.Base(name)); err != nil {
		return nil, err
	}
	f.art = [2]*artwork{drawArt(f, Front), drawArt(f, Back)}
	return f, nil
}

// Hash identifies the form's data and fonts, for the record of a card.
func (f *Form) Hash() string { return f.hash }

// Field finds a field by its ID.
func (f *Form) Field(id string) (Field, bool) {
	i := slices.IndexFunc(f.Fields, func(g Field) bool { return g.ID == id })
	if i < 0 {
		return Field{}, false
	}
	return f.Fields[i], true
}

// validate tells everything that is wrong with a form, with file, field and line.
func (f *Form) validate(file string) error {
	var faults []error
	wrong := func(line int, what, format string, args ...any) {
		faults = append(faults, fmt.Errorf("form %s:%d: %s: %s", file, line, what, fmt.Sprintf(format, args...)))
	}
	if f.ID == "" || f.Page.W <= 0 || f.Page.H <= 0 {
		wrong(1, "form", "id and page are needed")
	}
	for name, value := range f.Colors {
		if _, err := parseColor(value); err != nil {
			wrong(1, "color "+name, "%q is not #rrggbb", value)
		}
	}
	type placed struct {
		what string
		line int
		Box
	}
	var boxes []placed
	for _, z := range f.Zones {
		boxes = append(boxes, placed{"zone " + z.Name, z.line, z.Box})
	}
	for _, t := range f.Texts {
		f.checkStyle(t.Font, t.Color, t.Size, func(format string, args ...any) { wrong(t.line, "text", format, args...) })
		_, em, missing := f.catalog.shape(orText(t.Font), t.Text)
		width := em * t.Size * point
		if missing != 0 {
			wrong(t.line, "text", "no font has %q", missing)
		} else if width > t.W+0.01 {
			wrong(t.line, "text", "%q is %.1f mm wide; its box has %.1f", t.Text, width, t.W)
		}
		inked := t.inked(width)
		boxes = append(boxes, placed{fmt.Sprintf("text %q", t.Text), t.line, inked})
		if !f.inside(t.Box) {
			wrong(t.line, "text", "%q is outside the page", t.Text)
		}
	}
	seen := make(map[string]bool)
	for _, g := range f.Fields {
		what := "field " + g.ID
		report := func(format string, args ...any) { wrong(g.line, what, format, args...) }
		if seen[g.ID] || g.ID == "" {
			report("the id is empty or used twice")
		}
		seen[g.ID] = true
		if !f.inside(g.Box) {
			report("its box is outside the page, or empty")
		}
		f.checkField(g, report)
		for _, b := range g.inked() {
			boxes = append(boxes, placed{what, g.line, b})
		}
	}
	for i, a := range boxes {
		for _, b := range boxes[:i] {
			if a.what != b.what && a.overlaps(b.Box) {
				wrong(a.line, a.what, "overlaps %s", b.what)
			}
		}
	}
	return errors.Join(faults...)
}

// inked is what a text of that width covers of its box, marks above capitals and
// descenders included.
func (t Text) inked(width float64) Box {
	b, em := t.Box, t.Size*point
	b.Y, b.H, b.W = t.Y+t.H-1.08*em, em, width
	if t.Align == "centre" {
		b.X += (t.W - width) / 2
	}
	return b
}

// inked is what a field may cover: where its first line begins behind a label,
// that line apart.
func (g Field) inked() []Box {
	if g.Indent == 0 {
		return []Box{g.Box}
	}
	first, rest := g.Box, g.Box
	first.X, first.W, first.H = g.X+g.Indent, g.W-g.Indent, g.Leading
	rest.Y, rest.H = g.Y+g.Leading, g.H-g.Leading
	return []Box{first, rest}
}

func (f *Form) checkStyle(font, color string, size float64, wrong func(string, ...any)) {
	if f.catalog.faces[orText(font)] == nil {
		wrong("there is no font %q; text, bold and mrz are known", font)
	}
	if _, ok := f.Colors[color]; !ok && color != "" {
		wrong("there is no color %q", color)
	}
	if size <= 0 {
		wrong("size must be above 0")
	}
}

func (f *Form) checkField(g Field, wrong func(string, ...any)) {
	switch g.Kind {
	case "text":
		f.checkStyle(g.Font, g.Color, g.Size, wrong)
		if bindings[g.Bind] == nil {
			wrong("there is nothing to bind to by the name %q", g.Bind)
		}
		if g.Min > g.Size {
			wrong("min is above size")
		}
		if g.Lines > 1 && g.Leading <= 0 {
			wrong("leading is needed with more than one line")
		}
	case "mrz":
		if g.Pitch <= 0 || g.Leading <= 0 || g.Size <= 0 {
			wrong("pitch, leading and size are needed")
		}
	case "qr":
		if g.Module < 0.25 {
			wrong("module is %.2f mm; a module under 0.25 mm (3 dots at 300 dpi) does not scan", g.Module)
		}
		if _, ok := levels[g.Level]; !ok {
			wrong("level must be L, M, Q or H")
		}
		if modules := int(g.W/g.Module) - 2*g.Quiet; modules < 21 {
			wrong("%.1f mm hold no QR code of such modules", g.W)
		}
	case "portrait", "roundel", "chip-symbol", "finger":
	default:
		wrong("there is no kind %q", g.Kind)
	}
}

// inside reports whether a box lies on the page.
func (f *Form) inside(b Box) bool {
	return (b.Side == Front || b.Side == Back) && b.W > 0 && b.H > 0 && b.X >= 0 && b.Y >= 0 && b.X+b.W <= f.Page.W+1e-9 && b.Y+b.H <= f.Page.H+1e-9
}

// overlaps reports whether two boxes share an area.
func (b Box) overlaps(o Box) bool {
	const touch = 1e-6
	return b.Side == o.Side && b.X < o.X+o.W-touch && o.X < b.X+b.W-touch && b.Y < o.Y+o.H-touch && o.Y < b.Y+b.H-touch
}

// point is a typographic point, in mm.
const point = 25.4 / 72

func orText(font string) string {
	if font == "" {
		return "text"
	}
	return font
}

// rgb is a color.
type rgb struct{ r, g, b uint8 }

func parseColor(s string) (rgb, error) {
	if len(s) != 7 || s[0] != '#' {
		return rgb{}, errors.New("not #rrggbb")
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return rgb{}, errors.New("not #rrggbb")
	}
	return rgb{uint8(n >> 16), uint8(n >> 8 & 0xff), uint8(n & 0xff)}, nil
}

// color finds a color by its name; black when it has none.
func (f *Form) color(name string) rgb {
	c, err := parseColor(f.Colors[name])
	if err != nil {
		return rgb{}
	}
	return c
}
