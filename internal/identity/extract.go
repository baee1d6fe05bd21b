package identity

import "errors"

// ExtractRecord has an extract made of what is held on a citizen, who asked for it.
type ExtractRecord struct {
	Officer OfficerID
	Reason  string // the number of the citizen's request
}

// ActName implements Act.
func (ExtractRecord) ActName() string { return "extract-record" }

// Check implements Act.
func (a ExtractRecord) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason))
}

// By implements Act.
func (a ExtractRecord) By() []OfficerID { return []OfficerID{a.Officer} }
