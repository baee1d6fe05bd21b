package office

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
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
