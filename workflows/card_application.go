// Package workflows is the orchestration and nothing else: what follows what, who is
// waited for, and for how long. Everything that touches the world is in package
// activities.
//
// CardApplication, in card_application.go, is the life of one application;
// Consignment, in consignment.go, is the life of one box of cards. Programs reach
// both through [Client].
//
//	application.go        the state of an application; how it enters a stage, and ends
//	stages_checks.go      Received, BiometricCapture, Validation, Deduplication, Approval
//	stages_production.go  DataPreparation, Personalization, Printing, Inspection; what
//	                      happens to a spoiled card, and where a station fails
//	released.go           what runs that were begun by an earlier release go on with
//	stages_delivery.go    Dispatch, HandOver
//	decisions.go          what people may decide, and when
//	waits.go              who is waited for, and for how long
//	standing.go           how the workflow begins again from the registry
//	deadline.go           the legal clock, and what is hurried
//	options.go, steps.go  task queues, priorities, time limits, retries
//	visibility.go         what operators see
//	failures.go           refusals, silent stations, mistakes
//	messages.go           names, inputs and results on the wire
package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/identity"
)

// life is the way of an application from the stored packet to the card in the citizen's
// hand: what runs at each stage. It returns the next stage, or the same one if a person
// decided something meanwhile. A card that is spoiled or lost goes back to
// DataPreparation. The other ends (Rejected, Withdrawn, Expired) may follow any stage.
var life = map[identity.Stage]func(*application, workflow.Context) (identity.Stage, error){
	identity.Received:         (*application).received,
	identity.BiometricCapture: (*application).biometricCapture,
	identity.Validation:       (*application).validation,
	identity.Deduplication:    (*application).deduplication,
	identity.Approval:         (*application).approval,
	identity.DataPreparation:  (*application).dataPreparation,
	identity.Personalization:  (*application).production, // by one station, which
	identity.Printing:         (*application).production, // takes its card through
	identity.Inspection:       (*application).production, // all three
	identity.Dispatch:         (*application).dispatch,
	identity.HandOver:         (*application).handOver, // which ends in Issued
}

// CardApplication is the life of one application, from the stored packet to the
// card in the citizen's hand, or to another end.
//
// The registry is the truth about where the application stands, and the workflow can be
// begun again from it at any time: after a repeated workflow task, a terminated or reset
// run, a restored database, the loss of Temporal's own. Whenever the two disagree, the
// workflow reads the registry and goes on from there.
//
// It never fails and is never canceled: whatever is unforeseen waits for a person, with
// its reason. People's decisions come in as updates (decisions.go), and nothing approves
// itself.
func CardApplication(ctx workflow.Context, in CardApplicationInput) (CardApplicationResult, error) {
	a := newApplication(ctx, in)
	ctx = ignoreCancellation(ctx, a.noteCancellation)
	must(a.listen(ctx))
	if in.Resumed {
		a.readStanding(ctx)
	}
	a.keepTime(ctx)
	for !a.over() && !a.anew && !historyIsLong(ctx) {
		a.liveOn(ctx)
	}
	finishUpdates(ctx)
	if !a.over() {
		return CardApplicationResult{}, workflow.NewContinueAsNewError(ctx, CardApplication, a.continued())
	}
	count(ctx, CounterEnds, "end", string(a.stage))
	return CardApplicationResult{End: a.stage, Reason: a.reason, Cards: a.attempt}, nil
}

// liveOn takes the application one step further: through its stage, to an end that was
// decided on, or out of a wait that belongs to no stage.
func (a *application) liveOn(ctx workflow.Context) {
	a.settle(ctx)
	switch {
	case a.look:
		a.readStanding(ctx)
	case a.ending != nil:
		a.end(ctx)
	case a.hold != nil && !a.finishes(ctx):
		a.awaitRelease(ctx)
	case a.need != nil:
		a.awaitNeed(ctx)
	case a.givenUp:
		a.replaceCard(ctx)
	default:
		next, err := life[a.stage](a, ctx)
		if err != nil {
			a.recover(ctx, err)
			return
		}
		a.enter(ctx, next)
	}
}

// atStations are the stages in which a station has the card.
var atStations = []identity.Stage{identity.Personalization, identity.Printing, identity.Inspection}

// finishes reports whether an application on hold has a card in a slot, which is finished
// first, as it is when nothing disturbs its station: a card that waits there for a release would
// keep the slot from everybody else's. Where a person is needed for it, the hold comes first.
func (a *application) finishes(ctx workflow.Context) bool {
	return a.station != "" && a.need == nil && !a.givenUp && slices.Contains(atStations, a.stage) && holdsAtOnce(ctx)
}
