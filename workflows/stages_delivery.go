package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// dispatch packs the card for its destination and waits until its consignment is
// counted in there.
func (a *application) dispatch(ctx workflow.Context) error {
	a.begin(ctx, identity.Dispatch)
	var out activities.PackResult
	if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.Pack, a.card()).Get(ctx, &out); err != nil {
		return fmt.Errorf("pack card %d: %w", a.attempt, err)
	}
	a.packed(ctx, out.Consignment)
	if err := workflow.Await(ctx, func() bool { _, told := a.arrivals[out.Consignment]; return told }); err != nil {
		return fmt.Errorf("await arrival: %w", err)
	}
	if a.arrivals[out.Consignment].Missing {
		return errMissing
	}
	return nil
}

// handOver waits for the citizen. The update itself records the issue, so that the
// officer at the counter hears whether the card is live.
func (a *application) handOver(ctx workflow.Context) error {
	if err := a.enter(ctx, identity.HandOver, identity.ToHandOver); err != nil {
		return err
	}
	_, err := awaitWithin(ctx, a.in.Limits.Collect, "To be collected", func() bool { return a.handedOver })
	if err != nil {
		return fmt.Errorf("await hand-over: %w", err)
	}
	if err := a.settle(ctx); err != nil {
		return err
	}
	if !a.handedOver {
		a.at(ctx, a.stage, identity.NoAction)
		return a.end(ctx, identity.Expired, identity.ReasonNotCollected)
	}
	return nil
}

// issued shows the end that the hand-over recorded.
func (a *application) issued(ctx workflow.Context) error {
	a.at(ctx, identity.Issued, identity.NoAction)
	return nil
}

// awaitArrivals notes what consignments report of the card.
func (a *application) awaitArrivals(ctx workflow.Context) {
	reports := workflow.GetSignalChannel(ctx, SignalArrived)
	for {
		var m Arrived
		reports.Receive(ctx, &m)
		a.arrivals[m.Consignment] = m
	}
}
