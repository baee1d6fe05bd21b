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

// CheckText normalizes a line of free text (an address, marks) to NFC with single
// spaces. It refuses, naming the field, what no form can print: control characters,
// combining marks without a letter, letters of other languages than those of
// Vietnam, runes above U+FFFF, and more than limit characters. An empty text is
// accepted.
func CheckText(field, text string, limit int) (string, error) {
	text, err := normalize(text, limit)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return "", RefuseField(refusal.Kind, field, "%s", refusal.Detail)
	}
	previous := ' '
	for _, r := range text {
		if !textRune(r, previous) {
			return "", RefuseField(Invalid, field, "contains %s; letters of Vietnam's languages, digits and . , ; : / - ' ( ) & + %% are accepted", describe(r))
		}
		previous = r
	}
	return text, nil
}

// textRune reports whether r may follow previous in free text.
func textRune(r, previous rune) bool {
	return letter(r) || r >= '0' && r <= '9' || strings.ContainsRune(punctuation, r) || r == breve && carriesBreve(previous)
}

// typography turns what keyboards and word processors put in the place of a plain
// character into that: quotes, primes and modifier letters, dashes, and the Icelandic and
// African letters that look like Đ.
var typography = strings.NewReplacer(
	"\u2018", "'", "\u2019", "'", "\u201B", "'", "\u02B9", "'", "\u02BB", "'", "\u02BC", "'", "\u02BD", "'", "\u02C8", "'",
	"\u2032", "'", "\uFF07", "'", "\u00B4", "'", "\u0060", "'",
	"\u201C", `"`, "\u201D", `"`, "\u2033", `"`,
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
	"\u00D0", "Đ", "\u00F0", "đ", "\u0189", "Đ", "\u0256", "đ",
)

// lookalikes are letters of other scripts, and what of them looks the same.
var lookalikes = strings.NewReplacer(
	"А", "A", "В", "B", "Е", "E", "К", "K", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C", "Т", "T", "Х", "X", "І", "I", "Ј", "J", "Ѕ", "S",
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ј", "j", "ѕ", "s",
	"Α", "A", "Β", "B", "Ε", "E", "Ζ", "Z", "Η", "H", "Ι", "I", "Κ", "K", "Μ", "M", "Ν", "N", "Ο", "O", "Ρ", "P", "Τ", "T", "Υ", "Y", "Χ", "X", "ο", "o",
)

// normalize gives NFC with single spaces and plain punctuation. It refuses control
// characters, invalid UTF-8 and more than limit characters.
func normalize(text string, limit int) (string, error) {
	if len(text) > 16*limit { // before any work: a letter is at most 3 bytes, with marks and a few spaces fewer than 16
		return "", Refuse(Invalid, "is longer than %d characters", limit)
	}
	if !utf8.ValidString(text) {
		return "", Refuse(Invalid, "is not valid UTF-8")
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return "", Refuse(Invalid, "contains a control character (U+%04X), which no form can print", r)
		}
		if r > 0xFFFF {
			return "", Refuse(Invalid, "contains a character that no form can print (U+%04X)", r)
		}
	}
	text = typography.Replace(strings.Join(strings.Fields(norm.NFC.String(text)), " "))
	if utf8.RuneCountInString(text) > limit {
		return "", Refuse(Invalid, "is longer than %d characters", limit)
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
		return fmt.Sprintf("a combining mark without its letter (U+%04X)", r)
	case letter(r):
		return "a letter"
	}
	if meant := lookalikes.Replace(string(r)); meant != string(r) {
		return fmt.Sprintf("%q (U+%04X) of another script, which looks like %s: type that", r, r, meant)
	}
	return fmt.Sprintf("%q (U+%04X)", r, r)
}
