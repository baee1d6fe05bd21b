package identity

import (
	"errors"
	"slices"
)

// CardManagement is what can be changed in the chip of a card that was issued.
type CardManagement string

// The kinds of change. The values are wire format: they stand in the registry.
const (
	UnblockSignature  CardManagement = "unblock-signature"  // a new first PIN, which the holder changes
	RotateKeys        CardManagement = "rotate-keys"        // the key set of now
	UpdateApplication CardManagement = "update-application" // add an application, or write it anew
)

// UpdatedApplications are the card applications that are added to issued cards: those that
// hold a document, by their names in the table of card applications.
var UpdatedApplications = []string{"health-insurance", "driving-licence"}

// ManageCard has the chip of a card changed that was issued, when it is in a reader.
type ManageCard struct {
	Officer     OfficerID
	Do          CardManagement
	Application string `json:",omitzero"` // that is added or written anew
	Content     []byte `json:",omitzero"` // SHA-256 of what it holds, as package statement computes it
	Reason      string
}

// By implements Act.
func (a ManageCard) By() []OfficerID { return []OfficerID{a.Officer} }

// ActName implements Act.
func (ManageCard) ActName() string { return "manage-card" }

// Check implements Act.
func (a ManageCard) Check() error {
	problems := []error{checkBadge("officer", a.Officer), checkGiven("reason", a.Reason)}
	kinds := []CardManagement{UnblockSignature, RotateKeys, UpdateApplication}
	updates := a.Do == UpdateApplication
	if !slices.Contains(kinds, a.Do) {
		problems = append(problems, RefuseField(Invalid, "do", "must be one of %s", join(kinds)))
	}
	if updates && !slices.Contains(UpdatedApplications, a.Application) {
		problems = append(problems, RefuseField(Invalid, "application", "must be one of %s", join(UpdatedApplications)))
	}
	if updates && len(a.Content) == 0 {
		problems = append(problems, RefuseField(Invalid, "content", "is missing; what the application is to hold"))
	}
	if !updates && (a.Application != "" || len(a.Content) > 0) {
		problems = append(problems, RefuseField(Invalid, "application", "is for %s alone", UpdateApplication))
	}
	return errors.Join(problems...)
}
