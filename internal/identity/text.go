package identity

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// CheckText normalizes a line of free text (address, marks) to NFC and refuses
// what no form can print: control characters, marks that stand alone, runes
// above U+FFFF, more than limit letters.
func CheckText(field, text string, limit int) (string, error) {
	text, err := normalize(text, limit)
	if err != nil {
		return "", RefuseField(Invalid, field, "%s", err)
	}
	previous := rune(0)
	for _, r := range text {
		ok := nameLetter(r) || r >= '0' && r <= '9' || strings.ContainsRune(" .,;:/-'()&+%№°\"", r) ||
			r == breve && strings.ContainsRune("ÊÔƠƯêôơư", previous)
		if !ok {
			return "", RefuseField(Invalid, field, "holds %s; letters of Vietnam's languages, digits and . , ; : / - ' ( ) & + %% are accepted", describe(r))
		}
		previous = r
	}
	return text, nil
}

// normalize gives NFC with single spaces, and refuses what is no text.
func normalize(text string, limit int) (string, error) {
	if len(text) > 16*limit {
		return "", Refuse(Invalid, "is longer than %d letters", limit)
	}
	if !utf8.ValidString(text) {
		return "", Refuse(Invalid, "is not valid UTF-8")
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return "", Refuse(Invalid, "holds a control character (U+%04X)", r)
		}
		if r > 0xFFFF {
			return "", Refuse(Invalid, "holds a character that no form can print (U+%04X)", r)
		}
	}
	text = strings.Join(strings.Fields(norm.NFC.String(text)), " ")
	if utf8.RuneCountInString(text) > limit {
		return "", Refuse(Invalid, "is longer than %d letters", limit)
	}
	return text, nil
}

// describe names a character for an officer. A single character is not personal
// data.
func describe(r rune) string {
	switch {
	case r >= '0' && r <= '9':
		return "a digit"
	case unicode.IsMark(r):
		return fmt.Sprintf("a mark that belongs to no letter (U+%04X)", r)
	}
	return fmt.Sprintf("%q (U+%04X)", r, r)
}
