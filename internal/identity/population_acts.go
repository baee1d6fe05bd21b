package identity

import (
	"errors"
	"slices"
)

// The acts on the population register. They name a person by PersonID: what is personal
// travels beside the statement, which holds its digest.

// Identify says who an applicant is: a person of the register, whose record then stands
// against what was typed; or none of those who were found, so that the person is new.
type Identify struct {
	Officer  OfficerID
	Person   PersonID   `json:",omitzero"` // whom the applicant is; empty: none of NotThese
	NotThese []PersonID `json:",omitzero"` // whom the officer saw, where the applicant is none of them
	Paper    string     `json:",omitzero"` // what proves a new person: the birth certificate, or form DC01
	Reason   string
	Round    int `json:",omitzero"` // as of a release, which it is counted with
}

// CorrectPerson corrects a person's record.
type CorrectPerson struct {
	Officer OfficerID
	Version string // of the record that was corrected: nobody corrects what he did not see
	Paper   string // that proves it
	Reason  string
	Record  []byte // SHA-256 of the record after it, as package statement computes it
}

// MarkPerson says what became of a person.
type MarkPerson struct {
	Officer OfficerID
	Status  CitizenStatus
	On      string // the day, yyyy-mm-dd
	Paper   string
	Reason  string
}

// RenumberPerson gives a person another personal number: the old one is canceled, with the
// card that bears it, and leads to the new one (art. 24.1(e) of Law 26/2023/QH15).
type RenumberPerson struct {
	Officer OfficerID
	Version string // of the record that the number is drawn from
	Paper   string
	Reason  string
}

// ActName implements Act.
func (Identify) ActName() string { return string(StepIdentify) }

// ActName implements Act.
func (CorrectPerson) ActName() string { return "correct-person" }

// ActName implements Act.
func (MarkPerson) ActName() string { return "mark-person" }

// ActName implements Act.
func (RenumberPerson) ActName() string { return "renumber-person" }

// maxNotThese is how many persons an officer can have seen beside an application.
const maxNotThese = 100

// Check implements Act.
func (a Identify) Check() error {
	problems := []error{checkBadge("officer", a.Officer), checkGiven("reason", a.Reason), CheckNote("paper", a.Paper)}
	if a.Person != "" {
		problems = append(problems, a.Person.Check())
	}
	if a.Person != "" && len(a.NotThese) > 0 {
		problems = append(problems, RefuseField(Invalid, "not_these", "cannot be given with the person whom the applicant is"))
	}
	if len(a.NotThese) > maxNotThese {
		problems = append(problems, RefuseField(Invalid, "not_these", "are more than %d", maxNotThese))
	}
	for _, id := range a.NotThese {
		problems = append(problems, InField("not_these", id.Check()))
	}
	return errors.Join(problems...)
}

// Check implements Act.
func (a CorrectPerson) Check() error {
	problems := []error{checkBadge("officer", a.Officer), checkGiven("reason", a.Reason), checkGiven("paper", a.Paper), checkGiven("version", a.Version)}
	if len(a.Record) == 0 {
		problems = append(problems, RefuseField(Invalid, "record", "is missing; the person's record after the correction"))
	}
	return errors.Join(problems...)
}

// Check implements Act.
func (a MarkPerson) Check() error {
	problems := []error{checkBadge("officer", a.Officer), checkGiven("reason", a.Reason), checkGiven("paper", a.Paper)}
	if !slices.Contains(CitizenStatuses, a.Status) {
		problems = append(problems, RefuseField(Invalid, "status", "must be one of %s", join(CitizenStatuses)))
	}
	if on, err := ParseDate(a.On); err != nil || !on.Complete() {
		problems = append(problems, RefuseField(Invalid, "on", "is not a day; yyyy-mm-dd is accepted"))
	}
	return errors.Join(problems...)
}

// Check implements Act.
func (a RenumberPerson) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason), checkGiven("paper", a.Paper), checkGiven("version", a.Version))
}

// By implements Act.
func (a Identify) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a CorrectPerson) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a MarkPerson) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a RenumberPerson) By() []OfficerID { return []OfficerID{a.Officer} }

// Decision implements Deciding.
func (a Identify) Decision() Decision {
	verdict := KnownPerson
	if a.Person == "" {
		verdict = NewPerson
	}
	return Decision{
		Step: StepIdentify, Round: a.Round, Officer: a.Officer, Verdict: verdict, Reason: ReadReason(a.Reason), Person: a.Person, NotThese: a.NotThese, Paper: a.Paper,
	}
}
