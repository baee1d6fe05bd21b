package station_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/station"
)

// A master key that is made by the way is nobody's but this station's: its maker's chips do
// not have it, and other stations make other cards.
func TestKeySets_ProductionMakesNoMasterKey(t *testing.T) {
	t.Parallel()
	store, err := keys.OpenFile(t.TempDir(), false)
	require.NoError(t, err)

	_, _, err = station.KeySets(store, true)
	require.ErrorIs(t, err, station.ErrNoMaster)
	require.ErrorContains(t, err, "card-transport")
	require.NoError(t, store.EnsureMaster("card-transport"))
	_, _, err = station.KeySets(store, true)
	require.ErrorIs(t, err, station.ErrNoMaster)
	require.ErrorContains(t, err, "card-master")
	require.NoError(t, station.MakeMaster(store))
	initial, card, err := station.KeySets(store, true)

	require.NoError(t, err)
	one, err := initial([]byte("0123456789"))
	require.NoError(t, err)
	two, err := card([]byte("0123456789"))
	require.NoError(t, err)
	require.NotEqual(t, one.ENC, two.ENC)
	_, again, err := station.KeySets(store, false)
	require.NoError(t, err)
	same, err := again([]byte("0123456789"))
	require.NoError(t, err)
	require.Equal(t, two, same)
}
