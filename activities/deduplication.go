package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Deduplicate asks the ABIS for other persons with the applicant's fingers.
func (p *Pipeline) Deduplicate(ctx context.Context, in DeduplicateInput) (DeduplicateResult, error) {
	var before DeduplicateResult
	record, evidence, found, err := p.begin(ctx, registry.StageChange{Application: in.Application, To: identity.Deduplication, Round: in.Round}, &before,
		registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: in.Round})
	if err != nil || found {
		return before, err
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
	// The ABIS knows no number that came later.
	holder, err := p.Population.PersonByNumber(ctx, record.Application.Person.Number)
	if err != nil && !identity.Refused(err, identity.NotFound) {
		return DeduplicateResult{}, fmt.Errorf("ask population register: %w", err)
	}
	others, err := p.Registry.OthersThan(ctx, in.Application, holder.Numbers(), hits)
	if err != nil {
		return DeduplicateResult{}, fmt.Errorf("identify: %w", err)
	}
	return DeduplicateResult{Hits: others}, nil
}
