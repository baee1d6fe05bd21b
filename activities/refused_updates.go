package activities

import (
	"context"
	"errors"
	"log/slog"
	"strconv"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/statement"
)

// CounterRefusedUpdates counts the updates that workflows refused, by the update's name and by
// whether an officer's statement came with it.
const CounterRefusedUpdates = "cancuoc_refused_updates_total"

// RefusedUpdates is the interceptor of the pipeline by which the auditor hears also of an act
// that its workflow refuses before it takes it up, as one that nobody signed, from Temporal's
// UI or command line. No validator may write, and to take the act up so as to write it down
// would let whoever reaches Temporal fill a history. So the worker, which is no part of the
// workflow, keeps it afterwards. It waits for nothing: what comes faster than it is kept, and
// what a worker that is killed had not kept yet, is only counted, in [CounterRefusedUpdates].
type RefusedUpdates struct {
	interceptor.WorkerInterceptorBase

	registry RefusalKeeper
	subject  func(workflowID string) string
	logger   *slog.Logger
	waiting  chan refusedUpdate
}

// RefusalKeeper keeps that the update of an act to a subject was refused; not each, in a flood.
type RefusalKeeper interface {
	RefusedUpdate(ctx context.Context, act, subject string, signed statement.Signed, why string) error
}

type refusedUpdate struct {
	act, subject string
	signed       statement.Signed
	why          string
}

// NewRefusedUpdates keeps in the registry what is refused while it runs. A subject is what
// statements call that of a workflow.
func NewRefusedUpdates(registry RefusalKeeper, subject func(workflowID string) string, logger *slog.Logger) *RefusedUpdates {
	const mostWaiting = 256
	return &RefusedUpdates{registry: registry, subject: subject, logger: logger, waiting: make(chan refusedUpdate, mostWaiting)}
}

// Run keeps what is refused until the context ends.
func (r *RefusedUpdates) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case u := <-r.waiting:
			keeping, cancel := context.WithTimeout(ctx, reportWithin)
			if err := r.registry.RefusedUpdate(keeping, u.act, u.subject, u.signed, u.why); err != nil {
				r.logger.WarnContext(ctx, "Refused act not kept", "act", u.act, "error", err)
			}
			cancel()
		}
	}
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (r *RefusedUpdates) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &validating{interceptor.WorkflowInboundInterceptorBase{Next: next}, r}
}

type validating struct {
	interceptor.WorkflowInboundInterceptorBase

	*RefusedUpdates
}

// ValidateUpdate implements interceptor.WorkflowInboundInterceptor.
func (v *validating) ValidateUpdate(ctx workflow.Context, in *interceptor.UpdateInput) error {
	err := v.Next.ValidateUpdate(ctx, in)
	if err == nil {
		return nil
	}
	var signed statement.Signed
	for _, arg := range in.Args {
		if s, is := arg.(statement.Signed); is {
			signed = s
		}
	}
	_, unreadable := signed.Read()
	workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"update": in.Name, "signed": strconv.FormatBool(unreadable == nil)}).
		Counter(CounterRefusedUpdates).Inc(1)
	why := err.Error()
	if failure, is := errors.AsType[*temporal.ApplicationError](err); is {
		why = failure.Message()
	}
	select {
	case v.waiting <- refusedUpdate{in.Name, v.subject(workflow.GetInfo(ctx).WorkflowExecution.ID), signed, why}:
	default: // counted
	}
	return err //nolint:wrapcheck // a validator's answer, as it gave it
}
