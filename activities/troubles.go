package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"example.org/cancuoc/internal/identity"
)

// Troubles is the interceptor of the pipeline by which the lists show why a step cannot
// be done now: the population registry, the ABIS or the HSM does not answer. A step that
// is done at once, as a local activity, costs nothing by it.
type Troubles struct {
	interceptor.WorkerInterceptorBase

	Registry interface {
		ShowTrouble(ctx context.Context, number identity.ApplicationNumber, trouble string) error
	}
	Application func(workflowID string) (identity.ApplicationNumber, bool) // false: another workflow's
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (t *Troubles) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &troubled{interceptor.ActivityInboundInterceptorBase{Next: next}, t}
}

type troubled struct {
	interceptor.ActivityInboundInterceptorBase

	*Troubles
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (t *troubled) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	out, err := t.Next.ExecuteActivity(ctx, in)
	info := activity.GetInfo(ctx)
	number, ok := t.Application(info.WorkflowExecution.ID)
	switch {
	case info.IsLocalActivity || !ok:
	case err != nil && len(identity.Refusals(err)) == 0:
		t.show(ctx, number, err.Error())
	case info.Attempt > 1:
		t.show(ctx, number, "")
	}
	return out, err
}

// show shows a trouble. That it could not be shown keeps nothing from going on: most
// likely the registry itself does not answer.
func (t *Troubles) show(ctx context.Context, number identity.ApplicationNumber, trouble string) {
	showing, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportWithin)
	defer cancel()
	if err := t.Registry.ShowTrouble(showing, number, trouble); err != nil {
		activity.GetLogger(ctx).Warn("Trouble not shown", "trouble", trouble, "error", err)
	}
}
