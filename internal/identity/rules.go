package identity

import (
	"errors"
	"fmt"
)

// RulesFor pins the law to an application as it stood on the day it was filed:
// statute, form (which the form catalog chose), legal deadline, fee, and the expiry
// of a card made that day. Held is the card that the applicant holds, nil where the card
// record has none. The application must have passed Check; RulesFor refuses only what it
// cannot compute with.
func RulesFor(a Application, held *HeldCard, form FormID, calendar *Calendar) (Rules, error) {
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
	promise := calendar.Due
	if a.Type == CertificateIssue {
		promise = calendar.DueInDays
	}
	due, err := promise(a.FiledOn, days)
	if err != nil {
		return Rules{}, fmt.Errorf("compute deadline: %w", err)
	}
	return Rules{
		Law: law, Form: form, ProcessingDays: days, Due: due,
		Fee: Fee(a, held), Expiry: a.Type.Document().Validity(law, a.Person.Birth, a.FiledOn),
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

// CapturedFor reports whether the holder was old enough to be captured for the card held.
func (a Application) CapturedFor(held HeldCard) bool { return a.filed(held.Issued).NeedsPortrait() }

// OutgrewCapture reports whether the holder, of whom nothing was captured for being too
// young when the application was filed, is old enough on a later day.
func (a Application) OutgrewCapture(holder Person, on Date) bool {
	return !a.NeedsPortrait() && holder.Birth.AgeOn(on) >= ageOfCapture
}

// Against refuses what the card that the applicant holds contradicts: it decides what may
// be asked for, and at which price.
func (a Application) Against(held HeldCard) error {
	switch {
	case a.Type.ofHolder() && held.document() != a.Type.Document() && a.Ground != GroundNationality: // who regains it may have a certificate meanwhile
		return RefuseField(Conflict, "type", "is %s, but what the applicant holds is a %s; accepted are %s", a.Type, held.document(), join(TypesFor(held.document())))
	case a.Ground == GroundNumberChanged && !held.Canceled:
		return RefuseField(Conflict, "ground", "is number-changed, but the card held bears the number that the register has: it is exchanged on another ground, for example request")
	case held.NationalityLost && a.Type.Document() == CardDocument && a.Ground != GroundNationality:
		return RefuseField(Conflict, "ground", "is %s, but the card was withdrawn when nationality was lost: who regained it is given another as a reissue, on the ground nationality", a.Ground)
	case !held.standing():
		return nil
	case held.Issued.Compare(a.FiledOn) > 0: // who has an application open files no other
		return RefuseField(Conflict, "filed_on", "is before %s, when the card held was issued", held.Issued.Display())
	case a.FromFile() && a.NeedsPortrait() && !a.CapturedFor(held):
		return RefuseField(Conflict, "channel", "is online, but for the card held, of a child, nothing was captured: the citizen comes in person")
	case a.toBeReissued(held):
		return RefuseField(Conflict, "ground", "is %s, but the card held is %s: there is none to exchange, and the type is reissue", a.Ground, held.State)
	case a.Ground == GroundExpired && a.FiledOn.Compare(held.Expiry.Date) < 0:
		return RefuseField(Conflict, "ground", "is expired, but the certificate held is valid until %s: it is exchanged on another ground, for example request", held.Expiry)
	case a.Ground == GroundFromCCCD && held.law() != Law2014:
		return RefuseField(Conflict, "ground", "is from-cccd, but the card held is one of law %s: it is exchanged on another ground, for example request", held.law())
	case a.Ground == GroundNationality && !held.Certificate:
		return RefuseField(Conflict, "ground", "is nationality, but the card held was not withdrawn, as it is from whoever loses nationality")
	case a.Ground == GroundBoundaries && a.afterRearrangement(held):
		return RefuseField(Conflict, "ground", "is boundaries, but the card held was issued on %s, after units were last rearranged: it is exchanged on another ground, for example request", held.Issued.Display())
	case a.Type == Reissue && held.State == CardKept:
		return RefuseField(Conflict, "ground", "is %s, but the card held is kept by an authority, which gives it back", a.Ground)
	case a.dueForAge(held):
		return RefuseField(Conflict, "ground", "is %s, but the card held ended on %s, at an age at which it is exchanged: the type is exchange and the ground age, free of charge", a.Ground, held.Expiry)
	case a.Ground == GroundAge:
		return a.ofAge(held)
	}
	return nil
}

// toBeReissued reports whether a card is exchanged that was lost, or is damaged: another is
// reissued for it (art. 24.2 (a) of Law 26/2023/QH15), at its price. One that bears a canceled
// number, or ends at an age of art. 21, is exchanged all the same.
func (a Application) toBeReissued(held HeldCard) bool {
	return a.Type == Exchange && law2023.includes(a.FiledOn) && (held.State == CardReportedLost || held.State == CardDamaged) &&
		a.Ground != GroundAge && a.Ground != GroundNumberChanged
}

// dueForAge reports whether the card is lost or damaged when it has ended at an age of art. 21
// of Law 26/2023/QH15: that is no reissue (art. 24.2 (a)), but the exchange that is due.
func (a Application) dueForAge(held HeldCard) bool {
	return a.Type == Reissue && (a.Ground == GroundLost || a.Ground == GroundDamaged) && law2023.includes(a.FiledOn) &&
		!held.Expiry.Never() && a.FiledOn.Compare(held.Expiry.Date) >= 0
}

// afterRearrangement reports whether the card was issued when the units of its holder's places
// had been rearranged for the last time.
func (a Application) afterRearrangement(held HeldCard) bool {
	last := a.Person.rearrangedUntil(a.FiledOn)
	return !last.IsZero() && held.Issued.Compare(last) >= 0
}

// ofAge refuses the exchange for age of a card that does not end.
func (a Application) ofAge(held HeldCard) error {
	switch {
	case held.Expiry.Never():
		return RefuseField(Conflict, "ground", "is age, but the card held has no expiry")
	case a.FiledOn.Compare(held.Expiry.Date.AddYears(-renewalYears)) < 0:
		return RefuseField(Conflict, "ground", "is age, but the card held does not end at this age: it is exchanged on another ground, for example request")
	}
	return nil
}

// ByRecord refuses what the law does not give to that person, who is the holder by the
// population register. At the door, age and nationality were what a station typed; the record
// may be corrected at any time.
func (a Application) ByRecord(holder Person) error {
	captured := a.NeedsPortrait()
	a.Person = holder
	c := &check{}
	if holder.Number != "" {
		c.add(holder.Number.Agrees(holder.Birth, holder.Sex)) // the person is given another first
	}
	c.refuse(captured && !a.NeedsPortrait(), "person.birth", "is less than %d years before filing: of such a child nothing is captured", ageOfCapture)
	c.age(a, LawOn(a.FiledOn), holder.Birth.AgeOn(a.FiledOn))
	c.exemption(a)
	c.certificate(a)
	c.refuse(a.Ground == GroundNumberChanged && holder.Number != "" && holder.CancelledNumber == "", "ground",
		"is number-changed, but the population register has canceled no number of this person")
	c.refuse(a.Exemption == "special-zone" && !holder.Residence.inSpecialZone(), "exemption",
		"is special-zone, which is for who resides in one (đặc khu), and the residence is none")
	c.refuse(a.Exemption == "border" && !holder.Residence.bordersOn(a.FiledOn), "exemption",
		"is border, which is for who resides in a commune on a land border, and the province of the residence has none")
	c.add(holder.Residence.current("person.residence", a.FiledOn)) // what is printed is corrected first
	return errors.Join(c.refusals...)
}

// ByCard refuses what the law does not give to that person, who is the holder by the population
// register, for the card held by the card record; nil: who has and had none. Cards come and go
// after an application was filed.
func (a Application) ByCard(holder Person, held *HeldCard) error {
	a.Person = holder
	c := &check{}
	c.refuse(a.contradicts(held), "ground", "is not one of somebody who holds a %[1]s, or held one; or of somebody who holds no %[1]s", a.Type.Document())
	if held != nil {
		c.add(a.Against(*held))
	}
	return errors.Join(c.refusals...)
}

// ByCMND refuses the first card to who comes from a CMND by the population register, while the ground
// may still be put right. Of whom the register learns it later the CMND is asked for at hand-over.
func (a Application) ByCMND(holder Person) error {
	if a.Ground != GroundFirstCard || holder.OldNumber == "" {
		return nil
	}
	return RefuseField(Conflict, "ground", "is first-card, but this person has a CMND by the population register: the ground is from-cmnd")
}

// ByNationality refuses the reissue to who regained nationality where the register knows that this
// person kept it all the time, or regained it after filing only; the zero date: it does not know when.
func (a Application) ByNationality(kept bool, regained Date) error {
	switch {
	case a.Ground != GroundNationality:
		return nil
	case kept:
		return RefuseField(Conflict, "ground", "is nationality, but by the population register and the card record this person never lost it; where it was lost and regained before they had it, that is marked there first (population mark)")
	case a.FiledOn.Compare(regained) < 0:
		return RefuseField(Conflict, "filed_on", "is before %s, when nationality was regained by the population register", regained.Display())
	}
	return nil
}

// contradicts reports whether the ground cannot be that of somebody who holds, held or never
// had such a document.
func (a Application) contradicts(held *HeldCard) bool {
	had := held != nil && held.document() == a.Type.Document()
	switch g := a.Ground; {
	case g == GroundFirstCard || g == GroundFromCMND || g == GroundFirstCertificate:
		return had
	case g == GroundNationality: // it was withdrawn, or handed in abroad
		return false
	case g == GroundNumberChanged || g == GroundRequest:
		// Of whoever had one: it was revoked with the number that it bears, or it may have been
		// withdrawn for what was wrong with it.
		return !had
	case g == GroundPrintError && had && a.ErrorBy == ErrorByAuthority && held.InError:
		return false // art. 38 of Law 26/2023/QH15: the authority's error costs the citizen nothing
	}
	return !had || !held.standing()
}

// Entry is when and where an application is entered.
type Entry struct {
	Signed      Date // when its officer says to have signed; when it came in, if that is not known
	Came        Date // when it came in
	OfficeStart Date // nothing was filed before
	LateAfter   int  // after so many working days from the day of filing it is late; 0: never
}

// Timely refuses a day of filing that is before the office's start, or so long ago that a
// reason is due; and, if it is late, whose tariff has ended since, so that
// nobody dates an application back for the sake of its fee.
func (a Application) Timely(e Entry, calendar *Calendar) error {
	switch {
	case !a.FiledOn.Complete():
		return nil // Check told
	case a.FiledOn.Compare(e.OfficeStart) < 0:
		return RefuseField(Invalid, "filed_on", "is before %s, when this office began", e.OfficeStart.Display())
	}
	late, err := a.late(e.Signed, e.LateAfter, calendar)
	if err != nil {
		return err
	}
	if !late {
		return a.cameInTime(e, calendar)
	}
	switch {
	case !sameTariff(a.FiledOn, e.Signed, a.Channel):
		return RefuseField(Invalid, "filed_on", "is a day whose fees have ended since: a late entry is filed anew, today")
	case exempt(a) && !exempt(a.filed(e.Signed)):
		return RefuseField(Invalid, "filed_on", "is a day on which the applicant's age still made this free: a late entry is filed anew, today")
	case a.LateReason == "":
		return RefuseField(Invalid, "late_reason", "is missing; the day of filing is more than %d working days before it was signed: say why it is entered so late", e.LateAfter)
	}
	return nil
}

// cameInTime refuses an application without a reason that comes late for the fee of the day of its
// filing, which has ended since: when it was signed is its officer's word alone.
func (a Application) cameInTime(e Entry, calendar *Calendar) error {
	late, err := a.late(e.Came, e.LateAfter, calendar)
	if err != nil || !late || a.LateReason != "" || sameTariff(a.FiledOn, e.Came, a.Channel) && (!exempt(a) || exempt(a.filed(e.Came))) {
		return err
	}
	return RefuseField(Invalid, "late_reason", "is missing; the application comes more than %d working days after the day of filing, whose fee has ended since: say why it comes so late", e.LateAfter)
}

// filed is the application if it is filed on that day.
func (a Application) filed(on Date) Application {
	a.FiledOn = on
	return a
}

// late reports whether more working days have passed by that day than the office gives stations to
// send what was filed.
func (a Application) late(on Date, after int, calendar *Calendar) (bool, error) {
	if after == 0 || !calendar.Has(a.FiledOn.Year) { // whose year RulesFor refuses
		return false, nil
	}
	last, err := calendar.AddWorkingDays(a.FiledOn, after)
	if err != nil {
		return false, fmt.Errorf("count days since filing: %w", err)
	}
	return on.Compare(last) > 0, nil
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
		{"exemption_proof", &a.ExemptionProof, maxMarks},
		{"late_reason", &a.LateReason, maxMarks},
		{"signed_sheet", &a.SignedSheet, maxLabel},
		{"origin_proof", &a.OriginProof, maxMarks},
	} {
		text, err := CheckText(t.field, *t.text, t.limit)
		if err != nil {
			refusals = append(refusals, err)
		}
		*t.text = text
	}
	return a, errors.Join(refusals...)
}
