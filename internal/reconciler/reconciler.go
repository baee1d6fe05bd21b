// Package reconciler compares what the registry knows to be open with what the engine
// runs, and mends what differs: the registry is the truth, and any workflow can be
// begun again from it.
//
// It runs in the pipeline's workers, not as a Temporal Schedule: a schedule lives in the
// database whose loss it would have to find.
package reconciler

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

// Reconciler compares registry and engine.
type Reconciler struct {
	Registry interface {
		// OpenApplications lists, by number and after one, applications that have not ended.
		OpenApplications(ctx context.Context, after identity.ApplicationNumber, limit int) ([]registry.OpenApplication, error)
		// OpenConsignments lists boxes of some age that were not announced.
		OpenConsignments(ctx context.Context, age time.Duration, limit int) ([]registry.OpenConsignment, error)
		// AwaitingStock lists who waits for a blank, in the order in which they get one.
		AwaitingStock(ctx context.Context, limit int) ([]identity.ApplicationNumber, error)
		// FreeBlanks counts the blanks in stock, up to a limit.
		FreeBlanks(ctx context.Context, limit int) (int, error)
	}
	Begin   func(ctx context.Context, number identity.ApplicationNumber) error // begins an application's workflow from the registry, unless it runs
	Prepare func(ctx context.Context) error                                    // has the namespace know the search attributes, as it does not after Temporal's database was lost
	// Engine is what runs.
	Engine interface {
		// Running lists the applications and consignments whose workflows run.
		Running(ctx context.Context) (workflows.Running, error)
		// LookApplication and LookConsignment have a workflow read the registry.
		LookApplication(ctx context.Context, number identity.ApplicationNumber) error
		LookConsignment(ctx context.Context, number identity.ConsignmentNumber) error
		// BeginConsignment begins a box's workflow, unless it runs.
		BeginConsignment(ctx context.Context, number identity.ConsignmentNumber, destination identity.StationID) error
	}
	Metrics *Metrics      // nil: nothing is counted
	Quiet   time.Duration // what changed less long ago is on its way, and left alone
	Logger  *slog.Logger

	mu     sync.Mutex
	looked map[string]told // when a workflow was last told to look, so that it is not told again and again
}

// Report is what one pass found. A count of what was mended is of this pass alone.
type Report struct {
	At           time.Time                    `json:"at"`
	Applications int                          `json:"applications"` // open, and quiet for a while
	Consignments int                          `json:"consignments"`
	Begun        []identity.ApplicationNumber `json:"begun,omitempty"`       // had no workflow, and were begun again
	BegunBoxes   []identity.ConsignmentNumber `json:"begun_boxes,omitempty"` // likewise
	Told         []identity.ApplicationNumber `json:"told,omitempty"`        // disagreed with the registry, and were told to look
	Woken        []identity.ApplicationNumber `json:"woken,omitempty"`       // waited for stock, which there is
	Unknown      []string                     `json:"unknown,omitempty"`     // workflows that the registry does not know as open; they look, and end or wait
}

const (
	again   = 5 * time.Minute // before a workflow is told the same a second time
	rarely  = 24 * time.Hour  // before it is told the same once more, at the most
	page    = 1000
	maxWake = 10_000
)

// Pass compares once, and mends what differs. What cannot be mended now is tried again
// in the next pass: the first error is returned when the pass is over.
func (r *Reconciler) Pass(ctx context.Context) (Report, error) {
	if err := r.Prepare(ctx); err != nil {
		return Report{}, fmt.Errorf("prepare namespace: %w", err)
	}
	running, err := r.Engine.Running(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("list what runs: %w", err)
	}
	report := Report{At: time.Now()}
	var failed error
	try := func(err error) bool {
		if err != nil && failed == nil {
			failed = err
		}
		return err == nil
	}
	known := make(map[identity.ApplicationNumber]bool)
	for after := identity.ApplicationNumber(""); ; {
		open, err := r.Registry.OpenApplications(ctx, after, page)
		if err != nil {
			return report, fmt.Errorf("list open applications: %w", err)
		}
		for _, app := range open {
			known[app.Number] = true
			if app.Quiet < r.Quiet {
				continue
			}
			report.Applications++
			shown, runs := running.Applications[app.Number]
			switch {
			case !runs:
				if try(r.Begin(ctx, app.Number)) {
					report.Begun = append(report.Begun, app.Number)
				}
			case disagree(app, shown) && r.due("application "+string(app.Number)):
				if try(r.Engine.LookApplication(ctx, app.Number)) {
					report.Told = append(report.Told, app.Number)
				}
			}
		}
		if len(open) < page {
			break
		}
		after = open[len(open)-1].Number
	}
	for number := range running.Applications {
		if !known[number] && r.due("application "+string(number)) {
			report.Unknown = append(report.Unknown, workflows.ApplicationWorkflowID(number))
			try(r.Engine.LookApplication(ctx, number))
		}
	}
	try(r.consignments(ctx, running, &report))
	try(r.stock(ctx, &report))
	return report, failed
}

// disagree reports whether a workflow shows something else than the registry has, or
// has not heard that its card was counted in.
func disagree(app registry.OpenApplication, shown workflows.Shown) bool {
	counted := app.Card == identity.CardArrived || app.Card == identity.CardLost
	return app.Awaiting != shown.Awaiting ||
		app.Awaiting != identity.NoAction && app.Stage != shown.Stage ||
		app.Stage == identity.Dispatch && counted
}

// told is how often a workflow was told to look, and when last.
type told struct {
	times int
	at    time.Time
}

// due reports whether a workflow may be told to look, and remembers that it was. What
// still differs after that is told again ever more rarely, so that telling never fills a
// history.
func (r *Reconciler) due(workflow string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.looked == nil {
		r.looked = make(map[string]told)
	}
	now := time.Now()
	for id, t := range r.looked {
		if now.Sub(t.at) > 2*rarely {
			delete(r.looked, id)
		}
	}
	before := r.looked[workflow]
	if before.times > 0 && now.Sub(before.at) < min(again<<min(before.times-1, 10), rarely) {
		return false
	}
	r.looked[workflow] = told{before.times + 1, now}
	return true
}

// consignments mends boxes.
func (r *Reconciler) consignments(ctx context.Context, running workflows.Running, report *Report) error {
	open, err := r.Registry.OpenConsignments(ctx, r.Quiet, page)
	if err != nil {
		return fmt.Errorf("list open consignments: %w", err)
	}
	report.Consignments = len(open)
	for _, box := range open {
		shown, runs := running.Consignments[box.Number]
		switch {
		case !runs:
			if err := r.Engine.BeginConsignment(ctx, box.Number, box.Destination); err != nil {
				return fmt.Errorf("begin consignment %s: %w", box.Number, err)
			}
			report.BegunBoxes = append(report.BegunBoxes, box.Number)
		case shown != box.State && r.due("consignment "+string(box.Number)):
			if err := r.Engine.LookConsignment(ctx, box.Number); err != nil {
				return fmt.Errorf("tell consignment %s: %w", box.Number, err)
			}
		}
	}
	return nil
}

// stock wakes as many of those who wait for a blank as there are blanks.
func (r *Reconciler) stock(ctx context.Context, report *Report) error {
	woken, err := WakeForStock(ctx, r.Registry, wakener{r})
	report.Woken = woken
	return err
}

// wakener wakes who waits for stock, and does not say it again while they are on their
// way.
type wakener struct{ r *Reconciler }

// LookApplication implements the engine of WakeForStock.
func (w wakener) LookApplication(ctx context.Context, number identity.ApplicationNumber) error {
	if !w.r.due("stock for " + string(number)) {
		return nil
	}
	return w.r.Engine.LookApplication(ctx, number)
}

// WakeForStock has as many of those who wait for a blank look for one as there are
// blanks: urgent ones first, then cards that are made again, then the others, among
// whom the provinces take turns.
func WakeForStock(ctx context.Context, stock interface {
	AwaitingStock(ctx context.Context, limit int) ([]identity.ApplicationNumber, error)
	FreeBlanks(ctx context.Context, limit int) (int, error)
}, engine interface {
	LookApplication(ctx context.Context, number identity.ApplicationNumber) error
},
) ([]identity.ApplicationNumber, error) {
	free, err := stock.FreeBlanks(ctx, maxWake)
	if err != nil || free == 0 {
		return nil, err
	}
	waiting, err := stock.AwaitingStock(ctx, free)
	if err != nil {
		return nil, err
	}
	for i, number := range waiting {
		if err := engine.LookApplication(ctx, number); err != nil {
			return waiting[:i], fmt.Errorf("wake application %s: %w", number, err)
		}
	}
	return waiting, nil
}

// Run makes a pass every interval until ctx ends. After a pass that took long, the next
// one waits ten times as long, so that comparing never takes more than a tenth of the
// time.
func (r *Reconciler) Run(ctx context.Context, interval time.Duration) {
	for {
		begun := time.Now()
		report, err := r.Pass(ctx)
		if err == nil && r.Metrics != nil {
			r.Metrics.count(report, time.Now())
		}
		if err != nil && ctx.Err() == nil {
			r.Logger.ErrorContext(ctx, "Registry and engine could not be compared; trying again", "error", err)
		}
		if n := len(report.Begun) + len(report.BegunBoxes); n > 0 {
			r.Logger.WarnContext(ctx, "Workflows begun again from the registry", "applications", len(report.Begun), "consignments", len(report.BegunBoxes))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(interval, 10*time.Since(begun))):
		}
	}
}
