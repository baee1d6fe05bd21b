package forms

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
)

// MRZCellHeight is the height of the cells that the letters of an MRZ stand in, mm.
const MRZCellHeight = 3.6

// mrzLetters and mrzLines are the size of the MRZ of a card (TD1, ICAO Doc 9303-5).
const (
	mrzLetters = 30
	mrzLines   = 3
)

// SmallestModule is the smallest module of a QR code that scans from a card printed at
// 300 dpi, mm: about three dots.
const SmallestModule = 0.25

// leastQuiet is how many modules of white a QR code has around it (ISO/IEC 18004,
// 6.3.8).
const leastQuiet = 4

// fonts are those of texts and text fields.
var fonts = []string{"text", "bold"}

// leastSize and greatestSize are those of a text, pt.
const (
	leastSize    = 3
	greatestSize = 40
)

// oldest is an age that nobody passes.
const oldest = 200

// touch is how far apart lengths may be that count as equal, mm.
const touch = 1e-6

var hexColor = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// validation gathers what is wrong with a form's data. What needs letters to be
// measured is checked by package render.
type validation struct {
	*Form
	faults []error
	ids    map[string]bool // of texts and fields
}

// validate lists everything that is wrong with a form's data, with file, line and field.
func (f *Form) validate() error {
	v := &validation{Form: f, ids: make(map[string]bool)}
	v.head()
	v.issued()
	v.qrValues()
	for _, z := range f.Zones {
		if z.Name != ChipZone && z.Name != MRZZone {
			v.wrong(z.Line, "zone "+z.Name, "the zone does not exist; there are chip and mrz")
		}
		v.side(z.Line, "zone "+z.Name, z.Side)
	}
	for _, m := range f.Specimen {
		v.side(m.Line, "specimen "+string(m.Side), m.Side)
		if m.Size <= 0 {
			v.wrong(m.Line, "specimen "+string(m.Side), "size is needed")
		}
	}
	for _, m := range f.Art {
		v.art(m)
	}
	v.grid()
	for _, t := range f.Texts {
		v.text(t)
	}
	for _, m := range f.Micro {
		v.micro(m)
	}
	for _, g := range f.Fields {
		v.field(g)
	}
	v.samples()
	return errors.Join(v.faults...)
}

// wrong notes a fault.
func (v *validation) wrong(line int, what, format string, args ...any) {
	v.faults = append(v.faults, v.Fault(line, what, format, args...))
}

func (v *validation) head() {
	if v.ID == "" || v.Title == "" || v.Version < 1 {
		v.wrong(1, "form", "id, title and version (1 and up) are needed")
	}
	if v.Card.Vietnamese == "" || v.Card.English == "" {
		v.wrong(1, "card", "vi and en are needed, the names of the card in both languages")
	}
	p := v.Page
	if p.W < 20 || p.H < 20 || p.W > 400 || p.H > 400 || p.Safe < 0 || p.Bleed > 20 || p.Bleed < 0 || p.Corner < 0 || p.Corner*2 > min(p.W, p.H) {
		v.wrong(1, "page", "w and h are 20 to 400 mm; corner, safe and bleed are 0 or more, bleed at most 20, and the corners fit")
	}
	for _, name := range slices.Sorted(maps.Keys(v.Colors)) {
		if !hexColor.MatchString(v.Colors[name]) {
			v.wrong(1, "color "+name, "%q is not #rrggbb", v.Colors[name])
		}
	}
}

func (v *validation) issued() {
	i := v.Issued
	if !slices.Contains(identity.Laws, i.Law) {
		v.wrong(i.line, "issued", "law is needed; there are %s", list(identity.Laws))
	}
	if !slices.Contains(identity.Documents, i.Document) {
		v.wrong(i.line, "issued", "document is %q, which does not exist; there are %s", i.Document, list(identity.Documents))
	}
	if v.Shows(MRZField) && !v.HasChip() {
		v.wrong(i.line, "issued", "a %s has no chip, and so no MRZ: leave out the field of kind mrz", i.Document)
	}
	if !i.From.Complete() || !i.To.IsZero() && (!i.To.Complete() || i.To.Compare(i.From) < 0) {
		v.wrong(i.line, "issued", "from is needed, yyyy-mm-dd, and to cannot be before it")
	}
	if i.FromAge < 0 || i.FromAge > oldest || i.BelowAge != 0 && i.BelowAge <= i.FromAge {
		v.wrong(i.line, "issued", "from_age is 0 to %d, and below_age, if given, is above it", oldest)
	}
}

func (v *validation) qrValues() {
	if (len(v.QR) > 0) != v.Shows(QRField) {
		v.wrong(1, "qr", "the values of the QR code and a field of kind qr go together; one of them is missing")
	}
	for _, value := range v.QR {
		if qrValues[value.Bind] == nil {
			v.wrong(value.line, "qr", "bind is %q, which does not exist; there are %s", value.Bind, list(slices.Sorted(maps.Keys(qrValues))))
		}
		if value.BelowAge < 0 {
			v.wrong(value.line, "qr", "below_age cannot be negative")
		}
	}
}

func (v *validation) side(line int, what string, s Side) {
	if s != Front && s != Back {
		v.wrong(line, what, "side must be front or back")
	}
}

// style checks what texts and text fields share.
func (v *validation) style(line int, what, font, color string, size float64) {
	v.color(line, what, color)
	if !slices.Contains(fonts, font) {
		v.wrong(line, what, "there is no font %q; there are %s", font, list(fonts))
	}
	if size < leastSize || size > greatestSize {
		v.wrong(line, what, "size is %.4g pt; %d to %d are accepted", size, leastSize, greatestSize)
	}
}

func (v *validation) color(line int, what, name string) {
	if _, ok := v.Colors[name]; !ok {
		v.wrong(line, what, "there is no color %q", name)
	}
}

// id notes an id; it is wrong if it is empty or used before.
func (v *validation) id(line int, what, id string) {
	if id == "" || v.ids[id] {
		v.wrong(line, what, "the id is empty, or used twice")
	}
	v.ids[id] = true
}

func (v *validation) text(t Text) {
	what := fmt.Sprintf("text %q", t.Text)
	if t.ID != "" {
		v.id(t.Line, what, t.ID)
	}
	v.side(t.Line, what, t.Side)
	v.style(t.Line, what, t.Font, t.Color, t.Size)
	v.baseline(t.Line, what, t.Baseline)
	v.under(t.Line, what, t.Under, t.Side)
	if t.Align != "" && t.Align != "left" && t.Align != "center" {
		v.wrong(t.Line, what, "align must be left or center")
	}
}

func (v *validation) field(g Field) {
	what := "field " + g.ID
	v.id(g.Line, what, g.ID)
	v.side(g.Line, what, g.Side)
	if g.Optional && g.Kind != TextField {
		v.wrong(g.Line, what, "only a text can be optional")
	}
	switch g.Kind {
	case TextField:
		v.textField(g, what)
	case MRZField:
		v.mrz(g, what)
	case QRField:
		v.qr(g, what)
	case PortraitField:
		v.feather(g, what)
	case GhostField:
		v.ghost(g, what)
	case FingerField:
		if g.Bind != LeftIndex && g.Bind != RightIndex {
			v.wrong(g.Line, what, "bind must be %s or %s", LeftIndex, RightIndex)
		}
	default:
		v.wrong(g.Line, what, "there is no kind %q; there are text, mrz, qr, portrait, ghost and finger", g.Kind)
	}
}

// ghost checks that it is the portrait, smaller.
func (v *validation) ghost(g Field, what string) {
	v.color(g.Line, what, g.Color)
	portrait := slices.IndexFunc(v.Fields, func(p Field) bool { return p.Kind == PortraitField && p.Side == g.Side })
	if portrait < 0 {
		v.wrong(g.Line, what, "it repeats the portrait of its side, and there is none")
		return
	}
	if p := v.Fields[portrait]; g.W <= 0 || g.H <= 0 || math.Abs(g.W*p.H/(g.H*p.W)-1) > 0.01 || g.W >= p.W {
		v.wrong(g.Line, what, "it must have the portrait's proportions, and be smaller")
	}
}

// The sizes of a microtext, pt: 0.8 has letters of 0.2 mm.
const leastMicro, greatestMicro = 0.8, 2.0

func (v *validation) micro(m Micro) {
	what := "microtext " + m.Text + m.Bind
	v.side(m.Line, what, m.Side)
	v.color(m.Line, what, m.Color)
	if (m.Text == "") == (m.Bind == "") {
		v.wrong(m.Line, what, "it has a text or a bind, and not both")
	}
	if _, ok := values[m.Bind]; m.Bind != "" && !ok {
		v.wrong(m.Line, what, "bind is %q, which does not exist; there are %s", m.Bind, list(slices.Sorted(maps.Keys(values))))
	}
	if m.Size < leastMicro || m.Size > greatestMicro {
		v.wrong(m.Line, what, "size is %.4g pt; %.4g to %.4g are accepted", m.Size, leastMicro, greatestMicro)
	}
	if m.X < 0 || m.W <= 0 || m.X+m.W > v.Page.W || m.Baseline <= 0 || m.Baseline > v.Page.H {
		v.wrong(m.Line, what, "it leaves the page")
	}
}

func (v *validation) feather(g Field, what string) {
	if most := min(g.W, g.H) / 4; g.Feather < 0 || g.Feather > most {
		v.wrong(g.Line, what, "feather is %.4g mm; 0 to %.4g are accepted, a quarter of its shorter side", g.Feather, most)
	}
}

func (v *validation) textField(g Field, what string) {
	if _, ok := values[g.Bind]; !ok {
		v.wrong(g.Line, what, "bind is %q, which does not exist; there are %s", g.Bind, list(slices.Sorted(maps.Keys(values))))
	}
	v.style(g.Line, what, g.Font, g.Color, g.Size)
	v.baseline(g.Line, what, g.Baseline)
	v.flow(g, what)
	if g.After != "" && !slices.ContainsFunc(v.Texts, func(t Text) bool { return t.ID == g.After && t.Side == g.Side }) {
		v.wrong(g.Line, what, "there is no text %q on its side, which it comes after", g.After)
	}
	if g.Min < leastSize || g.Min > g.Wrapped || g.Wrapped > g.Size || g.Single > g.Size || g.Single < g.Min {
		v.wrong(g.Line, what, "sizes must descend from size to wrapped or single and min, and min is at least %d pt", leastSize)
	}
}

func (v *validation) mrz(g Field, what string) {
	if g.Pitch <= 0 || g.Leading < MRZCellHeight || g.Size <= 0 {
		v.wrong(g.Line, what, "pitch, size and leading are needed; leading is %.1f mm or more", MRZCellHeight)
	}
	if v.Colors[g.Color] != "#000000" {
		v.wrong(g.Line, what, "its color must be black (#000000): readers see it by infrared light")
	}
	inside := func(z Zone) bool {
		return z.Name == MRZZone && z.Side == g.Side && g.X >= z.X && g.Y >= z.Y && g.X+g.W <= z.X+z.W+touch && g.Y+g.H <= z.Y+z.H+touch
	}
	if !slices.ContainsFunc(v.Zones, inside) {
		v.wrong(g.Line, what, "it must lie in a zone mrz on its side")
	}
	if w, h := mrzLetters*g.Pitch, (mrzLines-1)*g.Leading+MRZCellHeight; g.W < w-touch || g.H < h-touch {
		v.wrong(g.Line, what, "its box must hold %d letters and %d lines: %.2f by %.2f mm", mrzLetters, mrzLines, w, h)
	}
}

func (v *validation) qr(g Field, what string) {
	const smallest = 21 // modules on a side of the smallest code
	if g.Module < SmallestModule {
		v.wrong(g.Line, what, "module is %.2f mm; one under %.2f mm (3 dots at 300 dpi) does not scan", g.Module, SmallestModule)
	} else if modules := int(g.W/g.Module) - 2*g.Quiet; modules < smallest {
		v.wrong(g.Line, what, "%.1f mm have no room for a QR code with modules of %.2f mm", g.W, g.Module)
	}
	if !slices.Contains([]string{"L", "M", "Q", "H"}, g.Level) {
		v.wrong(g.Line, what, "level must be L, M, Q or H")
	}
	if !slices.Contains([]string{"", "never", "always"}, g.ECI) {
		v.wrong(g.Line, what, "eci is %q; it must be never or always, or be left out", g.ECI)
	}
	if g.Quiet < leastQuiet {
		v.wrong(g.Line, what, "quiet is %d; a QR code has %d modules of white around it (ISO/IEC 18004, 6.3.8)", g.Quiet, leastQuiet)
	}
	if d := g.W - g.H; d > touch || d < -touch {
		v.wrong(g.Line, what, "its box must be square")
	}
}

func (v *validation) samples() {
	if len(v.Samples) == 0 {
		v.wrong(1, "samples", "a form brings at least one card that is hard to hold")
	}
	for i, s := range v.Samples {
		for _, bind := range slices.Sorted(maps.Keys(s.Values)) {
			if _, known := values[bind]; !known && bind != string(QRField) {
				v.wrong(s.Line, fmt.Sprintf("sample %d (%s)", i+1, s.Note), "%q is not a name that a field can be bound to", bind)
			}
		}
	}
}

// list joins names for a sentence.
func list[T ~string](names []T) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = string(n)
	}
	return strings.Join(words, ", ")
}
