package statement

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
)

// digits are those of a run that stands alone, as people write long numbers: with a space or a
// point between.
var digits = regexp.MustCompile(`\b[0-9]([ .]?[0-9])*\b`)

// Anonymous refuses a statement with somebody's personal number in it: what is signed stays
// in clear, for good and for every auditor, also after the person's data is erased. Of such a
// one nothing is kept but that it was refused.
func (s Signed) Anonymous() error {
	if NamesPerson(string(s.Statement)) {
		return refuseNumber()
	}
	for d := jsontext.NewDecoder(bytes.NewReader(s.Statement)); ; {
		token, err := d.ReadToken()
		if err != nil {
			return nil //nolint:nilerr // its end, or what Read refuses
		}
		if token.Kind() == '"' && NamesPerson(token.String()) { // however it was escaped
			return refuseNumber()
		}
	}
}

func refuseNumber() error {
	return identity.RefuseField(identity.Invalid, "statement", "holds 12 digits that can be a personal number, and what is signed is never erased: name an application by its receipt, and a card by its serial")
}

// NamesPerson reports whether 12 digits that stand together can be a personal number.
func NamesPerson(text string) bool {
	for _, run := range digits.FindAllString(text, -1) {
		number := strings.NewReplacer(" ", "", ".", "").Replace(run)
		if _, err := identity.ParsePersonalNumber(number); err == nil {
			return true
		}
	}
	return false
}
