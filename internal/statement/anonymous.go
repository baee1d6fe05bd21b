package statement

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
)

// digits are those of a run that stands alone, of whatever script, as people write long numbers:
// with spaces, points, dashes, brackets or the like between, up to three of them. A time of day has
// colons, and a day strokes, and are none.
var digits = regexp.MustCompile(`\p{Nd}([\s\p{Zs}\p{Pd}\p{Pc}.,·•*|()\[\]]{0,3}\p{Nd})*`)

// Anonymous refuses a statement with somebody's personal number in it: what is signed stays
// in clear, for good and for every auditor, also after the person's data is erased. Of such a
// one it is kept that it was refused, and what it was to do, without the statement.
func (s Signed) Anonymous() error {
	if NamesPerson(string(s.Statement)) || s.says(NamesPerson) {
		return refuseNumber()
	}
	return nil
}

// Names reports whether one of those names stands in the statement.
func (s Signed) Names(names ...identity.Name) bool {
	return s.says(func(text string) bool {
		return slices.ContainsFunc(names, func(n identity.Name) bool { return n.StandsIn(text) })
	})
}

// says reports whether a text of the statement is such a one, however it was escaped.
func (s Signed) says(such func(string) bool) bool {
	for d := jsontext.NewDecoder(bytes.NewReader(s.Statement)); ; {
		token, err := d.ReadToken()
		if err != nil {
			return false // its end, or what Read refuses
		}
		if token.Kind() == '"' && such(token.String()) {
			return true
		}
	}
}

func refuseNumber() error {
	return identity.RefuseField(identity.Invalid, "statement", "holds 12 digits that can be a personal number, and what is signed is never erased: name an application by its receipt, and a card by its serial")
}

// NamesPerson reports whether 12 digits that stand together can be a personal number.
func NamesPerson(text string) bool {
	for _, at := range digits.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if unicode.IsLetter(before) || unicode.IsLetter(after) { // a serial
			continue
		}
		if _, err := identity.ParsePersonalNumber(inFigures(text[at[0]:at[1]])); err == nil {
			return true
		}
	}
	return false
}

// inFigures gives the digits of a text as 0 to 9, and leaves out what stands between.
func inFigures(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsDigit(r) {
			return -1
		}
		zero := r
		for unicode.IsDigit(zero - 1) { // those of a script follow one another, from zero (The Unicode Standard, 4.6)
			zero--
		}
		return '0' + (r-zero)%10
	}, text)
}
