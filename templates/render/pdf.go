package render

import "fmt"

// PDF draws a card: two pages, front and back, of exactly the card's size, with embedded
// fonts. The same card gives the same bytes. It refuses what Check refuses, and a missing
// portrait. Safe for concurrent use.
func (f *Form) PDF(c Content, o Options) ([]byte, error) {
	if err := f.complete(c); err != nil {
		return nil, err
	}
	l, err := f.layout(c, o.Mode)
	if err != nil {
		return nil, err
	}
	p := newDocument(f.Page, f.Title, 0)
	what := o.background()
	what.body, what.layers = false, false
	if err := p.importArt(f, what); err != nil {
		return nil, err
	}
	for i := range sides {
		p.pdf.AddPage()
		if what.art {
			p.art(f, i)
			p.microtexts(f.micro[i])
			p.texts(l.labels[i])
		}
		if err := p.pictures(f, l.pictures[i]); err != nil {
			return nil, fmt.Errorf("draw form %s: %w", f.ID, err)
		}
		if what != (background{}) {
			p.art(f, i+len(sides))
		}
		p.microtexts(l.micro[i])
		p.codes(l.codes[i])
		p.texts(l.pieces[i])
	}
	return p.bytes()
}

// Blank draws what a print shop prints on blanks in advance: art and fixed texts, with
// the form's bleed beyond the card's edges and a trim box where the card is. Overlay then
// adds the rest. Only Specimen of the options counts.
func (f *Form) Blank(o Options) ([]byte, error) {
	p := newDocument(f.Page, f.Title, f.Page.Bleed)
	if err := p.importArt(f, background{art: true, specimen: o.Specimen}); err != nil {
		return nil, err
	}
	p.pdf.SetPageBox("trim", f.Page.Bleed, f.Page.Bleed, f.Page.W, f.Page.H)
	for i := range sides {
		p.pdf.AddPage()
		p.art(f, i)
		p.microtexts(f.micro[i])
		p.texts(f.labels[i])
		p.art(f, i+len(sides))
	}
	return p.bytes()
}
