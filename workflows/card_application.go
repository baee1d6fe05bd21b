// Package workflows is the orchestration and nothing else: what follows what, who is
// waited for, and for how long. Everything that touches the world is in package
// activities.
//
// CardApplication, in card_application.go, is the life of one application;
// Consignment, in consignment.go, is the life of one box of cards. Programs reach
// both through [Client].
//
//	stages_checks.go      BiometricCapture, Validation, Deduplication, Approval
//	stages_production.go  DataPreparation, Personalization, Printing, Inspection; what
//	                      happens to a spoiled card
//	stages_delivery.go    Dispatch, HandOver, Issued
//	transitions.go        how an application enters, leaves and ends a stage
//	decisions.go          what people may decide, and when
//	waits.go              how long is waited for whom
//	deadline.go           the legal clock, and what is hurried
//	options.go            task queues, priorities, time limits, retries
//	visibility.go         what operators see
//	failures.go           refusals and silent stations
//	messages.go           names, inputs and results on the wire
package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/identity"
)

// CardApplication is the life of one application, from the stored packet to the
// card in the citizen's hand, or to another end.
//
// People's decisions come in as updates (decisions.go). A stage that needs a person
// waits for one; it never fails the workflow, and nothing approves itself.
func CardApplication(ctx workflow.Context, in CardApplicationInput) (CardApplicationResult, error) {
	a := received(ctx, in)
	if err := a.listen(ctx); err != nil {
		return CardApplicationResult{}, err
	}
	workflow.Go(ctx, a.watchDeadline)
	err := a.through(
		a.biometricCapture,
		a.validation,
		a.deduplication,
		a.approval,
		a.untilArrived( // a card that is spoiled or lost is made again
			a.dataPreparation,
			a.personalization,
			a.printing,
			a.inspection,
			a.dispatch,
		),
		a.handOver,
		a.issued,
	)(ctx)
	if err != nil {
		return CardApplicationResult{}, failure(err)
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return CardApplicationResult{}, failure(err)
	}
	return CardApplicationResult{End: a.stage, Reason: a.reason, Cards: a.attempt}, nil
}

// stage is one stage of an application's life, or several.
type stage func(workflow.Context) error

// through passes stages in order, up to the one in which the application ends.
func (a *application) through(stages ...stage) stage {
	return func(ctx workflow.Context) error {
		for _, run := range stages {
			if err := run(ctx); err != nil {
				return err
			}
			if a.stage.Ended() {
				break
			}
		}
		return nil
	}
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

	approved     bool
	adjudication *identity.Adjudicate
	refusal      *ended // a rejection or withdrawal, carried out at the next transition
	hold         *identity.Hold
	arrivals     map[identity.ConsignmentNumber]Arrived // a consignment may report twice, and late
	handedOver   bool

	station     identity.StationID
	inSlot      identity.Stage // what the card in the station's slot needs next; empty when there is none
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

// received is an application at its first stage: intake has stored its packet, and
// whoever started the workflow has set the search attributes.
func received(ctx workflow.Context, in CardApplicationInput) *application {
	return &application{
		in: in, stage: identity.Received, attempt: 1, round: 1, due: in.Due,
		arrivals: make(map[identity.ConsignmentNumber]Arrived),
		shown:    shown{stage: identity.Received, due: in.Due},
		deciding: workflow.NewMutex(ctx),
	}
}
