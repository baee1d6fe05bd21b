package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
)

// Decide records a person's decision, once for each application, step and round. The
// registry refuses a person who may not decide (four eyes). Where the decision lets
// the legal clock run again, the deadline moves by the working days it stood still.
func (p *Pipeline) Decide(ctx context.Context, in DecideInput) (DecideResult, error) {
	due := in.Due
	if in.ResumesClock {
		moved, err := p.Calendar.Extend(in.Due, in.ClockStoppedAt, p.Now())
		if err != nil {
			return DecideResult{}, fmt.Errorf("move legal deadline: %w", err)
		}
		due = moved
	}
	if err := p.Registry.Decide(ctx, in.Decision, due); err != nil {
		return DecideResult{}, fmt.Errorf("record %s: %w", in.Step, err)
	}
	if in.WriteOff {
		if err := p.Registry.Spoil(ctx, in.Application, in.Attempt, string(in.Officer), identity.Reason{Code: identity.ReasonStationLost}); err != nil {
			return DecideResult{}, fmt.Errorf("write off card %d: %w", in.Attempt, err)
		}
	}
	return DecideResult{Due: due}, nil
}
