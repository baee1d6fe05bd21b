package render

import (
	"math"
	"strings"

	"example.org/cancuoc/templates/forms"
)

// repeat sets a microtext: its text as often as its line has room for, and a little wider or
// narrower than its size, so that it ends with a whole word where the line ends. Letters
// that no font has are left out.
func (f *Form) repeat(m forms.Micro, text string) []piece {
	var once strings.Builder
	width := 0.0
	for _, r := range letters(text) {
		if _, g, ok := f.renderer.faces.find("text", r); ok {
			once.WriteRune(r)
			width += g.width
		}
	}
	if width == 0 {
		return nil
	}
	_, space, _ := f.renderer.faces.find("text", ' ')
	times := max(math.Round((m.W/(m.Size*point)+space.width)/(width+space.width)), 1)
	line := strings.TrimSuffix(strings.Repeat(once.String()+" ", int(times)), " ")
	runs, length := f.renderer.faces.shape("text", line)
	return []piece{{runs: runs, x: m.X, y: m.Baseline, size: m.W / (length * point), color: f.color(m.Color)}}
}

// microtexts draws microtexts so that no text is extracted from them.
func (p *document) microtexts(pieces []piece) {
	if len(pieces) == 0 {
		return
	}
	p.pdf.RawWriteStr("/Span <</ActualText ()>> BDC\n")
	p.texts(pieces)
	p.pdf.RawWriteStr("EMC\n")
}
