package render

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// doubled are the letters of Ede, Jrai and Bahnar for which Unicode has no code point,
// but writes a combining mark behind a letter. Here each is one letter, at U+E000 and up,
// as in the font files.
var doubled = [...]string{"Ê\u0306", "Ô\u0306", "Ơ\u0306", "Ư\u0306", "ê\u0306", "ô\u0306", "ơ\u0306", "ư\u0306"}

// firstDoubled is the code point of the first of doubled.
const firstDoubled = '\uE000'

// letters gives the text as the typefaces know it: NFC, with one rune for each
// letter.
func letters(text string) string {
	text = norm.NFC.String(text)
	if !strings.ContainsFunc(text, func(r rune) bool { return r == '\u0306' || isDoubled(r) }) {
		return text
	}
	text = strings.Map(func(r rune) rune {
		if isDoubled(r) { // the text itself may not use these code points: no font has U+FFFD
			return '\uFFFD'
		}
		return r
	}, text)
	for i, pair := range doubled {
		text = strings.ReplaceAll(text, pair, string(rune(firstDoubled+i)))
	}
	return text
}

// isDoubled reports whether r stands for a pair.
func isDoubled(r rune) bool { return r >= firstDoubled && int(r-firstDoubled) < len(doubled) }

// run is a piece of a line in one typeface.
type run struct {
	face *typeface
	text string
	x    float64 // from the start of the line, em
}

// shape splits letters into runs and gives their width in em. It skips letters that
// neither the face nor its fallback has: they have been refused.
func (t typefaces) shape(face, text string) (runs []run, width float64) {
	start, from := 0.0, 0
	use := t[face]
	var before glyph
	for i, r := range text {
		in, g, ok := t.find(face, r)
		if !ok {
			continue
		}
		if in != use {
			if i > from {
				runs = append(runs, run{face: use, text: text[from:i], x: start})
			}
			use, from, start, before = in, i, width, glyph{}
		}
		width += in.kern(before, g) + g.width
		before = g
	}
	if from < len(text) {
		runs = append(runs, run{face: use, text: text[from:], x: start})
	}
	return runs, width
}

// find finds a letter in the face or its fallback.
func (t typefaces) find(face string, r rune) (in *typeface, g glyph, ok bool) {
	in = t[face]
	if g, ok = in.glyphs[r]; ok {
		return in, g, true
	}
	if in = t[face+"-more"]; in != nil {
		g, ok = in.glyphs[r]
	}
	return in, g, ok
}

// width gives the width of letters in em, or the first letter that is missing.
func (t typefaces) width(face, text string) (width float64, missing rune) {
	var before glyph
	var last *typeface
	for _, r := range text {
		in, g, ok := t.find(face, r)
		if !ok {
			return 0, r
		}
		if in == last {
			width += in.kern(before, g)
		}
		width += g.width
		before, last = g, in
	}
	return width, 0
}

// reach gives how far the letters of an alphabet reach above and below the baseline, in
// em; those of any letter if the alphabet is empty.
func (t typefaces) reach(name, alphabet string) (top, bottom float64) {
	for _, n := range []string{name, name + "-more"} {
		face := t[n]
		if face == nil {
			continue
		}
		if alphabet == "" {
			top, bottom = max(top, face.top), max(bottom, face.bottom)
			continue
		}
		for _, r := range alphabet {
			if g, ok := face.glyphs[r]; ok {
				top, bottom = max(top, -g.top), max(bottom, g.bottom)
			}
		}
	}
	return top, bottom
}
