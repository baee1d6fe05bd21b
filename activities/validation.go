package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Validate compares the application with the law on grounds and with the population
// registry, and names the fields that contradict them. It changes only the stage.
func (p *Pipeline) Validate(ctx context.Context, in ValidateInput) (ValidateResult, error) {
	var before ValidateResult
	record, _, found, err := p.begin(ctx, registry.StageChange{Application: in.Application, To: identity.Validation, Round: in.Round}, &before)
	if err != nil || found {
		return before, err
	}
	app := record.Application
	if app.Person.Number == "" { // to be allotted: the population registry cannot know it yet
		return ValidateResult{}, nil
	}
	known, err := p.Population.Citizen(ctx, app.Person.Number)
	switch {
	case identity.Refused(err, identity.NotFound):
		return ValidateResult{Contradictions: []string{"person.number"}}, nil
	case err != nil:
		return ValidateResult{}, fmt.Errorf("ask population registry: %w", err)
	}
	return ValidateResult{Contradictions: contradictions(app, known)}, nil
}

// contradictions names the fields of an application that differ in the population
// registry. Two spellings of one name (tone placement, case) do not differ.
func contradictions(app identity.Application, known registry.Citizen) []string {
	var fields []string
	differs := func(field string, yes bool) {
		if yes {
			fields = append(fields, field)
		}
	}
	differs("person.name", app.Person.Name.Key() != known.Person.Name.Key())
	differs("person.birth", app.Person.Birth != known.Person.Birth)
	differs("person.sex", app.Person.Sex != known.Person.Sex)
	differs("person", known.Status != identity.Alive)
	hasCard := known.LiveCard != nil
	switch app.Ground {
	case identity.GroundFirstCard, identity.GroundFromCMND:
		differs("ground", hasCard)
	case identity.GroundAge, identity.GroundDetails, identity.GroundAppearance, identity.GroundBiometrics,
		identity.GroundSex, identity.GroundOrigin, identity.GroundPrintError,
		identity.GroundBoundaries, identity.GroundNumberChanged, identity.GroundRequest,
		identity.GroundLost, identity.GroundDamaged, identity.GroundFromCCCD:
		differs("ground", !hasCard)
	case identity.GroundNationality: // regained: the old card, if any, was withdrawn
	}
	return fields
}
