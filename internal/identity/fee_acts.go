package identity

import (
	"errors"
	"strings"
)

// OfFee is what an act on the fee of an application says.
type OfFee struct {
	Officer OfficerID
	Amount  int    // VND; the whole fee
	Receipt string // number of the receipt that was given, or taken back
}

// CollectFee records that the fee of an application was paid.
type CollectFee struct{ OfFee }

// RefundFee records that the fee of an application that was rejected was given back.
type RefundFee struct{ OfFee }

// ActName implements Act.
func (CollectFee) ActName() string { return "collect-fee" }

// ActName implements Act.
func (RefundFee) ActName() string { return "refund-fee" }

// By implements Act.
func (a OfFee) By() []OfficerID { return []OfficerID{a.Officer} }

// maxReceipt bounds the number of a receipt, in characters.
const maxReceipt = 40

// Check implements Act.
func (a OfFee) Check() error {
	var wrong []error
	if a.Amount <= 0 {
		wrong = append(wrong, RefuseField(Invalid, "amount", "must be the fee in VND, more than 0"))
	}
	_, err := CheckText("receipt", a.Receipt, maxReceipt)
	if strings.TrimSpace(a.Receipt) == "" {
		err = RefuseField(Invalid, "receipt", "is missing; the number of the receipt")
	}
	return errors.Join(append(wrong, checkBadge("officer", a.Officer), err)...)
}
