package reconciler

import (
	"context"
	"crypto/rand"
	"time"

	"example.org/cancuoc/internal/registry"
)

// How Run shares the work among processes, and its cost over time.
const (
	share  = 20              // a pass takes at most one part in so many of the time
	slack  = 5 * time.Second // that a lease outlasts the interval, and that others ask after
	beside = time.Minute     // looked back beyond the last glance: visibility lags
)

// Run compares every interval until ctx ends, in one process at a time: the one that has
// the lease. A pass that takes long is made more rarely, with glances in between.
func (r *Reconciler) Run(ctx context.Context, interval time.Duration) {
	holder, turn := rand.Text(), &turn{Reconciler: r}
	for {
		wait := interval
		held, err := r.Registry.Lease(ctx, registry.TaskReconcile, holder, interval+slack)
		switch {
		case err != nil:
			r.complain(ctx, err)
		case held:
			turn.take(ctx)
		default:
			turn.next, turn.last, wait = time.Time{}, time.Time{}, min(interval, slack)
			if r.Metrics != nil {
				r.Metrics.elsewhere()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// turn is the work of the process that has the lease.
type turn struct {
	*Reconciler

	next time.Time // when the next pass is due
	last time.Time // up to when it looked for what ended, by the database's clock
}

// take glances, and makes a pass when one is due or needed.
func (t *turn) take(ctx context.Context) {
	lacking := t.last.IsZero()
	if !lacking {
		var report Report
		var err error
		report, lacking, err = t.Glance(ctx, t.last.Add(-beside))
		t.tell(ctx, report, err)
		if err == nil {
			t.last = report.At
		}
	}
	began := time.Now()
	if !lacking && began.Before(t.next) {
		return
	}
	report, err := t.Pass(ctx)
	t.tell(ctx, report, err)
	if err != nil {
		return // the next turn is a pass again
	}
	t.last, t.next = report.At, began.Add(share*time.Since(began))
	if t.Metrics != nil {
		t.Metrics.whole(report)
	}
}

// tell counts and logs what was found.
func (r *Reconciler) tell(ctx context.Context, report Report, err error) {
	if r.Metrics != nil {
		r.Metrics.count(report)
	}
	if err != nil {
		r.complain(ctx, err)
	}
	if n := len(report.Begun) + len(report.BegunBoxes); n > 0 {
		r.Logger.WarnContext(ctx, "Workflows begun again from the registry", "applications", len(report.Begun), "consignments", len(report.BegunBoxes))
	}
	if n := len(report.Unknown); n > 0 {
		r.Logger.WarnContext(ctx, "Workflows run of what the registry does not know; starter reconcile lists them", "workflows", n)
	}
}

func (r *Reconciler) complain(ctx context.Context, err error) {
	if ctx.Err() == nil {
		r.Logger.ErrorContext(ctx, "Registry and engine could not be compared whole; trying again", "error", err)
	}
}
