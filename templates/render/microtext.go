package render

import (
	"strings"

	"example.org/cancuoc/templates/forms"
)

// repeat sets a microtext: its text again and again, up to the last letter that the line
// has room for. Letters that no font has are left out.
func (f *Form) repeat(m forms.Micro, text string) []piece {
	var line strings.Builder
	width, room := 0.0, m.W/(m.Size*point)
	for text = letters(text) + " "; width < room; {
		before := width
		for _, r := range text {
			_, g, ok := f.renderer.faces.find("text", r)
			if !ok {
				continue
			}
			if width += g.width; width > room {
				break
			}
			line.WriteRune(r)
		}
		if width == before {
			return nil
		}
	}
	runs, _ := f.renderer.faces.shape("text", strings.TrimSuffix(line.String(), " "))
	return []piece{{runs: runs, x: m.X, y: m.Baseline, size: m.Size, color: f.color(m.Color)}}
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
