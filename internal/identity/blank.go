package identity

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

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

// MaxBox is how many blanks a box may hold.
const MaxBox = 100_000

// Serials lists the serials from the first to the last, which are consecutive: a common
// prefix, then a number with a fixed count of digits.
func Serials(first, last BlankSerial) ([]BlankSerial, error) {
	if err := errors.Join(checkSerial("first", first), checkSerial("last", last)); err != nil {
		return nil, err
	}
	prefix, digits := cutSerial(first)
	if other, _ := cutSerial(last); other != prefix || len(last) != len(first) {
		return nil, RefuseField(Invalid, "last", "first and last serial must have the same prefix and as many digits, for example PT00000001 and PT00000500")
	}
	from, err := strconv.Atoi(digits)
	if err != nil {
		return nil, fmt.Errorf("read first serial: %w", err)
	}
	to, err := strconv.Atoi(string(last[len(prefix):]))
	if err != nil || to < from || to-from >= MaxBox {
		return nil, RefuseField(Invalid, "last", "must come after the first, in a box of at most %d blanks", MaxBox)
	}
	list := make([]BlankSerial, 0, to-from+1)
	for n := from; n <= to; n++ {
		list = append(list, BlankSerial(fmt.Sprintf("%s%0*d", prefix, len(digits), n)))
	}
	return list, nil
}

// checkSerial refuses what cannot be the end of a range of serials.
func checkSerial(field string, serial BlankSerial) error {
	if err := serial.Check(field); err != nil {
		return err
	}
	if _, digits := cutSerial(serial); digits == "" || len(digits) > maxSerialDigits {
		return RefuseField(Invalid, field, "does not end in a number of up to %d digits, as PT00000001 does", maxSerialDigits)
	}
	return nil
}

const maxSerialDigits = 15

// cutSerial cuts a serial before the number at its end.
func cutSerial(serial BlankSerial) (prefix, digits string) {
	prefix = strings.TrimRight(string(serial), "0123456789")
	return prefix, string(serial[len(prefix):])
}
