package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
)

// Deduplicate asks the ABIS for other persons with these fingers.
func (p *Pipeline) Deduplicate(ctx context.Context, in DeduplicateInput) (DeduplicateResult, error) {
	if err := p.Enter(ctx, EnterInput{Application: in.Application, To: identity.Deduplication}); err != nil {
		return DeduplicateResult{}, err
	}
	hits, err := p.ABIS.Identify(ctx, in.Application, in.Round)
	if err != nil {
		return DeduplicateResult{}, fmt.Errorf("identify: %w", err)
	}
	return DeduplicateResult{Hits: hits}, nil
}
