package activities_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

func TestAsFailure_RefusalIsNotRetriedAndKeepsItsKindAndSentence(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("take blank: %w", identity.Refuse(identity.OutOfStock, "there is no blank in stock for station PX-01"))

	failure, ok := errors.AsType[*temporal.ApplicationError](activities.AsFailure(err))

	require.True(t, ok)
	require.True(t, failure.NonRetryable())
	require.Equal(t, string(identity.OutOfStock), failure.Type())
	require.Equal(t, "there is no blank in stock for station PX-01", failure.Message())
	require.Equal(t, temporal.ApplicationErrorCategoryBenign, failure.Category())
}

func TestAsFailure_EveryOtherErrorIsRetried(t *testing.T) {
	t.Parallel()
	err := errors.New("the database is away")

	require.Same(t, err, activities.AsFailure(err))
	require.NoError(t, activities.AsFailure(nil))
}
