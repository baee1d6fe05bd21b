package statement

import (
	"regexp"

	"example.org/cancuoc/internal/identity"
)

// twelveDigits are those that stand alone, as a personal number does.
var twelveDigits = regexp.MustCompile(`\b[0-9]{12}\b`)

// Anonymous refuses a statement with somebody's personal number in it: what is signed stays
// in clear, for good and for every auditor, also after the person's data is erased. It is
// kept nowhere, not even as refused.
func (s Signed) Anonymous() error {
	for _, number := range twelveDigits.FindAll(s.Statement, -1) {
		if _, err := identity.ParsePersonalNumber(string(number)); err == nil {
			return identity.RefuseField(identity.Invalid, "statement", "holds 12 digits that can be a personal number, and what is signed is never erased: name an application by its receipt, and a card by its serial")
		}
	}
	return nil
}
