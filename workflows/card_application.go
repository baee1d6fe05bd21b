// Package workflows is the orchestration, and nothing else: what follows what,
// who is waited for, and for how long. Everything that touches the world is in
// package activities.
//
// Start at CardApplication, the life of one application; Consignment is the life
// of one box of cards.
package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// Activities by method, so that the compiler checks their names.
var (
	pipeline *activities.Pipeline
	station  *activities.Station
)

// CardApplication is the life of one application, from the stored packet to the
// card in the citizen's hand, or to another end.
//
// People's decisions come in as updates (messages.go). A stage that needs a
// person waits for one; it never fails the workflow, and nothing approves
// itself.
func CardApplication(ctx workflow.Context, in CardApplicationInput) (CardApplicationResult, error) {
	a := newApplication(ctx, in)
	if err := a.listen(ctx); err != nil {
		return CardApplicationResult{}, err
	}
	workflow.Go(ctx, a.watchDeadline)
	for _, stage := range []func(workflow.Context) error{
		a.capture,
		a.validate,
		a.deduplicate,
		a.awaitApproval,
		a.makeCard,
		a.dispatch,
		a.awaitHandOver,
	} {
		if err := stage(ctx); err != nil {
			return CardApplicationResult{}, failure(err)
		}
		if a.stage.Ended() {
			break
		}
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return CardApplicationResult{}, failure(err)
	}
	return CardApplicationResult{End: a.stage, Reason: a.reason, Cards: a.attempt}, nil
}

// capture has the portrait and the fingerprints judged. What is poor is taken
// again, while the legal clock stands still.
func (a *application) capture(ctx workflow.Context) error {
	if !a.in.NeedsCapture {
		return nil
	}
	for {
		a.begin(ctx, identity.BiometricCapture)
		var out activities.JudgeCaptureResult
		in := activities.JudgeCaptureInput{Application: a.in.Application, Round: a.round}
		if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.JudgeCapture, in).Get(ctx, &out); err != nil {
			return fmt.Errorf("judge capture %d: %w", a.round, err)
		}
		if out.Good {
			return a.pass(ctx)
		}
		a.note(ctx, "The capture is not good enough: "+out.Summary())
		round := a.round
		came, err := a.awaitCitizen(ctx, identity.ToRecapture, a.in.Limits.Recapture, func() bool { return a.round > round })
		if err != nil {
			return err
		}
		if !came {
			return a.end(ctx, identity.Expired, identity.ReasonNotRecaptured)
		}
		if a.stage.Ended() || a.refusal != nil {
			return a.pass(ctx)
		}
	}
}

// validate checks the law and the population registry. A contradiction is
// resolved in the registry first; then an officer releases the application and
// it is checked again.
func (a *application) validate(ctx workflow.Context) error {
	for {
		a.begin(ctx, identity.Validation)
		var out activities.ValidateResult
		in := activities.ValidateInput{Application: a.in.Application, Round: a.releases}
		if err := a.step(ctx, "Law and population registry", pipeline.Validate, in, &out); err != nil {
			return fmt.Errorf("validate: %w", err)
		}
		if len(out.Contradictions) == 0 {
			return a.pass(ctx)
		}
		a.note(ctx, fmt.Sprintf("The population registry disagrees on: %v", out.Contradictions))
		releases := a.releases
		came, err := a.awaitCitizen(ctx, identity.ToResolve, a.in.Limits.Resolution, func() bool { return a.releases > releases })
		if err != nil {
			return err
		}
		if !came {
			return a.end(ctx, identity.Expired, identity.ReasonNotResolved)
		}
		if a.refusal != nil {
			return a.pass(ctx)
		}
	}
}

// deduplicate asks the ABIS whether another person has these fingers. A hit goes
// to an adjudicator, who did not enrol.
func (a *application) deduplicate(ctx workflow.Context) error {
	if !a.in.NeedsCapture {
		return nil
	}
	a.begin(ctx, identity.Deduplication)
	var out activities.DeduplicateResult
	in := activities.DeduplicateInput{Application: a.in.Application, Round: a.round}
	if err := a.step(ctx, "Search among all fingerprints", pipeline.Deduplicate, in, &out); err != nil {
		return fmt.Errorf("deduplicate: %w", err)
	}
	if len(out.Hits) == 0 {
		return a.pass(ctx)
	}
	a.note(ctx, fmt.Sprintf("%d other person(s) with these fingerprints: an adjudicator decides", len(out.Hits)))
	if err := a.awaitPerson(ctx, identity.ToAdjudicate, func() bool { return a.adjudication != nil }); err != nil {
		return err
	}
	if a.refusal == nil && a.adjudication.SamePerson {
		return a.end(ctx, identity.Rejected, identity.ReasonDuplicate)
	}
	return a.pass(ctx)
}

// awaitApproval waits for a provincial officer, however long it takes.
func (a *application) awaitApproval(ctx workflow.Context) error {
	if err := a.enter(ctx, identity.Approval, identity.ToApprove); err != nil {
		return err
	}
	if err := a.awaitPerson(ctx, identity.ToApprove, func() bool { return a.approval != nil }); err != nil {
		return err
	}
	return a.pass(ctx)
}

// makeCard makes one good card. A card that is spoiled anywhere on the way is
// accounted for and another is begun, a few times; then a person decides.
func (a *application) makeCard(ctx workflow.Context) error {
	for failed := 0; ; {
		err := a.makeOne(ctx)
		switch {
		case err == nil:
			return nil
		case refused(err, identity.OutOfStock):
			a.note(ctx, "There is no blank to take")
			err = a.awaitRestock(ctx)
		case refused(err, identity.Spoiled):
			failed++
			a.note(ctx, fmt.Sprintf("Card %d was spoiled: %s", a.attempt, refusalText(err)))
			a.attempt++
			if failed >= a.in.Limits.Cards {
				failed = 0
				err = a.awaitRepair(ctx)
			} else {
				err = nil
			}
		case silent(err):
			a.note(ctx, fmt.Sprintf("Station %s does not answer; card %d is in it", a.station, a.attempt))
			err = a.awaitRepair(ctx)
		}
		if err != nil || a.stage.Ended() {
			return err
		}
	}
}

// makeOne prepares the data of one card and takes it through one station.
func (a *application) makeOne(ctx workflow.Context) error {
	card := activities.CardInput{Application: a.in.Application, Attempt: a.attempt}

	if a.stationStep == "" {
		a.begin(ctx, identity.DataPreparation)
		if err := a.step(ctx, "Chip data, signature, printed sides", pipeline.PrepareData, card, nil); err != nil {
			return fmt.Errorf("prepare data of card %d: %w", a.attempt, err)
		}
		if err := a.pass(ctx); err != nil || a.stage.Ended() {
			return err
		}

		a.at(ctx, identity.Personalization, identity.NoAction)
		var slot activities.PersonalizeResult
		err := workflow.ExecuteActivity(atAnyStation(ctx, "Write and lock the chip", a.priority()), station.Personalize, card).Get(ctx, &slot)
		if err != nil {
			return fmt.Errorf("personalize card %d: %w", a.attempt, err)
		}
		a.station, a.stationStep = slot.Station, identity.Printing
	}

	if a.stationStep == identity.Printing {
		a.begin(ctx, identity.Printing)
		err := workflow.ExecuteActivity(atStation(ctx, a.station, a.in.Limits.StationWait, "Print both sides", a.priority()), station.PrintCard, card).Get(ctx, nil)
		if err != nil {
			return a.leaveStation(fmt.Errorf("print card %d: %w", a.attempt, err))
		}
		a.stationStep = identity.Inspection
	}

	a.begin(ctx, identity.Inspection)
	err := workflow.ExecuteActivity(atStation(ctx, a.station, a.in.Limits.StationWait, "Read back chip and print", a.priority()), station.Inspect, card).Get(ctx, nil)
	if err != nil {
		return a.leaveStation(fmt.Errorf("inspect card %d: %w", a.attempt, err))
	}
	a.stationStep = ""
	return nil
}

// leaveStation forgets the station of a card that was spoiled in it; a station
// that is only silent keeps its card.
func (a *application) leaveStation(err error) error {
	if !silent(err) {
		a.stationStep = ""
	}
	return err
}

// dispatch packs the card for its destination and waits until the box is
// counted in there. A card that was not in the box is made again.
func (a *application) dispatch(ctx workflow.Context) error {
	for {
		a.begin(ctx, identity.Dispatch)
		var out activities.PackResult
		in := activities.CardInput{Application: a.in.Application, Attempt: a.attempt}
		if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.Pack, in).Get(ctx, &out); err != nil {
			return fmt.Errorf("pack card %d: %w", a.attempt, err)
		}
		a.travels(ctx, out.Consignment)
		arrived := func() bool { _, told := a.arrivals[out.Consignment]; return told }
		if err := workflow.Await(ctx, arrived); err != nil {
			return fmt.Errorf("await arrival: %w", err)
		}
		if !a.arrivals[out.Consignment].Missing {
			return nil
		}
		a.note(ctx, fmt.Sprintf("Card %d was missing from consignment %s: making another", a.attempt, out.Consignment))
		a.attempt++
		if err := a.makeCard(ctx); err != nil || a.stage.Ended() {
			return err
		}
	}
}

// awaitHandOver waits for the citizen. The update itself records the issue, so
// that the officer at the counter hears whether the card is live.
func (a *application) awaitHandOver(ctx workflow.Context) error {
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
	a.at(ctx, identity.Issued, identity.NoAction)
	return nil
}

// application is the state of one CardApplication.
type application struct {
	in CardApplicationInput

	stage    identity.Stage
	awaiting identity.Action
	reason   identity.ReasonCode // why it ended
	attempt  int                 // the card being made, from 1
	round    int                 // the capture being used, from 1
	releases int                 // how often an officer let it go on
	repaired bool                // a person granted another card, or another try at the station

	approval     *identity.Approve
	adjudication *identity.Adjudicate
	refusal      *ended // a rejection or withdrawal, to be carried out at the next step
	hold         *identity.Hold
	arrivals     map[identity.ConsignmentNumber]Arrived // by consignment: one may report twice, and late
	handedOver   bool

	station     identity.StationID
	stationStep identity.Stage // what the card in the station's slot needs next; empty when there is none
	consignment identity.ConsignmentNumber

	due       time.Time
	stoppedAt time.Time // when the legal clock was stopped; zero while it runs
	atRisk    bool      // the legal deadline is near or past

	shown    shown          // what operators see now
	deciding workflow.Mutex // one person's decision at a time
	timeline []TimelineEntry
}

// ended is an end that a person asked for.
type ended struct {
	stage  identity.Stage
	reason identity.ReasonCode
}

func newApplication(ctx workflow.Context, in CardApplicationInput) *application {
	return &application{
		in: in, stage: identity.Received, attempt: 1, round: 1, due: in.Due, arrivals: make(map[identity.ConsignmentNumber]Arrived),
		shown:    shown{stage: identity.Received, due: in.Due}, // whoever starts the workflow shows them
		deciding: workflow.NewMutex(ctx),
	}
}

// step runs a step of the centre where the workflow runs, once: when all is well,
// that costs the engine a marker. When it cannot be done at once (the population
// registry, the ABIS or the HSM does not answer), it becomes an activity of its
// own, which operators see waiting and which is tried for as long as it takes.
func (a *application) step(ctx workflow.Context, summary string, activity, in, out any) error {
	err := workflow.ExecuteLocalActivity(atOnce(ctx, summary), activity, in).Get(ctx, out)
	if err == nil || final(err) {
		return err
	}
	a.show(ctx)
	return workflow.ExecuteActivity(inPipeline(ctx, summary, a.priority()), activity, in).Get(ctx, out)
}

// at notes the stage in the workflow and for operators. Where the stage begins
// with an activity, that activity enters it in the registry, in the transaction
// of its own first write.
func (a *application) at(ctx workflow.Context, stage identity.Stage, awaiting identity.Action) {
	a.begin(ctx, stage)
	a.awaiting = awaiting
	a.show(ctx)
}

// begin notes the stage without showing it in the search attributes: for a stage
// that passes by itself. Where an application rests, it is shown; each showing
// costs the engine as much as half an activity.
func (a *application) begin(ctx workflow.Context, stage identity.Stage) {
	if stage != a.stage {
		a.timeline = append(a.timeline, TimelineEntry{At: workflow.Now(ctx), Stage: stage})
	}
	a.stage, a.awaiting = stage, identity.NoAction
}

// enter is at for stages that begin with no activity of their own: the registry
// first, then the workflow.
func (a *application) enter(ctx workflow.Context, stage identity.Stage, awaiting identity.Action) error {
	in := activities.EnterInput{Application: a.in.Application, To: stage, Attempt: a.attempt, Awaiting: awaiting, Reason: string(a.reason)}
	if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.Enter, in).Get(ctx, nil); err != nil {
		return fmt.Errorf("enter %s: %w", stage, err)
	}
	a.at(ctx, stage, awaiting)
	return nil
}

// end enters one of the ends, with its reason. From here on no decision is taken
// any more; whoever calls it has let those that were on their way settle.
func (a *application) end(ctx workflow.Context, stage identity.Stage, reason identity.ReasonCode) error {
	a.reason = reason
	return a.enter(ctx, stage, identity.NoAction)
}

// pass is the door between two stages: an end that a person asked for is carried
// out here, and an application on hold waits here.
func (a *application) pass(ctx workflow.Context) error {
	if err := a.settle(ctx); err != nil {
		return err
	}
	if a.hold != nil && a.refusal == nil {
		if err := a.awaitPerson(ctx, identity.ToRelease, func() bool { return a.hold == nil }); err != nil {
			return err
		}
	}
	if a.refusal != nil {
		return a.end(ctx, a.refusal.stage, a.refusal.reason)
	}
	return nil
}

// settle waits for a decision that is on its way to the registry: what was
// accepted there takes effect here, before the application goes on.
func (a *application) settle(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return !a.deciding.IsLocked() }); err != nil {
		return fmt.Errorf("await a decision's record: %w", err)
	}
	return nil
}

// awaitPerson waits until a person has decided, or has ended the application.
func (a *application) awaitPerson(ctx workflow.Context, action identity.Action, decided func() bool) error {
	a.at(ctx, a.stage, action)
	settled := func() bool { return !a.deciding.IsLocked() && (decided() || a.refusal != nil) }
	if err := workflow.Await(ctx, settled); err != nil {
		return fmt.Errorf("await %s: %w", action, err)
	}
	a.awaiting = identity.NoAction // shown with the next stage
	return nil
}

// awaitCitizen waits for the citizen's part, for at most limit; the legal clock
// stands still meanwhile. It reports whether the citizen came, or the
// application was ended.
func (a *application) awaitCitizen(ctx workflow.Context, action identity.Action, limit time.Duration, came func() bool) (bool, error) {
	if err := a.enter(ctx, a.stage, action); err != nil {
		return false, err
	}
	a.stopClock(ctx)
	decided := func() bool { return came() || a.refusal != nil }
	if _, err := awaitWithin(ctx, limit, "The citizen's part", decided); err != nil {
		return false, fmt.Errorf("await %s: %w", action, err)
	}
	if err := a.settle(ctx); err != nil {
		return false, err
	}
	a.at(ctx, a.stage, identity.NoAction)
	return decided(), nil
}

// awaitRestock waits until stock may have come, or an officer ends it.
func (a *application) awaitRestock(ctx workflow.Context) error {
	if err := a.enter(ctx, a.stage, identity.ToRestock); err != nil {
		return err
	}
	releases := a.releases
	_, err := awaitWithin(ctx, a.in.Limits.Restock, "Look for stock", func() bool { return a.releases > releases || a.refusal != nil })
	if err != nil {
		return fmt.Errorf("await stock: %w", err)
	}
	return a.pass(ctx)
}

// awaitRepair waits until a person lets production go on, or ends it.
func (a *application) awaitRepair(ctx workflow.Context) error {
	if err := a.enter(ctx, a.stage, identity.ToRepair); err != nil {
		return err
	}
	a.repaired = false
	if err := a.awaitPerson(ctx, identity.ToRepair, func() bool { return a.repaired }); err != nil {
		return err
	}
	return a.pass(ctx)
}

// watchDeadline runs the legal clock. It stands still while the citizen has to
// do something. An application that is about to be late is hurried and marked,
// for operators to see; nothing else happens to it.
func (a *application) watchDeadline(ctx workflow.Context) {
	counted := func() bool { return a.stage.Ended() || a.stage == identity.HandOver }
	for !counted() {
		if !a.stoppedAt.IsZero() {
			if workflow.Await(ctx, func() bool { return counted() || a.stoppedAt.IsZero() }) != nil {
				return
			}
			continue
		}
		left := a.due.Add(-a.in.Limits.AtRisk).Sub(workflow.Now(ctx))
		stopped, err := awaitWithin(ctx, left, "Legal deadline", func() bool { return counted() || !a.stoppedAt.IsZero() })
		if err != nil {
			return
		}
		if !stopped {
			a.atRisk = true
			a.note(ctx, "The legal deadline is near: hurried")
			return
		}
	}
}

func (a *application) stopClock(ctx workflow.Context) {
	if a.stoppedAt.IsZero() {
		a.stoppedAt = workflow.Now(ctx)
	}
}

// priority of the next activity: the urgent first, then cards that are made
// again; provinces share by fairness.
func (a *application) priority() temporal.Priority {
	p := temporal.Priority{PriorityKey: priorityNormal, FairnessKey: string(a.in.Province)}
	switch {
	case a.in.Urgent, a.atRisk:
		p.PriorityKey = priorityUrgent
	case a.attempt > 1:
		p.PriorityKey = priorityRemake
	}
	return p
}

// refused reports whether err is a refusal of that kind, from an activity.
func refused(err error, kind identity.Kind) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && app.Type() == string(kind)
}

// final reports whether err is a refusal of whatever kind: trying again changes
// nothing.
func final(err error) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && app.NonRetryable()
}

// refusalText is the sentence of a refusal; it holds no personal data.
func refusalText(err error) string {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return app.Message()
	}
	return "unknown"
}

// silent reports whether a station did not take up a task within the time.
func silent(err error) bool {
	timeout, ok := errors.AsType[*temporal.TimeoutError](err)
	return ok && timeout.TimeoutType() == scheduleToStart
}

// failure lifts the innermost refusal to the top, so that whoever reads the
// failed workflow sees its kind and not that of a wrapper.
func failure(err error) error {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return temporal.NewNonRetryableApplicationError(err.Error(), app.Type(), nil)
	}
	return err
}
