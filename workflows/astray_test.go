package workflows_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// looks tells the workflow to read the registry.
func looks(o *testOffice) { o.env.SignalWorkflow(workflows.SignalLook, nil) }

// destroys is two officers destroying a card.
func destroys(attempt int) act {
	return func(o *testOffice) {
		ctx := context.WithoutCancel(o.t.Context())
		destroy := identity.DestroyCard{Officer: counter, Witness: operator, Card: attempt, Reason: "damaged"}
		require.NoError(o.t, o.Destroy(ctx, o.number, destroy, o.signed(destroy, statement.Application(o.number))))
		looks(o)
	}
}

// A card that is damaged at the counter is replaced, and the legal clock runs again.
func TestCardApplication_ACardDestroyedAtTheCounterIsReplaced(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, after(20*day, destroys(1)))
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 2}, result)
	require.Equal(t, []string{"1 destroyed PT0001", "2 live PT0002"}, o.cards())
	require.Contains(t, o.story(), "Card 1 was given up: making another")
	require.Contains(t, o.story(), "The legal deadline is near: hurried")
	require.Equal(t, []int{3, 1}, o.hurry["Make"])
}

// A card that was in the box after all is handed over: the one in its place, which waits
// for a blank, is not made.
func TestCardApplication_ACardThatWasThereAfterAllIsHandedOver(t *testing.T) {
	t.Parallel()
	o := newOffice(t, blanks(1))
	o.missing = 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRestock, func(o *testOffice) {
		ctx := context.WithoutCancel(o.t.Context())
		card, err := o.Card(ctx, o.number, 1)
		require.NoError(o.t, err)
		recount := identity.Recount{Officer: counter, Witness: operator, Found: []identity.ApplicationNumber{o.number}}
		corrections, err := o.Recount(ctx, card.Consignment, recount, o.signed(recount, statement.Consignment(card.Consignment)))
		require.NoError(o.t, err)
		require.Len(o.t, corrections, 1)
		looks(o)
	})
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Equal(t, []string{"1 live PT0001"}, o.cards()[:1])
}

// An application that is stopped does not wait for a station that does not answer, whose
// late step is refused.
func TestCardApplication_IsStoppedWhileItsStationIsSilent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.holdUp("Make")
	o.frees = "End"
	o.during["Make"] = rejects

	result := o.process()

	require.Equal(t, identity.Rejected, result.End)
	require.Equal(t, []string{"1 spoiled"}, o.cards(), "the station, which came late, took no blank")
}

// An application that is held before a station has begun its card uses no blank until it is
// released.
func TestCardApplication_HeldBeforeItsStationBeginsUsesNoBlank(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.holdUp("Make")
	o.during["Make"] = func(o *testOffice) { o.frees = "Decide"; holds(o) }
	var atRelease []string
	o.when(identity.ToRelease, func(o *testOffice) { atRelease = o.cards(); releases(o) })
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Equal(t, []string{"1 prepared"}, atRelease)
	require.Equal(t, []string{"1 live PT0001"}, o.cards())
}

// An application that is held while no station has a slot for its card waits for its release, as
// all can see; a station that has one meanwhile takes no blank for it.
func TestCardApplication_HeldWhileNoStationHasASlotIsListedAsHeld(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.holdUp("Make")
	o.during["Make"] = func(o *testOffice) { o.frees = "Enter"; holds(o) } // when it is noted what it waits for
	var shown string
	var recorded identity.Action
	o.when(identity.ToRelease, func(o *testOffice) { shown, recorded = o.awaits, o.record().Awaiting; releases(o) })
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Equal(t, identity.ToRelease, recorded)
	require.Equal(t, string(identity.ToRelease), shown)
	require.Equal(t, []string{"1 live PT0001"}, o.cards())
	require.Len(t, o.hurry["Make"], 2, "what was refused is asked for again")
}

// The card of an application that is held while a station has it is finished, also when the
// station was disturbed: it does not keep its slot from others until the release.
func TestCardApplication_HeldWhileItsCardIsInASlotIsFinishedFirst(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.deaf["Make"] = 1
	o.off = 1
	o.printing = holds
	var atRelease []string
	o.when(identity.ToRelease, func(o *testOffice) { atRelease = o.cards(); releases(o) })
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Equal(t, []string{"1 inspected PT0001"}, atRelease)
}

// An application that the registry sends back from every next stage goes in no circles: a
// person looks at it.
func TestCardApplication_GoesInNoCircles(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.astray = map[string]int{"Pack": 30}
	o.when(identity.ToApprove, approves)
	o.when(identity.ToAttend, func(o *testOffice) { o.astray["Pack"] = 0; releases(o) })
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Contains(t, o.story(), "Inspection could not go on: it is not here")
}
