package packet

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
)

// Submission is an application as a station writes it, in JSON: what the samples
// hold and what a packet carries. Images are named by file or carried in it; a
// packet always carries them. docs/packet.md describes each field.
type Submission struct {
	EnrollmentID   string        `json:"enrollment_id"`
	Station        string        `json:"station"`
	Officer        string        `json:"officer"`
	Channel        string        `json:"channel"`
	Type           string        `json:"type"`
	Ground         string        `json:"ground"`
	FiledOn        string        `json:"filed_on"`
	Person         Person        `json:"person"`
	Representative string        `json:"representative,omitzero"`
	Delivery       string        `json:"delivery"`
	DeliveryTo     string        `json:"delivery_to,omitzero"`
	Urgent         bool          `json:"urgent,omitzero"`
	Exemption      string        `json:"exemption,omitzero"`
	ExemptionProof string        `json:"exemption_proof,omitzero"`
	ErrorBy        string        `json:"error_by,omitzero"`
	LateReason     string        `json:"late_reason,omitzero"`
	SignedSheet    string        `json:"signed_sheet,omitzero"`
	OriginProof    string        `json:"origin_proof,omitzero"`
	ResidingSince  string        `json:"residing_since,omitzero"`
	Contact        *Contact      `json:"contact,omitzero"`
	Portrait       *Image        `json:"portrait,omitzero"`
	Fingerprints   []Fingerprint `json:"fingerprints,omitzero"`
	IrisLeft       *Iris         `json:"iris_left,omitzero"`
	IrisRight      *Iris         `json:"iris_right,omitzero"`
}

// Person is the citizen in a Submission.
type Person struct {
	Number            string `json:"number,omitzero"`
	Name              string `json:"name"`
	FamilyNameWords   int    `json:"family_name_words,omitzero"`
	Birth             string `json:"birth"`
	Sex               string `json:"sex"`
	Ethnicity         string `json:"ethnicity,omitzero"`
	Religion          string `json:"religion,omitzero"`
	BloodGroup        string `json:"blood_group,omitzero"`
	Origin            Place  `json:"origin,omitzero"`
	BirthRegistration Place  `json:"birth_registration,omitzero"`
	Residence         Place  `json:"residence"`
	Marks             string `json:"marks,omitzero"`
	Father            string `json:"father,omitzero"`
	Mother            string `json:"mother,omitzero"`
	Spouse            string `json:"spouse,omitzero"`
	OldNumber         string `json:"old_number,omitzero"`
	CancelledNumber   string `json:"cancelled_number,omitzero"`
	Nationality       string `json:"nationality,omitzero"`
}

// Contact is how the citizen agreed to be told of the application.
type Contact struct {
	Consent bool   `json:"consent"`
	SMS     string `json:"sms,omitzero"`
	Email   string `json:"email,omitzero"`
	VNeID   bool   `json:"vneid,omitzero"`
}

// parse reads it, or refuses all that is wrong with it together.
func (c *Contact) parse() (identity.Contact, error) {
	if c == nil {
		return identity.Contact{}, nil
	}
	var wrong []error
	contact := identity.Contact{
		SMS: optional(&wrong, "sms", c.SMS, identity.ParsePhone), Email: optional(&wrong, "email", c.Email, identity.ParseEmail), VNeID: c.VNeID,
	}
	switch {
	case !c.Consent:
		wrong = append(wrong, identity.RefuseField(identity.Invalid, "consent", "is not true; leave contact out of what a citizen does not agree to"))
	case *c == Contact{Consent: true}:
		wrong = append(wrong, identity.RefuseField(identity.Invalid, "consent", "is given for nothing; name sms, email or vneid"))
	}
	return contact, errors.Join(wrong...)
}

func contactOf(c identity.Contact) *Contact {
	if c == (identity.Contact{}) {
		return nil
	}
	return &Contact{Consent: true, SMS: c.SMS, Email: c.Email, VNeID: c.VNeID}
}

// Place is a place in a Submission.
type Place struct {
	Text     string `json:"text"`
	Province string `json:"province,omitzero"`
}

// Image is the portrait, a JPEG: a file beside the submission, or its bytes
// (base64).
type Image struct {
	File string `json:"file,omitzero"`
	Data []byte `json:"data,omitzero"`
}

// Fingerprint is one finger: a PNG, a template of ISO/IEC 19794-2:2005, both, or why
// the finger could not be taken.
type Fingerprint struct {
	Position     string `json:"position"`
	File         string `json:"file,omitzero"`
	Data         []byte `json:"data,omitzero"`
	Template     string `json:"template,omitzero"`
	TemplateData []byte `json:"template_data,omitzero"`
	Missing      string `json:"missing,omitzero"`
}

// Iris is one eye: a PNG or a record of ISO/IEC 19794-6:2011, or why it could not be taken.
type Iris struct {
	File    string `json:"file,omitzero"`
	Data    []byte `json:"data,omitzero"`
	Missing string `json:"missing,omitzero"`
}

// MaxFingers is how many fingerprints a submission may have.
const MaxFingers = 10

// CheckCount refuses more fingerprints than people have fingers, before any work is
// done on them.
func CheckCount(fingers []Fingerprint) error {
	if len(fingers) > MaxFingers {
		return refuseCount()
	}
	return nil
}

func refuseCount() error {
	return identity.RefuseField(identity.Invalid, "fingerprints", "are more than %d; one for each finger is accepted", MaxFingers)
}

// Application turns the texts of a submission into the values of the field, or
// refuses everything that is wrong with them together; the application then holds
// whatever is right. It leaves images and templates alone. An application is not filed
// after today.
func (s Submission) Application(today identity.Date) (identity.Application, error) {
	absent := s.absent()
	var wrong []error
	filed := parsed(&wrong, "filed_on", s.FiledOn, identity.ParseDate)
	person, err := s.Person.Parse()
	contact, unreachable := s.Contact.parse()
	wrong = append(wrong, identity.InField("person", err), identity.InField("contact", unreachable))
	app := identity.Application{
		EnrollmentID:   s.EnrollmentID,
		Station:        identity.StationID(s.Station),
		Officer:        identity.OfficerID(s.Officer),
		Channel:        identity.Channel(s.Channel),
		Type:           identity.ApplicationType(s.Type),
		Ground:         identity.Ground(s.Ground),
		FiledOn:        filed,
		Person:         person,
		Representative: optional(&wrong, "representative", s.Representative, identity.ParseName),
		Delivery:       identity.Delivery(s.Delivery),
		DeliveryTo:     s.DeliveryTo,
		Urgent:         s.Urgent,
		Exemption:      s.Exemption,
		ExemptionProof: s.ExemptionProof,
		ErrorBy:        identity.Party(s.ErrorBy),
		LateReason:     s.LateReason,
		SignedSheet:    s.SignedSheet,
		OriginProof:    s.OriginProof,
		ResidingSince:  optional(&wrong, "residing_since", s.ResidingSince, identity.ParseDate),
		Contact:        contact,
	}
	unread := AndThen(absent, errors.Join(wrong...))
	app, unclean := app.Normalize()
	told := AndThen(unread, unclean)
	return app, AndThen(told, app.Check(today))
}

// absent refuses each field that every application needs and that is not there.
func (s Submission) absent() error {
	var wrong []error
	for _, f := range []struct{ field, text, accepted string }{
		{"enrollment_id", s.EnrollmentID, "the station's own identifier of this enrollment"},
		{"station", s.Station, "the name of the station, for example 001-TN-01"},
		{"officer", s.Officer, "the badge of the enrolling officer, for example CB-001-0007"},
		{"channel", s.Channel, "station or online"},
		{"type", s.Type, strings.Trim(strings.ReplaceAll(fmt.Sprint(identity.ApplicationTypes), " ", ", "), "[]")},
		{"ground", s.Ground, "why the law gives a card, for example first-card"},
		{"filed_on", s.FiledOn, "yyyy-mm-dd"},
		{"person.name", s.Person.Name, "the citizen's name, family name first"},
		{"person.birth", s.Person.Birth, "yyyy-mm-dd, yyyy-mm or yyyy"},
		{"person.sex", s.Person.Sex, "M or F"},
		{"person.residence.text", s.Person.Residence.Text, "the place of residence"},
		{"delivery", s.Delivery, "collect or post"},
	} {
		if f.text == "" {
			wrong = append(wrong, identity.RefuseField(identity.Invalid, f.field, "is missing; accepted is %s", f.accepted))
		}
	}
	return errors.Join(wrong...)
}

// AndThen joins what was refused first with what was refused afterwards, without what
// only follows from it: that a field is missing whose value could not be read.
func AndThen(first, then error) error {
	all := identity.Apart(first)
	told := make(map[string]bool)
	for _, r := range identity.Refusals(first) {
		told[r.Field] = true
	}
	told["person.family_name_words"] = told["person.family_name_words"] || told["person.name"] // which counts its words
	for _, err := range identity.Apart(then) {
		if r, ok := errors.AsType[*identity.Refusal](err); !ok || !within(told, r.Field) {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// within reports whether a field, or one that it is part of, or the image in it, is
// among those told.
func within(told map[string]bool, field string) bool {
	if told[field+".data"] || told[field+".template_data"] {
		return true
	}
	for field != "" {
		if told[field] {
			return true
		}
		field = field[:max(strings.LastIndexByte(field, '.'), 0)]
	}
	return false
}

// Parse turns the texts of a person into the values of the field, or refuses all
// that are wrong together. Texts without a form of their own are taken as they are.
func (p Person) Parse() (identity.Person, error) {
	var wrong []error
	person := identity.Person{
		Number:            optional(&wrong, "number", p.Number, identity.ParsePersonalNumber),
		Name:              parsed(&wrong, "name", p.Name, identity.ParseName),
		Birth:             parsed(&wrong, "birth", p.Birth, identity.ParseDate),
		Sex:               identity.Sex(p.Sex),
		Ethnicity:         p.Ethnicity,
		Religion:          p.Religion,
		BloodGroup:        p.BloodGroup,
		Origin:            p.Origin.place(),
		BirthRegistration: p.BirthRegistration.place(),
		Residence:         p.Residence.place(),
		Marks:             p.Marks,
		Father:            optional(&wrong, "father", p.Father, identity.ParseName),
		Mother:            optional(&wrong, "mother", p.Mother, identity.ParseName),
		Spouse:            optional(&wrong, "spouse", p.Spouse, identity.ParseName),
		OldNumber:         optional(&wrong, "old_number", p.OldNumber, identity.ParseOldNumber),
		CancelledNumber:   optional(&wrong, "cancelled_number", p.CancelledNumber, identity.ParsePersonalNumber),
		Nationality:       optional(&wrong, "nationality", p.Nationality, identity.ParseNationality),
	}
	person.Name.FamilyWords = p.FamilyNameWords
	if person.Name.IsZero() && p.Name != "" && (p.FamilyNameWords < 0 || p.FamilyNameWords > len(strings.Fields(p.Name))) {
		wrong = append(wrong, identity.RefuseField(identity.Invalid, "family_name_words", "must be between 0 and the number of words in the name"))
	}
	return person, errors.Join(wrong...)
}

func (p Place) place() identity.Place {
	return identity.Place{Text: p.Text, Province: identity.ProvinceCode(p.Province)}
}

// parsed reads a value that must be there.
func parsed[T any](wrong *[]error, field, text string, parse func(string) (T, error)) T {
	v, err := parse(text)
	if err != nil {
		*wrong = append(*wrong, identity.InField(field, err))
		var none T
		return none
	}
	return v
}

// optional reads a value that may be absent.
func optional[T any](wrong *[]error, field, text string, parse func(string) (T, error)) T {
	if text == "" {
		var none T
		return none
	}
	return parsed(wrong, field, text, parse)
}

// Carried is how many bytes of its document the images and templates take, in base64.
func (s Submission) Carried() int64 {
	size := 0
	count := func(b []byte) { size += base64.StdEncoding.EncodedLen(len(b)) }
	if s.Portrait != nil {
		count(s.Portrait.Data)
	}
	for _, f := range s.Fingerprints {
		count(f.Data)
		count(f.TemplateData)
	}
	for _, eye := range []*Iris{s.IrisLeft, s.IrisRight} {
		if eye != nil {
			count(eye.Data)
		}
	}
	return int64(size)
}

// Digest names a submission: the same one again has the same digest, whichever way
// its texts are encoded in Unicode.
func (s Submission) Digest() ([sha256.Size]byte, error) {
	b, err := s.canonical()
	return sha256.Sum256(norm.NFC.Bytes(b)), err
}

// canonical gives the bytes that are signed: the same submission gives the same
// bytes.
func (s Submission) canonical() ([]byte, error) {
	b, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write submission: %w", err)
	}
	return b, nil
}

// SubmissionOf writes an application as a station does, without images.
func SubmissionOf(a identity.Application) Submission {
	p := a.Person
	text := func(d identity.Date) string {
		b, _ := d.MarshalText() // cannot fail
		return string(b)
	}
	return Submission{
		EnrollmentID: a.EnrollmentID, Station: string(a.Station), Officer: string(a.Officer), Channel: string(a.Channel),
		Type: string(a.Type), Ground: string(a.Ground), FiledOn: text(a.FiledOn),
		Person: Person{
			Number: string(p.Number), Name: p.Name.Text, FamilyNameWords: p.Name.FamilyWords, Birth: text(p.Birth), Sex: string(p.Sex),
			Ethnicity: p.Ethnicity, Religion: p.Religion, BloodGroup: p.BloodGroup,
			Origin: placeOf(p.Origin), BirthRegistration: placeOf(p.BirthRegistration), Residence: placeOf(p.Residence), Marks: p.Marks,
			Father: p.Father.Text, Mother: p.Mother.Text, Spouse: p.Spouse.Text,
			OldNumber: string(p.OldNumber), CancelledNumber: string(p.CancelledNumber), Nationality: string(p.Nationality),
		},
		Representative: a.Representative.Text, Delivery: string(a.Delivery), DeliveryTo: a.DeliveryTo, Urgent: a.Urgent,
		Exemption: a.Exemption, ExemptionProof: a.ExemptionProof, ErrorBy: string(a.ErrorBy), LateReason: a.LateReason, SignedSheet: a.SignedSheet,
		OriginProof: a.OriginProof, ResidingSince: text(a.ResidingSince), Contact: contactOf(a.Contact),
	}
}

func placeOf(p identity.Place) Place { return Place{Text: p.Text, Province: string(p.Province)} }
