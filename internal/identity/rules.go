package identity

import (
	"errors"
	"fmt"
)

// RulesFor pins the law to an application as it stood on the day it was filed:
// statute, form (which the form catalog chose), legal deadline, fee, and the expiry
// of a card made that day. The application must have passed Check; RulesFor refuses
// only what it cannot compute with.
func RulesFor(a Application, form FormID, calendar *Calendar) (Rules, error) {
	law := LawOn(a.FiledOn)
	age := a.Person.Birth.AgeOn(a.FiledOn)
	switch {
	case !a.FiledOn.Complete():
		return Rules{}, RefuseField(Invalid, "filed_on", "is missing; yyyy-mm-dd is accepted")
	case !calendar.Has(a.FiledOn.Year):
		return Rules{}, RefuseField(Invalid, "filed_on", "is in a year whose public holidays are not known: no deadline can be promised")
	case a.Person.Birth.IsZero():
		return Rules{}, RefuseField(Invalid, "person.birth", "is missing; yyyy-mm-dd, yyyy-mm or yyyy is accepted")
	case law == Law2014 && age < ageOfDuty:
		return Rules{}, refuseTooYoung()
	}
	days := law.ProcessingDays(a.Type)
	due, err := calendar.Due(a.FiledOn, days)
	if err != nil {
		return Rules{}, fmt.Errorf("compute deadline: %w", err)
	}
	return Rules{
		Law: law, Form: form, ProcessingDays: days, Due: due,
		Fee: Fee(a), Expiry: Validity(law, a.Person.Birth, a.FiledOn),
	}, nil
}

func refuseTooYoung() error {
	return RefuseField(Invalid, "person.birth", "is less than %d years before filing; law %s gives no card below that age", ageOfDuty, Law2014)
}

// NeedsPortrait reports whether the law asks for a portrait: from 6 years on. A form
// may show one of younger holders too.
func (a Application) NeedsPortrait() bool {
	return a.Person.Birth.AgeOn(a.FiledOn) >= ageOfCapture
}

// NeedsCapture reports whether fingerprints are taken: from 6 years on, at a
// station. Applications filed online are made from the biometrics on file.
func (a Application) NeedsCapture() bool {
	return a.NeedsPortrait() && a.Channel != Online
}

// Limits of the texts of an application, in characters.
const (
	maxEnrollmentID = 64
	maxPlace        = 200
	maxMarks        = 120
	maxLabel        = 60
)

// Normalize brings every text of an application to NFC with single spaces. It
// joins a refusal for each that no form can print.
func (a Application) Normalize() (Application, error) {
	var refusals []error
	for _, t := range []struct {
		field string
		text  *string
		limit int
	}{
		{"enrollment_id", &a.EnrollmentID, maxEnrollmentID},
		{"person.ethnicity", &a.Person.Ethnicity, maxLabel},
		{"person.religion", &a.Person.Religion, maxLabel},
		{"person.origin.text", &a.Person.Origin.Text, maxPlace},
		{"person.birth_registration.text", &a.Person.BirthRegistration.Text, maxPlace},
		{"person.residence.text", &a.Person.Residence.Text, maxPlace},
		{"person.marks", &a.Person.Marks, maxMarks},
		{"delivery_to", &a.DeliveryTo, maxPlace},
	} {
		text, err := CheckText(t.field, *t.text, t.limit)
		if err != nil {
			refusals = append(refusals, err)
		}
		*t.text = text
	}
	return a, errors.Join(refusals...)
}
