package render

import (
	"strings"

	"example.org/cancuoc/internal/identity"
)

// shrink is the step by which a text gets smaller, pt.
const shrink = 0.25

// fit sets a text into its field: on one line, which shrinks from the field's size to
// single, then on several, which shrink from wrapped to min. A text that does not fit
// then is refused.
func (f *Form) fit(g *field, text string) ([]piece, error) {
	name := g.Value().Field
	if text == "" {
		if g.Optional {
			return nil, nil
		}
		return nil, identity.RefuseField(identity.Invalid, name, "is missing; the form %s shows it", f.ID)
	}
	if g.Upper {
		text = strings.ToUpper(text)
	}
	text = letters(text)
	words, missing := f.words(g.Font, text)
	if missing != 0 {
		return nil, identity.RefuseField(identity.Invalid, name, "contains a character that no form can print (U+%04X)", missing)
	}
	space := f.renderer.faces[g.Font].glyphs[' '].width
	for size := g.Size; size >= g.Single-1e-9; size -= shrink {
		if lines, ok := g.wrap(words, space, size*point, 1); ok {
			return f.pieces(g, lines, size), nil
		}
	}
	for size := g.Wrapped; g.Lines > 1 && size >= g.Min-1e-9; size -= shrink {
		if lines, ok := g.wrap(words, space, size*point, g.Lines); ok && g.holds(lines, size*point) {
			return f.pieces(g, lines, size), nil
		}
	}
	return nil, identity.RefuseField(identity.Invalid, name,
		"does not fit on the card, which has room for %d line(s) of %.0f mm at %.4g pt", g.Lines, g.W, g.Min)
}

// word is a word with its measures, in em.
type word struct {
	text               string
	width, top, bottom float64
}

// words cuts a text at spaces and measures its words; missing is the first letter that
// the face lacks.
func (f *Form) words(face, text string) (words []word, missing rune) {
	words = make([]word, 0, 1+strings.Count(text, " "))
	for part := range strings.SplitSeq(text, " ") {
		w := word{text: part}
		for _, r := range part {
			glyph, ok := f.renderer.faces.glyph(face, r)
			if !ok {
				return nil, r
			}
			w.width += glyph.width
			w.top, w.bottom = max(w.top, -glyph.top), max(w.bottom, glyph.bottom)
		}
		words = append(words, w)
	}
	return words, 0
}

// line is a line of words, and how far they reach above and below its baseline, in em.
type line struct {
	words       []word
	top, bottom float64
}

// wrap breaks words into at most n lines; em is the size in mm. The first line may be
// empty if it begins behind a label.
func (g *field) wrap(words []word, space, em float64, n int) (lines []line, ok bool) {
	room, used := g.W-g.indent, 0.0
	var current line
	from := 0
	for i := 0; i < len(words); {
		needed := words[i].width * em
		if used > 0 {
			needed += space * em
		}
		if used+needed <= room+1e-6 {
			used += needed
			current.top, current.bottom = max(current.top, words[i].top), max(current.bottom, words[i].bottom)
			i++
			continue
		}
		if used == 0 && (len(lines) > 0 || g.indent == 0) || len(lines)+1 >= n {
			return nil, false // a word is wider than a line, or there is no further line
		}
		current.words = words[from:i]
		lines = append(lines, current)
		current, from, room, used = line{}, i, g.W, 0
	}
	current.words = words[from:]
	return append(lines, current), true
}

// The least distance from baseline to baseline, and between the letters of two lines, in
// em.
const (
	leastLeading = 1.2
	leastGap     = 0.06
)

// leading is the distance from baseline to baseline, mm.
func (g *field) leading(lines []line, em float64) float64 {
	leading := leastLeading
	for i := 1; i < len(lines); i++ {
		bottom := lines[i-1].bottom
		if i == 1 && g.indent > 0 {
			bottom = g.bottom // the label's
		}
		leading = max(leading, bottom+lines[i].top+leastGap)
	}
	return leading * em
}

// tall is the height of several lines, mm.
func (g *field) tall(lines []line, em float64) float64 {
	n := len(lines) - 1
	return lines[0].top*em + float64(n)*g.leading(lines, em) + lines[n].bottom*em
}

// holds reports whether the field is tall enough for the lines.
func (g *field) holds(lines []line, em float64) bool {
	room := g.H
	if g.indent > 0 {
		room -= g.Baseline - lines[0].top*em - g.Y // it begins on its baseline
	}
	return g.tall(lines, em) <= room+1e-6
}

// first is the first baseline, mm. A single line stands on the field's baseline, and so
// do several of which the first begins behind a label; others stand in the middle of the
// field.
func (g *field) first(lines []line, em float64) float64 {
	if len(lines) == 1 || g.indent > 0 {
		return g.Baseline
	}
	return g.Y + (g.H-g.tall(lines, em))/2 + lines[0].top*em
}

// pieces places wrapped lines.
func (f *Form) pieces(g *field, lines []line, size float64) []piece {
	em := size * point
	first, leading := g.first(lines, em), g.leading(lines, em)
	pieces := make([]piece, 0, len(lines))
	for i, l := range lines {
		if len(l.words) == 0 {
			continue
		}
		texts := make([]string, 0, len(l.words))
		for _, w := range l.words {
			texts = append(texts, w.text)
		}
		runs, _ := f.renderer.faces.shape(g.Font, strings.Join(texts, " "))
		x := g.X
		if i == 0 {
			x += g.indent
		}
		pieces = append(pieces, piece{runs: runs, x: x, y: first + float64(i)*leading, size: size, color: f.color(g.Color)})
	}
	return pieces
}
