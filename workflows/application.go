package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// Activities by method, so that the compiler checks their names.
var (
	pipeline     *activities.Pipeline
	station      *activities.Station
	dispatchRoom *activities.DispatchRoom
)

// application is the state of one CardApplication. All but the timeline can be read from
// the registry again.
type application struct {
	in CardApplicationInput

	stage    identity.Stage
	awaiting identity.Action
	reason   identity.ReasonCode // why it ended
	attempt  int                 // the card being made, from 1
	round    int                 // the capture being used, from 1
	releases int                 // how often an officer released it
	search   int                 // whose hits an adjudicator is asked about
	spoiled  int                 // how many cards in a row
	tries    int                 // of stations in a row that could not make the card
	unmade   string              // why the last of them could not
	strays   int                 // how often in a row the registry had the application elsewhere
	restless int                 // how often, since it last waited for a person
	givenUp  bool                // the card being made is spoiled, lost or destroyed: another is needed

	approvedBy   identity.OfficerID
	outdatedBy   identity.OfficerID // approved it before it was said whose it is: another approval is needed
	adjudication *adjudication
	hold         *identity.Hold
	need         *need   // of a person, before production or the engine can go on
	ending       *ending // decided on, to be carried out next
	arrivals     map[identity.ConsignmentNumber]*Arrived
	handedOver   bool
	ready        bool              // it is known where the application stands
	look         bool              // the registry has news: read it
	letGo        *LetGo            // an operator's word that it is not waited for, should the registry not know it
	gone         bool              // the registry does not know it, and an operator let it go
	anew         bool              // the registry lost a decision: go on in a new run
	answered     map[string]string // the acts that were carried out, by the ID of their update; empty: an earlier release did not say which

	station     identity.StationID // whose slot the card is in; empty when it is in none
	making      *making            // what a station was asked for, and has not answered; nil: nothing
	consignment identity.ConsignmentNumber
	failing     string // the activity that could not be done, and is tried again; empty: none

	due       time.Time
	riskAt    time.Time // when the deadline comes near
	stoppedAt time.Time // when the legal clock was stopped; zero while it runs
	atRisk    bool
	timed     bool // the legal clock is watched

	shown    shown          // what operators see now
	deciding workflow.Mutex // one person's decision at a time
	timeline []TimelineEntry
}

// adjudication is what an adjudicator decided.
type adjudication struct {
	by      identity.OfficerID
	verdict identity.Verdict
}

// ending is an end that was decided on.
type ending struct {
	stage  identity.Stage
	reason identity.ReasonCode
	by     identity.OfficerID // empty if a wait reached its limit
}

// endings are the ends that people decide on.
var endings = map[identity.DecisionStep]ending{
	identity.StepReject:   {stage: identity.Rejected, reason: identity.ReasonRefused},
	identity.StepWithdraw: {stage: identity.Withdrawn, reason: identity.ReasonWithdrawn},
}

// endingBy is the end that an officer decided on by that step; nil by any other step.
func endingBy(step identity.DecisionStep, by identity.OfficerID) *ending {
	e, ends := endings[step]
	if !ends {
		return nil
	}
	e.by = by
	return &e
}

func newApplication(ctx workflow.Context, in CardApplicationInput) *application {
	return &application{
		in: in, stage: identity.Received, attempt: 1, round: 1, due: in.Due, riskAt: in.RiskAt, timeline: in.Story,
		ready: !in.Resumed, arrivals: make(map[identity.ConsignmentNumber]*Arrived), answered: make(map[string]string),
		shown:    shown{stage: identity.Received, due: in.Due}, // whoever starts the workflow shows them
		deciding: workflow.NewMutex(ctx),
	}
}

// enter takes the application to its next stage. The first write of that stage's own
// activity enters it in the registry. Search attributes show where an application rests,
// not where it passes.
func (a *application) enter(ctx workflow.Context, next identity.Stage) {
	if next == a.stage {
		return
	}
	a.stage, a.awaiting, a.strays = next, identity.NoAction, 0
	a.timeline = append(a.timeline, TimelineEntry{At: workflow.Now(ctx), Stage: next})
	if next.Ended() {
		a.show(ctx)
	}
}

// end takes the application to the end that was decided on. A card that was begun is
// spoiled with its blank.
func (a *application) end(ctx workflow.Context) {
	in := activities.EndInput{Application: a.in.Application, To: a.ending.stage, Attempt: a.attempt, Reason: a.ending.reason}
	if err := a.do(ctx, "End the application", pipeline.End, in, nil); err != nil {
		a.ending = nil // the registry has the decision, and gives it back
		a.recover(ctx, err)
		return
	}
	a.reason = a.ending.reason
	a.enter(ctx, a.ending.stage)
}

// maxEvents limits the history of one run; the workflow then continues as new.
const maxEvents = 2000

// historyIsLong reports whether the workflow should continue as new.
func historyIsLong(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > maxEvents
}

// finishUpdates waits for the answers to updates that are on their way.
func finishUpdates(ctx workflow.Context) {
	must(workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }))
}

// timelineKept is how many lines of its timeline an application takes into a new run;
// the audit trail has all of it.
const timelineKept = 50

// continued is how the application goes on in a new run.
func (a *application) continued() CardApplicationInput {
	in := a.in
	in.Resumed, in.Release = true, CurrentRelease
	in.Story = slices.Clone(a.timeline[max(0, len(a.timeline)-timelineKept):])
	return in
}

// noteCancellation tells operators that a request to cancel was not followed.
func (a *application) noteCancellation(ctx workflow.Context) {
	a.note(ctx, "A request to cancel came from the Temporal UI and was not followed: reject or withdraw the application instead")
}

// ignoreCancellation gives a context that is never canceled, and notes a request to
// cancel: only a person's decision ends an application.
func ignoreCancellation(ctx workflow.Context, note func(ctx workflow.Context)) workflow.Context {
	own, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(own, func(own workflow.Context) {
		ctx.Done().Receive(own, nil)
		note(own)
	})
	return own
}
