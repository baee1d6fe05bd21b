// Package osia speaks the Population Registry interface of OSIA 7, version 1.5
// (Secure Identity Alliance), with the UIN interface 1.2 for the registration of who is
// nowhere: Client asks a register elsewhere, Server answers for the built-in one.
// docs/population-register.md says how each function of the register is expressed, and
// where OSIA's places for extensions are used.
//
// The types are written by hand. A generator (oapi-codegen) makes some 5,000 lines of
// types, handlers and clients of the whole file, for galleries, biometrics and documents
// that a population register is not asked for here, and checks neither sizes nor values,
// which is most of what is done below; what is used of the interface are nine operations.
package osia

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/population"
)

// The sizes that are accepted, in bytes. An identity may come with portrait and fingers,
// which are not read.
const (
	maxAnswer  = 4 << 20
	maxRequest = 256 << 10
)

// person is OSIA's Person.
type person struct {
	ID             string `json:"personId,omitzero"`
	Status         string `json:"status"`
	PhysicalStatus string `json:"physicalStatus"`
}

// The values of person.
const (
	active   = "ACTIVE"
	inactive = "INACTIVE"
	alive    = "ALIVE"
	dead     = "DEAD"
)

// personIdentity is OSIA's Identity, without what is not read: galleries, biometrics.
type personIdentity struct {
	ID         string      `json:"identityId"`
	Type       string      `json:"identityType,omitzero"`
	Status     string      `json:"status,omitzero"`
	ClientData []byte      `json:"clientData,omitzero"` // the signed act of a change, as JSON
	Contextual *contextual `json:"contextualData,omitzero"`
	Biographic *biographic `json:"biographicData,omitzero"`
	Documents  []document  `json:"documentData,omitzero"` // of a correction: the file that its officer signed for
}

// The values of personIdentity.
const (
	typeCitizen   = "CITIZEN"
	statusValid   = "VALID"
	statusClaimed = "CLAIMED"
	statusRevoked = "REVOKED"
)

// contextual is OSIA's ContextualData, whose members every register chooses.
type contextual struct {
	Version       string `json:"recordVersion,omitzero"`
	CitizenStatus string `json:"citizenStatus,omitzero"` // [identity.CitizenStatus]: why a person is INACTIVE
	StatusOn      string `json:"citizenStatusDate,omitzero"`
	Act           string `json:"actId,omitzero"`
}

// biographic is OSIA's BiographicData, whose members every register chooses: the names of
// OSIA's examples where there are any.
type biographic struct {
	UIN                       string `json:"uin,omitzero"`
	FullName                  string `json:"fullName,omitzero"`
	LastName                  string `json:"lastName,omitzero"`  // first word of the name; for searches
	FirstName                 string `json:"firstName,omitzero"` // last word of the name; for searches
	FamilyNameWords           int    `json:"familyNameWords,omitzero"`
	DateOfBirth               string `json:"dateOfBirth,omitzero"` // yyyy-mm-dd, yyyy-mm or yyyy
	Gender                    string `json:"gender,omitzero"`      // M or F
	Nationality               string `json:"nationality,omitzero"` // VNM, or XXX where it is undetermined (ICAO Doc 9303-3, 5)
	Ethnicity                 string `json:"ethnicity,omitzero"`
	Religion                  string `json:"religion,omitzero"`
	BloodGroup                string `json:"bloodGroup,omitzero"`
	PlaceOfOrigin             string `json:"placeOfOrigin,omitzero"`
	ProvinceOfOrigin          string `json:"provinceOfOrigin,omitzero"`
	PlaceOfBirthRegistration  string `json:"placeOfBirthRegistration,omitzero"`
	ProvinceOfBirthRegistered string `json:"provinceOfBirthRegistration,omitzero"`
	Residence                 string `json:"residence,omitzero"`
	ProvinceOfResidence       string `json:"provinceOfResidence,omitzero"`
	Marks                     string `json:"distinguishingMarks,omitzero"`
	FatherName                string `json:"fatherName,omitzero"`
	MotherName                string `json:"motherName,omitzero"`
	SpouseName                string `json:"spouseName,omitzero"`
	FormerIDNumber            string `json:"formerIdNumber,omitzero"` // of the CMND
	CancelledUIN              string `json:"cancelledUin,omitzero"`
}

// registration is what a UIN is generated for: the person, and how it is known that the
// person is nowhere.
type registration struct {
	biographic

	Paper    string `json:"paper,omitzero"`
	NotThese string `json:"notThese,omitzero"` // personIds that an officer saw, with commas between
}

// document is OSIA's DocumentData.
type document struct {
	Type  string `json:"documentType"`
	Parts []part `json:"parts"`
}

// part is OSIA's DocumentPart.
type part struct {
	Data     []byte `json:"data"`
	MIMEType string `json:"mimeType"`
}

const (
	documentForm = "FORM"
	typeJSON     = "application/json"
)

// expression is OSIA's Expression.
type expression struct {
	Name     string `json:"attributeName"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

// found is one answer to a query.
type found struct {
	Person   string `json:"personId"`
	Identity string `json:"identityId,omitzero"`
}

// problem is OSIA's Error.
type problem struct {
	Code    int32  `json:"code"`
	Message string `json:"message"`
}

// The codes of problem, which every register chooses. The kind of a refusal travels by
// them, since OSIA has few HTTP statuses.
const (
	codeFault  int32 = 1
	codeLikely int32 = 2 // somebody is likely to be the person who is to be registered
)

// kinds are the codes of refusals.
var kinds = map[int32]identity.Kind{
	10: identity.Invalid, 11: identity.NotFound, 12: identity.Conflict, 13: identity.Forbidden, 14: identity.OutOfStock, 15: identity.Duplicate,
}

func codeOf(kind identity.Kind) int32 {
	for code, k := range kinds {
		if k == kind {
			return code
		}
	}
	return codeFault
}

// nationalities are codes of ICAO Doc 9303-3, 5, by what the register says.
var nationalities = map[identity.NationalityStatus]string{
	identity.NationalityVietnamese:   identity.NationalityCode,
	identity.NationalityUndetermined: "XXX",
}

// biographicOf writes a person.
func biographicOf(p identity.Person) biographic {
	s := packet.SubmissionOf(identity.Application{Person: p}).Person
	b := biographic{
		UIN: s.Number, FullName: s.Name, FamilyNameWords: s.FamilyNameWords, DateOfBirth: s.Birth, Gender: s.Sex, Nationality: nationalities[p.Nationality],
		Ethnicity: s.Ethnicity, Religion: s.Religion, BloodGroup: s.BloodGroup,
		PlaceOfOrigin: s.Origin.Text, ProvinceOfOrigin: s.Origin.Province,
		PlaceOfBirthRegistration: s.BirthRegistration.Text, ProvinceOfBirthRegistered: s.BirthRegistration.Province,
		Residence: s.Residence.Text, ProvinceOfResidence: s.Residence.Province, Marks: s.Marks,
		FatherName: s.Father, MotherName: s.Mother, SpouseName: s.Spouse, FormerIDNumber: s.OldNumber, CancelledUIN: s.CancelledNumber,
	}
	if words := strings.Fields(s.Name); len(words) > 0 {
		b.LastName, b.FirstName = words[0], words[len(words)-1]
	}
	return b
}

// person reads a person, and refuses what the field has no value for.
func (b biographic) person() (identity.Person, error) {
	var undetermined string
	switch b.Nationality {
	case "", nationalities[identity.NationalityVietnamese]:
	case nationalities[identity.NationalityUndetermined]:
		undetermined = string(identity.NationalityUndetermined)
	default:
		return identity.Person{}, identity.RefuseField(identity.Invalid, "nationality", "must be one of VNM and XXX")
	}
	parsed, err := packet.Person{
		Number: b.UIN, Name: b.FullName, FamilyNameWords: b.FamilyNameWords, Birth: b.DateOfBirth, Sex: b.Gender, Nationality: undetermined,
		Ethnicity: b.Ethnicity, Religion: b.Religion, BloodGroup: b.BloodGroup,
		Origin:            packet.Place{Text: b.PlaceOfOrigin, Province: b.ProvinceOfOrigin},
		BirthRegistration: packet.Place{Text: b.PlaceOfBirthRegistration, Province: b.ProvinceOfBirthRegistered},
		Residence:         packet.Place{Text: b.Residence, Province: b.ProvinceOfResidence}, Marks: b.Marks,
		Father: b.FatherName, Mother: b.MotherName, Spouse: b.SpouseName, OldNumber: b.FormerIDNumber, CancelledNumber: b.CancelledUIN,
	}.Parse()
	if err != nil {
		return identity.Person{}, err
	}
	return identity.CheckPerson(parsed)
}

// AnswerError is the error of a register that answered what it should not. It says which
// part of the answer is wrong and repeats nothing of it, since errors are logged.
type AnswerError struct{ Wrong string }

// Error implements error.
func (e *AnswerError) Error() string {
	return "the population register answered what cannot be used: " + e.Wrong
}

func wrongAnswer(format string, args ...any) error {
	return &AnswerError{fmt.Sprintf(format, args...)}
}

// decode reads an answer. Members that are not known are left alone: registers extend what
// they answer.
func decode(answer []byte, into any) error {
	if err := json.Unmarshal(answer, into); err != nil {
		where := "it is not the JSON of this operation"
		if semantic, is := errors.AsType[*json.SemanticError](err); is && len(semantic.JSONPointer) < 100 {
			where = fmt.Sprintf("its member %q is of another type", semantic.JSONPointer)
		}
		return wrongAnswer("%s", where)
	}
	return nil
}

// recordOf reads a record from a person and the person's reference identity.
func recordOf(id identity.PersonID, p person, i personIdentity) (population.Record, error) {
	r := population.Record{ID: id}
	switch {
	case p.ID != "" && p.ID != string(id):
		return population.Record{}, wrongAnswer("it is of another person than was asked for")
	case i.Biographic == nil:
		return population.Record{}, wrongAnswer("biographicData is missing")
	case i.Status != statusValid:
		return population.Record{}, wrongAnswer("the status of a reference identity must be %s", statusValid)
	}
	var err error
	if r.Person, err = i.Biographic.person(); err != nil {
		return population.Record{}, wrongAnswer("biographicData: %s", fieldsOf(err))
	}
	if r.Person.Number == "" {
		return population.Record{}, wrongAnswer("biographicData: uin is missing")
	}
	about := contextual{}
	if i.Contextual != nil {
		about = *i.Contextual
	}
	if r.Status, r.Since, err = statusOf(p, about); err != nil {
		return population.Record{}, err
	}
	r.Version = about.Version
	if r.Version == "" { // a register without this extension
		b, err := json.Marshal(biographicOf(r.Person), json.Deterministic(true))
		if err != nil {
			return population.Record{}, fmt.Errorf("name version: %w", err)
		}
		sum := sha256.Sum256(b)
		r.Version = hex.EncodeToString(sum[:16])
	}
	if len(r.Version) > 64 || strings.ContainsFunc(r.Version, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return population.Record{}, wrongAnswer("contextualData: recordVersion must be of 1 to 64 characters of ASCII, without spaces")
	}
	return r, nil
}

// fieldsOf names the fields that are refused, and not what is in them.
func fieldsOf(err error) string {
	var fields []string
	for _, r := range identity.Refusals(err) {
		if !slices.Contains(fields, r.Field) {
			fields = append(fields, r.Field)
		}
	}
	return strings.Join(fields, ", ") + " cannot be on a card"
}

// statusOf reads what became of a person. OSIA says whether who is INACTIVE is dead; why
// else is said beside it. Where the two contradict each other, nothing is done.
func statusOf(p person, about contextual) (identity.CitizenStatus, identity.Date, error) {
	said := identity.CitizenStatus(about.CitizenStatus)
	switch {
	case !slices.Contains([]string{active, inactive}, p.Status) || !slices.Contains([]string{alive, dead}, p.PhysicalStatus):
		return "", identity.Date{}, wrongAnswer("status must be %s or %s, and physicalStatus %s or %s", active, inactive, alive, dead)
	case said != "" && !slices.Contains(identity.CitizenStatuses, said):
		return "", identity.Date{}, wrongAnswer("contextualData: citizenStatus must be one of %v", identity.CitizenStatuses)
	}
	status := said
	switch {
	case p.PhysicalStatus == dead:
		status = identity.Deceased
	case p.Status == active:
		status = identity.Alive
	case said == "":
		return "", identity.Date{}, wrongAnswer("the person is %s, and contextualData says not why (citizenStatus)", inactive)
	}
	if said != "" && said != status || (status == identity.Alive) != (p.Status == active) && p.PhysicalStatus == alive {
		return "", identity.Date{}, wrongAnswer("status, physicalStatus and contextualData contradict each other")
	}
	if about.StatusOn == "" {
		return status, identity.Date{}, nil
	}
	since, err := identity.ParseDate(about.StatusOn)
	if err != nil {
		return "", identity.Date{}, wrongAnswer("contextualData: citizenStatusDate is no date")
	}
	return status, since, nil
}

// personOf writes what became of a person.
func personOf(r population.Record) person {
	p := person{ID: string(r.ID), Status: active, PhysicalStatus: alive}
	if r.Status != identity.Alive {
		p.Status = inactive
	}
	if r.Status == identity.Deceased {
		p.PhysicalStatus = dead
	}
	return p
}

// referenceOf writes a record as a reference identity.
func referenceOf(r population.Record) personIdentity {
	b := biographicOf(r.Person)
	about := contextual{Version: r.Version, CitizenStatus: string(r.Status)}
	if !r.Since.IsZero() {
		on, _ := r.Since.MarshalText() // a date that was parsed
		about.StatusOn = string(on)
	}
	return personIdentity{ID: referenceID, Type: typeCitizen, Status: statusValid, Contextual: &about, Biographic: &b}
}

// referenceID names the reference identity of every person here: a number would be
// personal, and stands in addresses.
const referenceID = "REFERENCE"

// changed is what a correction changes, as RFC 7396 has it.
func changed(before, after identity.Person) (jsontext.Value, error) {
	was, err := attributes(before)
	if err != nil {
		return nil, err
	}
	is, err := attributes(after)
	if err != nil {
		return nil, err
	}
	patch := make(map[string]jsontext.Value)
	for name, value := range is {
		if string(was[name]) != string(value) {
			patch[name] = value
		}
	}
	for name := range was {
		if _, stays := is[name]; !stays {
			patch[name] = jsontext.Value("null")
		}
	}
	return json.Marshal(patch, json.Deterministic(true))
}

func attributes(p identity.Person) (map[string]jsontext.Value, error) {
	b, err := json.Marshal(biographicOf(p), json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write person: %w", err)
	}
	var all map[string]jsontext.Value
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("write person: %w", err)
	}
	return all, nil
}
