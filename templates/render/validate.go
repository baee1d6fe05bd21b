package render

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"

	"example.org/cancuoc/internal/identity"
)

// smallestModule is the smallest module of a QR code that scans, mm: about three dots
// at 300 dpi.
const smallestModule = 0.25

// clearance is how far texts of different lines stand apart at least, mm.
const clearance = 0.1

// validation gathers what is wrong with a form.
type validation struct {
	*Form
	file   string
	faults []error
	placed []placed
	ids    map[string]bool // of texts and fields
}

// placed is something on a side that nothing else may touch.
type placed struct {
	what string
	line int
	Box
	kind string
}

// validate tells everything that is wrong with a form, with file, line and field.
func (f *Form) validate(file string) error {
	v := &validation{Form: f, file: file, ids: make(map[string]bool)}
	v.head()
	for _, z := range f.Zones {
		v.zone(z)
	}
	for i := range f.Art {
		v.motif(&f.Art[i])
	}
	for i := range f.Texts {
		v.text(&f.Texts[i])
	}
	for i := range f.Fields {
		v.field(&f.Fields[i])
	}
	v.overlaps()
	if v.faults == nil { // what follows draws, and so needs a sound form
		for _, m := range f.Specimen {
			v.mark(m)
		}
		v.samples()
	}
	return errors.Join(v.faults...)
}

// wrong notes a fault.
func (v *validation) wrong(line int, what, format string, args ...any) {
	v.faults = append(v.faults, fmt.Errorf("form %s:%d: %s: %s", v.file, max(line, 1), what, fmt.Sprintf(format, args...)))
}

// place notes where something is, and tells when it is off the page or nearer to
// the edge than is safe.
func (v *validation) place(p placed) {
	if p.Side != Front && p.Side != Back {
		v.wrong(p.line, p.what, "side must be front or back")
		return
	}
	safe := v.Page.Safe
	if p.kind == "zone" {
		safe = 0
	}
	if p.W <= 0 || p.H <= 0 {
		v.wrong(p.line, p.what, "it has no width or no height")
	}
	if p.X < safe-1e-6 || p.Y < safe-1e-6 || p.X+p.W > v.Page.W-safe+1e-6 || p.Y+p.H > v.Page.H-safe+1e-6 {
		v.wrong(p.line, p.what, "it reaches from %.2f, %.2f to %.2f, %.2f mm: off the page, or into the margin of %.1f mm that no print is safe in",
			p.X, p.Y, p.X+p.W, p.Y+p.H, safe)
	}
	v.placed = append(v.placed, p)
}

func (v *validation) head() {
	if v.ID == "" || v.Title == "" || v.Version < 1 {
		v.wrong(1, "form", "id, title and version (1 and up) are needed")
	}
	if !v.ValidFrom.Complete() || v.ValidTo != (identity.Date{}) && v.ValidTo.Compare(v.ValidFrom) < 0 {
		v.wrong(1, "form", "valid_from is needed, and valid_to cannot be before it")
	}
	if v.Page.W < 20 || v.Page.H < 20 || v.Page.W > 400 || v.Page.H > 400 || v.Page.Safe < 0 || v.Page.Bleed > 20 || v.Page.Bleed < 0 || v.Page.Corner < 0 || v.Page.Corner*2 > min(v.Page.W, v.Page.H) {
		v.wrong(1, "page", "w and h are 20 to 400 mm; corner, safe and bleed are 0 or more, bleed at most 20, and the corners fit")
	}
	for _, name := range slices.Sorted(maps.Keys(v.Colors)) {
		if _, err := parseColor(v.Colors[name]); err != nil {
			v.wrong(1, "color "+name, "%q is not #rrggbb", v.Colors[name])
		}
	}
}

func (v *validation) zone(z Zone) {
	if z.Name != "chip" && z.Name != "mrz" {
		v.wrong(z.line, "zone "+z.Name, "there is no such zone; chip and mrz are known")
	}
	v.place(placed{"zone " + z.Name, z.line, z.Box, "zone"})
}

func (v *validation) motif(m *Motif) {
	what := "art " + m.Kind
	known, ok := motifs[m.Kind]
	if !ok {
		v.wrong(m.line, what, "there is no such motif; %v are known", slices.Sorted(maps.Keys(motifs)))
		return
	}
	if len(m.Colors) != known.colors {
		v.wrong(m.line, what, "it takes %d color(s)", known.colors)
	}
	for _, name := range m.Colors {
		v.color(m.line, what, name)
	}
	if m.Count < 0 || m.Count > 200 || m.Weight < 0 || m.Weight > 2 {
		v.wrong(m.line, what, "count is 0 to 200, weight 0 to 2 mm")
	}
	if known.solid {
		v.place(placed{what, m.line, m.Box, m.Kind})
		return
	}
	if m.Side != Front && m.Side != Back {
		v.wrong(m.line, what, "side must be front or back")
	}
	if m.W < 0 || m.H < 0 || m.W > 2*v.Page.W || m.H > 2*v.Page.H {
		v.wrong(m.line, what, "it may be at most twice as large as the page")
	}
}

func (v *validation) color(line int, what, name string) {
	if _, ok := v.Colors[name]; !ok {
		v.wrong(line, what, "there is no color %q", name)
	}
}

// style checks what texts and fields share, and reports whether they can be
// measured.
func (v *validation) style(line int, what, font, color string, size float64) bool {
	v.color(line, what, color)
	if v.catalog.faces[font] == nil {
		v.wrong(line, what, "there is no font %q; text, bold and mrz are known", font)
		return false
	}
	if size < 3 || size > 40 {
		v.wrong(line, what, "size is %.4g pt; 3 to 40 are accepted", size)
		return false
	}
	return true
}

func (v *validation) text(t *Text) {
	what := fmt.Sprintf("text %q", t.Text)
	if t.ID != "" {
		v.id(t.line, what, t.ID)
	}
	if t.Align != "" && t.Align != "left" && t.Align != "centre" {
		v.wrong(t.line, what, "align must be left or centre")
	}
	if !v.style(t.line, what, t.Font, t.Color, t.Size) {
		return
	}
	em, missing := v.catalog.width(t.Font, letters(t.Text))
	width := em * t.Size * point
	switch {
	case missing != 0:
		v.wrong(t.line, what, "no font has %q", missing)
	case width > t.W+0.01:
		v.wrong(t.line, what, "it is %.2f mm wide; its box has %.2f", width, t.W)
	default:
		ink := t.Box // what its letters cover, no more
		ink.W = width
		if t.Align == "centre" {
			ink.X += (t.W - width) / 2
		}
		v.place(placed{what, t.line, ink, "text"})
	}
}

// id notes an id, and tells when it is used twice.
func (v *validation) id(line int, what, id string) {
	if id == "" || v.ids[id] {
		v.wrong(line, what, "the id is empty, or used twice")
	}
	v.ids[id] = true
}

func (v *validation) field(g *Field) {
	what := "field " + g.ID
	v.id(g.line, what, g.ID)
	switch g.Kind {
	case "text":
		v.textField(g, what)
		return
	case "mrz":
		v.mrz(g, what)
	case "qr":
		v.qr(g, what)
	case "portrait":
	case "finger":
		if g.Bind != "left-index" && g.Bind != "right-index" {
			v.wrong(g.line, what, "bind must be left-index or right-index")
		}
	default:
		v.wrong(g.line, what, "there is no kind %q; text, mrz, qr, portrait and finger are known", g.Kind)
	}
	v.place(placed{what, g.line, g.Box, g.Kind})
}

func (v *validation) textField(g *Field, what string) {
	if _, ok := bindings[g.Bind]; !ok {
		v.wrong(g.line, what, "there is nothing to bind to by the name %q; %v are known", g.Bind, slices.Sorted(maps.Keys(bindings)))
	}
	if !v.style(g.line, what, g.Font, g.Color, g.Size) {
		return
	}
	if g.After != "" && !slices.ContainsFunc(v.Texts, func(t Text) bool { return t.ID == g.After && t.Side == g.Side }) {
		v.wrong(g.line, what, "there is no text %q on its side to come after", g.After)
	}
	if g.Min < 3 || g.Min > g.Wrapped || g.Wrapped > g.Size || g.Single > g.Size || g.Single < g.Min {
		v.wrong(g.line, what, "sizes must descend: size, wrapped or single, min; none under 3 pt")
	}
	if need := (g.top + g.bottom) * g.Size * point; g.H < need-1e-6 {
		v.wrong(g.line, what, "h is %.2f mm; one line at %.4g pt takes %.2f", g.H, g.Size, need)
		return
	}
	for i, part := range g.inked() {
		if part.W < 2 {
			v.wrong(g.line, what, "part %d has %.2f mm: no text fits", i+1, part.W)
			continue
		}
		v.place(placed{what, g.line, part, "text"})
	}
}

// inked is what a text field may cover: where its first line begins behind a label,
// that line apart.
func (g *Field) inked() []Box {
	if g.indent == 0 {
		return []Box{g.Box}
	}
	first, rest := g.Box, g.Box
	first.X, first.W, first.H = g.X+g.indent, g.W-g.indent, g.Baseline+g.bottom*g.Size*point-g.Y
	rest.Y += first.H + clearance
	rest.H -= first.H + clearance
	return []Box{first, rest}
}

func (v *validation) mrz(g *Field, what string) {
	if g.Pitch <= 0 || g.Leading < CellHeight || g.Size <= 0 {
		v.wrong(g.line, what, "pitch, size and leading (%.1f mm and more) are needed", CellHeight)
	}
	if c, err := parseColor(v.Colors[g.Color]); err != nil || c != (rgb{}) {
		v.wrong(g.line, what, "its color must be black (#000000), for readers see it by infrared light")
	}
	inside := func(z Zone) bool {
		return z.Name == "mrz" && z.Side == g.Side && g.X >= z.X && g.Y >= z.Y && g.X+g.W <= z.X+z.W+1e-6 && g.Y+g.H <= z.Y+z.H+1e-6
	}
	if !slices.ContainsFunc(v.Zones, inside) {
		v.wrong(g.line, what, "it must lie in a zone mrz on its side")
	}
	if need := 30 * g.Pitch; g.W < need-1e-6 || g.H < 2*g.Leading+CellHeight-1e-6 {
		v.wrong(g.line, what, "its box must hold 30 letters and 3 lines: %.2f by %.2f mm", need, 2*g.Leading+CellHeight)
	}
}

func (v *validation) qr(g *Field, what string) {
	if g.Module < smallestModule {
		v.wrong(g.line, what, "module is %.2f mm; one under %.2f mm (3 dots at 300 dpi) does not scan", g.Module, smallestModule)
	} else if modules := int(g.W/g.Module) - 2*g.Quiet; modules < 21 {
		v.wrong(g.line, what, "%.1f mm hold no QR code of such modules", g.W)
	}
	if !g.Level.Known() {
		v.wrong(g.line, what, "level must be L, M, Q or H")
	}
	if g.Quiet < 4 {
		v.wrong(g.line, what, "quiet is %d; a QR code has 4 modules of white around it (ISO/IEC 18004, 6.3.8)", g.Quiet)
	}
	if math.Abs(g.W-g.H) > 1e-6 {
		v.wrong(g.line, what, "its box must be square")
	}
}

// overlaps tells what lies upon something else. A seal may lie on a signature; in
// the zone mrz lies the MRZ.
func (v *validation) overlaps() {
	for i, a := range v.placed {
		for _, b := range v.placed[:i] {
			apart := b.Box
			if a.kind == "text" && b.kind == "text" {
				apart.Y, apart.H = apart.Y-clearance, apart.H+2*clearance
			}
			if a.what == b.what || !a.overlaps(apart) {
				continue
			}
			if together(a, b, "seal", "signature") || together(a, b, "zone", "mrz") && (a.what == "zone mrz" || b.what == "zone mrz") {
				continue
			}
			v.wrong(a.line, a.what, "it overlaps or touches %s", b.what)
		}
	}
}

func together(a, b placed, kind, other string) bool {
	return a.kind == kind && b.kind == other || a.kind == other && b.kind == kind
}

// mark tells when the specimen's mark would disturb what machines read.
func (v *validation) mark(m Mark) {
	what := "specimen " + string(m.Side)
	if (m.Side != Front && m.Side != Back) || m.Size <= 0 {
		v.wrong(m.line, what, "side (front or back) and size are needed")
		return
	}
	corners := v.markCorners(m)
	for _, p := range corners {
		if p.x < 0 || p.y < 0 || p.x > v.Page.W || p.y > v.Page.H {
			v.wrong(m.line, what, "it goes beyond the page at %.1f, %.1f mm", p.x, p.y)
		}
	}
	for _, p := range v.placed {
		if p.Side == m.Side && p.kind != "text" && p.kind != "seal" && p.kind != "signature" && meets(corners, p.Box) {
			v.wrong(m.line, what, "it runs over %s", p.what)
		}
	}
}

// meets reports whether a turned rectangle and a box share an area: whether none of
// the directions of their sides parts them.
func meets(corners [4]dot, b Box) bool {
	box := rectangle(b)
	e, n := dot{corners[1].x - corners[0].x, corners[1].y - corners[0].y}, dot{corners[3].x - corners[0].x, corners[3].y - corners[0].y}
	for _, axis := range []dot{{1, 0}, {0, 1}, e, n} {
		low1, high1 := shadow(corners[:], axis)
		low2, high2 := shadow(box, axis)
		if high1 <= low2 || high2 <= low1 {
			return false
		}
	}
	return true
}

func shadow(points []dot, axis dot) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, p := range points {
		d := p.x*axis.x + p.y*axis.y
		low, high = min(low, d), max(high, d)
	}
	return low, high
}

// samples lays out the cards that the form says it can hold.
func (v *validation) samples() {
	if len(v.Samples) == 0 {
		v.wrong(1, "samples", "a form brings at least one card that is hard to hold")
	}
	for i, s := range v.Samples {
		what := fmt.Sprintf("sample %d (%s)", i+1, s.Note)
		for _, bind := range slices.Sorted(maps.Keys(s.Values)) {
			if _, known := bindings[bind]; !known && bind != "qr" {
				v.wrong(s.line, what, "there is nothing to bind to by the name %q", bind)
			}
		}
		for j := range v.Fields {
			g := &v.Fields[j]
			value, ok := s.Values[g.Bind]
			if !ok {
				continue
			}
			var err error
			switch g.Kind {
			case "text":
				_, err = v.fit(g, value)
			case "qr":
				_, err = encode(g, value)
			}
			if refusal, refused := errors.AsType[*identity.Refusal](err); refused {
				v.wrong(s.line, what, "field %s: %s", g.ID, refusal.Detail)
			} else if err != nil {
				v.wrong(s.line, what, "field %s: %v", g.ID, err)
			}
		}
	}
}

// overlaps reports whether two boxes share an area.
func (b Box) overlaps(o Box) bool {
	const touch = 1e-6
	return b.Side == o.Side && b.X < o.X+o.W-touch && o.X < b.X+b.W-touch && b.Y < o.Y+o.H-touch && o.Y < b.Y+b.H-touch
}

// rgb is a color.
type rgb struct{ r, g, b uint8 }

var hexColor = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func parseColor(s string) (rgb, error) {
	if !hexColor.MatchString(s) {
		return rgb{}, errors.New("not #rrggbb")
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return rgb{}, errors.New("not #rrggbb")
	}
	return rgb{uint8(n >> 16 & 0xff), uint8(n >> 8 & 0xff), uint8(n & 0xff)}, nil
}

// color finds a color by its name; black when it has none.
func (f *Form) color(name string) rgb {
	c, err := parseColor(f.Colors[name])
	if err != nil {
		return rgb{}
	}
	return c
}
