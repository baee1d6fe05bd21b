package render

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
)

// clearance is the least distance between texts of different lines, mm.
const clearance = 0.1

// placement gathers what is on each side, and what is wrong with it.
type placement struct {
	*Form
	faults []error
	placed []placed
}

// placed is something on a side that nothing else may touch.
type placed struct {
	what string
	line int
	forms.Box
	kind string // zone, text, the kind of a field or of a motif
}

// checkPlacement lists everything that does not fit, with file, line and field: letters
// that no font has, texts that are too wide, and whatever overlaps or leaves the page.
func (f *Form) checkPlacement() error {
	p := &placement{Form: f}
	for _, z := range f.Zones {
		p.place(placed{zone(z.Name), z.Line, z.Box, "zone"})
	}
	for _, m := range f.Art {
		p.motif(m)
	}
	for _, t := range f.Texts {
		p.text(t)
	}
	for i := range f.fields {
		p.field(&f.fields[i])
	}
	p.overlaps()
	if p.faults == nil { // what follows draws, and needs a sound form
		for _, m := range f.Specimen {
			p.mark(m)
		}
		p.samples()
	}
	return errors.Join(p.faults...)
}

// wrong notes a fault.
func (p *placement) wrong(line int, what, format string, args ...any) {
	p.faults = append(p.faults, p.Fault(line, what, format, args...))
}

// zone names a zone for faults.
func zone(name string) string { return "zone " + name }

// place notes where something is. It is wrong off the page, or nearer to the edge than is
// safe.
func (p *placement) place(it placed) {
	safe := p.Page.Safe
	if it.kind == "zone" {
		safe = 0
	}
	if it.W <= 0 || it.H <= 0 {
		p.wrong(it.line, it.what, "it has no width or no height")
	}
	if it.X < safe-1e-6 || it.Y < safe-1e-6 || it.X+it.W > p.Page.W-safe+1e-6 || it.Y+it.H > p.Page.H-safe+1e-6 {
		p.wrong(it.line, it.what, "it reaches from %.2f, %.2f to %.2f, %.2f mm: off the page, or in the margin of %.1f mm where no print is safe",
			it.X, it.Y, it.X+it.W, it.Y+it.H, safe)
	}
	p.placed = append(p.placed, it)
}

func (p *placement) motif(m forms.Motif) {
	what := "art " + m.Kind + m.File
	if m.W < 0 || m.H < 0 || m.W > 2*p.Page.W || m.H > 2*p.Page.H {
		p.wrong(m.Line, what, "it may be at most twice as large as the page")
	}
	if m.Drawing != nil {
		return
	}
	known, ok := motifs[m.Kind]
	if !ok {
		p.wrong(m.Line, what, "the motif does not exist; %v do", slices.Sorted(maps.Keys(motifs)))
		return
	}
	switch n := len(m.Colors); {
	case known.colors < 0 && n < -known.colors:
		p.wrong(m.Line, what, "it takes %d color(s) or more, not %d", -known.colors, n)
	case known.colors >= 0 && n != known.colors:
		p.wrong(m.Line, what, "it takes %d color(s), not %d", known.colors, n)
	}
	if m.Count < 0 || m.Count > 200 || m.Weight < 0 || m.Weight > 2 {
		p.wrong(m.Line, what, "count must be 0 to 200, and weight 0 to 2 mm")
	}
	if known.solid {
		p.place(placed{what, m.Line, m.Box, m.Kind})
		return
	}
}

func (p *placement) text(t forms.Text) {
	what := fmt.Sprintf("text %q", t.Text)
	em, missing := p.renderer.faces.width(t.Font, letters(t.Text))
	width := em * t.Size * point
	switch {
	case missing != 0:
		p.wrong(t.Line, what, "no font has %q", missing)
	case width > t.W+0.01:
		p.wrong(t.Line, what, "it is %.2f mm wide; its box is %.2f", width, t.W)
	default:
		ink := t.Box // what its letters cover, no more
		ink.W = width
		if t.Align == "center" {
			ink.X += (t.W - width) / 2
		}
		p.place(placed{what, t.Line, ink, "text"})
		p.flow(what, t.Line, ink, t.Under)
	}
}

func (p *placement) field(g *field) {
	what := "field " + g.ID
	if g.Kind != forms.TextField {
		p.place(placed{what, g.Line, g.Box, string(g.Kind)})
		return
	}
	if need := (g.top + g.bottom) * g.Size * point; g.H < need-1e-6 {
		p.wrong(g.Line, what, "h is %.2f mm; one line at %.4g pt takes %.2f", g.H, g.Size, need)
		return
	}
	for i, part := range g.inked() {
		if part.W < 2 {
			p.wrong(g.Line, what, "part %d is %.2f mm wide: no text fits", i+1, part.W)
			continue
		}
		p.place(placed{what, g.Line, part, "text"})
		p.flow(what, g.Line, part, g.Under)
	}
}

// inked is what a text field may cover. A first line that begins behind a label is a box
// of its own.
func (g *field) inked() []forms.Box {
	if g.indent == 0 {
		return []forms.Box{g.Box}
	}
	first, rest := g.Box, g.Box
	first.X, first.W, first.H = g.X+g.indent, g.W-g.indent, g.Baseline+g.bottom*g.Size*point-g.Y
	rest.Y += first.H + clearance
	rest.H -= first.H + clearance
	return []forms.Box{first, rest}
}

// overlaps refuses whatever lies on something else, except a seal on a signature and the
// MRZ in its zone.
func (p *placement) overlaps() {
	for i, a := range p.placed {
		for _, b := range p.placed[:i] {
			apart := b.Box
			if a.kind == "text" && b.kind == "text" {
				apart.Y, apart.H = apart.Y-clearance, apart.H+2*clearance
			}
			if a.what == b.what || !overlap(a.Box, apart) {
				continue
			}
			if together(a, b, "seal", "signature") || together(a, b, "zone", "mrz") && (a.what == zone(forms.MRZZone) || b.what == zone(forms.MRZZone)) {
				continue
			}
			p.wrong(a.line, a.what, "it overlaps or touches %s", b.what)
		}
	}
}

func together(a, b placed, kind, other string) bool {
	return a.kind == kind && b.kind == other || a.kind == other && b.kind == kind
}

// mark refuses a specimen's mark on what machines read.
func (p *placement) mark(m forms.Mark) {
	what := "specimen " + string(m.Side)
	corners := p.markCorners(m)
	for _, c := range corners {
		if c.x < 0 || c.y < 0 || c.x > p.Page.W || c.y > p.Page.H {
			p.wrong(m.Line, what, "it goes beyond the page at %.1f, %.1f mm", c.x, c.y)
		}
	}
	for _, it := range p.placed {
		if it.Side == m.Side && (it.kind == string(forms.QRField) || it.kind == string(forms.MRZField) || it.kind == "zone") && meets(corners, it.Box) {
			p.wrong(m.Line, what, "it runs over %s", it.what)
		}
	}
}

// meets reports whether a turned rectangle and a box share an area: whether their shadows
// overlap in the direction of every side.
func meets(corners [4]dot, b forms.Box) bool {
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

// samples lays out the cards that the form must hold.
func (p *placement) samples() {
	for i, s := range p.Samples {
		what := fmt.Sprintf("sample %d (%s)", i+1, s.Note)
		for j := range p.fields {
			g := &p.fields[j]
			bind := g.Bind
			if g.Kind == forms.QRField {
				bind = string(forms.QRField)
			}
			value, ok := s.Values[bind]
			if !ok {
				continue
			}
			var err error
			switch g.Kind {
			case forms.TextField:
				_, err = p.fit(g, value)
			case forms.QRField:
				_, err = encode(g.Field, value)
			case forms.MRZField, forms.PortraitField, forms.GhostField, forms.FingerField:
			}
			if refusal, refused := errors.AsType[*identity.Refusal](err); refused {
				p.wrong(s.Line, what, "field %s: %s", g.ID, refusal.Detail)
			} else if err != nil {
				p.wrong(s.Line, what, "field %s: %v", g.ID, err)
			}
		}
	}
}
