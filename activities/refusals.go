package activities

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// AsFailure turns a refusal into a Temporal failure: its kind becomes the failure's
// type and its sentence the message. It is not retried, since it would be refused
// again. So would be what a check of the database refuses, which is a mistake. Every other error
// is returned as it is, and retried.
func AsFailure(err error) error {
	refusal, ok := errors.AsType[*identity.Refusal](err)
	if !ok {
		fault, of := errors.AsType[*registry.Fault](err)
		if !of || !fault.Lasts() {
			return err
		}
		refusal = &identity.Refusal{Kind: identity.Broken, Detail: fault.Error()} // for ever: a person looks, and may end it
	}
	return temporal.NewApplicationErrorWithOptions(refusal.Error(), string(refusal.Kind), temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Category:     temporal.ApplicationErrorCategoryBenign, // expected: no alarm
	})
}

// Refusals is the interceptor that applies AsFailure to every activity, local or not.
type Refusals struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (*Refusals) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &refusing{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type refusing struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (r *refusing) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	out, err := r.guarded(ctx, in)
	return out, AsFailure(err)
}

// guarded runs an activity. One that panics is refused with Broken, so that a person
// looks at it: run again, it would most likely panic again. The value that it panicked
// with may hold personal data and is dropped; the log has its type and the stack.
func (r *refusing) guarded(ctx context.Context, in *interceptor.ExecuteActivityInput) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			name := activity.GetInfo(ctx).ActivityType.Name
			activity.GetLogger(ctx).Error("Activity panicked", "activity", name, "with", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			out, err = nil, identity.Refuse(identity.Broken, "%s panicked; the log of the worker shows where", name)
		}
	}()
	return r.Next.ExecuteActivity(ctx, in)
}
