// Package reconciler compares what the registry knows to be open with what the engine
// runs, and mends what differs: the registry is the truth, and any workflow can be
// begun again from it.
//
// It runs in the pipeline's workers, one at a time, not as a Temporal Schedule: a
// schedule lives in the database whose loss it would have to find.
//
// A pass compares everything, and costs by what is open. A glance looks for what ended,
// and counts; it costs by what ended. Run makes a pass as often as that is cheap, and
// glances in between.
package reconciler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

// Reconciler compares registry and engine.
type Reconciler struct {
	Registry *registry.Registry
	Begin    func(ctx context.Context, number identity.ApplicationNumber) error // begins an application's workflow from the registry, unless it runs
	Prepare  func(ctx context.Context) error                                    // has the namespace know the search attributes, as it does not after Temporal's database was lost
	Engine   Engine
	Metrics  *Metrics      // nil: nothing is counted
	Quiet    time.Duration // what changed less long ago is on its way, and left alone
	Logger   *slog.Logger

	mu     sync.Mutex
	looked map[string]told // when a workflow was last told to look, so that it is not told again and again
	boxes  int             // that had been received when stock was looked at last
	blanks int             // that were in stock then
}

// Engine is what runs the workflows.
type Engine interface {
	// Running lists the applications and consignments whose workflows run.
	Running(ctx context.Context) (workflows.Running, error)
	// CountRunning counts the applications whose workflows run.
	CountRunning(ctx context.Context) (int, error)
	// Closed lists those of which a workflow ended since a time, each with the run that
	// ended last.
	Closed(ctx context.Context, since time.Time) (map[identity.ApplicationNumber]string, map[identity.ConsignmentNumber]string, error)
	// Runs reports whether a workflow of that ID runs.
	Runs(ctx context.Context, id string) (bool, error)
	// LatestConsignment is the greatest number after that one of which there ever was a
	// workflow, or that one.
	LatestConsignment(ctx context.Context, after identity.ConsignmentNumber) (identity.ConsignmentNumber, error)
	// LookApplication and LookConsignment have a workflow read the registry.
	LookApplication(ctx context.Context, number identity.ApplicationNumber) error
	LookConsignment(ctx context.Context, number identity.ConsignmentNumber) error
	// BeginConsignment begins a box's workflow, unless it runs.
	BeginConsignment(ctx context.Context, number identity.ConsignmentNumber, destination identity.StationID) error
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
	Back         []identity.ApplicationNumber `json:"back,omitempty"`        // waited for a station that is back with their card
	Unknown      []string                     `json:"unknown,omitempty"`     // workflows of what the registry does not know: they wait
	Passed       identity.ConsignmentNumber   `json:"passed,omitempty"`      // no number up to this one is given to a box again
}

const (
	again   = 5 * time.Minute     // before a workflow is told the same a second time; then ten times that, and so on
	rarely  = 30 * 24 * time.Hour // before it is told the same once more, at the most
	page    = 1000
	maxWake = 10_000
)

// Pass compares everything once, and mends what differs. What cannot be mended now does
// not keep the others from it, and is tried again in the next pass: the first error is
// returned when the pass is over.
func (r *Reconciler) Pass(ctx context.Context) (Report, error) {
	p, err := r.begin(ctx)
	if err != nil {
		return Report{}, err
	}
	if err := r.Prepare(ctx); err != nil {
		return Report{}, fmt.Errorf("prepare namespace: %w", err)
	}
	if p.running, err = r.Engine.Running(ctx); err != nil {
		return Report{}, fmt.Errorf("list what runs: %w", err)
	}
	r.forget("")
	for _, step := range []func(context.Context) error{p.unknown, p.applications, p.consignments, p.stations, p.stock} {
		if err := step(ctx); err != nil {
			return p.report, err
		}
	}
	return p.report, p.failed
}

// Glance finds, at little cost, workflows that ended and should not have, begins them
// again, has those look that were reset, and wakes who waits for stock, or for a station
// that is back. It reports too whether a pass is needed: there are fewer workflows than
// open applications.
func (r *Reconciler) Glance(ctx context.Context, since time.Time) (report Report, lacking bool, err error) {
	p, err := r.begin(ctx)
	if err != nil {
		return Report{}, false, err
	}
	apps, boxes, err := r.Engine.Closed(ctx, since)
	if err != nil {
		return Report{}, false, fmt.Errorf("list what ended: %w", err)
	}
	if err := p.ended(ctx, apps, boxes); err != nil {
		return p.report, false, err
	}
	if err := p.stations(ctx); err != nil {
		return p.report, false, err
	}
	if err := p.stock(ctx); err != nil {
		return p.report, false, err
	}
	open, err := r.Registry.CountOpen(ctx, r.Quiet)
	if err != nil {
		return p.report, false, err
	}
	running, err := r.Engine.CountRunning(ctx)
	if err != nil {
		return p.report, false, fmt.Errorf("count what runs: %w", err)
	}
	return p.report, running < open, p.failed
}

// begin begins a comparison, at the database's time.
func (r *Reconciler) begin(ctx context.Context) (*pass, error) {
	now, err := r.Registry.Now(ctx)
	return &pass{Reconciler: r, report: Report{At: now}}, err
}

// told is how often a workflow was told to look, and when last.
type told struct {
	times int
	at    time.Time
	what  string
}

// due reports whether a workflow may be told to look because of what differs, and
// remembers that it was. What still differs after that is told again ever more rarely, so
// that telling never fills a history; when something else differs, it is told at once.
func (r *Reconciler) due(workflow, what string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.looked == nil {
		r.looked = make(map[string]told)
	}
	before := r.looked[workflow]
	if before.what != what {
		before = told{}
	}
	pause := again
	for range before.times - 1 {
		pause = min(10*pause, rarely)
	}
	if before.times > 0 && time.Since(before.at) < pause {
		return false
	}
	r.looked[workflow] = told{before.times + 1, time.Now(), what} //nolint:forbidigo // how long ago is all that is asked
	return true
}

// agrees notes that what a workflow was told has come to pass: what differs after that is
// something else.
func (r *Reconciler) agrees(workflow string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.looked, workflow)
}

// forget forgets who was told long ago, or who was told what begins so.
func (r *Reconciler) forget(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, t := range r.looked {
		if time.Since(t.at) > 2*rarely || what != "" && strings.HasPrefix(id, what) {
			delete(r.looked, id)
		}
	}
}

// supplied reports whether blanks came since stock was looked at last.
func (r *Reconciler) supplied(boxes, blanks int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	grew := boxes > r.boxes || blanks > r.blanks
	r.boxes, r.blanks = boxes, blanks
	return grew
}

// GoOnAtStations has applications go on whose station is back, or was resumed, with their
// card in its slot.
func GoOnAtStations(ctx context.Context, stations interface {
	GoOnAtStations(ctx context.Context) ([]identity.ApplicationNumber, error)
}, engine interface {
	LookApplication(ctx context.Context, number identity.ApplicationNumber) error
},
) error {
	back, err := stations.GoOnAtStations(ctx)
	for _, number := range back {
		err = errors.Join(err, engine.LookApplication(ctx, number))
	}
	return err
}

// Stock knows the blanks, and who waits for them.
type Stock interface {
	AwaitingStock(ctx context.Context, d identity.Document, limit int) ([]identity.ApplicationNumber, error)
	FreeBlanks(ctx context.Context, d identity.Document, limit int) (int, error)
}

// servedByStock lists as many of those who wait for a blank as there are blanks, for each
// document.
func servedByStock(ctx context.Context, stock Stock) ([]identity.ApplicationNumber, error) {
	var served []identity.ApplicationNumber
	for _, d := range identity.Documents {
		free, err := stock.FreeBlanks(ctx, d, maxWake)
		if err != nil {
			return nil, err
		}
		if free == 0 {
			continue
		}
		waiting, err := stock.AwaitingStock(ctx, d, free)
		if err != nil {
			return nil, err
		}
		served = append(served, waiting...)
	}
	return served, nil
}

// WakeForStock has as many of those who wait for a blank look for one as there are
// blanks: urgent ones first, then cards that are made again, then the others, among
// whom the provinces take turns.
func WakeForStock(ctx context.Context, stock Stock, engine interface {
	LookApplication(ctx context.Context, number identity.ApplicationNumber) error
},
) ([]identity.ApplicationNumber, error) {
	waiting, err := servedByStock(ctx, stock)
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
