package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/reconciler"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/workflows"
)

// openedOffice is a live office at work, with a reconciler that waits for nothing.
func openedOffice(t *testing.T, changes settings) (*liveOffice, *reconciler.Reconciler) {
	t.Helper()
	o := newLiveOffice(t, changes)
	o.open(samplePopulation(t))
	o.stock(5)
	o.work(o.All(t.Context(), "PX-01"))
	r, err := o.Reconciler(t.Context())
	require.NoError(t, err)
	r.Quiet = 0
	return o, r
}

// heal passes until nothing is missing in the engine any more, and gives what was begun
// again.
func heal(t *testing.T, r *reconciler.Reconciler, what ...identity.ApplicationNumber) {
	t.Helper()
	begun := make(map[identity.ApplicationNumber]bool)
	require.Eventually(t, func() bool {
		report, err := r.Pass(t.Context())
		require.NoError(t, err)
		for _, number := range report.Begun {
			begun[number] = true
		}
		for _, number := range what {
			if !begun[number] {
				return false
			}
		}
		return true
	}, time.Minute, 200*time.Millisecond, "Temporal's visibility shows an end after a while")
}

// harm is what somebody does to a workflow in the Temporal UI, or what an accident does.
type harm func(t *testing.T, o *liveOffice, id string)

func terminate(t *testing.T, o *liveOffice, id string) {
	t.Helper()
	require.NoError(t, o.temporal.TerminateWorkflow(t.Context(), id, "", "by mistake"))
}

// lose takes a workflow away with its history, as the loss of Temporal's database does.
func lose(t *testing.T, o *liveOffice, id string) {
	t.Helper()
	execution := &commonpb.WorkflowExecution{WorkflowId: id}
	_, err := o.temporal.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: o.namespace, WorkflowExecution: execution,
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := o.temporal.DescribeWorkflowExecution(t.Context(), id, "")
		return err != nil
	}, time.Minute, 50*time.Millisecond)
}

// reset has a workflow begin again from one of its tasks, without the acts since.
func reset(t *testing.T, o *liveOffice, id string, task int64) {
	t.Helper()
	_, err := o.temporal.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: o.namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id},
		Reason: "by mistake", WorkflowTaskFinishEventId: task, RequestId: uuid.NewString(),
		ResetReapplyExcludeTypes: []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL},
	})
	require.NoError(t, err)
}

// firstAct is the task that took the first act of a person.
func (o *liveOffice) firstAct(id string) int64 {
	o.t.Helper()
	events := o.history(id, false).GetEvents()
	i := slices.IndexFunc(events, func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
	})
	require.Positive(o.t, i)
	for events[i].GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
		i--
	}
	return events[i].GetEventId()
}

// An application is where it was, and goes on, whatever becomes of its workflow.
func TestHeal_ALostWorkflowIsBegunAgainWhereTheApplicationStands(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]harm{"Terminated": terminate, "Deleted": lose} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, r := openedOffice(t, settings{"office.consignment_size": 1})
			poor := o.submit("17-poor-portrait", nil)
			app := o.submit("01-first-issue-at-14", nil)
			poor.await(identity.ToRecapture)
			app.await(identity.ToApprove)
			do(t, o, poor.id)
			do(t, o, app.id)

			heal(t, r, poor.number, app.number)

			poor.await(identity.ToRecapture)
			poor.does(identity.Reject{Officer: approver, Reason: "capture-impossible"})
			require.Equal(t, identity.Rejected, poor.result().End)
			app.approve()
			app.await(identity.ToHandOver)
			do(t, o, app.id)
			heal(t, r, app.number)
			app.await(identity.ToHandOver)
			require.NoError(t, app.finger("left-index-handover.fmr"))
			require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, app.result(), "no second card was made")
		})
	}
}

// What ended lately, and should not have, is found without listing all that runs.
func TestHeal_AGlanceFindsATerminatedWorkflow(t *testing.T) {
	t.Parallel()
	o, r := openedOffice(t, settings{"office.consignment_size": 1})
	app, other := o.submit("01-first-issue-at-14", nil), o.submit("17-poor-portrait", nil)
	app.await(identity.ToApprove)
	other.await(identity.ToRecapture)
	terminate(t, o, app.id)

	require.Eventually(t, func() bool {
		report, _, err := r.Glance(t.Context(), time.Now().Add(-time.Minute))
		require.NoError(t, err)
		return len(report.Begun) == 1 && report.Begun[0] == app.number
	}, time.Minute, 200*time.Millisecond)

	app.approve()
	app.await(identity.ToHandOver)
}

// A decision that was recorded takes effect, though the workflow that took it was lost.
func TestHeal_ADecisionTakesEffectThoughItsWorkflowWasLost(t *testing.T) {
	t.Parallel()
	o, r := openedOffice(t, settings{"office.consignment_size": 1})
	app := o.submit("01-first-issue-at-14", nil)
	app.await(identity.ToApprove)
	terminate(t, o, app.id)
	_, err := registrytest.Signing{Registry: o.Registry}.Decide(t.Context(), identity.Decision{Application: app.number, Step: identity.StepApprove, Round: 1, Officer: approver, Request: "a"}, time.Time{})
	require.NoError(t, err)

	heal(t, r, app.number)

	app.await(identity.ToHandOver)
}

func TestHeal_ARequestToCancelChangesNothing(t *testing.T) {
	t.Parallel()
	o, _ := openedOffice(t, settings{"office.consignment_size": 1})
	app := o.submit("01-first-issue-at-14", nil)
	app.await(identity.ToApprove)

	require.NoError(t, o.temporal.CancelWorkflow(t.Context(), app.id, ""))

	app.approve()
	app.await(identity.ToHandOver)
	require.NoError(t, app.finger("left-index-handover.fmr"))
	require.Equal(t, identity.Issued, app.result().End)
}

// A workflow that is reset to its beginning reads where the application stands, and
// makes no second card.
func TestHeal_AResetWorkflowGoesOnWhereTheApplicationStands(t *testing.T) {
	t.Parallel()
	o, _ := openedOffice(t, settings{"office.consignment_size": 1})
	app := o.submit("01-first-issue-at-14", nil)
	app.approve()
	app.await(identity.ToHandOver)

	reset(t, o, app.id, 4)

	app.await(identity.ToHandOver)
	require.NoError(t, app.finger("left-index-handover.fmr"))
	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, app.result())
}

// A workflow that is reset to before a hold and its release shows what the registry has.
// It is told to look, and the next hold is one: neither dropped, nor taken for the first.
func TestHeal_AResetWorkflowForgetsNoDecision(t *testing.T) {
	t.Parallel()
	o, r := openedOffice(t, settings{"office.consignment_size": 1})
	app := o.submit("01-first-issue-at-14", nil)
	app.await(identity.ToApprove)
	early := app.decide(identity.Release{Officer: approver, Reason: "verified"})
	require.ErrorIs(t, early, identity.NotNow, "whoever knows that it is held has the run look")
	require.ErrorIs(t, early, identity.Conflict)
	app.does(identity.Hold{Officer: approver, Reason: "under-verification"})
	app.await(identity.ToRelease)
	app.does(identity.Release{Officer: approver, Reason: "verified"})
	app.await(identity.ToApprove)
	began := time.Now()
	held := o.firstAct(app.id)

	reset(t, o, app.id, held)
	require.Error(t, app.decide(identity.Hold{Officer: approver, Reason: "under-verification"}), "the run does not know yet that the first hold was released")
	require.NoError(t, app.decide(identity.Hold{Officer: approver, Reason: "under-verification"}))
	app.await(identity.ToRelease)
	app.does(identity.Release{Officer: approver, Reason: "verified"})
	app.await(identity.ToApprove)

	reset(t, o, app.id, held)
	require.Eventually(t, func() bool {
		report, _, err := r.Glance(t.Context(), began)
		require.NoError(t, err)
		return slices.Contains(report.Told, app.number)
	}, time.Minute, 200*time.Millisecond)
	app.does(identity.Hold{Officer: approver, Reason: "under-verification"})
	app.await(identity.ToRelease)
}

// A box whose workflow was lost moves on.
func TestHeal_ALostBoxIsBegunAgain(t *testing.T) {
	t.Parallel()
	o, r := openedOffice(t, settings{"office.consignment_size": 2, "office.consignment_cut_off": "1h"})
	app := o.submit("01-first-issue-at-14", nil)
	app.approve()
	app.until("a box", func(stage, _ string) bool { return stage == string(identity.Dispatch) })
	boxes, err := o.Registry.Consignments(t.Context(), time.Now())
	require.NoError(t, err)
	require.Len(t, boxes, 1)
	terminate(t, o, workflows.ConsignmentWorkflowID(boxes[0].Number))

	require.Eventually(t, func() bool {
		report, err := r.Pass(t.Context())
		require.NoError(t, err)
		return len(report.BegunBoxes) == 1
	}, time.Minute, 200*time.Millisecond)

	require.NoError(t, o.move(boxes[0].Number, identity.SealConsignment{Officer: operator}))
	app.await(identity.ToHandOver)
}

// A box that came to its end is reset to before it was sent: it reads the registry, and ends.
func TestHeal_AResetBoxEnds(t *testing.T) {
	t.Parallel()
	o, r := openedOffice(t, settings{"office.consignment_size": 1})
	app := o.submit("01-first-issue-at-14", nil)
	app.approve()
	app.await(identity.ToHandOver)
	id := workflows.ConsignmentWorkflowID(app.box())
	ended := func() bool {
		runs, err := o.flows.Runs(t.Context(), id)
		require.NoError(t, err)
		return !runs
	}
	require.Eventually(t, ended, time.Minute, 50*time.Millisecond)

	reset(t, o, id, o.firstAct(id))

	require.Eventually(t, func() bool {
		_, err := r.Pass(t.Context())
		require.NoError(t, err)
		return ended()
	}, time.Minute, 200*time.Millisecond)
}

// Who waits for a blank is woken when there is one.
func TestHeal_WhoWaitsForStockIsWoken(t *testing.T) {
	t.Parallel()
	o := newLiveOffice(t, settings{"office.consignment_size": 1})
	o.open(samplePopulation(t))
	o.work(o.All(t.Context(), "PX-01"))
	app := o.submit("01-first-issue-at-14", nil)
	app.approve()
	app.await(identity.ToRestock)
	r, err := o.Reconciler(t.Context())
	require.NoError(t, err)

	o.stock(1)
	report, err := r.Pass(t.Context())

	require.NoError(t, err)
	require.Equal(t, []identity.ApplicationNumber{app.number}, report.Woken)
	app.await(identity.ToHandOver)
}

// Who waits is told to look at most five times in the first month, and then once a month,
// should registry and engine never agree. A look costs few enough events that a month adds
// fewer than 50, and a year with the whole life of the card fewer than 700.
func TestHeal_BeingToldToLookIsCheap(t *testing.T) {
	t.Parallel()
	o := newLiveOffice(t, settings{"office.consignment_size": 1})
	o.open(samplePopulation(t))
	o.work(o.All(t.Context(), "PX-01"))
	app := o.submit("01-first-issue-at-14", nil)
	app.approve()
	app.await(identity.ToRestock)
	events := func() int { return len(o.history(app.id, false).GetEvents()) }
	before := events()
	const looks = 5
	for range looks {
		seen := events()
		require.NoError(t, o.flows.LookApplication(t.Context(), app.number))
		require.Eventually(t, func() bool { return events() > seen+3 }, time.Minute, 50*time.Millisecond)
		app.await(identity.ToRestock)
	}
	time.Sleep(time.Second) // for the last one to be done

	each := (events() - before + looks - 1) / looks
	const month, year = 5, 5 + 11
	t.Logf("%d events before the wait, %d for each look", before, each)
	require.Less(t, month*each, 50)
	require.Less(t, before+year*each+100, 700)
}
