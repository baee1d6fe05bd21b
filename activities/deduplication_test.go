package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// There is no ABIS here, so a search would panic.
func TestDeduplicate_WithoutFingersThereIsNoSearch(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	number := registrytest.Receive(t, r, identity.Person{Number: "079086999903"}, identity.GroundAge, nil)
	for _, stage := range []identity.Stage{identity.BiometricCapture, identity.Validation} {
		require.NoError(t, errOf(r.Enter(t.Context(), registry.StageChange{Application: number, To: stage, Actor: "system"})))
	}

	out, err := (&activities.Pipeline{Registry: r}).Deduplicate(t.Context(), activities.DeduplicateInput{Application: number, Round: 1})

	require.NoError(t, err)
	require.Empty(t, out.Hits)
}
