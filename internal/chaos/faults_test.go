package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSchedule_IsTheSeeds(t *testing.T) {
	t.Parallel()
	first := schedule(7, 50, time.Hour)

	require.Equal(t, first, schedule(7, 50, time.Hour))
	require.NotEqual(t, first, schedule(8, 50, time.Hour))
}

func TestSchedule_LeavesCalmBetweenStorms(t *testing.T) {
	t.Parallel()
	for _, whole := range []time.Duration{time.Minute, longer, 10 * time.Minute, time.Hour} {
		list := schedule(1, 500, whole)

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
		require.Equal(t, whole >= longer, wipes == 1, "%s", whole)
	}
}
