package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// recover decides what follows when a stage could not do its part: if the registry has
// the application elsewhere, it goes on from there; anything else waits for a person.
func (a *application) recover(ctx workflow.Context, err error) {
	const strays = 3 // in a row; a registry in order causes fewer
	if refused(err, identity.Elsewhere) && a.strays < strays {
		a.strays++
		a.readStanding(ctx)
		return
	}
	a.need = &need{identity.ToAttend, fmt.Sprintf("%s could not go on: %s", a.stage, refusalText(err))}
}

// readStanding reads from the registry where the application stands. If the registry
// does not know it, for example because it was restored to a time before the
// application was received, it waits to be woken and looks again.
func (a *application) readStanding(ctx workflow.Context) {
	for {
		a.look = false
		var s activities.Standing
		err := a.do(ctx, "Read where the application stands", pipeline.Standing, activities.StandingInput{Application: a.in.Application}, &s)
		if err == nil {
			a.standAt(ctx, s)
			return
		}
		a.awaiting = identity.ToAttend
		a.note(ctx, "The registry does not say where the application stands: "+refusalText(err))
		a.show(ctx)
		must(workflow.Await(ctx, func() bool { return a.look }))
	}
}

// standAt takes over where the registry has the application.
func (a *application) standAt(ctx workflow.Context, s activities.Standing) {
	if s.Stage != a.stage {
		a.note(ctx, fmt.Sprintf("Goes on from where the registry has it: %s", s.Stage))
	}
	a.stage, a.reason, a.attempt, a.round, a.releases = s.Stage, s.Reason, s.Attempt, s.CaptureRound, s.Releases
	a.setClock(s.Clock)
	a.station, a.consignment = s.Station, s.Consignment
	a.approvedBy, a.adjudication, a.hold, a.ending, a.need = s.ApprovedBy, nil, s.Hold, endingBy(s.Ending, s.EndingBy), nil
	a.answered = make(map[string]bool, len(s.Requests))
	for _, id := range s.Requests {
		a.answered[id] = true
	}
	if s.Verdict != "" {
		a.adjudication = &adjudication{by: s.AdjudicatedBy, verdict: s.Verdict}
	}
	if s.Awaiting == identity.ToRepair || s.Awaiting == identity.ToAttend {
		a.need = &need{s.Awaiting, s.Why}
	}
	a.handedOver = s.Stage == identity.Issued
	a.ready = true
	a.show(ctx)
}
