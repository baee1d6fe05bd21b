package intake

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
)

// Submission is an application as a station writes it, in JSON: what samples
// hold and what a packet carries. Images are named by file beside it, or carried
// in it; a packet always carries them.
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

// Image is a JPEG or PNG: a file beside the submission, or its bytes (base64).
type Image struct {
	File string `json:"file,omitzero"`
	Data []byte `json:"data,omitzero"`
}

// Fingerprint is one finger: an image, an ISO/IEC 19794-2 template, both, or why
// there is none.
type Fingerprint struct {
	Position     string `json:"position"`
	File         string `json:"file,omitzero"`
	Data         []byte `json:"data,omitzero"`
	Template     string `json:"template,omitzero"`
	TemplateData []byte `json:"template_data,omitzero"`
	Missing      string `json:"missing,omitzero"`
}

// ParseSubmission reads a submission strictly: no unknown or repeated member, no
// value of the wrong type, nothing behind it. The refusal names the member.
func ParseSubmission(b []byte) (Submission, error) {
	if bytes.HasPrefix(b, byteOrderMark) {
		return Submission{}, identity.Refuse(identity.Invalid, "the document begins with a byte order mark; JSON has none (RFC 8259, 8.1)")
	}
	if len(b) == 0 {
		return Submission{}, identity.Refuse(identity.Invalid, "the document is empty; an application in JSON is accepted")
	}
	var s Submission
	if err := json.Unmarshal(b, &s, json.RejectUnknownMembers(true)); err != nil {
		return Submission{}, refuseJSON(b, err)
	}
	return s, nil
}

// byteOrderMark is what some editors put before UTF-8.
var byteOrderMark = []byte("\uFEFF")

// refuseJSON tells an officer what is wrong with document b, without its values.
func refuseJSON(b []byte, err error) error {
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		return refuseIn(fieldOf(e.JSONPointer), refuseValue(e))
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return refuseIn(fieldOf(e.JSONPointer), refuseSyntax(b, e))
	}
	return identity.Refuse(identity.Invalid, "the document is not valid JSON")
}

// refuseIn puts a sentence under its field, or says it of the whole document.
func refuseIn(field, what string) error {
	if field == "" {
		return identity.Refuse(identity.Invalid, "the document %s", what)
	}
	return identity.RefuseField(identity.Invalid, field, "%s", what)
}

// refuseValue says what is wrong with a value that does not fit its place.
func refuseValue(e *json.SemanticError) string {
	switch {
	case errors.Is(e, json.ErrUnknownName):
		return "is not a field of an application"
	case e.GoType == nil || e.JSONKind == 0:
		return "cannot be read: wrong kind of value"
	case e.GoType == imageType && e.JSONKind == jsontext.KindString:
		return "is no base64 text (RFC 4648, 4)"
	case e.JSONKind == jsontext.KindNumber && e.GoType.Kind() == reflect.Int:
		return "is no whole number, or too large a one"
	}
	return fmt.Sprintf("is %s; %s is accepted", kindName(e.JSONKind), wanted(e.GoType))
}

// refuseSyntax says what is no JSON, and where.
func refuseSyntax(b []byte, e *jsontext.SyntacticError) string {
	at := min(e.ByteOffset, int64(len(b)))
	switch rest := b[at:]; {
	case errors.Is(e, jsontext.ErrDuplicateName):
		return fmt.Sprintf("is given twice (byte %d)", at)
	case e.JSONPointer != "" && len(rest) > 0 && rest[0] < ' ':
		return fmt.Sprintf("holds a control character (U+%04X, byte %d); JSON has none within text", rest[0], at)
	case json.Unmarshal(b[:at], new(jsontext.Value)) == nil:
		return fmt.Sprintf("has more behind its end (byte %d); one object is accepted", at)
	case e.JSONPointer != "" && len(rest) > 0 && startsBadly(rest):
		return fmt.Sprintf("is not valid UTF-8 (byte %d)", at)
	}
	return fmt.Sprintf("is not valid JSON (byte %d)", at)
}

// startsBadly reports whether b begins with what is no UTF-8.
func startsBadly(b []byte) bool {
	r, size := utf8.DecodeRune(b)
	return r == utf8.RuneError && size == 1
}

// fieldOf turns a JSON pointer, /person/origin/text, into person.origin.text. The
// names may be anybody's, so they are made fit to be shown.
func fieldOf(p jsontext.Pointer) string {
	var parts []string
	for token := range p.Tokens() {
		parts = append(parts, token)
	}
	return shown(strings.Join(parts, "."))
}

// imageType is how images and templates are read.
var imageType = reflect.TypeFor[[]byte]()

// wanted names what a Go type is in JSON.
func wanted(t reflect.Type) string {
	if t == imageType {
		return "base64 text"
	}
	switch t.Kind() { //nolint:exhaustive // the kinds that a Submission is made of
	case reflect.Struct, reflect.Pointer:
		return "an object"
	case reflect.Slice:
		return "an array"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "text"
}

// kindName names what stands in a document.
func kindName(k jsontext.Kind) string {
	switch k {
	case jsontext.KindBeginObject, jsontext.KindEndObject:
		return "an object"
	case jsontext.KindBeginArray, jsontext.KindEndArray:
		return "an array"
	case jsontext.KindString:
		return "text"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "true or false"
	case jsontext.KindNull, jsontext.KindInvalid:
	}
	return "null"
}

// application turns the words of a submission into the values of the field,
// telling all that is wrong with them together.
func (s Submission) application() (identity.Application, error) {
	var faults faults
	p := s.Person
	app := identity.Application{
		EnrollmentID: s.EnrollmentID,
		Station:      identity.StationID(s.Station),
		Officer:      identity.OfficerID(s.Officer),
		Channel:      identity.Channel(s.Channel),
		Type:         identity.ApplicationType(s.Type),
		Ground:       identity.Ground(s.Ground),
		FiledOn:      parsed(&faults, "filed_on", s.FiledOn, identity.ParseDate),
		Person: identity.Person{
			Number:            optional(&faults, "person.number", p.Number, identity.ParsePersonalNumber),
			Name:              parsed(&faults, "person.name", p.Name, identity.ParseName),
			Birth:             parsed(&faults, "person.birth", p.Birth, identity.ParseDate),
			Sex:               identity.Sex(p.Sex),
			Ethnicity:         p.Ethnicity,
			Religion:          p.Religion,
			BloodGroup:        p.BloodGroup,
			Origin:            p.Origin.place(),
			BirthRegistration: p.BirthRegistration.place(),
			Residence:         p.Residence.place(),
			Marks:             p.Marks,
			Father:            optional(&faults, "person.father", p.Father, identity.ParseName),
			Mother:            optional(&faults, "person.mother", p.Mother, identity.ParseName),
			Spouse:            optional(&faults, "person.spouse", p.Spouse, identity.ParseName),
			OldNumber:         optional(&faults, "person.old_number", p.OldNumber, identity.ParseOldNumber),
			CancelledNumber:   optional(&faults, "person.cancelled_number", p.CancelledNumber, identity.ParsePersonalNumber),
		},
		Representative: optional(&faults, "representative", s.Representative, identity.ParseName),
		Delivery:       identity.Delivery(s.Delivery),
		DeliveryTo:     s.DeliveryTo,
		Urgent:         s.Urgent,
		Exemption:      s.Exemption,
	}
	app.Person.Name.FamilyWords = p.FamilyNameWords
	if faults.any() {
		return identity.Application{}, faults.err()
	}
	app, err := app.Normalize()
	if err != nil {
		return identity.Application{}, err
	}
	return app, app.Check()
}

func (p Place) place() identity.Place {
	return identity.Place{Text: p.Text, Province: identity.ProvinceCode(p.Province)}
}

// faults gathers refusals, so that a station hears of all of them at once.
type faults struct{ list []error }

// add notes what is wrong with a field; each refusal in err keeps its own place
// below it.
func (f *faults) add(field string, err error) {
	refusals := identity.Refusals(err)
	if len(refusals) == 0 {
		f.list = append(f.list, err)
	}
	for _, r := range refusals {
		at := *r
		at.Field = joinField(field, at.Field)
		f.list = append(f.list, &at)
	}
}

func (f *faults) any() bool  { return len(f.list) > 0 }
func (f *faults) err() error { return errors.Join(f.list...) }

func joinField(outer, inner string) string {
	switch {
	case inner == "" || inner == outer:
		return outer
	case outer == "":
		return inner
	}
	return outer + "." + inner
}

// parsed reads a value that must be there.
func parsed[T any](f *faults, field, text string, parse func(string) (T, error)) T {
	v, err := parse(text)
	if err != nil {
		f.add(field, err)
	}
	return v
}

// optional reads a value that may be absent.
func optional[T any](f *faults, field, text string, parse func(string) (T, error)) T {
	if text == "" {
		var none T
		return none
	}
	return parsed(f, field, text, parse)
}

// canonical gives the bytes that a submission's identity is taken from: the same
// submission, the same bytes.
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
		b, _ := d.MarshalText() // of a date, always written
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
