package identity

import (
	"errors"
	"slices"
	"strings"
)

// Check refuses an application that is wrong in itself: fields that are missing,
// that contradict each other, or that the law of its day forbids. It joins one
// refusal for each, with the field named as in the application's JSON. Texts and
// numbers must have gone through their parsers and Normalize. Each is told whatever else
// is wrong, unless what is wrong is what it depends on: without a day of filing, what
// counts is the law of today.
func (a Application) Check(today Date) error {
	c := &check{}
	c.identifiers(a, today)
	a.FiledOn = a.lawDay(today)
	c.request(a)
	c.delivery(a)
	c.person(a.Person, a.FiledOn)
	c.places(a)
	c.numbers(a)
	c.law(a, LawOn(a.FiledOn))
	c.certificate(a)
	return errors.Join(c.refusals...)
}

// check gathers refusals.
type check struct{ refusals []error }

// refuse notes a refusal of the field if it is wrong.
func (c *check) refuse(wrong bool, field, format string, args ...any) {
	if wrong {
		c.refusals = append(c.refusals, RefuseField(Invalid, field, format, args...))
	}
}

// add notes a refusal, if there is one.
func (c *check) add(refusal error) {
	if refusal != nil {
		c.refusals = append(c.refusals, refusal)
	}
}

// lawDay is the day whose law counts: that of filing, or today where that cannot be.
func (a Application) lawDay(today Date) Date {
	if !a.FiledOn.Complete() || a.FiledOn.Compare(law2014.from) < 0 || a.FiledOn.Compare(today) > 0 {
		return today
	}
	return a.FiledOn
}

func (c *check) identifiers(a Application, today Date) {
	c.refuse(a.EnrollmentID == "", "enrollment_id", "is missing; the station's own identifier of this enrollment")
	_, err := ParseStationID(string(a.Station))
	c.add(err)
	c.refuse(!officeID(string(a.Officer)), "officer", "is not a badge; capital letters, digits and hyphens are accepted, for example CB-001-0007")
	c.refuse(!a.FiledOn.Complete(), "filed_on", "is missing or incomplete; yyyy-mm-dd is accepted")
	c.refuse(a.FiledOn.Complete() && a.FiledOn.Compare(law2014.from) < 0, "filed_on", "is before 23 January 2021, when chip cards began")
	c.refuse(a.FiledOn.Compare(today) > 0, "filed_on", "is after today; law, form and fee are those of that day")
}

// officeID reports whether s can name a station or an officer.
func officeID(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

func (c *check) request(a Application) {
	c.refuse(!a.Type.known(), "type", "must be one of %s", join(ApplicationTypes))
	c.refuse(a.Channel != AtStation && a.Channel != Online, "channel", "must be station or online")
}

// ofHolder reports whether only who had a card may have the ground, whatever the type.
func (g Ground) ofHolder() bool {
	return g != GroundNationality && slices.ContainsFunc(provisions, func(p provision) bool { return p.ground == g && p.kind.ofHolder() })
}

func (c *check) delivery(a Application) {
	c.refuse(a.Delivery != Collect && a.Delivery != Post, "delivery", "must be collect or post")
	c.refuse(a.Delivery == Post && a.DeliveryTo == "", "delivery_to", "is missing; the address to post the card to")
	c.refuse(a.Delivery == Collect && a.DeliveryTo != "", "delivery_to", "is given, but the card is to be collected")
}

func (c *check) person(p Person, filedOn Date) {
	c.refuse(p.Name.IsZero(), "person.name", "is missing")
	c.refuse(p.Name.FamilyWords < 0 || p.Name.FamilyWords > len(p.Name.Words()), "person.family_name_words", "must be between 0 and the number of words in the name")
	c.refuse(p.Sex != Male && p.Sex != Female, "person.sex", "must be M or F")
	c.refuse(p.Birth.IsZero(), "person.birth", "is missing; yyyy-mm-dd, yyyy-mm or yyyy is accepted")
	c.refuse(!p.Birth.IsZero() && p.Birth.Year < firstBirthYear, "person.birth", "is before %d", firstBirthYear)
	c.refuse(p.Birth.Compare(filedOn) > 0, "person.birth", "is after the day the application was filed")
	c.refuse(p.BloodGroup != "" && !slices.Contains(bloodGroups, p.BloodGroup), "person.blood_group", "must be one of %s", strings.Join(bloodGroups, ", "))
}

// CheckPerson brings the texts of a person's record to NFC, and refuses what no card can
// show, whatever is applied for. Fields are named as in the JSON of a person.
func CheckPerson(p Person) (Person, error) {
	a, unclean := Application{Person: p}.Normalize()
	c := &check{}
	c.add(unclean)
	c.person(p, p.Birth)
	for _, place := range []struct {
		field string
		code  ProvinceCode
	}{
		{"origin.province", p.Origin.Province}, {"birth_registration.province", p.BirthRegistration.Province}, {"residence.province", p.Residence.Province},
	} {
		c.refuse(place.code != "" && !place.code.known(), place.field, "is not the code of a province (001 to 096) or a country (100 to 999)")
	}
	c.refuse(p.CancelledNumber != "" && p.CancelledNumber == p.Number, "cancelled_number", "is the personal number itself")
	return a.Person, c.ofRecord()
}

// CheckCorrected refuses a correction of a record by what no packet of today may say of a
// person either. What it leaves as it was may be of before.
func CheckCorrected(before, after Person, today Date) error {
	c := &check{}
	c.refuse(after.Birth != before.Birth && after.Birth.Compare(today) > 0, "person.birth", "is in the future")
	if after.Residence != before.Residence {
		c.home(after.Residence, today)
		c.add(after.Residence.oneProvince("person.residence.province"))
	}
	if after.BirthRegistration != before.BirthRegistration {
		c.add(after.BirthRegistration.oneProvince("person.birth_registration.province"))
	}
	if after.Origin != before.Origin {
		c.add(after.Origin.oneProvince("person.origin.province"))
	}
	return c.ofRecord()
}

// ofRecord joins the refusals, with the fields named as in the JSON of a person.
func (c *check) ofRecord() error {
	refusals := Refusals(errors.Join(c.refusals...))
	own := make([]error, len(refusals))
	for i, r := range refusals {
		own[i] = RefuseField(r.Kind, strings.TrimPrefix(r.Field, "person."), "%s", r.Detail)
	}
	return errors.Join(own...)
}

// bloodGroups as the population database writes them.
var bloodGroups = []string{"A", "A+", "A-", "B", "B+", "B-", "AB", "AB+", "AB-", "O", "O+", "O-"}

// places checks the places, those of today by the units of the day of filing. Places of
// birth and origin are as old papers have them.
func (c *check) places(a Application) {
	p := a.Person
	for _, place := range []struct {
		field string
		code  ProvinceCode
	}{
		{"person.origin.province", p.Origin.Province},
		{"person.birth_registration.province", p.BirthRegistration.Province},
	} {
		c.refuse(place.code != "" && !place.code.known(), place.field, "is not the code of a province (001 to 096) or a country (100 to 999)")
	}
	c.home(p.Residence, a.FiledOn)
	born := p.BirthRegistration.Province
	c.refuse(p.Birth.Compare(lastOf63) > 0 && born.known() && !born.Abroad() && !born.stands(p.Birth), "person.birth_registration.province",
		"is the code of a province that ended on %s, before the birth", lastOf63.Display())
	if p.Birth.Compare(lastOf63) > 0 && p.BirthRegistration.named(p.Birth) != "" { // in Vietnam
		c.add(p.BirthRegistration.current("person.birth_registration.text", p.Birth))
	}
	c.add(Place{Text: a.DeliveryTo}.current("delivery_to", a.FiledOn))
}

// home checks a place of residence by the units of a day.
func (c *check) home(p Place, day Date) {
	c.refuse(p.Text == "", "person.residence.text", "is missing")
	c.refuse(p.Province != "" && (!p.Province.known() || p.Province.Abroad()), "person.residence.province", "is not the code of a province (001 to 096)")
	c.refuse(p.Province.known() && !p.Province.Abroad() && !p.Province.stands(day), "person.residence.province",
		"is the code of a province that ended on %s: give the one that it is part of now", lastOf63.Display())
	c.add(p.current("person.residence.text", day))
}

// numbers checks that the numbers which the request needs are given and agree
// with the rest.
func (c *check) numbers(a Application) {
	p := a.Person
	switch {
	case p.Number != "":
		c.add(p.Number.Agrees(p.Birth, p.Sex))
	default:
		// A person who regains nationality may have left before numbers were given.
		hadCard := a.hadCard() && a.Ground != GroundNationality || !a.Type.known() && a.Ground.ofHolder()
		c.refuse(hadCard, "person.number", "is missing; a person who had a card has a number")
	}
	c.refuse(a.Ground == GroundFromCMND && p.OldNumber == "" && cmndNumberAsked.includes(a.FiledOn), "person.old_number", "is missing; the number of the old CMND")
	c.refuse(a.Ground == GroundNumberChanged && p.CancelledNumber == "", "person.cancelled_number", "is missing; the number that was canceled")
	c.refuse(p.CancelledNumber != "" && p.CancelledNumber == p.Number, "person.cancelled_number", "is the personal number itself")
}

// law checks what the law of the day of filing allows.
func (c *check) law(a Application, law Law) {
	switch grounds := groundsOn(a.FiledOn, a.Type); {
	case !a.Type.known():
		c.ground(a, law)
	case len(grounds) == 0:
		c.refuse(true, "ground", "is given for %s, which law %s does not know", a.Type, law)
	default:
		c.refuse(!slices.Contains(grounds, a.Ground), "ground",
			"is not a ground for %s under law %s; accepted are %s", a.Type, law, join(grounds))
	}
	c.refuse(a.Ground == GroundPrintError && a.ErrorBy != ErrorByAuthority && a.ErrorBy != ErrorByCitizen, "error_by",
		"must be %s or %s: an error on the card is put right free of charge where the authority made it", ErrorByAuthority, ErrorByCitizen)
	c.refuse(a.Ground != GroundPrintError && a.ErrorBy != "", "error_by", "is given, but the ground is not %s", GroundPrintError)
	switch {
	case !a.Person.Birth.IsZero() && a.Person.Birth.Compare(a.FiledOn) <= 0:
		c.age(a, law, a.Person.Birth.AgeOn(a.FiledOn))
	case a.Person.Number != "" && a.Person.Number.BirthYear() <= a.FiledOn.Year && a.FiledOn.Year-a.Person.Number.BirthYear() < ageOfDuty:
		c.representative(a, law) // a child by the number, whatever is wrong with the birth
	}
	c.exemption(a)
}

// exemption checks a claim to pay nothing, against age and proof.
func (c *check) exemption(a Application) {
	if a.Exemption == "" {
		c.refuse(a.ExemptionProof != "", "exemption_proof", "is given, but no exemption is claimed")
		return
	}
	e, known := exemptionOf(a)
	if !known {
		c.refuse(true, "exemption", "must be one of %s", strings.Join(Exemptions(a.FiledOn), ", "))
		return
	}
	if age := a.Person.Birth.AgeOn(a.FiledOn); !a.Person.Birth.IsZero() && a.Person.Birth.Compare(a.FiledOn) <= 0 {
		c.refuse(e.ages.below != 0 && age >= e.ages.below, "exemption", "is %s, which is for those below %d; the applicant is %d", e.code, e.ages.below, age)
		c.refuse(age < e.ages.from, "exemption", "is %s, which is for those from %d on; the applicant is %d", e.code, e.ages.from, age)
	}
	c.refuse(e.code == minority && a.Person.Ethnicity == "", "exemption", "is %s, but no ethnic group of the applicant is given", e.code)
	c.refuse(e.code == minority && strings.EqualFold(a.Person.Ethnicity, majority), "exemption", "is %s, but the applicant's ethnic group is %s", e.code, majority)
	c.refuse(e.proven && a.ExemptionProof == "", "exemption_proof", "is missing; name the paper that proves the exemption %s", e.code)
}

func (c *check) representative(a Application, law Law) {
	c.refuse(law == Law2023 && a.Representative.IsZero(), "representative",
		"is missing; a child under %d applies through the legal representative", ageOfDuty)
}

// ground refuses what is a ground for no type of application, where the type is not known.
func (c *check) ground(a Application, law Law) {
	var all []Ground
	for _, t := range ApplicationTypes {
		all = append(all, groundsOn(a.FiledOn, t)...)
	}
	c.refuse(!slices.Contains(all, a.Ground), "ground", "is not a ground under law %s; accepted are %s", law, join(all))
}

// age checks what the law says about an applicant of that age. An adult may have a
// representative too, after losing legal capacity (art. 23 of Law 26/2023/QH15).
func (c *check) age(a Application, law Law, age int) {
	if law == Law2014 && age < ageOfDuty {
		c.add(refuseTooYoung())
	}
	if age < ageOfDuty {
		c.representative(a, law)
	}
	c.refuse(a.Ground == GroundAge && !law.ageDue(age), "ground", "is age, but the applicant is not near an age at which a card is exchanged")
	c.refuse(a.Channel == Online && !a.online(), "channel",
		"online is accepted since 1 July 2024, and only for reissue after loss or damage, for exchange because units were rearranged (since 12 August 2025), and for children under %d; otherwise the citizen has to come in person", ageOfCapture)
}

func join[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}
