package workflows

import (
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// errMissing is that a card was not in its consignment when that was counted in.
var errMissing = errors.New("missing from its consignment")

// refused reports whether err is a refusal of that kind, from an activity.
func refused(err error, kind identity.Kind) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && app.Type() == string(kind)
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
	return "unknown"
}

// silent reports whether a station did not take up a task within the time.
func silent(err error) bool {
	timeout, ok := errors.AsType[*temporal.TimeoutError](err)
	return ok && timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
}

// failure lifts the innermost refusal to the top, so that the failed workflow shows
// its kind and not that of a wrapper.
func failure(err error) error {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return temporal.NewNonRetryableApplicationError(err.Error(), app.Type(), nil)
	}
	return err
}

// answer is what an officer hears when the registry refused: the refusal's own
// sentence, without what was wrapped around it.
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
