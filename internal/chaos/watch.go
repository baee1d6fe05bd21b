package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflowservice/v1"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// How long what must not stay may last, while everything runs undisturbed.
const (
	healed = time.Minute     // a missing workflow is begun again, lists agree
	closed = 2 * time.Minute // a workflow ends that has nothing left to do
	moved  = 3 * time.Minute // an application moves that waits for nobody: an activity whose worker died is tried again after two minutes
)

// watch looks at the whole office each second.
type watch struct {
	*site

	enrollment *enrollment
	report     *report

	restores int64     // of the registry, that were seen
	calm     time.Time // since when everything runs undisturbed; zero: something does not
	looks    int
	suspects map[string]*suspicion
	ended    map[identity.ApplicationNumber]identity.Stage
	failed   map[string]bool // runs of workflows that ended with an error

	mu   sync.Mutex
	last *view // what was seen last
}

// suspicion is something that must not stay.
type suspicion struct {
	since time.Time
	seen  int // the look at which it was seen last
	told  bool
}

// view is the office at one moment, as registry and Temporal have it.
type view struct {
	at           time.Time // nothing of it is older
	applications []standing
	consignments []box
	running      map[string]bool // workflows, by ID
	awaiting     map[identity.ApplicationNumber]identity.Action
}

// standing is where the registry has an application.
type standing struct {
	Number      identity.ApplicationNumber
	Stage       identity.Stage
	Awaiting    identity.Action
	Why         string // it waits
	EnteredAt   time.Time
	Card        identity.CardState        // of the current attempt; empty: there is none
	Consignment identity.ConsignmentState // in which that card is; empty: in none
	Station     identity.StationID        // that has that card
}

// box is a consignment in the registry.
type box struct {
	Number identity.ConsignmentNumber
	State  identity.ConsignmentState
}

func newWatch(s *site, e *enrollment, r *report) *watch {
	return &watch{
		site: s, enrollment: e, report: r, suspects: make(map[string]*suspicion),
		ended: make(map[identity.ApplicationNumber]identity.Stage), failed: make(map[string]bool),
	}
}

// run looks each second until ctx ends.
func (w *watch) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	client := &http.Client{Timeout: time.Second}
	for {
		var probes sync.WaitGroup
		for _, t := range w.targets {
			probes.Go(func() { t.ask(ctx, client) })
		}
		probes.Wait()
		w.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look takes one view and checks it. A server that does not answer is no violation.
func (w *watch) look(ctx context.Context) {
	if !w.up() {
		w.calm = time.Time{}
	} else if w.calm.IsZero() {
		w.calm = time.Now()
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	w.looks++
	if n := w.restored.Load(); n > w.restores { // what had ended since is open again
		w.restores, w.calm = n, time.Time{}
		clear(w.ended)
	}
	w.checkBooks(ctx)
	receipts, _ := w.enrollment.known() // before the registry is read: it knows all of them
	v, err := w.view(ctx)
	if err != nil {
		w.blind(err)
		return
	}
	w.mu.Lock()
	w.last = v
	w.mu.Unlock()
	w.checkApplications(v, receipts)
	w.checkConsignments(v)
	w.checkFailed(ctx)
	w.clear()
}

// latest is what was seen last; nil before the first view.
func (w *watch) latest() *view {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// view reads registry and Temporal.
func (w *watch) view(ctx context.Context) (*view, error) {
	v := &view{at: time.Now(), running: make(map[string]bool), awaiting: make(map[identity.ApplicationNumber]identity.Action)}
	var err error
	if v.applications, v.consignments, err = standings(ctx, w.db, identity.Stages); err != nil {
		return nil, err
	}
	list, err := w.flows.List(ctx, workflows.Filter{Limit: 1_000_000})
	if err != nil {
		return nil, err
	}
	for _, l := range list {
		v.running[workflows.ApplicationWorkflowID(l.Application)] = true
		v.awaiting[l.Application] = l.Awaiting
	}
	boxes, err := w.list(ctx, "WorkflowType = 'Consignment' AND ExecutionStatus = 'Running'")
	for _, b := range boxes {
		v.running[b.id] = true
	}
	return v, err
}

// standings reads where the registry has the applications at those stages, and all boxes;
// by a pool or in a transaction.
func standings(ctx context.Context, db interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}, stages []identity.Stage,
) (applications []standing, boxes []box, err error) {
	rows, _ := db.Query(ctx, `
		SELECT a.number, a.stage, a.awaiting, a.awaiting_why, a.entered_at, coalesce(c.state, ''), coalesce(k.state, ''), coalesce(c.station, '')
		FROM applications a LEFT JOIN cards c ON c.application = a.number AND c.attempt = a.attempt
		LEFT JOIN consignments k ON k.number = c.consignment
		WHERE a.stage = ANY($1)`, stages) // CollectRows reports the error
	if applications, err = pgx.CollectRows(rows, pgx.RowToStructByPos[standing]); err != nil {
		return nil, nil, err
	}
	rows, _ = db.Query(ctx, `SELECT number, state FROM consignments`)
	boxes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[box])
	return applications, boxes, err
}

// execution is one run of a workflow.
type execution struct{ id, run, status string }

// list lists the runs that a query selects.
func (w *watch) list(ctx context.Context, query string) ([]execution, error) {
	var list []execution
	for page := []byte(nil); ; {
		answer, err := w.flows.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, NextPageToken: page, PageSize: 1000})
		if err != nil {
			return nil, err
		}
		for _, e := range answer.GetExecutions() {
			list = append(list, execution{id: e.GetExecution().GetWorkflowId(), run: e.GetExecution().GetRunId(), status: e.GetStatus().String()})
		}
		if page = answer.GetNextPageToken(); len(page) == 0 {
			return list, nil
		}
	}
}

// suspect notes what must not stay longer than that while everything runs
// undisturbed; 0: never.
func (w *watch) suspect(who, what string, longest time.Duration) {
	s := w.suspects[who+": "+what]
	if s == nil {
		s = &suspicion{since: time.Now()}
		w.suspects[who+": "+what] = s
	}
	s.seen = w.looks
	if s.told {
		return
	}
	if longest == 0 {
		s.told = true
		w.report.violate(who, what)
		return
	}
	from := s.since
	if w.calm.After(from) {
		from = w.calm
	}
	if !w.calm.IsZero() && time.Since(from) > longest {
		s.told = true
		w.report.violateSince(s.since, who, fmt.Sprintf("%s, for %s", what, time.Since(s.since).Round(time.Second)))
	}
}

// clear forgets suspicions that are over.
func (w *watch) clear() {
	for key, s := range w.suspects {
		if s.seen == w.looks {
			continue
		}
		_, what, _ := strings.Cut(key, ": ")
		w.report.over(what, time.Since(s.since))
		delete(w.suspects, key)
	}
}

// What applications and consignments are suspected of.
const (
	notRunning  = "open, and no workflow of it runs"
	stillRuns   = "ended, and its workflow still runs"
	listsDiffer = "registry and Temporal list it as waiting for different things"
	stands      = "it stands still, and no list says what for"
)

func (w *watch) checkApplications(v *view, receipts map[identity.ApplicationNumber]*applicant) {
	registered := make(map[identity.ApplicationNumber]bool, len(v.applications))
	for _, a := range v.applications {
		registered[a.Number] = true
		w.checkApplication(v, a)
	}
	for number := range receipts {
		if !registered[number] {
			w.suspect(string(number), "it has a receipt, and the registry does not know it", w.forgotten())
		}
	}
}

// forgotten is how long the registry may not know what has a receipt: not at all, or
// until the stations have submitted again what it forgot when it was restored.
func (w *watch) forgotten() time.Duration {
	if w.restores > 0 {
		return healed
	}
	return 0
}

func (w *watch) checkApplication(v *view, a standing) {
	who, running := string(a.Number), v.running[workflows.ApplicationWorkflowID(a.Number)]
	if end := w.ended[a.Number]; end != "" && end != a.Stage {
		w.suspect(who, fmt.Sprintf("it had ended as %s, and is at %s", end, a.Stage), 0)
	}
	if a.Stage.Ended() {
		w.ended[a.Number] = a.Stage
		if running {
			w.suspect(who, stillRuns, closed)
		}
		return
	}
	if a.Awaiting != identity.NoAction && a.Why == "" {
		w.suspect(who, fmt.Sprintf("it waits for %s, and nobody is told why", a.Awaiting), 0)
	}
	if !running {
		w.suspect(who, notRunning, healed)
		return
	}
	listed := v.awaiting[a.Number]
	if listed != a.Awaiting {
		w.suspect(who, fmt.Sprintf("%s: %q and %q", listsDiffer, a.Awaiting, listed), healed)
	}
	travels := a.Stage == identity.Dispatch && a.Consignment != "" && a.Consignment != identity.ConsignmentReceived
	if a.Awaiting == identity.NoAction && listed == identity.NoAction && !travels {
		w.suspect(who, fmt.Sprintf("%s: %s since %s", stands, a.Stage, a.EnteredAt.UTC().Format(time.TimeOnly)), moved)
	}
}

func (w *watch) checkConsignments(v *view) {
	for _, c := range v.consignments {
		running := v.running[workflows.ConsignmentWorkflowID(c.Number)]
		switch received := c.State == identity.ConsignmentReceived; {
		case received && running:
			w.suspect(string(c.Number), stillRuns, closed)
		case !received && !running:
			w.suspect(string(c.Number), notRunning, healed)
		}
	}
}

// checkFailed finds workflows that ended as none may.
func (w *watch) checkFailed(ctx context.Context) {
	list, err := w.list(ctx, "ExecutionStatus IN ('Failed', 'TimedOut', 'Canceled')")
	if err != nil {
		return // looked at again soon
	}
	for _, e := range list {
		if w.failed[e.run] {
			continue
		}
		w.failed[e.run] = true
		err := w.flows.Temporal.GetWorkflow(ctx, e.id, e.run).Get(ctx, nil)
		w.report.violate(e.id, fmt.Sprintf("its workflow ended as %s: %v", e.status, err))
	}
}
