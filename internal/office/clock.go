package office

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// clockTolerance is how far the clock of this machine may be from the database's: dates
// on cards and in certificates come from the database, logs from the machine.
const clockTolerance = time.Minute

// ErrClock is the error of a machine whose clock is wrong, or the database's.
var ErrClock = errors.New("the clock of this machine and the database's are more than a minute apart: set the wrong one right")

// clock is the database's, read again every minute. In between it goes on by how much
// time has passed here, which setting this machine's clock does not change.
type clock struct {
	ask  func(ctx context.Context) (time.Time, error)
	here func() time.Time

	mu   sync.Mutex
	now  time.Time // the database's, when it was read
	read time.Time // when that was, here
}

// freshness is for how long the database is not asked again, and patience for how long
// its answer is waited for.
const (
	freshness = time.Minute
	patience  = 2 * time.Second
)

// sync reads the database's clock, and gives how far it is ahead of this machine's.
func (c *clock) sync(ctx context.Context) (ahead time.Duration, err error) {
	before := c.here()
	now, err := c.ask(ctx)
	if err != nil {
		return 0, err
	}
	after := c.here()
	middle := before.Add(after.Sub(before) / 2)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.read = now, middle
	return now.Sub(middle), nil
}

// Now is the time by the database's clock. While the database is away it goes on from
// when it was read last.
//
//nolint:contextcheck // a clock is asked without one, and answers within moments
func (c *clock) Now() time.Time {
	now, fresh := c.passed()
	if fresh {
		return now
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := c.sync(ctx); err != nil {
		return now
	}
	now, _ = c.passed()
	return now
}

// passed is the time by what was read last, and whether that was lately. Should the
// machine have slept, or its clock have been set, its two clocks passed differently.
func (c *clock) passed() (now time.Time, fresh bool) {
	here := c.here()
	c.mu.Lock()
	defer c.mu.Unlock()
	monotonic, wall := here.Sub(c.read), here.Round(0).Sub(c.read.Round(0))
	apart := (monotonic - wall).Abs()
	return c.now.Add(monotonic), monotonic < freshness && apart < time.Second
}

// Now is the time by the database's clock: no date that matters is this machine's.
//
//nolint:contextcheck // a clock is asked without one, and answers within moments
func (o *Office) Now() time.Time { return o.clock.Now() }

// checkClock refuses to work with a wrong clock.
func (o *Office) checkClock(ctx context.Context) error {
	ahead, err := o.clock.sync(ctx)
	if err != nil {
		return err
	}
	if ahead.Abs() > clockTolerance {
		return fmt.Errorf("%w (the database's is %s ahead)", ErrClock, ahead.Round(time.Second))
	}
	return nil
}
