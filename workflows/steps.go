package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/identity"
)

// do runs a step of the center once where the workflow runs, which costs the engine a
// marker. If it cannot be done at once (the registry, the population registry, the ABIS
// or the HSM does not answer), it becomes an activity of its own, which operators see
// waiting and which is retried without limit.
func do(ctx workflow.Context, summary string, activity, in, out any) error {
	return doOr(ctx, summary, activity, in, out, func() temporal.Priority { return temporal.Priority{PriorityKey: priorityNormal} })
}

// do is do with the application's priority. If it has to wait, operators see where, and which
// activity fails: until the application is shown again, where it rests next.
func (a *application) do(ctx workflow.Context, summary string, activity, in, out any) error {
	before := a.failing
	err := doOr(ctx, summary, activity, in, out, func() temporal.Priority {
		a.fails(ctx, activity)
		a.show(ctx)
		return a.priority()
	})
	a.failing = before
	if refused(err, identity.Stranger) { // this is not the application's workflow
		a.note(ctx, refusalText(err))
		a.gone, a.ready = true, true
	}
	return err
}

func doOr(ctx workflow.Context, summary string, activity, in, out any, later func() temporal.Priority) error {
	err := workflow.ExecuteLocalActivity(atOnce(ctx, summary), activity, in).Get(ctx, out)
	if err == nil || final(err) {
		return err
	}
	return workflow.ExecuteActivity(inPipeline(ctx, summary, later()), activity, in).Get(ctx, out)
}
