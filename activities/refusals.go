package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"example.org/cancuoc/internal/identity"
)

// AsFailure turns a refusal into a Temporal failure: its kind becomes the failure's
// type and its sentence the message. It is not retried, since it would be refused
// again. Every other error is returned as it is, and retried.
func AsFailure(err error) error {
	refusal, ok := errors.AsType[*identity.Refusal](err)
	if !ok {
		return err
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
	out, err := r.Next.ExecuteActivity(ctx, in)
	return out, AsFailure(err)
}
