package mrz

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
)

// Transliterate gives the MRZ's letters for a name's: accents dropped, Đ as D,
// apostrophes dropped, words separated by one filler (ICAO Doc 9303-3 section 6
// A). It refuses a character that has no transliteration.
func Transliterate(text string) (string, error) {
	var out strings.Builder
	for _, r := range norm.NFD.String(strings.ToUpper(text)) {
		switch {
		case r >= 'A' && r <= 'Z':
			out.WriteRune(r)
		case r == 'Đ' || r == 'Ð': // D with stroke, and eth where it slipped in
			out.WriteByte('D')
		case r == 'Ƀ':
			out.WriteByte('B')
		case r == ' ' || r == '-':
			out.WriteByte(' ')
		case r == '\'' || strings.ContainsRune(dropped, r):
		case unicode.IsMark(r):
			return "", identity.RefuseField(identity.Invalid, "person.name", "holds a mark that the MRZ cannot transliterate (U+%04X)", r)
		default:
			return "", identity.RefuseField(identity.Invalid, "person.name", "holds %q (U+%04X), which the MRZ cannot transliterate", r, r)
		}
	}
	return strings.Join(strings.Fields(out.String()), filler), nil
}

// dropped are the marks of Vietnam's languages: grave, acute, tilde, hook above,
// dot below, circumflex, breve, horn, caron.
const dropped = "\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031B\u030C"

// nameLine is the third line: primary identifier, two fillers, secondary
// identifiers; truncated so that the last position holds a letter (ICAO Doc
// 9303-5 section 4.2.3).
func nameLine(n identity.Name) (string, error) {
	primary, err := Transliterate(n.Family())
	if err != nil {
		return "", err
	}
	secondary, err := Transliterate(n.Given())
	if err != nil {
		return "", err
	}
	switch {
	case primary == "":
		return "", identity.RefuseField(identity.Invalid, "person.name", "has no letter that the MRZ can hold")
	case secondary == "":
		return fit(longName{primary: strings.Split(primary, filler)}), nil
	}
	return fit(longName{cut(primary), strings.Split(secondary, filler)}), nil
}

// cut leaves room for two fillers and one letter of the secondary identifier.
func cut(primary string) []string {
	const room = width - 3
	if len(primary) > room {
		primary = strings.TrimRight(primary[:room], filler)
	}
	return strings.Split(primary, filler)
}

// longName is a name that is shortened until it fits.
type longName struct{ primary, secondary []string }

// fit pads a name that is short enough, and cuts one that is not where a letter
// stands in the last position, taking letters from the longest component until
// one does: of the secondary identifier, or of the primary where all secondary
// components before the end are single letters.
func fit(n longName) string {
	for {
		line := n.line()
		switch {
		case len(line) <= width:
			return line + strings.Repeat(filler, width-len(line))
		case line[width-1:width] != filler:
			return line[:width]
		}
		start := len(line) - len(strings.Join(n.secondary, filler))
		if !shorten(n.secondary, start) && !shorten(n.primary, 0) {
			return line[:width] // sixteen family names of one letter each: nothing can be shortened
		}
	}
}

func (n longName) line() string {
	line := strings.Join(n.primary, filler)
	if len(n.secondary) > 0 {
		line += "<<" + strings.Join(n.secondary, filler)
	}
	return line
}

// shorten takes the last letter of the longest of the words that begin before
// the end of the line, the first beginning at start. It reports whether one had
// a letter to spare.
func shorten(words []string, start int) bool {
	longest := -1
	for i, at := 0, start; i < len(words) && at < width; i++ {
		if len(words[i]) > 1 && (longest < 0 || len(words[i]) > len(words[longest])) {
			longest = i
		}
		at += len(words[i]) + 1
	}
	if longest < 0 {
		return false
	}
	words[longest] = words[longest][:len(words[longest])-1]
	return true
}
