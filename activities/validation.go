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
// nowhere is registered once an officer has approved.
func (p *Pipeline) Validate(ctx context.Context, in ValidateInput) (ValidateResult, error) {
	var before ValidateResult
	record, _, found, err := p.begin(ctx, registry.StageChange{Application: in.Application, To: identity.Validation, Round: in.Round, Approved: in.Approved}, &before)
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
	if claim.Number == "" || said.Person == known.ID {
		claim.Number = known.Person.Number
	}
	var fields []string
	if known.ID != "" && said.Person != known.ID { // else an officer saw what differs, and the record stands; or there is none
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
	kept, err := p.keptNationality(ctx, record.Application, known)
	if err != nil {
		return ValidateResult{}, err
	}
	app := record.Application
	for _, refusal := range identity.Refusals(errors.Join(app.ByRecord(known.Person), app.ByCMND(known.Person), app.ByCard(known.Person, held), app.ByNationality(kept, known.Since))) {
		if !slices.Contains(fields, refusal.Field) {
			fields = append(fields, refusal.Field)
		}
	}
	return ValidateResult{Contradictions: fields}, nil
}

// keptNationality reports whether somebody who applies for having regained nationality never lost
// it, by what is known here.
func (p *Pipeline) keptNationality(ctx context.Context, app identity.Application, who population.Record) (bool, error) {
	if app.Ground != identity.GroundNationality {
		return false, nil
	}
	kept, err := p.Registry.KeptNationality(ctx, who.Numbers()...)
	if err != nil {
		return false, fmt.Errorf("ask whether nationality was lost: %w", err)
	}
	return kept, nil
}

// whoIs finds whose application it is; the identifier is empty where the population register
// has nobody. Where that is for a person to say, it gives what is found instead.
func (p *Pipeline) whoIs(ctx context.Context, record registry.ApplicationRecord, said registry.Identification) (population.Record, *ValidateResult, error) {
	switch {
	case said.Person != "" && record.Named:
	case record.Application.Person.Number != "":
		known, err := p.Population.PersonByNumber(ctx, record.Application.Person.Number)
		if identity.Refused(err, identity.NotFound) {
			return known, &ValidateResult{Contradictions: []string{"person.number"}}, nil
		}
		if err != nil {
			return known, nil, fmt.Errorf("ask population register: %w", err)
		}
		return known, nil, nil
	default:
		return p.lookedFor(ctx, record, said)
	}
	known, err := p.Population.Person(ctx, said.Person)
	if err != nil {
		return known, nil, fmt.Errorf("ask population register: %w", err)
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

// lookedFor looks for an applicant who named no number. Who is nowhere is taken as the packet
// says, until an officer approves: nobody is registered by what a station typed.
func (p *Pipeline) lookedFor(ctx context.Context, record registry.ApplicationRecord, said registry.Identification) (population.Record, *ValidateResult, error) {
	likely, err := p.Population.FindPersons(ctx, record.Application.Person)
	if identity.Refused(err, identity.Conflict) { // too many to be named: an officer finds the one by papers
		return population.Record{}, &ValidateResult{Matches: population.MostLikely + 1}, nil
	}
	if err != nil {
		return population.Record{}, nil, fmt.Errorf("look for the person: %w", err)
	}
	likely = slices.DeleteFunc(likely, func(m population.Match) bool { return slices.Contains(said.NotThese, m.ID) })
	switch {
	case len(likely) > 0:
		return population.Record{}, &ValidateResult{Matches: len(likely)}, nil
	case said.Paper == "" && (said.Approved || !namesProof(record.Application)):
		return population.Record{}, &ValidateResult{Contradictions: []string{"person.birth_registration"}}, nil
	}
	claimed := population.Registration{Person: record.Application.Person}
	return population.Record{Person: claimed.Proven(), Status: identity.Alive}, nil, nil
}

// namesProof reports whether an application names what proves a person who is nowhere, which
// the officer who approves has to see.
func namesProof(claimed identity.Application) bool {
	registered := claimed.Person.BirthRegistration
	return claimed.OriginProof != "" || registered.Text != "" || registered.Province != ""
}

// registered is the holder of a card that an officer granted: the person whom the register
// has, or who is registered now, once, by the paper that the officer saw. It refuses with
// Unproven where an officer has to say who the applicant is: somebody of the register may be
// the person by now, or no officer saw what proves the person.
func (p *Pipeline) registered(ctx context.Context, record registry.ApplicationRecord, said registry.Identification) (population.Record, error) {
	if said.Paper == "" {
		return population.Record{}, identity.Refuse(identity.Unproven, "The population register has nobody like the applicant, and no officer has seen what proves the person")
	}
	who, likely, err := p.Population.RegisterPerson(ctx, population.Registration{
		Application: record.Number, Person: record.Application.Person, Paper: said.Paper, NotThese: said.NotThese,
	})
	switch {
	case err != nil:
		return who, fmt.Errorf("register the person: %w", err)
	case len(likely) > 0:
		return who, identity.Refuse(identity.Unproven, "%d person(s) of the population register may be the applicant by now", len(likely))
	}
	err = p.Registry.NameApplicant(ctx, record.Number, who)
	if identity.Refused(err, identity.Conflict) {
		return who, identity.Refuse(identity.Unproven, "The person was registered by this application, and another application of the person is open")
	}
	if err != nil {
		return who, fmt.Errorf("name applicant: %w", err)
	}
	return who, nil
}
