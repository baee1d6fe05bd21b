package activities

import (
	"context"
	"fmt"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
)

// Decide records a person's decision, once for each application, step and round, and
// returns the legal clock as it is then. The registry refuses a person who may not
// decide (role, province, four eyes), and a statement that does not say so. If the decision lets the clock run again, the deadline moves by
// the working days that it stood still.
func (p *Pipeline) Decide(ctx context.Context, d DecideInput) (LegalClock, error) {
	if err := p.isOneOfThese(ctx, d.Decision); err != nil {
		return LegalClock{}, err
	}
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

// isOneOfThese refuses to take an applicant for a person whom the officer was not shown: the
// one of the number that was typed, or without one those who are likely to be the applicant.
func (p *Pipeline) isOneOfThese(ctx context.Context, d identity.Decision) error {
	if d.Person == "" {
		return nil
	}
	record, err := p.Registry.Application(ctx, d.Application)
	if err != nil {
		return fmt.Errorf("read application: %w", err)
	}
	var known population.Record
	shown := true
	if number := record.Application.Person.Number; number != "" && !record.Named {
		known, err = p.Population.PersonByNumber(ctx, number)
	} else if known, err = p.Population.Person(ctx, d.Person); err == nil { // who may be one of too many to be named
		_, shown = population.Likely(record.Application.Person, known)
	}
	if err != nil && !identity.Refused(err, identity.NotFound) {
		return fmt.Errorf("ask population register: %w", err)
	}
	if !shown || known.ID != d.Person {
		return identity.RefuseField(identity.Invalid, "person", "is none of those who may be the applicant (starter population compare shows them); whoever is somebody else by the papers has the register corrected, or applies with the number")
	}
	return nil
}
