package statement

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// Nobody can do an act that no role may do, and no role may do an act that does not exist.
// Everybody who is registered may log in.
func TestActs_AreThoseOfTheCompetences(t *testing.T) {
	t.Parallel()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(acts)), func(name string) bool { return name == identity.LogIn{}.ActName() })
	require.Equal(t, identity.ActNames(), names)
	for _, name := range names {
		require.NotEmpty(t, identity.Competence(name), name)
		require.Subset(t, identity.Roles, identity.Competence(name), name)
	}
	require.Empty(t, identity.Competence(identity.LogIn{}.ActName()))
}
