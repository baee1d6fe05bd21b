package identity

import "errors"

// MergePersons says that two persons of the register are one. The record of the person that
// the act is on stands; the other's number is canceled, with the card that bears it, and
// leads to this one's.
type MergePersons struct {
	Officer OfficerID
	Version string   // of the record that stands
	Other   PersonID // whose number is canceled
	Paper   string
	Reason  string
}

// ActName implements Act.
func (MergePersons) ActName() string { return "merge-persons" }

// By implements Act.
func (a MergePersons) By() []OfficerID { return []OfficerID{a.Officer} }

// Check implements Act.
func (a MergePersons) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason), checkGiven("paper", a.Paper), checkGiven("version", a.Version), InField("other", a.Other.Check()))
}
