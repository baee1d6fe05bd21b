package desk

import (
	"regexp"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// twelveDigits are those that stand alone, as a personal number does.
var twelveDigits = regexp.MustCompile(`\b[0-9]{12}\b`)

// anonymous refuses a statement with somebody's personal number in it: what is signed stays
// in clear, for good and for every auditor, also after the person's data is erased. It is
// kept nowhere, not even as refused.
func anonymous(signed statement.Signed) error {
	for _, number := range twelveDigits.FindAll(signed.Statement, -1) {
		if _, err := identity.ParsePersonalNumber(string(number)); err == nil {
			return identity.RefuseField(identity.Invalid, "statement", "holds 12 digits that can be a personal number, and what is signed is never erased: name an application by its receipt, and a card by its serial")
		}
	}
	return nil
}
