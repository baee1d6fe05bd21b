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
	Detail: "holds the name of the applicant, of a parent, spouse or representative, and what is signed is never erased: write \"the applicant\", \"the mother\", and name a paper by its number",
}

// names reports whether a statement on an application, or on a card that this office made, has
// in it the name of somebody whom that application names, with or without tones.
func (d *Desk) names(ctx context.Context, signed statement.Signed) (bool, error) {
	said, err := signed.Read()
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be read names nobody
	}
	record, err := d.concerned(ctx, subject(said.Subject))
	if Refused(err) || record.Unread != nil {
		return false, nil // nobody is known, so nobody is named
	}
	p := record.Application.Person
	return signed.Names(p.Name, p.Father, p.Mother, p.Spouse, record.Application.Representative), err
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
