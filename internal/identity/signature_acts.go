package identity

import "errors"

// PrintPINLetter has the letter printed with the PIN with which the digital signature of a card
// is delivered.
type PrintPINLetter struct {
	Officer OfficerID
	Card    int // which of the application's, from 1
}

// ActName implements Act.
func (PrintPINLetter) ActName() string { return "print-pin-letter" }

// By implements Act.
func (a PrintPINLetter) By() []OfficerID { return []OfficerID{a.Officer} }

// Check implements Act.
func (a PrintPINLetter) Check() error {
	var none error
	if a.Card < 1 {
		none = RefuseField(Invalid, "card", "must be the number of one of the application's cards, from 1")
	}
	return errors.Join(checkBadge("officer", a.Officer), none)
}
