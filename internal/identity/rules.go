package identity

import (
	"errors"
	"slices"
	"strings"
)

// The days from which the laws and forms stand.
var (
	chipCardFrom = Date{Year: 2021, Month: 1, Day: 23} // Circular 06/2021/TT-BCA
	law2023From  = Date{Year: 2024, Month: 7, Day: 1}  // Law 26/2023/QH15, Circular 16/2024/TT-BCA
)

// The ages of art. 19 and 23 of Law 26/2023/QH15.
const (
	ageOfDuty    = 14 // must have a card; below, only on request of the representative
	ageOfCapture = 6  // portrait and biometrics are taken from this age
)

// processingDays is art. 26 of Law 26/2023/QH15; art. 25 of Law 59/2014/QH13 for
// cities, reissue taking longer.
const (
	processingDays        = 7
	processingDaysReissue = 15
)

// LawOn is the law in force on a day.
func LawOn(day Date) Law {
	if day.Compare(law2023From) >= 0 {
		return Law2023
	}
	return Law2014
}

// RulesFor pins the law to an application as it stood on the day it was filed:
// statute, form, legal deadline, fee, and the validity that a card made that day
// would have.
func RulesFor(a Application, calendar *Calendar) (Rules, error) {
	r := Rules{Law: LawOn(a.FiledOn), ProcessingDays: processingDays}
	age := a.Person.Birth.AgeOn(a.FiledOn)
	switch {
	case r.Law == Law2014:
		r.Form = FormCCCD2021
		if a.Type == Reissue {
			r.ProcessingDays = processingDaysReissue
		}
	case age < ageOfCapture:
		r.Form = FormCanCuoc2024Under6
	default:
		r.Form = FormCanCuoc2024
	}
	due, err := calendar.Due(a.FiledOn, r.ProcessingDays)
	if err != nil {
		return Rules{}, err
	}
	r.Due = due
	r.Fee = Fee(a)
	r.Expiry = Validity(r.Law, a.Person.Birth, a.FiledOn)
	return r, nil
}

// NeedsPortrait reports whether the card shows a face: from 6 years on.
func (a Application) NeedsPortrait() bool {
	return a.Person.Birth.AgeOn(a.FiledOn) >= ageOfCapture
}

// NeedsCapture reports whether fingerprints are taken: from 6 years on, at a
// station. Reissue after loss may be filed online, from the data on file.
func (a Application) NeedsCapture() bool {
	return a.NeedsPortrait() && a.Channel == AtStation
}

// groundsOf lists the grounds of each type under the law of 2023.
var groundsOf = map[ApplicationType][]Ground{
	FirstIssue: {GroundFirstCard, GroundFromCMND},
	Exchange: {
		GroundAge, GroundDetails, GroundAppearance, GroundPrintError,
		GroundBoundaries, GroundNumberChanged, GroundRequest,
	},
	Reissue: {GroundLost, GroundDamaged, GroundNationality},
}

// grounds2014 is what the law of 2014 has otherwise: a damaged card is exchanged.
func groundAllowed(law Law, t ApplicationType, g Ground) bool {
	if law == Law2014 && g == GroundDamaged {
		return t == Exchange
	}
	return slices.Contains(groundsOf[t], g)
}

// Limits of the texts of an application, in letters.
const (
	maxPlace = 200
	maxMarks = 120
	maxLabel = 60
)

// Normalize brings every text of an application to NFC with single spaces, and
// refuses what no form can print.
func (a Application) Normalize() (Application, error) {
	var faults []error
	for _, t := range []struct {
		field string
		text  *string
		limit int
	}{
		{"enrollment_id", &a.EnrollmentID, 64},
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
			faults = append(faults, err)
		}
		*t.text = text
	}
	return a, errors.Join(faults...)
}

// Check tells everything that is wrong with an application by itself, field by
// field: what is missing, what contradicts, what the law of its day forbids.
func (a Application) Check() error {
	c := &check{}
	c.identifiers(a)
	c.request(a)
	c.person(a)
	c.age(a)
	return errors.Join(c.faults...)
}

type check struct{ faults []error }

// refuse notes a fault of a field if wrong.
func (c *check) refuse(wrong bool, field, format string, args ...any) {
	if wrong {
		c.faults = append(c.faults, RefuseField(Invalid, field, format, args...))
	}
}

func (c *check) identifiers(a Application) {
	c.refuse(a.EnrollmentID == "", "enrollment_id", "is missing; the station's own identifier of this enrolment")
	c.refuse(!stationID(string(a.Station)), "station", "is no station; capital letters, digits and hyphens are accepted, as 001-TN-01")
	c.refuse(!stationID(string(a.Officer)), "officer", "is no badge; capital letters, digits and hyphens are accepted, as CB-001-0007")
	c.refuse(!a.FiledOn.Complete(), "filed_on", "is missing; yyyy-mm-dd is accepted")
	c.refuse(a.FiledOn.Complete() && a.FiledOn.Compare(chipCardFrom) < 0, "filed_on", "is before 23 January 2021, when chip cards began")
}

func stationID(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

func (c *check) request(a Application) {
	law := LawOn(a.FiledOn)
	_, knownType := groundsOf[a.Type]
	c.refuse(!knownType, "type", "must be first-issue, exchange or reissue")
	c.refuse(knownType && !groundAllowed(law, a.Type, a.Ground), "ground", "is no ground of %s under law %s", a.Type, law)
	c.refuse(a.Channel != AtStation && a.Channel != Online, "channel", "must be station or online")
	c.refuse(a.Channel == Online && a.Ground != GroundLost && a.Person.Birth.AgeOn(a.FiledOn) >= ageOfCapture,
		"channel", "online is accepted for reissue after loss and for children under 6; the citizen has to be present otherwise")
	c.refuse(a.Delivery != Collect && a.Delivery != Post, "delivery", "must be collect or post")
	c.refuse(a.Delivery == Post && a.DeliveryTo == "", "delivery_to", "is missing; the address to post the card to")
	c.refuse(a.Exemption != "" && !slices.Contains(Exemptions, a.Exemption), "exemption", "must be one of %s", strings.Join(Exemptions, ", "))
}

func (c *check) person(a Application) {
	p := a.Person
	c.refuse(p.Name.IsZero(), "person.name", "is missing")
	c.refuse(p.Name.FamilyWords < 0 || p.Name.FamilyWords > len(p.Name.Words()), "person.family_name_words", "must be a number of words of the name")
	c.refuse(p.Sex != Male && p.Sex != Female, "person.sex", "must be M or F")
	c.refuse(p.Birth.IsZero(), "person.birth", "is missing; yyyy-mm-dd, yyyy-mm or yyyy is accepted")
	c.refuse(!p.Birth.IsZero() && p.Birth.Year < 1900, "person.birth", "is before 1900")
	c.refuse(p.Birth.Compare(a.FiledOn) > 0, "person.birth", "is after the day the application was filed")
	c.refuse(p.Residence.Text == "", "person.residence.text", "is missing")
	for _, place := range []struct {
		field string
		code  ProvinceCode
	}{
		{"person.residence.province", p.Residence.Province},
		{"person.origin.province", p.Origin.Province},
		{"person.birth_registration.province", p.BirthRegistration.Province},
	} {
		_, known := provinces[place.code]
		c.refuse(place.code != "" && !known, place.field, "is no province code (001 to 096)")
	}
	c.refuse(p.BloodGroup != "" && strings.Trim(p.BloodGroup, "ABO+-") != "", "person.blood_group", "must be A, B, AB or O, with + or -")
	if p.Number != "" && !p.Birth.IsZero() && (p.Sex == Male || p.Sex == Female) {
		if err := p.Number.Agrees(p.Birth, p.Sex); err != nil {
			c.faults = append(c.faults, err)
		}
	}
	c.refuse(a.Type != FirstIssue && p.Number == "", "person.number", "is missing; who had a card has a number")
	c.refuse(a.Ground == GroundFromCMND && p.OldNumber == "", "person.old_number", "is missing; the number of the old CMND")
}

func (c *check) age(a Application) {
	if a.Person.Birth.IsZero() || !a.FiledOn.Complete() {
		return
	}
	age := a.Person.Birth.AgeOn(a.FiledOn)
	under := age < ageOfDuty
	c.refuse(under && LawOn(a.FiledOn) == Law2014, "person.birth", "is less than %d years before filing; law %s gives no card below that age", ageOfDuty, Law2014)
	c.refuse(under && LawOn(a.FiledOn) == Law2023 && a.Representative.IsZero(), "representative", "is missing; a child under %d applies through the legal representative", ageOfDuty)
	c.refuse(!under && !a.Representative.IsZero(), "representative", "is given, but the applicant is %d or older", ageOfDuty)
}
