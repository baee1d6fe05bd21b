package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/devserver/devservertest"
)

func TestBench_TakesCardsToTheirEnds(t *testing.T) {
	devservertest.NeedPostgres(t)
	devservertest.NeedTemporal(t)
	t.Chdir("../..")
	var progress, printed bytes.Buffer

	r, err := bench(t.Context(), options{cards: 3, atOnce: 3, server: serverDev, finished: 100}, &progress)

	require.NoError(t, err, progress.String())
	require.Len(t, r.Runs, 2)
	for i, finished := range []int{0, 100} {
		m := r.Runs[i]
		require.Equal(t, finished, m.Finished)
		require.Equal(t, 3, m.Cards)
		require.Positive(t, m.Events)
		require.Positive(t, m.Card.Here)
		require.Positive(t, m.Card.Camera)
		require.Positive(t, m.Card.Temporal)
		require.Positive(t, m.Card.Registry)
		require.Positive(t, m.NoOps.cpu())
	}
	r.print(&printed)
	require.Contains(t, printed.String(), "ratio")
}

// What scripts read is what was measured.
func TestReport_PrintsJSON(t *testing.T) {
	t.Parallel()
	measured := report{Server: serverPostgres, Runs: []measurements{{Cards: 200, Card: cost{Here: 38 * time.Millisecond}, RoundTrips: 28.5}}}
	var printed bytes.Buffer

	require.NoError(t, measured.printJSON(&printed))

	var read report
	require.NoError(t, json.Unmarshal(printed.Bytes(), &read))
	require.Equal(t, measured, read)
	require.Contains(t, printed.String(), `"here": 38000000`)
}
