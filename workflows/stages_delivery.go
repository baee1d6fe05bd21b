package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// dispatch packs the card for its destination and waits until its consignment is counted
// in there. A card that was missing is made again.
func (a *application) dispatch(ctx workflow.Context) (identity.Stage, error) {
	var out activities.PackResult
	if err := a.do(ctx, "Pack for the destination", pipeline.Pack, a.card(), &out); err != nil {
		return "", fmt.Errorf("pack card %d: %w", a.attempt, err)
	}
	if out.Consignment != "" {
		a.packed(ctx, out.Consignment)
	}
	card := out.Card
	if card == identity.CardPacked {
		told := a.awaitArrival(ctx, out.Consignment)
		switch {
		case told == nil:
			return a.stage, nil
		case told.Missing:
			card = identity.CardLost
		default:
			card = identity.CardArrived
		}
	}
	switch {
	case card == identity.CardArrived:
		return identity.HandOver, nil
	case card == identity.CardLost:
		a.note(ctx, fmt.Sprintf("Card %d was missing from consignment %s: making another", a.attempt, out.Consignment))
		a.beginAnotherCard()
		return identity.DataPreparation, nil
	case card.GivenUp():
		a.givenUp = true
		return a.stage, nil
	}
	return "", identity.Refuse(identity.Conflict, "card %d is %s; a packed card is packed, arrived or given up", a.attempt, card)
}

// replaceCard begins another card where the registry has this one as given up: it was
// spoiled, lost or destroyed while nobody told the workflow.
func (a *application) replaceCard(ctx workflow.Context) {
	a.note(ctx, fmt.Sprintf("Card %d was given up: making another", a.attempt))
	a.beginAnotherCard()
	a.enter(ctx, identity.DataPreparation)
	a.keepTime(ctx)
}

// awaitArrival waits until the consignment is counted in, and returns its report of the
// card; nil if something else has to be done first.
func (a *application) awaitArrival(ctx workflow.Context, consignment identity.ConsignmentNumber) *Arrived {
	must(workflow.Await(ctx, func() bool { return !a.deciding.IsLocked() && (a.arrivals[consignment] != nil || a.disturbed()) }))
	return a.arrivals[consignment]
}

// handOver waits for the citizen. The update itself records the issue, so that the
// officer at the counter hears whether the card is live.
func (a *application) handOver(ctx workflow.Context) (identity.Stage, error) {
	decided, err := a.await(ctx, wait{
		action: identity.ToHandOver, why: "The card is ready for the citizen",
		limit: a.in.Limits.Collect, expired: identity.ReasonNotCollected,
	}, func() bool { return a.handedOver })
	if err != nil || decided != came {
		return a.stage, err
	}
	return identity.Issued, nil
}
