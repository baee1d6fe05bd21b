package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// setClock takes over the legal clock as the registry has it.
func (a *application) setClock(c activities.LegalClock) {
	a.due, a.riskAt, a.stoppedAt = c.Due, c.RiskAt, c.Stopped
}

// keepTime watches the legal clock, unless it is watched.
func (a *application) keepTime(ctx workflow.Context) {
	if !a.timed {
		a.timed = true
		workflow.Go(ctx, a.watchDeadline)
	}
}

// watchDeadline runs the legal clock up to hand-over. It stands still while the citizen
// has to do something. An application whose deadline is near is hurried, and marked for
// operators, while that lasts; nothing else happens to it.
func (a *application) watchDeadline(ctx workflow.Context) {
	counted := func() bool { return a.stage.Ended() || a.stage == identity.HandOver }
	for !counted() {
		at, running := a.riskAt, a.stoppedAt.IsZero()
		changed := func() bool { return counted() || !a.riskAt.Equal(at) || a.stoppedAt.IsZero() != running }
		left := at.Sub(workflow.Now(ctx))
		a.atRisk = running && left <= 0
		if a.atRisk {
			a.note(ctx, "The legal deadline is near: hurried")
		}
		if running && left > 0 {
			awaitWithin(ctx, left, "Legal deadline", changed)
		} else {
			must(workflow.Await(ctx, changed))
		}
	}
	a.atRisk, a.timed = false, false
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
