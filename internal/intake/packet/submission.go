package packet

import (
	"crypto/sha256"
	"errors"
	"fmt"

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
	Portrait       *Image        `json:"portrait,omitzero"`
	Fingerprints   []Fingerprint `json:"fingerprints,omitzero"`
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

// CheckCount refuses more fingerprints than people have fingers, before any work is
// done on them.
func CheckCount(fingers []Fingerprint) error {
	const most = 10
	if len(fingers) > most {
		return identity.RefuseField(identity.Invalid, "fingerprints", "are more than %d; one for each finger is accepted", most)
	}
	return nil
}

// Application turns the texts of a submission into the values of the field, or
// refuses everything that is wrong with them together. It leaves images and
// templates alone.
func (s Submission) Application() (identity.Application, error) {
	var wrong []error
	filed := parsed(&wrong, "filed_on", s.FiledOn, identity.ParseDate)
	person, err := s.Person.Parse()
	wrong = append(wrong, identity.InField("person", err))
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
	}
	if err := errors.Join(wrong...); err != nil {
		return identity.Application{}, err
	}
	app, err = app.Normalize()
	if err != nil {
		return identity.Application{}, err
	}
	return app, app.Check()
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
	}
	person.Name.FamilyWords = p.FamilyNameWords
	return person, errors.Join(wrong...)
}

func (p Place) place() identity.Place {
	return identity.Place{Text: p.Text, Province: identity.ProvinceCode(p.Province)}
}

// parsed reads a value that must be there.
func parsed[T any](wrong *[]error, field, text string, parse func(string) (T, error)) T {
	v, err := parse(text)
	*wrong = append(*wrong, identity.InField(field, err))
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
			OldNumber: string(p.OldNumber), CancelledNumber: string(p.CancelledNumber),
		},
		Representative: a.Representative.Text, Delivery: string(a.Delivery), DeliveryTo: a.DeliveryTo, Urgent: a.Urgent, Exemption: a.Exemption,
	}
}

func placeOf(p identity.Place) Place { return Place{Text: p.Text, Province: string(p.Province)} }
