package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// untilArrived takes cards through the stages until one arrives at its destination.
// A card that is spoiled, or missing from its consignment, is accounted for and
// another is begun; after a few spoiled ones a person decides. A card whose station
// falls silent stays in that station until a person decides.
func (a *application) untilArrived(stages ...stage) stage {
	return func(ctx workflow.Context) error {
		for spoiled := 0; ; {
			err := a.through(stages...)(ctx)
			switch {
			case err == nil:
				return nil
			case refused(err, identity.OutOfStock):
				a.note(ctx, "There is no blank to take")
				err = a.awaitRestock(ctx)
			case refused(err, identity.Spoiled):
				spoiled++
				a.note(ctx, fmt.Sprintf("Card %d was spoiled: %s", a.attempt, refusalText(err)))
				a.attempt++
				if spoiled >= a.in.Limits.Cards {
					spoiled = 0
					err = a.awaitRepair(ctx)
				} else {
					err = nil
				}
			case silent(err):
				a.note(ctx, fmt.Sprintf("Station %s does not answer; card %d is in it", a.station, a.attempt))
				err = a.awaitRepair(ctx)
			case errors.Is(err, errMissing):
				spoiled = 0
				a.note(ctx, fmt.Sprintf("Card %d was missing from consignment %s: making another", a.attempt, a.consignment))
				a.attempt++
				err = nil
			}
			if err != nil || a.stage.Ended() {
				return err
			}
		}
	}
}

// dataPreparation makes what the chip and both sides of one card will hold.
func (a *application) dataPreparation(ctx workflow.Context) error {
	if a.inSlot != "" {
		return nil
	}
	a.begin(ctx, identity.DataPreparation)
	if err := a.step(ctx, "Chip data, signature, printed sides", pipeline.PrepareData, a.card(), nil); err != nil {
		return fmt.Errorf("prepare data of card %d: %w", a.attempt, err)
	}
	return a.pass(ctx)
}

// personalization has the first station with a free slot take a blank, and write and
// lock its chip. The card stays in that slot up to its inspection.
func (a *application) personalization(ctx workflow.Context) error {
	if a.inSlot != "" {
		return nil
	}
	a.at(ctx, identity.Personalization, identity.NoAction)
	var slot activities.PersonalizeResult
	ctx = atAnyStation(ctx, "Write and lock the chip", a.priority())
	if err := workflow.ExecuteActivity(ctx, station.Personalize, a.card()).Get(ctx, &slot); err != nil {
		return fmt.Errorf("personalize card %d: %w", a.attempt, err)
	}
	a.station, a.inSlot = slot.Station, identity.Printing
	return nil
}

// printing has the card's station print both sides.
func (a *application) printing(ctx workflow.Context) error {
	if a.inSlot != identity.Printing {
		return nil
	}
	a.begin(ctx, identity.Printing)
	ctx = atStation(ctx, a.station, a.in.Limits.StationWait, "Print both sides", a.priority())
	if err := workflow.ExecuteActivity(ctx, station.PrintCard, a.card()).Get(ctx, nil); err != nil {
		return a.leaveSlot(fmt.Errorf("print card %d: %w", a.attempt, err))
	}
	a.inSlot = identity.Inspection
	return nil
}

// inspection has the card's station read chip and print back.
func (a *application) inspection(ctx workflow.Context) error {
	a.begin(ctx, identity.Inspection)
	ctx = atStation(ctx, a.station, a.in.Limits.StationWait, "Read back chip and print", a.priority())
	if err := workflow.ExecuteActivity(ctx, station.Inspect, a.card()).Get(ctx, nil); err != nil {
		return a.leaveSlot(fmt.Errorf("inspect card %d: %w", a.attempt, err))
	}
	a.inSlot = ""
	return nil
}

// leaveSlot frees the slot of a card that was spoiled in it. A station that is only
// silent keeps its card.
func (a *application) leaveSlot(err error) error {
	if !silent(err) {
		a.inSlot = ""
	}
	return err
}

// card names the card being made.
func (a *application) card() activities.CardInput {
	return activities.CardInput{Application: a.in.Application, Attempt: a.attempt}
}
