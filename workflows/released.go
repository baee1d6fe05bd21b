package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// Release is the release of this package that began a run, which goes on as that one
// would: the commands of a run that is in flight do not change. A new run, also of an
// application that has lived before, is of the current release.
type Release int

// The releases.
const (
	FirstRelease   Release = iota // the three steps of production are an activity each
	OneActivity                   // a card is made by one activity
	CurrentRelease = OneActivity
)

// inSteps takes the application through its stage of production, an activity each.
func (a *application) inSteps(ctx workflow.Context) (identity.Stage, error) {
	switch a.stage { //nolint:exhaustive // the stages of production
	case identity.Personalization:
		return a.personalization(ctx)
	case identity.Printing:
		return a.printing(ctx)
	}
	return a.inspection(ctx)
}

// personalization has the first station with a free slot take a blank, and write and
// lock its chip. A card that was begun goes on in the slot that it is in.
func (a *application) personalization(ctx workflow.Context) (identity.Stage, error) {
	a.show(ctx)
	at := atAnyStation(ctx, "Write and lock the chip", a.priority())
	if a.station != "" {
		at = atStation(ctx, a.station, a.in.Limits.StationWait, "Write and lock the chip", a.priority())
	}
	made := workflow.ExecuteActivity(at, station.Personalize, a.card())
	if !a.awaitStation(ctx, made) {
		return a.stage, nil
	}
	var slot activities.PersonalizeResult
	err := made.Get(ctx, &slot)
	switch {
	case refused(err, identity.OutOfStock):
		return a.awaitStock(ctx, err)
	case err != nil:
		return a.cardInTrouble(ctx, fmt.Errorf("personalize card %d: %w", a.attempt, err))
	}
	a.station = slot.Station
	return identity.Printing, nil
}

// printing has the card's station print both sides.
func (a *application) printing(ctx workflow.Context) (identity.Stage, error) {
	a.showRelease(ctx)
	at := atStation(ctx, a.station, a.in.Limits.StationWait, "Print both sides", a.priority())
	printed := workflow.ExecuteActivity(at, station.PrintCard, a.card())
	if !a.awaitStation(ctx, printed) {
		return a.stage, nil
	}
	if err := printed.Get(ctx, nil); err != nil {
		return a.cardInTrouble(ctx, fmt.Errorf("print card %d: %w", a.attempt, err))
	}
	return identity.Inspection, nil
}

// inspection has the card's station read chip and print back.
func (a *application) inspection(ctx workflow.Context) (identity.Stage, error) {
	a.showRelease(ctx)
	at := atStation(ctx, a.station, a.in.Limits.StationWait, "Read back chip and print", a.priority())
	inspected := workflow.ExecuteActivity(at, station.Inspect, a.card())
	if !a.awaitStation(ctx, inspected) {
		return a.stage, nil
	}
	if err := inspected.Get(ctx, nil); err != nil {
		return a.cardInTrouble(ctx, fmt.Errorf("inspect card %d: %w", a.attempt, err))
	}
	return identity.Dispatch, nil
}
