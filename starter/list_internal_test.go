package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestKnown_NamesWhatThereIs(t *testing.T) {
	t.Parallel()
	require.NoError(t, known("stage", identity.Stage(""), identity.Stages))
	require.NoError(t, known("stage", identity.HandOver, identity.Stages))
	require.NoError(t, known("province", identity.ProvinceCode("002"), identity.EveryProvince()))
	require.ErrorContains(t, known("stage", identity.Stage("handover"), identity.Stages), "; did you mean HandOver?")
	require.ErrorContains(t, known("awaiting", identity.Action("approve"), identity.Actions), "; did you mean approval?")
	require.NotContains(t, known("stage", identity.Stage("Frobnicate"), identity.Stages).Error(), "did you mean")
	require.ErrorContains(t, known("province", identity.ProvinceCode("003"), identity.EveryProvince()), "there are 001, 002, 004,")
	require.EqualError(t, listable(0), "limit: is 0; 1 to 10000 is accepted")
	require.EqualError(t, listable(10_001), "limit: is 10001; 1 to 10000 is accepted")
	require.NoError(t, listable(10_000))
}
