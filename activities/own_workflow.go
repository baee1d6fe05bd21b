package activities

import (
	"context"
	"reflect"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// OwnWorkflow is the interceptor by which an activity does nothing for another workflow than
// that of the application, or the box, that it is about: anybody who reaches Temporal can begin
// one under another ID. It is refused as a Stranger, and ends.
type OwnWorkflow struct {
	interceptor.WorkerInterceptorBase

	Subject func(workflowID string) string // what statements call that of which a workflow is
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (o *OwnWorkflow) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &ofItsOwn{interceptor.ActivityInboundInterceptorBase{Next: next}, o.Subject}
}

type ofItsOwn struct {
	interceptor.ActivityInboundInterceptorBase

	subject func(workflowID string) string
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (o *ofItsOwn) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	id := activity.GetInfo(ctx).WorkflowExecution.ID
	subject := o.subject(id)
	for _, arg := range in.Args {
		application, box := about(arg)
		if subject == "" || subject != statement.Application(application) && subject != statement.Consignment(box) {
			return nil, identity.Refuse(identity.Stranger, "workflow %s is not that of the application or consignment that it names", identity.OneLine(id))
		}
	}
	return o.Next.ExecuteActivity(ctx, in)
}

// about is the application, and the box, that the input of an activity names.
func about(in any) (application identity.ApplicationNumber, box identity.ConsignmentNumber) {
	v := reflect.Indirect(reflect.ValueOf(in))
	if v.Kind() != reflect.Struct {
		return "", ""
	}
	if field := v.FieldByName("Application"); field.IsValid() {
		application, _ = reflect.TypeAssert[identity.ApplicationNumber](field)
	}
	if field := v.FieldByName("Consignment"); field.IsValid() {
		box, _ = reflect.TypeAssert[identity.ConsignmentNumber](field)
	}
	return application, box
}
