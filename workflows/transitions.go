package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// Activities by method, so that the compiler checks their names.
var (
	pipeline     *activities.Pipeline
	station      *activities.Station
	dispatchRoom *activities.DispatchRoom
)

// begin notes a stage that passes by itself. Its first activity enters it in the
// registry, in the transaction of its own first write. Search attributes show where
// an application rests, not where it passes: showing costs the engine as much as half
// an activity.
func (a *application) begin(ctx workflow.Context, stage identity.Stage) {
	if stage != a.stage {
		a.timeline = append(a.timeline, TimelineEntry{At: workflow.Now(ctx), Stage: stage})
	}
	a.stage, a.awaiting = stage, identity.NoAction
}

// at begins a stage where the application may rest, and shows it to operators.
func (a *application) at(ctx workflow.Context, stage identity.Stage, awaiting identity.Action) {
	a.begin(ctx, stage)
	a.awaiting = awaiting
	a.show(ctx)
}

// enter is at for a stage that begins with no activity of its own: first in the
// registry, then in the workflow.
func (a *application) enter(ctx workflow.Context, stage identity.Stage, awaiting identity.Action) error {
	in := activities.EnterInput{Application: a.in.Application, To: stage, Attempt: a.attempt, Awaiting: awaiting, Reason: string(a.reason)}
	if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.Enter, in).Get(ctx, nil); err != nil {
		return fmt.Errorf("enter %s: %w", stage, err)
	}
	a.at(ctx, stage, awaiting)
	return nil
}

// end enters one of the ends, with its reason. No decision is accepted from here on;
// the caller has let those on their way settle.
func (a *application) end(ctx workflow.Context, stage identity.Stage, reason identity.ReasonCode) error {
	a.reason = reason
	return a.enter(ctx, stage, identity.NoAction)
}

// pass is the door between two stages: an application on hold waits here, and an end
// that a person asked for is carried out here.
func (a *application) pass(ctx workflow.Context) error {
	if err := a.settle(ctx); err != nil {
		return err
	}
	if a.hold != nil && a.refusal == nil {
		if err := a.awaitPerson(ctx, identity.ToRelease, func() bool { return a.hold == nil }); err != nil {
			return err
		}
	}
	if a.refusal != nil {
		return a.end(ctx, a.refusal.stage, a.refusal.reason)
	}
	return nil
}

// settle waits for a decision that is on its way to the registry: what was accepted
// there takes effect here before the application goes on.
func (a *application) settle(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return !a.deciding.IsLocked() }); err != nil {
		return fmt.Errorf("await a decision's record: %w", err)
	}
	return nil
}

// step runs a step of the center once where the workflow runs, which costs the
// engine a marker. When it cannot be done at once (the population registry, the ABIS
// or the HSM does not answer), it becomes an activity of its own, which operators
// see waiting and which is retried without limit.
func (a *application) step(ctx workflow.Context, summary string, activity, in, out any) error {
	err := workflow.ExecuteLocalActivity(atOnce(ctx, summary), activity, in).Get(ctx, out)
	if err == nil || final(err) {
		return err
	}
	a.show(ctx)
	return workflow.ExecuteActivity(inPipeline(ctx, summary, a.priority()), activity, in).Get(ctx, out)
}
