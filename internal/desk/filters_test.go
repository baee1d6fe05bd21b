package desk_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/desk"
)

// A mistyped filter does not read as all clear.
func TestOnlyFilters_RefusesAMistypedName(t *testing.T) {
	t.Parallel()
	require.NoError(t, desk.OnlyFilters(url.Values{"awaiting": {"approval"}}, "awaiting", "stage"))
	require.ErrorContains(t, desk.OnlyFilters(url.Values{"awaitng": {"approval"}, "stage": {"Approval"}}, "awaiting", "stage"), "did you mean awaiting?")
}
