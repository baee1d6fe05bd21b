package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/reconciler"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// backup keeps what the office's registry holds now, and gives what puts it back.
func (o *liveOffice) backup() (restore func()) {
	o.t.Helper()
	return registrytest.Backup(o.t, string(o.config.Database.URL))
}

// passUntil passes until what is expected has come.
func passUntil(t *testing.T, r *reconciler.Reconciler, expected func(reconciler.Report) bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		report, err := r.Pass(t.Context())
		require.NoError(t, err)
		return expected(report)
	}, time.Minute, 200*time.Millisecond)
}

// whole requires that no blank is lost, and that nobody holds two cards.
func (o *liveOffice) whole() registry.Stock {
	o.t.Helper()
	stock, err := o.Registry.Stock(o.t.Context())
	require.NoError(o.t, err)
	require.True(o.t, stock.Balanced, "%+v", stock)
	return stock
}

// The registry is restored to an earlier instant, and Temporal is not: wherever an
// application had come since, it goes on from where the registry has it, to its end,
// with one card.
func TestRestore_ApplicationsGoOnFromWhereTheRegistryHasThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after func(*liveApplication)
	}{
		"DecidedSince": {
			before: func(a *liveApplication) { a.await(identity.ToApprove) },
			after:  func(a *liveApplication) { a.approve(); a.await(identity.ToHandOver) },
		},
		"EndedSince": {
			before: func(a *liveApplication) { a.await(identity.ToApprove) },
			after: func(a *liveApplication) {
				a.does(identity.Reject{Officer: approver, Reason: "capture-impossible"})
				require.Equal(a.o.t, identity.Rejected, a.result().End)
			},
		},
		"IssuedSince": {
			before: func(a *liveApplication) { a.approve(); a.await(identity.ToHandOver) },
			after: func(a *liveApplication) {
				require.NoError(a.o.t, a.finger("left-index-handover.fmr"))
				require.Equal(a.o.t, identity.Issued, a.result().End)
			},
		},
		"HeldSince": {
			before: func(a *liveApplication) { a.await(identity.ToApprove) },
			after: func(a *liveApplication) {
				a.does(identity.Hold{Officer: approver, Reason: "under-verification"})
				a.await(identity.ToRelease)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, r := openedOffice(t, settings{"office.consignment_size": 1})
			app := o.submit("01-first-issue-at-14", nil)
			c.before(app)
			restore := o.backup()
			c.after(app)

			restore()
			o.boxes = make(map[identity.ConsignmentNumber]bool) // no box has travelled

			agree(t, o, r, app)
			if app.awaits() == identity.ToApprove {
				app.approve()
			}
			agree(t, o, r, app)
			app.await(identity.ToHandOver)
			require.NoError(t, app.finger("left-index-handover.fmr"))
			require.Equal(t, identity.Issued, app.result().End)
			require.Equal(t, 1, o.whole().Issued)
		})
	}
}

// awaits is what the registry has an application waiting for.
func (a *liveApplication) awaits() identity.Action {
	a.o.t.Helper()
	record, err := a.o.Registry.Application(a.o.t.Context(), a.number)
	require.NoError(a.o.t, err)
	return record.Awaiting
}

// agree passes until a workflow runs that shows what the registry has.
func agree(t *testing.T, o *liveOffice, r *reconciler.Reconciler, app *liveApplication) {
	t.Helper()
	passUntil(t, r, func(reconciler.Report) bool {
		o.ship()
		running, err := o.flows.Running(t.Context())
		require.NoError(t, err)
		shown, runs := running.Applications[app.number]
		return runs && shown.Awaiting == app.awaits() && shown.Awaiting != identity.NoAction
	})
}

// The engine answers an update of an ID that it had before without asking the workflow.
// A decision that the registry lost is recorded when the same client asks again.
func TestRestore_ADecisionIsTakenAgainUnderItsIdentifier(t *testing.T) {
	t.Parallel()
	o, r := openedOffice(t, settings{"office.consignment_size": 1})
	app := o.submit("01-first-issue-at-14", nil)
	app.await(identity.ToApprove)
	restore := o.backup()
	act := identity.Hold{Officer: approver, Reason: "under-verification"}
	signed := registrytest.Signed(act, statement.Application(app.number))
	hold := func() {
		handle, err := o.temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
			WorkflowID: app.id, UpdateID: signed.ID(), UpdateName: act.ActName(), Args: []any{act, signed}, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		require.NoError(t, err)
		require.NoError(t, handle.Get(t.Context(), nil))
	}
	hold()
	app.await(identity.ToRelease)

	restore()
	agree(t, o, r, app)
	app.await(identity.ToApprove)
	hold()

	app.await(identity.ToRelease)
	require.Equal(t, identity.ToRelease, app.awaits())
}

// What was received after the instant is listed, and waits. The same packet gets the
// same number, and its workflow goes on; what does not come again is let go.
func TestRestore_WhatTheRegistryDoesNotKnowWaitsAndIsListed(t *testing.T) {
	t.Parallel()
	o, r := openedOffice(t, settings{"office.consignment_size": 1})
	restore := o.backup()
	again, gone := o.submit("01-first-issue-at-14", nil), o.submit("17-poor-portrait", nil)
	again.approve()
	again.await(identity.ToHandOver)
	gone.await(identity.ToRecapture)
	box := workflows.ConsignmentWorkflowID(again.box()) // or it is not known either, and waits
	require.NoError(t, o.temporal.GetWorkflow(t.Context(), box, "").Get(t.Context(), nil))

	restore()

	passUntil(t, r, func(report reconciler.Report) bool {
		return slices.Contains(report.Unknown, again.id) && slices.Contains(report.Unknown, gone.id)
	})
	again.await(identity.ToAttend)
	gone.await(identity.ToAttend)
	require.Equal(t, again.number, o.submit("01-first-issue-at-14", nil).number)
	agree(t, o, r, again)
	passUntil(t, r, func(found reconciler.Report) bool { return slices.Equal(found.Unknown, []string{gone.id}) })
	acts := o.count(`acts WHERE act = 'let-go'`)
	letGo := func(numbers ...string) statement.Signed {
		return registrytest.Signed(identity.LetGo{Officer: operator, Numbers: numbers, Reason: "the citizen came again"}, statement.Office)
	}
	for _, number := range []string{string(again.number), "C-999999"} { // that is known, and that nobody waits for
		_, err := o.Desk().Do(t.Context(), letGo(string(gone.number), number), nil)
		require.ErrorIs(t, err, identity.Conflict)
	}
	require.Equal(t, acts, o.count(`acts WHERE act = 'let-go'`), "what is refused leaves no act")
	word := letGo(string(gone.number))
	for range 2 { // the answer may be lost
		_, err := o.Desk().Do(t.Context(), word, nil)
		require.NoError(t, err)
	}
	passUntil(t, r, func(report reconciler.Report) bool { return len(report.Unknown) == 0 })
	again.approve()
	again.await(identity.ToHandOver)
	require.NoError(t, again.finger("left-index-handover.fmr"))
	require.Equal(t, identity.Issued, again.result().End)
	o.whole()
}

// A box that the registry forgot keeps its number: the next one gets another.
func TestRestore_NoTwoBoxesHaveOneNumber(t *testing.T) {
	t.Parallel()
	o, r := openedOffice(t, settings{"office.consignment_size": 1})
	app := o.submit("01-first-issue-at-14", nil)
	app.await(identity.ToApprove)
	restore := o.backup()
	app.approve()
	app.await(identity.ToHandOver)
	first := app.box()

	restore()
	o.boxes = make(map[identity.ConsignmentNumber]bool)

	passUntil(t, r, func(report reconciler.Report) bool { return report.Passed == first })
	agree(t, o, r, app)
	app.approve()
	app.await(identity.ToHandOver)
	require.Greater(t, app.box(), first)
}

// box is the consignment that an application's card is in.
func (a *liveApplication) box() identity.ConsignmentNumber {
	a.o.t.Helper()
	record, err := a.o.Registry.Application(a.o.t.Context(), a.number)
	require.NoError(a.o.t, err)
	return record.Consignment
}
