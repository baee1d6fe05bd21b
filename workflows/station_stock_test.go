package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
)

// Blanks that are received at one of two stations wake who waits for stock, and that
// station makes all the cards: the other one, which has none, leaves them to it.
func TestStationStock_WakesWhoWaits(t *testing.T) {
	t.Parallel()
	o := newBareStations(t, nil)
	o.begin("PX-01", nil)
	o.begin("PX-02", nil)
	o.approveAll()
	for _, a := range o.apps {
		a.await(identity.ToRestock)
	}

	require.NoError(t, registrytest.Signing{Registry: o.Registry}.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: "B-2", First: "PX0001", Last: "PX0020", Location: "PX-01", ReceivedBy: "TK-C06-0001", CountedBy: "TK-C06-0002",
	}))
	o.WakeForStock(t.Context())

	require.Eventually(t, func() bool {
		o.ship()
		made, _ := o.where()
		return made == len(o.apps)
	}, time.Minute, 100*time.Millisecond, "all cards are made")
	for _, a := range o.apps {
		cards, err := o.Registry.Cards(t.Context(), a.number)
		require.NoError(t, err)
		require.Len(t, cards, 1)
		require.Equal(t, identity.StationID("PX-01"), cards[0].Station)
	}
	o.intact()
}
