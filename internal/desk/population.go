package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/statement"
)

// FileRecord is the file of a correction: the person's record after it, as a packet has it.
const FileRecord = "record"

// Beside is a person of the population register beside what a station typed.
type Beside struct {
	Person identity.PersonID      `json:"person"`
	Status identity.CitizenStatus `json:"status"`
	Score  int                    `json:"score,omitzero"` // of a likely match
	Fields []population.Field     `json:"fields"`
}

// Known is a person's record, for who corrects it.
type Known struct {
	Person  identity.PersonID      `json:"person"`
	Version string                 `json:"version"`
	Status  identity.CitizenStatus `json:"status"`
	Record  packet.Person          `json:"record"`
	Changes []Changed              `json:"changes"`
}

// Changed is one change of a person's record.
type Changed struct {
	At     time.Time `json:"at"`
	Change string    `json:"change"`
	Actor  string    `json:"actor"`
	Paper  string    `json:"paper"`
	Reason string    `json:"reason,omitzero"`
}

// resolves refuses an officer who does not settle what the population register contradicts.
func resolves(by identity.Officer) error {
	if !slices.Contains(by.Roles, identity.Resolving) {
		return identity.Refuse(identity.Forbidden, "only officers with the role %s may see the population register", identity.Resolving)
	}
	return nil
}

// Persons shows what an application says beside the register's record of the person whom it
// names, or else beside those who are likely to be the applicant. That the officer looked at
// each of them is kept.
func (d *Desk) Persons(ctx context.Context, by identity.Officer, number identity.ApplicationNumber) ([]Beside, error) {
	if err := resolves(by); err != nil {
		return nil, err
	}
	record, err := d.seen(ctx, by, number)
	if err := cmp.Or(err, readable(record)); err != nil {
		return nil, err
	}
	claim := record.Application.Person
	if claim.Number != "" && (!record.Named || record.Stage != identity.Validation) {
		known, err := d.Population.PersonByNumber(ctx, claim.Number)
		if err != nil {
			return nil, err
		}
		return []Beside{{Person: known.ID, Status: known.Status, Fields: population.Compare(claim, known)}}, d.Registry.AskedFor(ctx, by.Badge, known.ID)
	}
	likely, err := d.Population.FindPersons(ctx, claim)
	if err != nil {
		return nil, err
	}
	list, ids := make([]Beside, len(likely)), make([]identity.PersonID, len(likely))
	for i, m := range likely {
		ids[i] = m.ID
		list[i] = Beside{Person: m.ID, Status: m.Status, Score: m.Score, Fields: population.Compare(claim, m.Record)}
	}
	return list, d.Registry.AskedFor(ctx, by.Badge, ids...)
}

// Found is a person whom an officer looked for. Who knew no number is told how likely it is
// and, where the person lives in the officer's province or has a number of it, who it is.
type Found struct {
	Person    identity.PersonID      `json:"person"`
	Version   string                 `json:"version"`
	Status    identity.CitizenStatus `json:"status"`
	Score     int                    `json:"score,omitzero"`
	Name      string                 `json:"name,omitzero"`
	Birth     string                 `json:"birth,omitzero"`
	Residence string                 `json:"residence,omitzero"`
}

// Sought is whom an officer looks for: by a number that the person has or had, or by name,
// birth, sex, parents and place of registration.
type Sought struct {
	Number            identity.PersonalNumber `json:"number,omitzero"`
	Name              string                  `json:"name,omitzero"`
	Birth             string                  `json:"birth,omitzero"`
	Sex               string                  `json:"sex,omitzero"`
	Father            string                  `json:"father,omitzero"`
	Mother            string                  `json:"mother,omitzero"`
	BirthRegistration string                  `json:"birth_registration,omitzero"`
}

// parse reads what is sought, or tells all that is wrong with it.
func (s Sought) parse() (identity.Person, error) {
	if s.Number != "" {
		_, err := identity.ParsePersonalNumber(string(s.Number))
		if s != (Sought{Number: s.Number}) {
			err = errors.Join(identity.InField("number", err), identity.RefuseField(identity.Invalid, "number", "is looked for by itself, without name or birth"))
		}
		return identity.Person{}, err
	}
	p, err := packet.Person{
		Name: s.Name, Birth: s.Birth, Sex: s.Sex, Father: s.Father, Mother: s.Mother, BirthRegistration: packet.Place{Text: s.BirthRegistration},
	}.Parse()
	place, wrong := identity.CheckText("birth_registration", s.BirthRegistration, len(s.BirthRegistration))
	p.BirthRegistration.Text, err = place, errors.Join(err, wrong)
	if s.Sex != "" && p.Sex != identity.Male && p.Sex != identity.Female {
		err = errors.Join(err, identity.RefuseField(identity.Invalid, "sex", "must be M or F"))
	}
	return p, err
}

// Find says who has a personal number, or had it, or who is likely to be whom the officer
// looks for: of any province, since whoever died or has two numbers may be anywhere; but it
// names nobody of another province than the officer's. That the officer asked is kept.
func (d *Desk) Find(ctx context.Context, by identity.Officer, q Sought) ([]Found, error) {
	if err := resolves(by); err != nil {
		return nil, err
	}
	claim, err := q.parse()
	if err != nil {
		return nil, err
	}
	var matches []population.Match
	if q.Number != "" {
		record, err := d.Population.PersonByNumber(ctx, q.Number)
		if err != nil {
			return nil, err
		}
		matches = []population.Match{{Record: record}}
	} else if matches, err = d.Population.FindPersons(ctx, claim); err != nil {
		return nil, err
	}
	list, ids := make([]Found, len(matches)), make([]identity.PersonID, len(matches))
	for i, m := range matches {
		ids[i] = m.ID
		list[i] = Found{Person: m.ID, Version: m.Version, Status: m.Status, Score: m.Score}
		if q.Number == "" && covers(by, m.Record) {
			list[i].Name, list[i].Birth, list[i].Residence = m.Record.Person.Name.Text, m.Record.Person.Birth.Display(), m.Record.Person.Residence.Text
		}
	}
	return list, d.Registry.AskedFor(ctx, by.Badge, ids...)
}

// covers reports whether a person lives in an officer's province, or has a number of it.
func covers(by identity.Officer, r population.Record) bool {
	return by.Unit.Covers(r.Person.Residence.Province) || by.Unit.Covers(r.Person.Number.Province())
}

// Person shows a record with its changes, to an officer of the center or of a province that
// the person lives in or has a number of. That the officer looked is kept.
func (d *Desk) Person(ctx context.Context, by identity.Officer, id identity.PersonID) (Known, error) {
	if err := resolves(by); err != nil {
		return Known{}, err
	}
	if err := id.Check(); err != nil {
		return Known{}, err
	}
	r, err := d.Population.Person(ctx, id)
	if err != nil {
		return Known{}, err
	}
	if !covers(by, r) {
		return Known{}, identity.Refuse(identity.Forbidden, "person %s is another province's than yours, %s", id, by.Unit)
	}
	changes, err := d.Registry.PersonChanges(ctx, id)
	if err != nil {
		return Known{}, err
	}
	known := Known{
		Person: r.ID, Version: r.Version, Status: r.Status, Changes: make([]Changed, len(changes)),
		Record: packet.SubmissionOf(identity.Application{Person: r.Person}).Person,
	}
	for i, c := range changes {
		known.Changes[i] = Changed{At: c.At, Change: c.Change, Actor: c.Actor, Paper: c.Paper, Reason: c.Reason}
	}
	return known, d.Registry.AskedFor(ctx, by.Badge, r.ID)
}

func (s subject) person() (identity.PersonID, error) {
	name, is := strings.CutPrefix(string(s), "person/")
	if !is {
		return "", identity.RefuseField(identity.Invalid, "subject", "%q is no person", string(s))
	}
	return identity.PersonID(name), identity.PersonID(name).Check()
}

// onPerson does what changes the population register.
func (d *Desk) onPerson(ctx context.Context, id identity.PersonID, act identity.Act, signed statement.Signed, files map[string][]byte) error {
	switch act := act.(type) {
	case identity.CorrectPerson:
		var record packet.Person
		if err := json.Unmarshal(files[FileRecord], &record, json.RejectUnknownMembers(true)); err != nil {
			return identity.RefuseField(identity.Invalid, FileRecord, "is not the JSON of a person, as a packet has it")
		}
		after, err := record.Parse()
		if err != nil {
			return identity.InField(FileRecord, err)
		}
		if after, err = identity.CheckPerson(after); err != nil {
			return identity.InField(FileRecord, err)
		}
		return d.Population.CorrectPerson(ctx, id, act, population.Corrected{Person: after, File: files[FileRecord]}, signed)
	case identity.MarkPerson:
		return d.Population.MarkPerson(ctx, id, act, signed)
	case identity.RenumberPerson:
		return d.Population.RenumberPerson(ctx, id, act, signed)
	case identity.MergePersons:
		settled, err := d.Registry.MergePersons(ctx, id, act, signed)
		d.Office.Tell(ctx, settled...)
		return err
	}
	return identity.RefuseField(identity.Invalid, "act", "%s is not done to a person", act.ActName())
}
