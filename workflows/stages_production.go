package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// dataPreparation makes what the chip and both sides of one card will hold. Without a
// blank in stock nothing is signed or drawn. A child who was too young for a capture when the
// application was filed, and is not any more, is captured first; who may be somebody of the
// population register by now goes back to Validation. The releases of before refused neither, so
// no history has it. What has no chip goes on at Printing.
func (a *application) dataPreparation(ctx workflow.Context) (identity.Stage, error) {
	err := a.do(ctx, "Chip data, signature, printed sides", pipeline.PrepareData, a.card(), nil)
	switch {
	case refused(err, identity.OutOfStock):
		return a.awaitStock(ctx, err)
	case refused(err, identity.Outdated):
		a.note(ctx, refusalText(err))
		return identity.BiometricCapture, nil
	case refused(err, identity.Unproven) && a.restless < circles:
		a.restless++
		a.note(ctx, refusalText(err))
		return identity.Validation, nil
	case err != nil:
		return "", fmt.Errorf("prepare data of card %d: %w", a.attempt, err)
	}
	return a.in.Type.Document().MakingBegins(), nil
}

// production has a station make the card: its chip, its print and the inspection of both.
// A card that no station has begun is made by the first one with a free slot; one that
// was begun goes on in the slot that it is in.
//
// A station that could not make it says so once, and the registry is asked whether it has
// the card now: the next try goes there, or to any station.
func (a *application) production(ctx workflow.Context) (identity.Stage, error) {
	if a.in.Release < OneActivity {
		return a.inSteps(ctx)
	}
	a.show(ctx)
	m := a.make(ctx)
	if !a.awaitStation(ctx, m.answer) {
		return a.stage, nil
	}
	a.making = nil
	var made activities.MakeResult
	err := m.answer.Get(ctx, &made)
	switch {
	case err == nil:
		a.station, a.tries, a.failing = made.Station, 0, ""
		count(ctx, CounterCards, "outcome", CardMade)
		for _, passed := range made.Passed {
			a.timeline = append(a.timeline, TimelineEntry{At: passed.At, Stage: passed.Stage})
		}
		return identity.Dispatch, nil
	case m.left && refused(err, identity.Elsewhere):
		return a.stage, nil // a station had a slot for it while it was held
	case refused(err, identity.OutOfStock):
		return a.awaitStock(ctx, err)
	case refused(err, identity.Outdated):
		a.note(ctx, refusalText(err))
		a.beginAnotherCard()
		return identity.DataPreparation, nil
	case m.begun || final(err):
		return a.cardInTrouble(ctx, fmt.Errorf("make card %d: %w", a.attempt, err))
	}
	a.tryElsewhere(ctx, err)
	return a.stage, nil
}

// making is a card that a station was asked to make.
type making struct {
	answer  workflow.Future
	attempt int
	begun   bool // it was in a slot already, of the station that was asked
	stays   bool // it is in a slot, though the application is held: it is finished
	left    bool // the application was held before any station had begun it
}

// make asks a station to make the card: the one whose slot it is in, or the first one with a free
// slot. What was asked for before a hold is not asked for twice.
func (a *application) make(ctx workflow.Context) *making {
	if a.making != nil && a.making.attempt == a.attempt {
		return a.making
	}
	at, begun := onceAtAnyStation(ctx, makesCard, a.priority()), a.station != ""
	if begun {
		at = atStation(ctx, a.station, a.in.Limits.StationWait, makesCard, a.priority())
	}
	a.making = &making{answer: workflow.ExecuteActivity(at, station.Make, a.card()), attempt: a.attempt, begun: begun, stays: begun}
	return a.making
}

// makesCard is what operators read beside the activity.
const makesCard = "Make the card: chip, print, inspection"

// maxTries is how many tries of stations may fail before a person is asked. A station
// that fails again for the same reason pauses itself, so that there are fewer.
const maxTries = 8

// tryElsewhere decides where a card goes on that a station could not make.
func (a *application) tryElsewhere(ctx workflow.Context, err error) {
	a.unmade = fmt.Sprintf("Card %d could not be made: %s", a.attempt, cause(err))
	a.note(ctx, a.unmade)
	a.fails(ctx, station.Make)
	if a.tries++; a.tries >= maxTries {
		a.tries = 0
		a.need = &need{identity.ToRepair, fmt.Sprintf("%d tries to make card %d failed, the last one: %s", maxTries, a.attempt, cause(err))}
		return
	}
	pause := time.Second << a.tries
	awaitWithin(ctx, pause, "Before a station tries again", a.disturbed)
	a.readStanding(ctx)
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
		count(ctx, CounterCards, "outcome", CardSpoiled)
		begun := a.attempt
		a.beginAnotherCard()
		if a.spoiled++; a.spoiled >= a.in.Limits.Cards {
			inAll := ""
			if begun > a.spoiled {
				inAll = fmt.Sprintf(" (%d were begun in all)", begun)
			}
			a.need = &need{identity.ToRepair, fmt.Sprintf("%d cards in a row were spoiled%s, the last one: %s", a.spoiled, inAll, refusalText(err))}
		}
		return identity.DataPreparation, nil
	case silent(err):
		a.need = &need{identity.ToRepair, fmt.Sprintf("Station %s does not answer; card %d is in it", a.station, a.attempt)}
		return a.stage, nil
	}
	return "", err
}

// beginAnotherCard gives up the card that was being made.
func (a *application) beginAnotherCard() {
	a.attempt, a.station, a.tries, a.givenUp, a.failing = a.attempt+1, "", 0, false, ""
}

// awaitStock waits until stock is received: as many applications as there are blanks are
// then woken, in the order of their priority.
func (a *application) awaitStock(ctx workflow.Context, err error) (identity.Stage, error) {
	releases := a.releases
	_, err = a.await(ctx, wait{action: identity.ToRestock, why: refusalText(err)}, func() bool { return a.releases > releases })
	return a.stage, err
}
