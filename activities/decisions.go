package activities

import (
	"context"
	"fmt"
	"time"
)

// Decide records a person's decision, once for each application, step and round, and
// returns the legal clock as it is then. The registry refuses a person who may not
// decide (role, province, four eyes), and a statement that does not say so. If the decision lets the clock run again, the deadline moves by
// the working days that it stood still.
func (p *Pipeline) Decide(ctx context.Context, d DecideInput) (LegalClock, error) {
	var due time.Time
	if d.RunsClock {
		clock, err := p.Registry.LegalClock(ctx, d.Application)
		if err != nil {
			return LegalClock{}, fmt.Errorf("read legal clock: %w", err)
		}
		if !clock.Stopped.IsZero() {
			if due, err = p.Calendar.Extend(clock.Due, clock.Stopped, clock.Now); err != nil {
				return LegalClock{}, fmt.Errorf("move legal deadline: %w", err)
			}
		}
	}
	clock, err := p.Registry.Decide(ctx, d.Decision, due, d.Signed)
	if err != nil {
		return LegalClock{}, fmt.Errorf("record %s: %w", d.Step, err)
	}
	return p.clock(clock)
}
