package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// circles is how often an application may go back before a person looks; a registry in order
// causes fewer.
const circles = 12

// recover decides what follows when a stage could not do its part: if the registry has
// the application elsewhere, it goes on from there; anything else waits for a person. So
// does an application that goes in circles.
func (a *application) recover(ctx workflow.Context, err error) {
	const strays = 3 // a registry in order causes fewer
	if refused(err, identity.Elsewhere) && a.strays < strays {
		a.strays++
		a.restless++
		a.readStanding(ctx)
		if a.restless < circles || workflow.GetVersion(ctx, "go-in-no-circles", workflow.DefaultVersion, 1) < 1 {
			return
		}
	}
	a.need = &need{identity.ToAttend, fmt.Sprintf("%s could not go on: %s", a.stage, refusalText(err))}
}

// readStanding reads from the registry where the application stands. If the registry
// does not know it, because it was restored to an instant before the application was
// received, it waits: until its station has submitted the packet again, which gets the
// same number, or until an operator lets it go.
func (a *application) readStanding(ctx workflow.Context) {
	for {
		a.look = false
		var s activities.Standing
		err := a.do(ctx, "Read where the application stands", pipeline.Standing, activities.StandingInput{Application: a.in.Application}, &s)
		if err == nil {
			a.standAt(ctx, s)
			return
		}
		if a.gone {
			return
		}
		if a.letGo != nil && refused(err, identity.NotFound) {
			a.note(ctx, "Unknown to the registry, and let go by "+string(a.letGo.Officer))
			a.gone, a.ready = true, true
			return
		}
		a.letGo = nil
		a.awaiting = identity.ToAttend
		a.note(ctx, "The registry does not say where the application stands: "+refusalText(err))
		a.show(ctx)
		must(workflow.Await(ctx, func() bool { return a.look }))
	}
}

// over reports whether nothing is left to do: the application has ended, or the registry
// does not know it and an operator let it go.
func (a *application) over() bool { return a.stage.Ended() || a.gone }

// forgets reports whether the registry lost a decision that was carried out in this run.
// The engine would answer the same decision again without asking the workflow: it is
// taken again in a new run.
func (a *application) forgets(s activities.Standing) bool {
	known := 0
	for _, id := range s.Requests {
		if _, kept := a.answered[id]; kept {
			known++
		}
	}
	return known < len(a.answered)
}

// standAt takes over where the registry has the application. What consignments reported
// is forgotten: the registry has it.
func (a *application) standAt(ctx workflow.Context, s activities.Standing) {
	if s.Stage != a.stage {
		a.note(ctx, fmt.Sprintf("Goes on from where the registry has it: %s", s.Stage))
	}
	if last := a.lastNote(); s.Trouble != "" && !strings.Contains(last, s.Trouble) {
		a.note(ctx, s.Trouble)
	}
	a.anew, a.letGo = a.forgets(s), nil
	clear(a.arrivals)
	a.stage, a.reason, a.attempt, a.round, a.releases = s.Stage, s.Reason, s.Attempt, s.CaptureRound, s.Releases
	a.setClock(s.Clock)
	a.station, a.consignment = s.Station, s.Consignment
	a.approvedBy, a.outdatedBy, a.adjudication, a.hold, a.ending, a.need = s.ApprovedBy, s.OutdatedBy, nil, s.Hold, endingBy(s.Ending, s.EndingBy), nil
	a.answered = make(map[string]string, len(s.Requests))
	for i, id := range s.Requests {
		a.answered[id] = ""
		if i < len(s.Requested) {
			a.answered[id] = string(s.Requested[i])
		}
	}
	if s.Verdict != "" {
		a.adjudication = &adjudication{by: s.AdjudicatedBy, verdict: s.Verdict}
	}
	if s.Awaiting == identity.ToRepair || s.Awaiting == identity.ToAttend {
		a.need = &need{s.Awaiting, s.Why}
	}
	if a.givenUp = s.Card.GivenUp(); a.givenUp {
		a.need = nil // the card that production or the engine could not go on with is gone
	}
	a.handedOver = s.Stage == identity.Issued
	a.ready = true
	a.show(ctx)
}
