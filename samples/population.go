package samples

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
)

// Citizen is what the population registry knows of a person before the samples
// are sent.
type Citizen struct {
	Person identity.Person
	Status string // one of identity.CitizenStatuses
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

// mostTold is of how many citizens it is told what is wrong with them.
const mostTold = 20

// ReadPopulation reads population.json in the samples' folder, or refuses what is wrong with it, by
// field, of the first [mostTold] citizens of whom something is.
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
		return nil, identity.RefuseField(identity.Invalid, "population.json", "is not what is expected before byte %d: %v", d.InputOffset(), err)
	}
	citizens := make([]Citizen, len(p.Citizens))
	var wrong []error
	for i, e := range p.Citizens {
		if citizens[i], err = e.citizen(); err != nil {
			wrong = append(wrong, identity.InField(FieldOf(i), err))
		}
		if len(wrong) == mostTold {
			break
		}
	}
	return citizens, errors.Join(wrong...)
}

// FieldOf names a citizen in population.json, the first one by 0.
func FieldOf(i int) string { return fmt.Sprintf("citizens.%d", i) }

func (e Entry) citizen() (Citizen, error) {
	person, err := e.Person.Parse()
	if err != nil {
		return Citizen{}, identity.InField("person", err)
	}
	status := identity.CitizenStatus(e.Status)
	switch {
	case person.Number == "":
		return Citizen{}, identity.RefuseField(identity.Invalid, "person.number", "is missing: whoever is in the register has one")
	case !slices.Contains(identity.CitizenStatuses, status):
		return Citizen{}, identity.RefuseField(identity.Invalid, "status", "must be one of %v", identity.CitizenStatuses)
	case e.Card == nil:
		return Citizen{Person: person, Status: e.Status}, nil
	case status == identity.Deceased || status == identity.NationalityLost:
		return Citizen{}, identity.RefuseField(identity.Invalid, "live_card", "is given of a person who is %s, whose card has ended: leave it out", status)
	case person.Nationality != identity.NationalityVietnamese:
		return Citizen{}, identity.RefuseField(identity.Invalid, "live_card", "is given of a person whose nationality is %s: only citizens have a card, and certificates of before are not imported", person.Nationality)
	}
	card, err := e.Card.parse(person.Birth)
	return Citizen{Person: person, Status: e.Status, Card: &card}, err
}

// parse reads the card of somebody who was born on that day. When it was issued says what its holder
// may apply for, and at which price, and when it expires until when it is valid, so both are days
// that can be.
func (c LiveCard) parse(birth identity.Date) (Card, error) {
	serial, noSerial := identity.ParseCardSerial(c.Serial)
	issued, noDay := identity.ParseDate(c.Issued)
	switch {
	case noDay != nil:
	case !issued.Complete():
		noDay = identity.Refuse(identity.Invalid, "is no full day: yyyy-mm-dd is accepted")
	case issued.Compare(birth) < 0:
		noDay = identity.Refuse(identity.Invalid, "is before its holder was born")
	}
	var expiry identity.Expiry
	var noEnd, noForm error
	if c.Expiry != "" {
		expiry.Date, noEnd = identity.ParseDate(c.Expiry)
		if noEnd == nil && (!expiry.Date.Complete() || expiry.Date.Compare(issued) <= 0) {
			noEnd = identity.Refuse(identity.Invalid, "is no full day after that of issue: yyyy-mm-dd is accepted, or nothing where the card does not expire")
		}
	}
	if c.Form == "" {
		noForm = identity.Refuse(identity.Invalid, "is missing; the form of card, for example cccd-2021")
	}
	return Card{Serial: serial, Form: identity.FormID(c.Form), Issued: issued, Expiry: expiry}, errors.Join(
		identity.InField("live_card.serial", noSerial), identity.InField("live_card.form", noForm),
		identity.InField("live_card.issued", noDay), identity.InField("live_card.expiry", noEnd))
}
