package desk

import (
	"context"
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
// names, or else beside those who are likely to be the applicant.
func (d *Desk) Persons(ctx context.Context, by identity.Officer, number identity.ApplicationNumber) ([]Beside, error) {
	if err := resolves(by); err != nil {
		return nil, err
	}
	record, err := d.seen(ctx, by, number)
	if err != nil {
		return nil, err
	}
	claim := record.Application.Person
	if claim.Number != "" {
		known, err := d.Population.PersonByNumber(ctx, claim.Number)
		if err != nil {
			return nil, err
		}
		return []Beside{{Person: known.ID, Status: known.Status, Fields: population.Compare(claim, known)}}, nil
	}
	likely, err := d.Population.FindPersons(ctx, claim)
	if err != nil {
		return nil, err
	}
	list := make([]Beside, len(likely))
	for i, m := range likely {
		list[i] = Beside{Person: m.ID, Status: m.Status, Score: m.Score, Fields: population.Compare(claim, m.Record)}
	}
	return list, nil
}

// Found is a person whom an officer looked for by number.
type Found struct {
	Person  identity.PersonID      `json:"person"`
	Version string                 `json:"version"`
	Status  identity.CitizenStatus `json:"status"`
}

// Find says who has a personal number, or had it, and names nobody: for an officer of any
// province, since whoever died or has two numbers may have them anywhere. That the officer
// asked is kept.
func (d *Desk) Find(ctx context.Context, by identity.Officer, number identity.PersonalNumber) (Found, error) {
	if err := resolves(by); err != nil {
		return Found{}, err
	}
	if _, err := identity.ParsePersonalNumber(string(number)); err != nil {
		return Found{}, err
	}
	r, err := d.Registry.FindPerson(ctx, by.Badge, number)
	return Found{r.ID, r.Version, r.Status}, err
}

// Person shows a record with its changes, to an officer of the center or of a province that
// the person lives in or has a number of.
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
	if !by.Unit.Covers(r.Person.Residence.Province) && !by.Unit.Covers(r.Person.Number.Province()) {
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
	return known, nil
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
		return d.Registry.MergePersons(ctx, id, act, signed)
	}
	return identity.RefuseField(identity.Invalid, "act", "%s is not done to a person", act.ActName())
}
