package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The drill of the alert on cards that wait for a station has the limits of this program: an
// hour lies between two of them.
func TestWaits_ReachOverADay(t *testing.T) {
	t.Parallel()
	require.Len(t, waits, 25)
	require.InDelta(t, 2154.43, waits[19], 0.01)
	require.InDelta(t, 4641.59, waits[20], 0.01)
	require.Greater(t, waits[24], 86_400.0)
}
