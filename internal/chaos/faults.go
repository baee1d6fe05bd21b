package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/identity/identitytest"
)

// kind is what a fault does.
type kind string

const (
	kill      kind = "kill"      // SIGKILL to a process and its children; it comes back after a while
	freeze    kind = "freeze"    // SIGSTOP, and SIGCONT after a while
	restart   kind = "restart"   // it is asked to end, and started again
	terminate kind = "terminate" // of a workflow, as by a click in the Temporal UI
	cancel    kind = "cancel"
	reset     kind = "reset" // to one of its workflow tasks
	wipe      kind = "wipe"  // Temporal is killed and its whole database thrown away
	backup    kind = "backup"
	restore   kind = "restore" // PostgreSQL is killed and its database restored to that backup
)

// fault is one thing that goes wrong.
type fault struct {
	index  int
	at     time.Duration // since the start
	kind   kind
	target string        // process; empty: a workflow
	lasts  time.Duration // frozen, or away
	pick   uint64        // which workflow, and which of its tasks
	task   task          // of a reset; empty: as pick says
}

// task is the workflow task to which a workflow is reset.
type task string

const (
	firstTask  task = "first"
	middleTask task = "middle"
	lastTask   task = "last"
)

// chances of each process to be struck, of each fault to strike it, and of faults to
// strike a workflow instead; in percent.
const workflowChance = 16

var (
	targetChances = []chance[string]{{postgresName, 22}, {temporalName, 17}, {gatewayName, 10}, {pipelineName, 25}, {string(stations[0]), 13}, {string(stations[1]), 13}}
	kindChances   = []chance[kind]{{kill, 80}, {freeze, 12}, {restart, 8}}
	actChances    = []chance[kind]{{terminate, 40}, {cancel, 25}, {reset, 35}}
)

type chance[T any] struct {
	of      T
	percent int
}

func draw[T any](random *rand.Rand, chances []chance[T]) T {
	n := random.IntN(100)
	for _, c := range chances {
		if n -= c.percent; n < 0 {
			return c.of
		}
	}
	return chances[len(chances)-1].of
}

// A long run is storms with calm between them, in which what was struck must heal.
const (
	storm  = 2 * time.Minute
	lull   = 90 * time.Second
	longer = 5 * time.Minute // runs of this length have both
)

// stormy maps a time within the storms to a time since the start.
func stormy(t, whole time.Duration) time.Duration {
	if whole < longer {
		return t
	}
	return t/storm*(storm+lull) + t%storm
}

// schedule draws the faults of a run, in the order in which they strike.
func schedule(o options) []fault {
	random, whole := identitytest.Seeded(o.seed^0xC4A05), o.duration
	in := whole // time within storms
	if whole >= longer {
		cycles := whole / (storm + lull)
		in = cycles*storm + min(whole-cycles*(storm+lull), storm)
	}
	longest := min(time.Minute, whole/6)
	list := make([]fault, o.faults)
	for i := range list {
		f := fault{at: stormy(time.Duration(random.Int64N(int64(in))), whole), pick: random.Uint64()}
		if random.IntN(100) < workflowChance {
			f.kind = draw(random, actChances)
		} else {
			f.target, f.kind = draw(random, targetChances), draw(random, kindChances)
		}
		switch f.kind {
		case freeze:
			f.lasts = time.Second + time.Duration(random.Int64N(int64(longest)))
		case kill:
			if random.IntN(2) == 0 { // else it is back at once
				f.lasts = time.Duration(random.Int64N(int64(longest / 4)))
			}
		case restart, terminate, cancel, reset, wipe, backup, restore:
		}
		list[i] = f
	}
	if o.wipe && len(list) > 0 { // in the middle of the run, and of a storm
		middle := in / 2
		if whole >= longer {
			middle = in/storm/2*storm + storm/2
		}
		list[random.IntN(len(list))] = fault{at: stormy(middle, whole), kind: wipe, target: temporalName}
	}
	if o.restore && len(list) >= 3 { // to five minutes ago, or what a short run has of them
		at := stormy(in*2/3, whole)
		free := slices.DeleteFunc(random.Perm(len(list)), func(i int) bool { return list[i].kind == wipe })
		list[free[0]] = fault{at: max(0, at-min(5*time.Minute, whole/5)), kind: backup, target: postgresName}
		list[free[1]] = fault{at: at, kind: restore, target: postgresName}
	}
	slices.SortFunc(list, func(x, y fault) int { return int(x.at - y.at) })
	for i := range list {
		list[i].index = i + 1
	}
	return list
}

// aim finds what a fault strikes: the process that was drawn, or another one when it
// is away. It gives the name, "" when there is nothing to strike, and what carries
// the fault out.
func (s *site) aim(ctx context.Context, f fault) (met string, carryOut func()) {
	nothing := func() {}
	if f.target == "" {
		return s.strikeWorkflow(ctx, f), nothing
	}
	if f.kind == backup {
		return f.target, func() { s.backUp(ctx) }
	}
	if f.kind == wipe || f.kind == restore { // once, and of nothing else: it waits for its target
		t := s.target(f.target)
		if r := t.takeWhenFree(ctx); r != nil {
			return t.name, func() { s.strike(ctx, f, t, r) }
		}
		return "", nothing
	}
	first := slices.Index(s.targets, s.target(f.target))
	for i := range s.targets {
		t := s.targets[(first+i)%len(s.targets)]
		if r := t.take(); r != nil {
			return t.name, func() { s.strike(ctx, f, t, r) }
		}
	}
	return "", nothing
}

// takeWhenFree takes the process when it runs and no other fault is at it; nil when ctx
// ends before.
func (t *target) takeWhenFree(ctx context.Context) *running {
	for {
		if r := t.take(); r != nil {
			return r
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// strike carries a fault out on a process that was taken for it.
func (s *site) strike(ctx context.Context, f fault, t *target, r *running) {
	switch f.kind {
	case kill:
		t.kill(r, f.lasts)
	case wipe:
		s.wipe.Store(true)
		t.kill(r, f.lasts)
	case restore:
		s.restore.Store(s.backup.Load())
		t.kill(r, f.lasts)
	case freeze:
		t.freeze(ctx, r, f.lasts)
	case restart:
		t.restart(r)
	case terminate, cancel, reset, backup: // not of a process
	}
}

// backUp makes a backup of the registry, once PostgreSQL answers.
func (s *site) backUp(ctx context.Context) {
	for ctx.Err() == nil {
		if p := s.postgres.Load(); p != nil {
			if at, err := p.Backup(ctx); err == nil {
				s.backup.Store(&at)
				return
			}
		}
		pause(ctx, time.Second)
	}
}

// strikeWorkflow interferes with one of the workflows that run.
func (s *site) strikeWorkflow(ctx context.Context, f fault) (met string) {
	ctx, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	answer, err := s.flows.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "ExecutionStatus = 'Running'", PageSize: 1000})
	if err != nil || len(answer.GetExecutions()) == 0 {
		return ""
	}
	list := answer.GetExecutions()
	ids := make([]string, len(list))
	for i, e := range list {
		ids[i] = e.GetExecution().GetWorkflowId()
	}
	slices.Sort(ids)
	id := ids[f.pick%uint64(len(ids))]
	if s.interfere(ctx, f, id) != nil {
		return ""
	}
	return id
}

// interfere carries a fault out on a workflow.
func (s *site) interfere(ctx context.Context, f fault, id string) error {
	switch f.kind {
	case terminate:
		return s.flows.Temporal.TerminateWorkflow(ctx, id, "", "chaos")
	case cancel:
		return s.flows.Temporal.CancelWorkflow(ctx, id, "")
	case reset:
		return resetWorkflow(ctx, s.flows.Temporal, id, f)
	case kill, freeze, restart, wipe, backup, restore: // of processes
	}
	return nil
}

// resetWorkflow has a workflow begin again from one of its workflow tasks.
func resetWorkflow(ctx context.Context, c client.Client, id string, f fault) error {
	var tasks []int64
	history := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		e, err := history.Next()
		if err != nil {
			return err
		}
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			tasks = append(tasks, e.GetEventId())
		}
	}
	if len(tasks) == 0 {
		return fmt.Errorf("reset %s: it has no workflow task yet", id)
	}
	_, err := c.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id},
		Reason: "chaos", RequestId: uuid.NewString(), WorkflowTaskFinishEventId: f.among(tasks),
	})
	return err
}

// among picks the workflow task to which a reset goes back.
func (f fault) among(tasks []int64) int64 {
	switch f.task {
	case firstTask:
		return tasks[0]
	case middleTask:
		return tasks[len(tasks)/2]
	case lastTask:
		return tasks[len(tasks)-1]
	}
	return tasks[f.pick>>32%uint64(len(tasks))]
}

// String says what a fault does, for the report.
func (f fault) String() string {
	switch {
	case f.task != "":
		return fmt.Sprintf("%s to the %s task", f.kind, f.task)
	case f.lasts == 0:
		return string(f.kind)
	}
	return fmt.Sprintf("%s for %s", f.kind, f.lasts.Round(100*time.Millisecond))
}
