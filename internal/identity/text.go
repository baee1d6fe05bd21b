package identity

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// punctuation that a line of free text may hold.
const punctuation = " .,;:/-'()&+%№°\""

// CheckText normalizes a line of free text (an address, marks) to NFC with
// single spaces, and refuses, naming the field, what no form can print: control
// characters, marks that stand alone, letters of no language of Vietnam, runes
// above U+FFFF, more than limit letters. An empty text is accepted.
func CheckText(field, text string, limit int) (string, error) {
	text, err := normalize(text, limit)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return "", RefuseField(refusal.Kind, field, "%s", refusal.Detail)
	}
	previous := ' '
	for _, r := range text {
		if !textRune(r, previous) {
			return "", RefuseField(Invalid, field, "holds %s; letters of Vietnam's languages, digits and . , ; : / - ' ( ) & + %% are accepted", describe(r))
		}
		previous = r
	}
	return text, nil
}

// textRune reports whether r may follow previous in free text.
func textRune(r, previous rune) bool {
	return letter(r) || r >= '0' && r <= '9' || strings.ContainsRune(punctuation, r) || r == breve && carriesBreve(previous)
}

// typography is what keyboards and word processors put for plain punctuation.
var typography = strings.NewReplacer("\u2018", "'", "\u2019", "'", "\u201C", `"`, "\u201D", `"`, "\u2013", "-", "\u2014", "-")

// normalize gives NFC with single spaces and plain punctuation, and refuses what
// is no text.
func normalize(text string, limit int) (string, error) {
	if len(text) > 16*limit { // before any work: a letter is at most 3 bytes, with marks and a few spaces fewer than 16
		return "", Refuse(Invalid, "is longer than %d letters", limit)
	}
	if !utf8.ValidString(text) {
		return "", Refuse(Invalid, "is not valid UTF-8")
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return "", Refuse(Invalid, "holds a control character (U+%04X), which no form can print", r)
		}
		if r > 0xFFFF {
			return "", Refuse(Invalid, "holds a character that no form can print (U+%04X)", r)
		}
	}
	text = typography.Replace(strings.Join(strings.Fields(norm.NFC.String(text)), " "))
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
	case r == ' ':
		return "a space"
	case unicode.IsMark(r):
		return fmt.Sprintf("a mark that belongs to no letter (U+%04X)", r)
	case letter(r):
		return "a letter"
	}
	return fmt.Sprintf("%q (U+%04X)", r, r)
}
