package web

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestTries_LockForAnHour(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	tries := tries{now: func() time.Time { return now }}
	for range maxTries {
		require.True(t, tries.allow("A", true))
		require.False(t, tries.allow("A", false))
	}
	require.False(t, tries.allow("A", true))

	now = now.Add(rest + time.Second)

	require.True(t, tries.allow("A", true))
}

func TestTries_AreForgotten(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	tries := tries{now: func() time.Time { return now }}
	for i := range 5000 {
		now = now.Add(time.Minute)
		tries.allow(identity.ApplicationNumber(strconv.Itoa(i)), false)
	}

	require.LessOrEqual(t, len(tries.wrong), 1000)
}
