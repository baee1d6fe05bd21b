package identity

import "strings"

// BlankSerial is the serial that the maker printed on a blank.
type BlankSerial string

// maxBlankSerial is how long a serial may be: as long as papers have room for its barcode.
const maxBlankSerial = 20

// Check refuses, naming the field, a serial that papers cannot carry as a barcode.
func (s BlankSerial) Check(field string) error {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
	if s == "" || len(s) > maxBlankSerial || strings.Trim(string(s), letters) != "" {
		return RefuseField(Invalid, field, "is not a serial that papers have room for; 1 to %d letters of A to Z, digits and hyphens are accepted", maxBlankSerial)
	}
	return nil
}

// BlankAccount is where a blank is booked. Every blank is in exactly one account.
// The values are wire format: the registry keeps them.
type BlankAccount string

// The accounts of blanks.
const (
	AccountStock      BlankAccount = "stock"
	AccountProduction BlankAccount = "production" // in a card that is being made, or is made and not handed over
	AccountSpoiled    BlankAccount = "spoiled"
	AccountIssued     BlankAccount = "issued" // in a card that was handed over
	AccountDestroyed  BlankAccount = "destroyed"
)

// BlankAccounts lists every account, in order.
var BlankAccounts = []BlankAccount{AccountStock, AccountProduction, AccountSpoiled, AccountIssued, AccountDestroyed}

// AccountReceived is what the ledger debits when a blank enters stock. No blank
// is in it.
const AccountReceived BlankAccount = "received"
