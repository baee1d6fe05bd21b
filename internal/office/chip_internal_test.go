package office

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/apdu"
)

func TestSimulatedChip_IsServedInDevelopmentOnly(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]config.Config{
		"in development only":                    {Profile: "production", Station: config.Station{Driver: "simulated"}},
		"only simulated chips":                   {Profile: "dev", Station: config.Station{Driver: "pcsc"}},
		"card 1 of application  has no chip yet": {Profile: "dev", Station: config.Station{Driver: "simulated"}},
	} {
		_, err := (&Office{config: c}).SimulatedChip(t.Context(), registry.CardRecord{Attempt: 1})

		require.ErrorContains(t, err, says)
		require.NotEmpty(t, identity.Refusals(err))
	}
}

// What a chip does not take keeps its holder from no new PIN. Of another card nothing is done.
func TestDoOrders_OneThatCannotBeDoneKeepsNoOtherBack(t *testing.T) {
	t.Parallel()
	full, unblock, rotate := registry.CardOrder{Act: "1"}, registry.CardOrder{Act: "2"}, registry.CardOrder{Act: "3"}
	failing := func(as error) func(registry.CardOrder) error {
		return func(o registry.CardOrder) error {
			if o.Act == full.Act {
				return as
			}
			return nil
		}
	}

	done, err := doOrders(t.Context(), []registry.CardOrder{full, unblock, rotate}, failing(apdu.NotEnoughMemory))

	require.ErrorIs(t, err, apdu.NotEnoughMemory)
	require.Equal(t, []registry.CardOrder{unblock, rotate}, done)
	done, err = doOrders(t.Context(), []registry.CardOrder{unblock, full, rotate}, failing(identity.Refuse(identity.Conflict, "another card")))
	require.ErrorIs(t, err, identity.Conflict)
	require.Equal(t, []registry.CardOrder{unblock}, done)
}
