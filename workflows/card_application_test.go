package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestCardApplication_IsIssuedToTheCitizen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, []string{"approve: accepted", "hand-over: accepted"}, o.answered)
	require.Equal(t, []string{"1 live PT0001"}, o.cards())
}
