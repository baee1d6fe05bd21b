package identity_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestRefusal(t *testing.T) {
	t.Parallel()
	plain := identity.Refuse(identity.NotFound, "there is no application %s", "7QF3M-9T2XK-D")
	field := identity.RefuseField(identity.Invalid, "person.birth", "31 February is no date")
	joined := fmt.Errorf("check: %w", errors.Join(errors.New("other"), field))

	require.EqualError(t, plain, "there is no application 7QF3M-9T2XK-D")
	require.EqualError(t, field, "person.birth: 31 February is no date")
	require.True(t, identity.Refused(plain, identity.NotFound))
	require.False(t, identity.Refused(plain, identity.Invalid))
	require.True(t, identity.Refused(joined, identity.Invalid))
	require.False(t, identity.Refused(nil, identity.Invalid))
	refusal, ok := errors.AsType[*identity.Refusal](joined)
	require.True(t, ok)
	require.Equal(t, "person.birth", refusal.Field)
}
