package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestKnown_NamesWhatThereIs(t *testing.T) {
	t.Parallel()
	require.NoError(t, identity.Known("stage", identity.Stage(""), identity.Stages))
	require.NoError(t, identity.Known("stage", identity.HandOver, identity.Stages))
	require.NoError(t, identity.Known("province", identity.ProvinceCode("002"), identity.EveryProvince()))
	require.ErrorContains(t, identity.Known("stage", identity.Stage("handover"), identity.Stages), "; did you mean HandOver?")
	require.ErrorContains(t, identity.Known("awaiting", identity.Action("approve"), identity.Actions), "; did you mean approval?")
	require.NotContains(t, identity.Known("stage", identity.Stage("Frobnicate"), identity.Stages).Error(), "did you mean")
	require.ErrorContains(t, identity.Known("province", identity.ProvinceCode("003"), identity.EveryProvince()), "there are 001, 002, 004,")
	require.Less(t, len(identity.Known("stage", identity.Stage(strings.Repeat("x\n", 10_000)), identity.Stages).Error()), 400)
}
