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
	field := identity.RefuseField(identity.Invalid, "person.birth", "31 February is not a date")
	joined := fmt.Errorf("check: %w", errors.Join(errors.New("other"), field))

	require.EqualError(t, plain, "there is no application 7QF3M-9T2XK-D")
	require.EqualError(t, field, "person.birth: 31 February is not a date")
	require.True(t, identity.Refused(plain, identity.NotFound))
	require.False(t, identity.Refused(plain, identity.Invalid))
	require.True(t, identity.Refused(joined, identity.Invalid))
	require.False(t, identity.Refused(nil, identity.Invalid))
	require.True(t, identity.Refused(identity.Refuse(identity.NotNow, "it is sealed"), identity.Conflict))
	require.False(t, identity.Refused(identity.Refuse(identity.Conflict, "it is paid"), identity.NotNow))
	refusal, ok := errors.AsType[*identity.Refusal](joined)
	require.True(t, ok)
	require.Equal(t, "person.birth", refusal.Field)
}

func TestApart(t *testing.T) {
	t.Parallel()
	fault := errors.New("the disk is full")
	name := identity.RefuseField(identity.Invalid, "person.name", "is missing")
	birth := identity.RefuseField(identity.Invalid, "person.birth", "is missing")
	wrapped := fmt.Errorf("read packet: %w", fault)
	for _, tt := range []struct {
		name string
		err  error
		want []error
	}{
		{"Nothing", nil, nil},
		{"OneFault", wrapped, []error{wrapped}},
		{"OneRefusal", name, []error{name}},
		{"WrappedRefusal", fmt.Errorf("check: %w", name), []error{name}},
		{"Joined", errors.Join(name, wrapped, birth), []error{name, wrapped, birth}},
		{"WrappedJoin", fmt.Errorf("check: %w", errors.Join(name, fault)), []error{name, fault}},
		{"JoinInJoin", errors.Join(errors.Join(name, birth), fault), []error{name, birth, fault}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, identity.Apart(tt.err))
			var want []*identity.Refusal
			for _, e := range tt.want {
				if refusal, ok := errors.AsType[*identity.Refusal](e); ok {
					want = append(want, refusal)
				}
			}
			require.Equal(t, want, identity.Refusals(tt.err))
		})
	}
}

func TestInField(t *testing.T) {
	t.Parallel()
	fault := errors.New("the disk is full")
	refused := fmt.Errorf("check: %w", errors.Join(
		identity.RefuseField(identity.Invalid, "text", "is missing"),
		identity.Refuse(identity.Invalid, "is empty"),
		identity.RefuseField(identity.Invalid, "residence", "is unknown"),
		fault))

	err := identity.InField("residence", refused)

	require.EqualError(t, err, "residence.text: is missing\nresidence: is empty\nresidence: is unknown\nthe disk is full")
	require.ErrorIs(t, err, fault)
	require.EqualError(t, identity.InField("", identity.RefuseField(identity.Invalid, "text", "is missing")), "text: is missing")
	require.NoError(t, identity.InField("residence", nil))
}
