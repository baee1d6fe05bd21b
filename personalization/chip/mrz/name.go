package mrz

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
)

// Transliterate writes a name in the letters of the MRZ: without accents and
// apostrophes, Đ as D, one filler between words (ICAO Doc 9303-3 section 6 A). It
// refuses a character that has no transliteration.
func Transliterate(text string) (string, error) {
	var out strings.Builder
	for _, r := range norm.NFD.String(strings.ToUpper(text)) {
		switch {
		case r >= 'A' && r <= 'Z':
			out.WriteRune(r)
		case r == 'Đ' || r == 'Ð': // D with stroke, and eth, which is sometimes typed for it
			out.WriteByte('D')
		case r == 'Ƀ':
			out.WriteByte('B')
		case r == ' ' || r == '-':
			out.WriteByte(' ')
		case r == '\'' || strings.ContainsRune(dropped, r):
		case unicode.IsMark(r):
			return "", identity.RefuseField(identity.Invalid, "person.name", "has a mark (U+%04X) that cannot be written in the MRZ", r)
		default:
			return "", identity.RefuseField(identity.Invalid, "person.name", "has %q (U+%04X), which cannot be written in the MRZ", r, r)
		}
	}
	return strings.Join(strings.Fields(out.String()), filler), nil
}

// dropped are the marks of Vietnam's languages: grave, acute, tilde, hook above,
// dot below, circumflex, breve, horn, caron.
const dropped = "\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031B\u030C"

// nameLine is the third line: primary identifier, two fillers, secondary
// identifiers; truncated so that the last position has a letter (ICAO Doc 9303-5
// section 4.2.3).
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
		return "", identity.RefuseField(identity.Invalid, "person.name", "has no letter that can be written in the MRZ")
	case secondary == "":
		return fit(longName{primary: strings.Split(primary, filler)}), nil
	}
	return fit(longName{cut(primary), strings.Split(secondary, filler)}), nil
}

// cut shortens the primary identifier to leave room for two fillers and one letter
// of the secondary one.
func cut(primary string) []string {
	const room = width - 3
	if len(primary) > room {
		primary = strings.TrimRight(primary[:room], filler)
	}
	return strings.Split(primary, filler)
}

// longName is a name that is being shortened until it fits.
type longName struct{ primary, secondary []string }

// fit pads a short name. A long one is cut at the end of the line; if no letter is in
// the last position then, the longest component is shortened letter by letter until
// one is: a component of the secondary identifier, or of the primary one where all
// secondary components before the end are single letters.
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
			return line[:width] // nothing can be shortened: sixteen family names of one letter
		}
	}
}

// line is the name with its fillers.
func (n longName) line() string {
	line := strings.Join(n.primary, filler)
	if len(n.secondary) > 0 {
		line += "<<" + strings.Join(n.secondary, filler)
	}
	return line
}

// shorten removes the last letter of the longest word that begins before the end of
// the line. The first word begins at start. It reports whether there was a word of
// more than one letter.
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
