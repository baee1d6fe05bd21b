package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func TestAllotNumber_OneNumberEach(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	unknown := func(s *registry.Submission) {
		s.Application.Person.Number, s.Application.Ground, s.Application.Type = "", identity.GroundFirstCard, identity.FirstIssue
	}
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: identity.Person{Number: "001301000000"}, Status: identity.Alive}))
	numbers := []identity.ApplicationNumber{b.received(t, unknown), b.received(t, unknown), b.received(t, unknown)}
	allotted := make([]identity.PersonalNumber, 9)

	errs := atOnce(len(allotted), func(i int) (err error) {
		candidate := 0
		allotted[i], err = b.AllotNumber(t.Context(), numbers[i%3], func() (identity.PersonalNumber, error) {
			candidate++
			return identity.PersonalNumber([]string{"001301000000", "001301000001", "001301000002", "001301000003"}[min(candidate, 4)-1]), nil
		})
		return err
	})

	for i, err := range errs {
		require.NoError(t, err)
		require.Equal(t, allotted[i%3], allotted[i])
	}
	require.ElementsMatch(t, []identity.PersonalNumber{"001301000001", "001301000002", "001301000003"}, allotted[:3])
	_, err := b.AllotNumber(t.Context(), b.received(t, unknown), func() (identity.PersonalNumber, error) { return "001301000000", nil })
	require.ErrorIs(t, err, identity.OutOfStock)
}
