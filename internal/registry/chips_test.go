package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// A card is known by its chip as the station read it, without a manifest of its maker's.
func TestCardStatuses_ByTheChipThatTheStationRead(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.prepared(t, of(holder))
	_, err := b.db.Exec(t.Context(), `INSERT INTO stations_at_work (id, slots) VALUES ($1, 1)`, press) // as a station reports itself
	require.NoError(t, err)
	_, err = b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPersonalized, "chip 35F8435AD08857BE99A6"))
	b.made(t, number)
	status := func() identity.CardStatus {
		answers, err := b.CardStatuses(t.Context(), []registry.StatusQuery{{Chip: "35f8435ad08857be99a6"}})
		require.NoError(t, err)
		return answers[0].Status
	}

	require.Equal(t, identity.StatusUnknown, status(), "it was not issued")
	b.delivered(t, number)
	registrytest.Pay(t, b.Registry, number, registrytest.Signed)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	require.Equal(t, identity.StatusValid, status())
}
