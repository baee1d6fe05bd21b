package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/identity"
)

// awaitPerson waits without limit until a person has decided, or has ended the
// application.
func (a *application) awaitPerson(ctx workflow.Context, action identity.Action, decided func() bool) error {
	a.at(ctx, a.stage, action)
	settled := func() bool { return !a.deciding.IsLocked() && (decided() || a.refusal != nil) }
	if err := workflow.Await(ctx, settled); err != nil {
		return fmt.Errorf("await %s: %w", action, err)
	}
	a.awaiting = identity.NoAction // shown with the next stage
	return nil
}

// awaitCitizen waits up to limit for something that the citizen has to do, while the
// legal clock stands still. It reports whether it was done or the application was
// ended.
func (a *application) awaitCitizen(ctx workflow.Context, action identity.Action, limit time.Duration, came func() bool) (bool, error) {
	if err := a.enter(ctx, a.stage, action); err != nil {
		return false, err
	}
	a.stopClock(ctx)
	decided := func() bool { return came() || a.refusal != nil }
	if _, err := awaitWithin(ctx, limit, "The citizen's part", decided); err != nil {
		return false, fmt.Errorf("await %s: %w", action, err)
	}
	if err := a.settle(ctx); err != nil {
		return false, err
	}
	a.at(ctx, a.stage, identity.NoAction)
	return decided(), nil
}

// awaitRestock waits until stock may have come, an officer releases the application,
// or ends it.
func (a *application) awaitRestock(ctx workflow.Context) error {
	if err := a.enter(ctx, a.stage, identity.ToRestock); err != nil {
		return err
	}
	releases := a.releases
	_, err := awaitWithin(ctx, a.in.Limits.Restock, "Look for stock", func() bool { return a.releases > releases || a.refusal != nil })
	if err != nil {
		return fmt.Errorf("await stock: %w", err)
	}
	return a.pass(ctx)
}

// awaitRepair waits until a person lets production go on, or ends the application.
func (a *application) awaitRepair(ctx workflow.Context) error {
	if err := a.enter(ctx, a.stage, identity.ToRepair); err != nil {
		return err
	}
	a.repaired = false
	if err := a.awaitPerson(ctx, identity.ToRepair, func() bool { return a.repaired }); err != nil {
		return err
	}
	return a.pass(ctx)
}

// awaitWithin waits for a condition up to limit, by a timer that operators see under
// summary. It reports whether the condition came.
func awaitWithin(ctx workflow.Context, limit time.Duration, summary string, condition func() bool) (bool, error) {
	return workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout: limit, TimerOptions: workflow.TimerOptions{Summary: summary},
	}, condition)
}
