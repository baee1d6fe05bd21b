package render

import (
	"slices"

	"example.org/cancuoc/templates/forms"
)

// moveLabels moves the labels up that stand under fields of one line.
func (f *Form) moveLabels(l *layout) {
	if len(l.rises) == 0 {
		return
	}
	for i, labels := range f.labels {
		l.labels[i] = slices.Clone(labels)
		for j, id := range f.under[i] {
			l.labels[i][j].y -= l.rises[id]
		}
	}
}

// moving lists the labels of a side that do not stand still.
func (f *Form) moving(side int, labels []piece) (moving []piece) {
	for j, id := range f.under[side] {
		if id != "" {
			moving = append(moving, labels[j])
		}
	}
	return moving
}

// still lists the labels of a side that stand still.
func (f *Form) still(side int) (still []piece) {
	for j, id := range f.under[side] {
		if id == "" {
			still = append(still, f.labels[side][j])
		}
	}
	return still
}

// placed is the form as it is laid out for one card: its texts and fields are where they
// stand there.
func (f *Form) placed(l *layout) forms.Form {
	placed := f.Form
	placed.Texts, placed.Fields = slices.Clone(f.Texts), slices.Clone(f.Fields)
	for i := range placed.Texts {
		t := &placed.Texts[i]
		t.Y, t.Baseline = t.Y-l.rises[t.Under], t.Baseline-l.rises[t.Under]
	}
	for i := range placed.Fields {
		g := &placed.Fields[i]
		g.Y, g.Baseline, g.H = g.Y-l.rises[g.Under], g.Baseline-l.rises[g.Under], g.H-l.rises[g.ID]
	}
	return placed
}

// flow refuses what would touch a field of one line if it moved up.
func (p *placement) flow(what string, line int, b forms.Box, under string) {
	for i := range p.fields {
		g := &p.fields[i]
		if under == "" || g.ID != under {
			continue
		}
		if top, bottom := b.Y-g.Rise, g.Baseline+g.bottom*g.Size*point; top < bottom+clearance {
			p.wrong(line, what, "it touches field %s if that takes one line: it then reaches up to %.2f mm, and the field down to %.2f", g.ID, top, bottom)
		}
	}
}
