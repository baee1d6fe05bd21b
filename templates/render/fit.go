package render

import (
	"math"
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
)

// shrink is the step by which a text gets smaller, pt.
const shrink = 0.25

// fit sets a text into its field: on one line, which shrinks from the field's size to
// single, then on several, which shrink from wrapped to min. Lines break at commas, so that
// a unit and its name stay together; at spaces where that does not fit; and behind hyphens
// where that does not either. A text that does not fit then is refused.
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
	words, missing := f.words(g.Font, letters(text))
	if missing != 0 {
		return nil, identity.RefuseField(identity.Invalid, name, "contains a character that no form can print (U+%04X)", missing)
	}
	space := f.renderer.faces[g.Font].glyphs[' '].width
	for size := g.Size; size >= g.Single-1e-9; size -= shrink {
		if lines, ok := g.wrap(words, space, size*point, 1); ok {
			return f.pieces(g, lines, size), nil
		}
	}
	for _, at := range []breaks{atCommas, atSpaces, atHyphens} {
		if units, ok := f.units(g.Font, words, space, at); ok && g.Lines > 1 {
			if lines, size, ok := g.wrapped(units, space); ok {
				return f.pieces(g, lines, size), nil
			}
		}
	}
	return nil, identity.RefuseField(identity.Invalid, name,
		"does not fit on the card, which has room for %d line(s) of %.0f mm at %.4g pt", g.Lines, g.W, g.Min)
}

// forBalance is how much smaller letters may be for lines that are balanced, pt.
const forBalance = 0.5

// wrapped sets words on several lines, as large as they can be, and balanced if that makes
// them little smaller: tall letters may come above each other.
func (g *field) wrapped(words []word, space float64) (lines []line, size float64, ok bool) {
	for at := g.Wrapped; at >= g.Min-1e-9; at -= shrink {
		full, fits := g.wrap(words, space, at*point, g.Lines)
		if !fits || !g.holds(full, at*point) {
			continue
		}
		if balanced := g.balance(words, full, space, at*point); g.holds(balanced, at*point) {
			return balanced, at, true
		}
		if !ok {
			lines, size, ok = full, at, true
		}
		if size-at >= forBalance-1e-9 {
			break
		}
	}
	return lines, size, ok
}

// word is a word, or what stays together on a line, with its measures in em.
type word struct {
	text               string
	width, top, bottom float64
	joined             bool // no space goes before it: it is what follows a hyphen
}

// words cuts a text at spaces and measures its words; missing is the first letter that
// the face lacks.
func (f *Form) words(face, text string) (words []word, missing rune) {
	words = make([]word, 0, 1+strings.Count(text, " "))
	for part := range strings.SplitSeq(text, " ") {
		w, missing := f.word(face, part)
		if missing != 0 {
			return nil, missing
		}
		words = append(words, w)
	}
	return words, 0
}

// word measures a word.
func (f *Form) word(face, text string) (w word, missing rune) {
	w = word{text: text}
	if w.width, missing = f.renderer.faces.width(face, text); missing != 0 {
		return w, missing
	}
	for _, r := range text {
		_, g, _ := f.renderer.faces.find(face, r)
		w.top, w.bottom = max(w.top, -g.top), max(w.bottom, g.bottom)
	}
	return w, 0
}

// breaks says where lines break.
type breaks int

const (
	atCommas breaks = iota
	atSpaces
	atHyphens
)

// units are what stays together where lines break so; ok is false where that changes
// nothing.
func (f *Form) units(face string, words []word, space float64, at breaks) (units []word, ok bool) {
	switch at {
	case atCommas:
		for i, w := range words {
			if i > 0 && !strings.HasSuffix(words[i-1].text, ",") {
				last := &units[len(units)-1]
				last.text += " " + w.text
				last.width += space + w.width
				last.top, last.bottom = max(last.top, w.top), max(last.bottom, w.bottom)
				continue
			}
			units = append(units, w)
		}
		return units, len(units) > 1
	case atSpaces:
		return words, true
	case atHyphens:
	}
	for _, w := range words {
		for i, part := range strings.SplitAfter(w.text, "-") {
			if part == "" {
				continue
			}
			piece, _ := f.word(face, part) // it has been measured with its word
			piece.joined = i > 0
			units = append(units, piece)
		}
	}
	return units, len(units) > len(words)
}

// line is a line of words, and how far they reach above and below its baseline, in em.
type line struct {
	words       []word
	top, bottom float64
}

// text is what the line says.
func (l line) text() string {
	var b strings.Builder
	for i, w := range l.words {
		if i > 0 && !w.joined {
			b.WriteByte(' ')
		}
		b.WriteString(w.text)
	}
	return b.String()
}

// width is how wide words are on one line, em.
func width(words []word, space float64) (sum float64) {
	for i, w := range words {
		if i > 0 && !w.joined {
			sum += space
		}
		sum += w.width
	}
	return sum
}

// lineOf is a line of those words.
func lineOf(words []word) line {
	l := line{words: words}
	for _, w := range words {
		l.top, l.bottom = max(l.top, w.top), max(l.bottom, w.bottom)
	}
	return l
}

// room is how wide the i-th line may be, mm.
func (g *field) room(i int) float64 {
	if i == 0 {
		return g.W - g.indent
	}
	return g.W
}

// wrap breaks words into at most n lines, as few as can be; em is the size in mm. The first
// line may be empty if it begins behind a label.
func (g *field) wrap(words []word, space, em float64, n int) (lines []line, ok bool) {
	for from := 0; from < len(words) || len(lines) == 0; {
		if len(lines) == n {
			return nil, false
		}
		room, to, used := g.room(len(lines))+1e-6, from, 0.0
		for to < len(words) {
			needed := words[to].width * em
			if to > from && !words[to].joined {
				needed += space * em
			}
			if used+needed > room {
				break
			}
			used += needed
			to++
		}
		if to == from && (len(lines) > 0 || g.indent == 0) {
			return nil, false // it is wider than a line
		}
		lines = append(lines, lineOf(words[from:to]))
		from = to
	}
	return lines, true
}

// balance breaks words into as many lines as they were wrapped into, so that the lines are as
// much alike in their length as can be. A first line behind a label stays as it was.
func (g *field) balance(words []word, lines []line, space, em float64) []line {
	kept := 0
	if g.indent > 0 {
		kept = 1
		words = words[len(lines[0].words):]
	}
	n := len(lines) - kept
	if n < 2 {
		return lines
	}
	type end struct { // of the best lines that end before a word
		cost float64
		from int // the last line's first word
	}
	best := make([][]end, n+1)
	for k := range best {
		best[k] = slices.Repeat([]end{{math.Inf(1), 0}}, len(words)+1)
	}
	best[0][0].cost = 0
	for k := 1; k <= n; k++ {
		for to := 1; to <= len(words); to++ {
			for from := to - 1; from >= 0; from-- {
				slack := g.W - width(words[from:to], space)*em
				if slack < -1e-6 {
					break
				}
				if cost := best[k-1][from].cost + slack*slack; cost < best[k][to].cost {
					best[k][to] = end{cost, from}
				}
			}
		}
	}
	balanced := slices.Clone(lines)
	for k, to := n, len(words); k > 0; k-- {
		from := best[k][to].from
		balanced[kept+k-1] = lineOf(words[from:to])
		to = from
	}
	return balanced
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

// set gives the first baseline and the distance from one to the next, mm: on the form's grid
// if there is room.
func (g *field) set(lines []line, em float64) (first, leading float64) {
	first, leading = g.first(lines, em), g.leading(lines, em)
	if g.step <= 0 || g.indent > 0 {
		return first, leading
	}
	last := len(lines) - 1
	onGrid := math.Ceil(leading/g.step-1e-9) * g.step
	if g.Baseline+float64(last)*onGrid+lines[last].bottom*em <= g.Y+g.H+1e-6 {
		return g.Baseline, onGrid
	}
	return first, leading
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
	first, leading := g.set(lines, em)
	pieces := make([]piece, 0, len(lines))
	for i, l := range lines {
		if len(l.words) == 0 {
			continue
		}
		runs, _ := f.renderer.faces.shape(g.Font, l.text())
		x := g.X
		if i == 0 {
			x += g.indent
		}
		pieces = append(pieces, piece{runs: runs, x: x, y: first + float64(i)*leading, size: size, color: f.color(g.Color)})
	}
	return pieces
}
