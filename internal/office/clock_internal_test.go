package office

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clocks are the database's and the machine's, as a test sets them.
type clocks struct {
	database time.Time
	away     bool
	asked    int
	off      time.Duration // by how much the machine is set ahead
}

func (c *clocks) clock() *clock {
	return &clock{
		ask: func(context.Context) (time.Time, error) {
			c.asked++
			if c.away {
				return time.Time{}, errors.New("away")
			}
			return c.database, nil
		},
		here: func() time.Time { return time.Now().Add(c.off) },
	}
}

// A machine whose clock is days ahead, or years back, does not start to work.
func TestCheckClock(t *testing.T) {
	t.Parallel()
	for off, wrong := range map[time.Duration]bool{
		0: false, 30 * time.Second: false, -30 * time.Second: false,
		3 * 24 * time.Hour: true, -2 * 365 * 24 * time.Hour: true, 90 * time.Second: true,
	} {
		c := &clocks{database: time.Now(), off: off}
		o := &Office{clock: c.clock()}
		require.Equal(t, wrong, errors.Is(o.checkClock(t.Context()), ErrClock), off)
	}
}

// A date is the database's, though the machine's clock is set while it works, and though
// the database is away meanwhile.
func TestNow_IsTheDatabases(t *testing.T) {
	t.Parallel()
	c := &clocks{database: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)}
	o := &Office{clock: c.clock()}
	near := func(want time.Time) {
		t.Helper()
		require.WithinDuration(t, want, o.Now(), 5*time.Second)
	}
	near(c.database)
	asked := c.asked
	near(c.database)
	require.Equal(t, asked, c.asked, "not asked again at once")

	c.off, c.database = 90*time.Second, c.database.Add(10*time.Second)
	near(c.database)
	require.Greater(t, c.asked, asked)
	c.off, c.away = 180*time.Second, true
	near(c.database.Add(90 * time.Second))
}
