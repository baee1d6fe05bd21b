package desk

import (
	"context"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// errNames refuses a statement that names somebody whom it is about: what is signed stays in
// clear, for good and for every auditor, also after the person's data is erased.
var errNames error = &identity.Refusal{
	Kind: identity.Invalid, Field: "statement",
	Detail: "holds the name of the applicant, or of whom else it is about, of a parent, spouse or representative, and what is signed is never erased: write \"the applicant\", \"the mother\", and name a paper by its number",
}

// names reports whether a statement has in it the name, with or without tones, of somebody whom
// it is about: of an application or of a card that this office made, those whom the application
// names; of persons of the register, and of who holds any card by the register of this office,
// themselves, their parents and spouses.
func (d *Desk) names(ctx context.Context, signed statement.Signed) (bool, error) {
	said, err := signed.Read()
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be read names nobody
	}
	if id, err := subject(said.Subject).person(); err == nil {
		return d.namesPersons(ctx, signed, id, said)
	}
	if card, err := subject(said.Subject).card(); err == nil {
		if named, err := d.namesHolder(ctx, signed, card); named || err != nil {
			return named, err
		}
	}
	record, err := d.concerned(ctx, subject(said.Subject))
	if Refused(err) || record.Unread != nil {
		return false, nil // nobody is known, so nobody is named
	}
	return signed.Names(append(namesOf(record.Application.Person), record.Application.Representative)...), err
}

// namesPersons reports whether a statement on a person of the register names that person, or whom
// else it is about.
func (d *Desk) namesPersons(ctx context.Context, signed statement.Signed, id identity.PersonID, said statement.Statement) (bool, error) {
	persons := []identity.PersonID{id}
	if act, err := said.Does(); err == nil {
		if merge, is := act.(identity.MergePersons); is {
			persons = append(persons, merge.Other)
		}
	}
	for _, id := range persons {
		known, err := d.Population.Person(ctx, id)
		if err != nil && !Refused(err) {
			return false, err
		}
		if signed.Names(namesOf(known.Person)...) {
			return true, nil
		}
	}
	return false, nil
}

// namesHolder reports whether a statement on a card names who holds it by the register of this
// office, which knows holders of cards of before this engine as well.
func (d *Desk) namesHolder(ctx context.Context, signed statement.Signed, card identity.CardSerial) (bool, error) {
	holder, err := d.Registry.HolderOf(ctx, card)
	if err != nil && !Refused(err) {
		return false, err
	}
	return signed.Names(namesOf(holder.Person)...), nil
}

func namesOf(p identity.Person) []identity.Name {
	return []identity.Name{p.Name, p.Father, p.Mother, p.Spouse}
}

// concerned is the application that a statement is about, or that its card was made for.
func (d *Desk) concerned(ctx context.Context, s subject) (registry.ApplicationRecord, error) {
	serial, err := s.card()
	if err != nil {
		return d.record(ctx, s)
	}
	card, err := d.Registry.CardBySerial(ctx, serial)
	if err != nil {
		return registry.ApplicationRecord{}, err
	}
	return d.Registry.Entry(ctx, card.Application)
}

// wordless reports whether an act has no words of its officer: of those that come by hundreds.
func wordless(act identity.Act) bool {
	a, approves := act.(identity.Approve)
	return approves && a.Reason == "" && a.Paper == ""
}
