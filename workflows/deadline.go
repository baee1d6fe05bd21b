package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/identity"
)

// watchDeadline runs the legal clock up to hand-over. It stands still while the
// citizen has to do something. An application that is about to be late is hurried,
// and marked for operators; nothing else happens to it.
func (a *application) watchDeadline(ctx workflow.Context) {
	counted := func() bool { return a.stage.Ended() || a.stage == identity.HandOver }
	for !counted() {
		if !a.stoppedAt.IsZero() {
			if workflow.Await(ctx, func() bool { return counted() || a.stoppedAt.IsZero() }) != nil {
				return
			}
			continue
		}
		left := a.due.Add(-a.in.Limits.AtRisk).Sub(workflow.Now(ctx))
		stopped, err := awaitWithin(ctx, left, "Legal deadline", func() bool { return counted() || !a.stoppedAt.IsZero() })
		if err != nil {
			return
		}
		if !stopped {
			a.atRisk = true
			a.note(ctx, "The legal deadline is near: hurried")
			return
		}
	}
}

// stopClock stops the legal clock. A decision lets it run again, with a later
// deadline (activities.Pipeline.Decide).
func (a *application) stopClock(ctx workflow.Context) {
	if a.stoppedAt.IsZero() {
		a.stoppedAt = workflow.Now(ctx)
	}
}

// priority of the next activity: the urgent first, then cards that are made again;
// provinces share by fairness.
func (a *application) priority() temporal.Priority {
	p := temporal.Priority{PriorityKey: priorityNormal, FairnessKey: string(a.in.Province)}
	switch {
	case a.in.Urgent, a.atRisk:
		p.PriorityKey = priorityUrgent
	case a.attempt > 1:
		p.PriorityKey = priorityRemake
	}
	return p
}
