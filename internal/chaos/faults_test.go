package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSchedule_IsTheSeeds(t *testing.T) {
	t.Parallel()
	o := options{seed: 7, faults: 50, duration: time.Hour}
	first := schedule(o)

	require.Equal(t, first, schedule(o))
	o.seed = 8
	require.NotEqual(t, first, schedule(o))
}

func TestSchedule_LeavesCalmBetweenStorms(t *testing.T) {
	t.Parallel()
	for _, whole := range []time.Duration{time.Minute, longer, 10 * time.Minute, time.Hour} {
		list := schedule(options{seed: 1, faults: 500, duration: whole, wipe: true})

		wipes, last := 0, time.Duration(0)
		for i, f := range list {
			require.Equal(t, i+1, f.index)
			require.GreaterOrEqual(t, f.at, last)
			require.Less(t, f.at, whole)
			require.LessOrEqual(t, f.lasts, time.Second+time.Minute)
			if whole >= longer {
				require.Less(t, f.at%(storm+lull), storm, "fault %d at %s", f.index, f.at)
			}
			if f.kind == wipe {
				wipes++
			}
			last = f.at
		}
		require.Equal(t, 1, wipes, "%s", whole)
	}
}

// A restore goes back to a backup of before, and comes when a wipe is over.
func TestSchedule_RestoresOnce(t *testing.T) {
	t.Parallel()
	for _, whole := range []time.Duration{time.Minute, longer, time.Hour} {
		for seed := range uint64(20) {
			at := make(map[kind][]time.Duration)
			for _, f := range schedule(options{seed: seed, faults: 10, duration: whole, wipe: true, restore: true}) {
				at[f.kind] = append(at[f.kind], f.at)
			}
			require.Len(t, at[wipe], 1)
			require.Len(t, at[backup], 1)
			require.Len(t, at[restore], 1)
			require.Less(t, at[backup][0], at[restore][0])
			require.LessOrEqual(t, at[restore][0]-at[backup][0], 5*time.Minute)
			require.Less(t, at[wipe][0], at[restore][0])
		}
	}
}
