package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// dataPreparation makes what the chip and both sides of one card will hold. Without a
// blank in stock nothing is signed or drawn.
func (a *application) dataPreparation(ctx workflow.Context) (identity.Stage, error) {
	err := a.do(ctx, "Chip data, signature, printed sides", pipeline.PrepareData, a.card(), nil)
	switch {
	case refused(err, identity.OutOfStock):
		return a.awaitStock(ctx, err)
	case err != nil:
		return "", fmt.Errorf("prepare data of card %d: %w", a.attempt, err)
	}
	return identity.Personalization, nil
}

// personalization has the first station with a free slot take a blank, and write and
// lock its chip. A card that was begun goes on in the slot that it is in.
func (a *application) personalization(ctx workflow.Context) (identity.Stage, error) {
	a.show(ctx)
	at := atAnyStation(ctx, "Write and lock the chip", a.priority())
	if a.station != "" {
		at = atStation(ctx, a.station, a.in.Limits.StationWait, "Write and lock the chip", a.priority())
	}
	var slot activities.PersonalizeResult
	err := workflow.ExecuteActivity(at, station.Personalize, a.card()).Get(ctx, &slot)
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
	if err := workflow.ExecuteActivity(at, station.PrintCard, a.card()).Get(ctx, nil); err != nil {
		return a.cardInTrouble(ctx, fmt.Errorf("print card %d: %w", a.attempt, err))
	}
	return identity.Inspection, nil
}

// inspection has the card's station read chip and print back.
func (a *application) inspection(ctx workflow.Context) (identity.Stage, error) {
	a.showRelease(ctx)
	at := atStation(ctx, a.station, a.in.Limits.StationWait, "Read back chip and print", a.priority())
	if err := workflow.ExecuteActivity(at, station.Inspect, a.card()).Get(ctx, nil); err != nil {
		return a.cardInTrouble(ctx, fmt.Errorf("inspect card %d: %w", a.attempt, err))
	}
	return identity.Dispatch, nil
}

// card names the card being made.
func (a *application) card() activities.CardInput {
	return activities.CardInput{Application: a.in.Application, Attempt: a.attempt}
}

// cardInTrouble decides what follows when a station could not do its part. A spoiled
// card is accounted for and another is begun; after a few spoiled ones a person decides.
// So it is when the station is silent: its card may be finished in its slot.
func (a *application) cardInTrouble(ctx workflow.Context, err error) (identity.Stage, error) {
	switch {
	case refused(err, identity.Spoiled):
		a.note(ctx, fmt.Sprintf("Card %d was spoiled: %s", a.attempt, refusalText(err)))
		a.beginAnotherCard()
		if a.spoiled++; a.spoiled >= a.in.Limits.Cards {
			a.need = &need{identity.ToRepair, fmt.Sprintf("%d cards in a row were spoiled, the last one: %s", a.spoiled, refusalText(err))}
		}
		return identity.DataPreparation, nil
	case silent(err):
		a.need = &need{identity.ToRepair, fmt.Sprintf("Station %s does not answer; card %d is in it", a.station, a.attempt)}
		return a.stage, nil
	}
	return "", err
}

// beginAnotherCard gives up the card that was being made.
func (a *application) beginAnotherCard() { a.attempt, a.station = a.attempt+1, "" }

// awaitStock waits until stock is received: as many applications as there are blanks are
// then woken, in the order of their priority.
func (a *application) awaitStock(ctx workflow.Context, err error) (identity.Stage, error) {
	releases := a.releases
	_, err = a.await(ctx, wait{action: identity.ToRestock, why: refusalText(err)}, func() bool { return a.releases > releases })
	return a.stage, err
}
