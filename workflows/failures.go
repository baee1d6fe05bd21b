package workflows

import (
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// refused reports whether err is a refusal of that kind, from an activity.
func refused(err error, kind identity.Kind) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && app.Type() == string(kind) || errors.Is(err, kind)
}

// final reports whether err is a refusal of any kind: trying again changes nothing.
func final(err error) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && app.NonRetryable()
}

// refusalText is the sentence of a refusal; it holds no personal data.
func refusalText(err error) string {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return app.Message()
	}
	return err.Error()
}

// cause says why an activity failed; it holds no personal data.
func cause(err error) string {
	if timeout, ok := errors.AsType[*temporal.TimeoutError](err); ok {
		return fmt.Sprintf("the station was not heard of in time (%s)", timeout.TimeoutType())
	}
	return refusalText(err)
}

// silent reports whether a station did not take up a task within the time.
func silent(err error) bool {
	timeout, ok := errors.AsType[*temporal.TimeoutError](err)
	return ok && timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
}

// answer is what an officer hears when the registry refused: the refusal's own sentence,
// without what was wrapped around it.
func answer(err error) error {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return temporal.NewApplicationErrorWithOptions(app.Message(), app.Type(), temporal.ApplicationErrorOptions{
			NonRetryable: true, Category: app.Category(),
		})
	}
	return err
}

// asFailure gives a refusal its kind as the failure's type, where the caller of an
// update finds it.
func asFailure(err error) error {
	if err == nil {
		return nil
	}
	return activities.AsFailure(err)
}

// must is for errors that only a mistake in this package causes, or a cancellation,
// which these workflows ignore. The workflow task then fails and is retried until the
// mistake is fixed; nothing is lost.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
