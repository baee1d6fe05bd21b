package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
)

// Validate compares the application with the law on grounds and with the population
// register, field by field, and names the fields that contradict them. Somebody without a
// number is looked for there first: a likely match is for an officer, and a person who is
// nowhere is registered.
func (p *Pipeline) Validate(ctx context.Context, in ValidateInput) (ValidateResult, error) {
	var before ValidateResult
	record, _, found, err := p.begin(ctx, registry.StageChange{Application: in.Application, To: identity.Validation, Round: in.Round}, &before)
	if err != nil || found {
		return before, err
	}
	said, err := p.Registry.Identification(ctx, in.Application)
	if err != nil {
		return ValidateResult{}, fmt.Errorf("read who the applicant is: %w", err)
	}
	known, open, err := p.whoIs(ctx, record, said)
	if err != nil {
		return ValidateResult{}, err
	}
	if open != nil {
		return *open, nil
	}
	claim := record.Application.Person
	if claim.Number == "" {
		claim.Number = known.Person.Number
	}
	var fields []string
	if said.Person == "" || said.Person != known.ID { // else an officer saw what differs, and the record stands
		fields = population.Contradictions(population.Compare(claim, known))
	}
	if known.Status != identity.Alive {
		fields = append(fields, "person")
	}
	held, err := p.Registry.Held(ctx, known.Numbers()...)
	if err != nil {
		return ValidateResult{}, fmt.Errorf("look for the card held: %w", err)
	}
	if fee := record.Application.FeeByRegister(known.Person, held); fee != record.Rules.Fee {
		if err := p.Registry.SettleFee(ctx, in.Application, fee); err != nil {
			return ValidateResult{}, fmt.Errorf("settle fee: %w", err)
		}
	}
	for _, refusal := range identity.Refusals(errors.Join(record.Application.ByRecord(known.Person), record.Application.ByCard(held))) {
		if !slices.Contains(fields, refusal.Field) {
			fields = append(fields, refusal.Field)
		}
	}
	return ValidateResult{Contradictions: fields}, nil
}

// whoIs finds whose application it is. Where that is for a person to say, it gives what is
// found instead.
func (p *Pipeline) whoIs(ctx context.Context, record registry.ApplicationRecord, said registry.Identification) (population.Record, *ValidateResult, error) {
	if record.Application.Person.Number == "" {
		return p.lookedFor(ctx, record, said)
	}
	known, err := p.Population.PersonByNumber(ctx, record.Application.Person.Number)
	switch {
	case identity.Refused(err, identity.NotFound):
		return known, &ValidateResult{Contradictions: []string{"person.number"}}, nil
	case err != nil:
		return known, nil, fmt.Errorf("ask population register: %w", err)
	}
	return known, nil, nil
}

// lookedFor finds or registers an applicant who named no number.
func (p *Pipeline) lookedFor(ctx context.Context, record registry.ApplicationRecord, said registry.Identification) (population.Record, *ValidateResult, error) {
	var known population.Record
	var likely []population.Match
	var err error
	if said.Person != "" {
		known, err = p.Population.Person(ctx, said.Person)
	} else {
		paper := proof(record.Application, said)
		if paper == "" {
			return known, &ValidateResult{Contradictions: []string{"person.birth_registration"}}, nil
		}
		known, likely, err = p.Population.RegisterPerson(ctx, population.Registration{
			Application: record.Number, Person: record.Application.Person, Paper: paper, NotThese: said.NotThese,
		})
	}
	switch {
	case err != nil:
		return known, nil, fmt.Errorf("look for the person: %w", err)
	case len(likely) > 0:
		return known, &ValidateResult{Matches: len(likely)}, nil
	}
	err = p.Registry.NameApplicant(ctx, record.Number, known)
	switch {
	case identity.Refused(err, identity.Conflict):
		return known, &ValidateResult{Contradictions: []string{"open-application"}}, nil
	case err != nil:
		return known, nil, fmt.Errorf("name applicant: %w", err)
	}
	return known, nil, nil
}

// proof is the paper that proves a person who is nowhere: the one that an officer saw, the
// one that proves descent, or the registration of birth that the station entered; none: an
// officer is asked for it.
func proof(claimed identity.Application, said registry.Identification) string {
	claim := claimed.Person
	switch {
	case said.Paper != "":
		return said.Paper
	case claimed.OriginProof != "":
		return claimed.OriginProof
	case claim.BirthRegistration.Text != "" || claim.BirthRegistration.Province != "":
		return "birth registration"
	}
	return ""
}
