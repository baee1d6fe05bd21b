package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
)

// Deduplicate asks the ABIS for other persons with the applicant's fingers, and gives those from
// whom no adjudicator has told the applicant apart.
func (p *Pipeline) Deduplicate(ctx context.Context, in DeduplicateInput) (DeduplicateResult, error) {
	var before DeduplicateResult
	record, evidence, found, err := p.begin(ctx, registry.StageChange{Application: in.Application, To: identity.Deduplication, Round: in.Round}, &before,
		registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: in.Round})
	if err != nil {
		return DeduplicateResult{}, err
	}
	if found { // persons may have been merged since
		return p.unjudged(ctx, in.Application, nil, before.Hits)
	}
	if _, taken := evidence[identity.EvidenceTemplates]; !taken {
		return DeduplicateResult{}, nil // every finger is missing; there is nothing to search with
	}
	fingers, err := templatesOf(evidence, identity.EvidenceTemplates)
	if err != nil {
		return DeduplicateResult{}, err
	}
	hits, err := p.ABIS.Identify(ctx, in.Application, fingers)
	if err != nil {
		return DeduplicateResult{}, fmt.Errorf("identify: %w", err)
	}
	if len(hits) == 0 {
		return DeduplicateResult{}, nil
	}
	// The ABIS knows no number that came later. Who has none is nobody of the register.
	var holder population.Record
	if number := record.Application.Person.Number; number != "" {
		holder, err = p.Population.PersonByNumber(ctx, number)
		if err != nil && !identity.Refused(err, identity.NotFound) {
			return DeduplicateResult{}, fmt.Errorf("ask population register: %w", err)
		}
	}
	return p.unjudged(ctx, in.Application, holder.Numbers(), hits)
}

// unjudged is what is left for an adjudicator of what a search found.
func (p *Pipeline) unjudged(ctx context.Context, app identity.ApplicationNumber, own []identity.PersonalNumber, hits []identity.ApplicationNumber) (DeduplicateResult, error) {
	others, search, err := p.Registry.Unjudged(ctx, app, own, hits)
	if err != nil {
		return DeduplicateResult{}, fmt.Errorf("identify: %w", err)
	}
	return DeduplicateResult{Hits: others, Search: search}, nil
}

// nameDuplicate notes whose an application without a number is that was found to be of somebody
// whose fingers are on file: of the person of those applications, if they are of one.
func (p *Pipeline) nameDuplicate(ctx context.Context, number identity.ApplicationNumber) error {
	record, err := p.Registry.Application(ctx, number)
	if err != nil || record.Application.Person.Number != "" {
		return err
	}
	found, err := p.unjudged(ctx, number, nil, nil) // those whom the adjudicator did not tell apart
	if err != nil {
		return err
	}
	var who population.Record
	for _, hit := range found.Hits {
		other, err := p.Registry.Application(ctx, hit)
		if err != nil && !identity.Refused(err, identity.NotFound) {
			return fmt.Errorf("read whose fingers they are: %w", err)
		}
		if other.Application.Person.Number == "" { // nor has one that is not there
			continue
		}
		known, err := p.Population.PersonByNumber(ctx, other.Application.Person.Number)
		switch {
		case identity.Refused(err, identity.NotFound):
			continue
		case err != nil:
			return fmt.Errorf("ask population register: %w", err)
		case who.ID != "" && known.ID != who.ID:
			return nil
		}
		who = known
	}
	if who.ID == "" {
		return nil
	}
	return p.Registry.NameApplicant(ctx, number, who)
}
