package samples

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"example.org/cancuoc/internal/identity"
)

// Person is a person as application.json and population.json write one: the
// fields of identity.Person, all text.
type Person struct {
	Number            string `json:"number,omitempty"`
	Name              string `json:"name"`
	FamilyNameWords   int    `json:"family_name_words,omitempty"`
	Birth             string `json:"birth"`
	Sex               string `json:"sex"`
	Ethnicity         string `json:"ethnicity,omitempty"`
	Religion          string `json:"religion,omitempty"`
	BloodGroup        string `json:"blood_group,omitempty"`
	Origin            Place  `json:"origin"`
	BirthRegistration Place  `json:"birth_registration"`
	Residence         Place  `json:"residence"`
	Marks             string `json:"marks,omitempty"`
	Father            string `json:"father,omitempty"`
	Mother            string `json:"mother,omitempty"`
	Spouse            string `json:"spouse,omitempty"`
	OldNumber         string `json:"old_number,omitempty"`
	CancelledNumber   string `json:"cancelled_number,omitempty"`
}

// Place is a place of a Person.
type Place struct {
	Text     string `json:"text"`
	Province string `json:"province,omitempty"`
}

// Citizen is what the population registry knows of a person before the samples
// are sent.
type Citizen struct {
	Person identity.Person
	Status string // alive, deceased or emigrated
	Card   *Card  // the card they hold; nil where they have none
}

// Card is a card made before this engine came.
type Card struct {
	Serial identity.CardSerial
	Form   identity.FormID
	Issued identity.Date
	Expiry identity.Expiry
}

// Population is population.json.
type Population struct {
	Citizens []Entry `json:"citizens"`
}

// Entry is one citizen in population.json.
type Entry struct {
	Person Person    `json:"person"`
	Status string    `json:"status"`
	Card   *LiveCard `json:"live_card,omitempty"`
}

// LiveCard is a citizen's card in population.json.
type LiveCard struct {
	Serial string `json:"serial"`
	Form   string `json:"form"`
	Issued string `json:"issued"`
	Expiry string `json:"expiry,omitempty"` // empty: no expiry
}

// ReadPopulation reads population.json in the samples' folder.
func ReadPopulation(fsys fs.FS) ([]Citizen, error) {
	f, err := fsys.Open("population.json")
	if err != nil {
		return nil, fmt.Errorf("read population: %w", err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	var p Population
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("read population: %w", err)
	}
	citizens := make([]Citizen, len(p.Citizens))
	for i, e := range p.Citizens {
		if citizens[i], err = e.citizen(); err != nil {
			return nil, fmt.Errorf("read population: citizen %d: %w", i+1, err)
		}
	}
	return citizens, nil
}

func (e Entry) citizen() (Citizen, error) {
	person, err := e.Person.person()
	if err != nil {
		return Citizen{}, err
	}
	c := Citizen{Person: person, Status: e.Status}
	if e.Card == nil {
		return c, nil
	}
	issued, err := identity.ParseDate(e.Card.Issued)
	if err != nil {
		return Citizen{}, fmt.Errorf("live_card.issued: %w", err)
	}
	c.Card = &Card{Serial: identity.CardSerial(e.Card.Serial), Form: identity.FormID(e.Card.Form), Issued: issued}
	if e.Card.Expiry != "" {
		if c.Card.Expiry.Date, err = identity.ParseDate(e.Card.Expiry); err != nil {
			return Citizen{}, fmt.Errorf("live_card.expiry: %w", err)
		}
	}
	return c, nil
}

// person parses the texts.
func (p Person) person() (identity.Person, error) {
	var faults []error
	name := func(text string) identity.Name {
		if text == "" {
			return identity.Name{}
		}
		n, err := identity.ParseName(text)
		faults = append(faults, err)
		return n
	}
	number, err := identity.ParsePersonalNumber(p.Number)
	faults = append(faults, err)
	birth, err := identity.ParseDate(p.Birth)
	faults = append(faults, err)
	parsed := identity.Person{
		Number: number, Name: name(p.Name), Birth: birth, Sex: identity.Sex(p.Sex),
		Ethnicity: p.Ethnicity, Religion: p.Religion, BloodGroup: p.BloodGroup,
		Origin: p.Origin.place(), BirthRegistration: p.BirthRegistration.place(), Residence: p.Residence.place(),
		Marks: p.Marks, Father: name(p.Father), Mother: name(p.Mother), Spouse: name(p.Spouse),
		OldNumber: identity.OldNumber(p.OldNumber), CancelledNumber: identity.PersonalNumber(p.CancelledNumber),
	}
	parsed.Name.FamilyWords = p.FamilyNameWords
	return parsed, errors.Join(faults...)
}

func (p Place) place() identity.Place {
	return identity.Place{Text: p.Text, Province: identity.ProvinceCode(p.Province)}
}
