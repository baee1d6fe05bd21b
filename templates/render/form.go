package render

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// Form is a form that is ready to be drawn. Its texts and text fields have been measured:
// their boxes are those of their letters.
type Form struct {
	forms.Form

	renderer *Renderer
	fields   []field // the form's Fields, with measures, in the same order
	digest   [sha256.Size]byte
	art      [2]*artwork // front, back
	labels   [2][]piece  // the fixed texts
	under    [2][]string // and what each of them stands under
	micro    [2][]piece  // the fixed microtexts
}

// field is a field with its measures.
type field struct {
	*forms.Field
	indent float64 // of the first line, mm
	top    float64 // of its letters above the baseline, em
	bottom float64 // and below
	step   float64 // of the form's grid, mm
}

// sides are in the order of a PDF's pages.
var sides = [2]forms.Side{forms.Front, forms.Back}

func sideIndex(s forms.Side) int {
	if s == forms.Back {
		return 1
	}
	return 0
}

// point is a typographic point, in mm.
const point = 25.4 / 72

// Digest identifies what is the same on every card of the form: its file, fonts and art.
// It is kept in the record of each card that is prepared.
func (f *Form) Digest() [sha256.Size]byte { return f.digest }

// compile measures and checks a form, and draws everything that is the same on every
// card.
func (r *Renderer) compile(data *forms.Form) (*Form, error) {
	f := &Form{Form: *data, renderer: r}
	f.Texts, f.Fields = slices.Clone(data.Texts), slices.Clone(data.Fields)
	f.measure()
	if err := f.checkPlacement(); err != nil {
		return nil, err
	}
	for i, side := range sides {
		f.art[i] = drawArt(f, side)
		f.labels[i], f.under[i] = f.fixedTexts(side)
		for _, m := range f.Micro {
			if m.Side == side && m.Bind == "" {
				f.micro[i] = append(f.micro[i], f.repeat(m, m.Text)...)
			}
		}
	}
	sum := sha256.New()
	sum.Write(f.Data())
	for _, face := range []string{"text", "bold", "text-more", "bold-more", "mrz"} {
		sum.Write(r.faces[face].packed)
	}
	background, err := xobject(f, background{art: true, specimen: true})
	if err != nil {
		return nil, fmt.Errorf("draw form %s: %w", f.ID, err)
	}
	sum.Write(background)
	sum.Sum(f.digest[:0])
	return f, nil
}

// measure computes what follows from the letters: the boxes of texts and text fields,
// and where the fields that come after a text begin.
func (f *Form) measure() {
	ends := make(map[string]float64)
	for i := range f.Texts {
		t := &f.Texts[i]
		width, _ := f.renderer.faces.width(t.Font, letters(t.Text))
		ends[t.ID] = t.X + width*t.Size*point
		top, bottom := f.renderer.faces.reach(t.Font, letters(t.Text))
		t.Y, t.H = t.Baseline-top*t.Size*point, (top+bottom)*t.Size*point
	}
	f.fields = make([]field, len(f.Fields))
	for i := range f.Fields {
		g := &f.fields[i]
		g.Field = &f.Fields[i]
		if g.Kind != forms.TextField {
			continue
		}
		if end, ok := ends[g.After]; ok && g.After != "" {
			if begin := end + g.Gap; g.Lines == 1 {
				g.W, g.X = g.X+g.W-begin, begin
			} else {
				g.indent = begin - g.X
			}
		}
		g.step = f.Grid.Step
		g.top, g.bottom = f.renderer.faces.reach(g.Font, g.Value().Alphabet)
		g.Y = g.Baseline - g.top*g.Size*point
		if g.Lines == 1 {
			g.H = (g.top + g.bottom) * g.Size * point
		}
	}
}

// fixedTexts are the fixed texts of a side, in their places, and what each stands under.
func (f *Form) fixedTexts(side forms.Side) (pieces []piece, under []string) {
	for _, t := range f.Texts {
		if t.Side != side {
			continue
		}
		runs, width := f.renderer.faces.shape(t.Font, letters(t.Text))
		x := t.X
		if t.Align == "center" {
			x += (t.W - width*t.Size*point) / 2
		}
		pieces = append(pieces, piece{runs: runs, x: x, y: t.Baseline, size: t.Size, color: f.color(t.Color)})
		under = append(under, t.Under)
	}
	return pieces, under
}
