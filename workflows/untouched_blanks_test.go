package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// An application that is rejected between the moment when its station took a blank and the
// one when it would have written to it: the station's journal knows that the blank is
// untouched, whether it works on, was killed meanwhile, or is paused.
func TestUntouchedBlank_ComesBackFromARejectedApplication(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(o *twoStations, p *stationProcess){
		"Works":  func(*twoStations, *stationProcess) {},
		"Killed": func(_ *twoStations, p *stationProcess) { p.kill() },
		"Paused": func(o *twoStations, _ *stationProcess) {
			require.NoError(o.t, registrytest.Signing{Registry: o.Registry}.PauseStation(o.t.Context(), "PX-01", operator, "cleaning"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newTwoStations(t, nil)
			r := newReader(t, o)
			r.cut = true
			r.mute(0, true) // the slot is empty
			of := r.settings()
			of["station.insert_wait"] = "20s"
			p := newStationProcess(t, o, of)
			p.start()
			a := o.apps[0]
			a.approve()
			require.Eventually(t, func() bool {
				cards := o.inSlots()
				return len(cards) == 1 && cards[0].Trouble != ""
			}, time.Minute, 20*time.Millisecond, "the operator is asked for a blank")

			harm(o, p)
			a.does(identity.Reject{Officer: approver, Reason: "impersonation"})
			require.Equal(t, identity.Rejected, a.result().End)
			if name == "Killed" {
				stock, err := o.Registry.Stock(t.Context())
				require.NoError(t, err)
				require.Equal(t, registry.Stock{Received: 20, InStock: 19, Spoiled: 1, Balanced: true}, stock, "nobody knows yet")
				p.start()
			}

			require.Eventually(t, func() bool {
				stock, err := o.Registry.Stock(t.Context())
				require.NoError(t, err)
				require.True(t, stock.Balanced)
				return stock == registry.Stock{Received: 20, InStock: 20, Balanced: true}
			}, time.Minute, 100*time.Millisecond, "the blank is in stock again")
			require.NoError(t, o.Registry.VerifyBooks(t.Context()))
		})
	}
}
