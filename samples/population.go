package samples

import (
	"encoding/json"
	"fmt"
	"io/fs"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
)

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
	Person packet.Person `json:"person"`
	Status string        `json:"status"`
	Card   *LiveCard     `json:"live_card,omitempty"`
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
	person, err := e.Person.Parse()
	if err != nil {
		return Citizen{}, err
	}
	c := Citizen{Person: person, Status: e.Status}
	if e.Card == nil {
		return c, nil
	}
	if status := identity.CitizenStatus(e.Status); status == identity.Deceased || status == identity.NationalityLost {
		return Citizen{}, identity.RefuseField(identity.Invalid, "live_card", "is given of a person who is %s, whose card has ended: leave it out", status)
	}
	issued, err := identity.ParseDate(e.Card.Issued)
	if err != nil {
		return Citizen{}, fmt.Errorf("live_card.issued: %w", err)
	}
	serial, err := identity.ParseCardSerial(e.Card.Serial)
	if err != nil {
		return Citizen{}, fmt.Errorf("live_card.serial: %w", err)
	}
	c.Card = &Card{Serial: serial, Form: identity.FormID(e.Card.Form), Issued: issued}
	if e.Card.Expiry != "" {
		if c.Card.Expiry.Date, err = identity.ParseDate(e.Card.Expiry); err != nil {
			return Citizen{}, fmt.Errorf("live_card.expiry: %w", err)
		}
	}
	return c, nil
}
