package workflows

import (
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// wait is what an application waits for.
type wait struct {
	action     identity.Action
	why        string // for whoever acts, and for the lists; no personal data
	stopsClock bool   // the legal clock stands still meanwhile
	limit      time.Duration
	expired    identity.ReasonCode // why it ends when the limit is over
	round      int
	found      any // what the stage found in that round, to be found again; nil when nothing
}

// outcome is how a wait ended.
type outcome int

const (
	came      outcome = iota // what was waited for
	disturbed                // something else is to be done first: an end, a hold, a look at the registry
)

// await records that the application waits, and waits: for what decided says, for the
// limit, which ends the application, or until something else is to be done first.
func (a *application) await(ctx workflow.Context, w wait, decided func() bool) (outcome, error) {
	in := activities.EnterInput{
		Application: a.in.Application, To: a.stage, Attempt: a.attempt,
		Awaiting: w.action, Why: w.why, StopsClock: w.stopsClock, Limit: w.limit, Round: w.round,
	}
	if w.found != nil {
		found, err := json.Marshal(w.found)
		must(err)
		in.Found = found
	}
	var out activities.EnterResult
	if err := a.do(ctx, "Note what is waited for", pipeline.Enter, in, &out); err != nil {
		return disturbed, fmt.Errorf("wait for %s: %w", w.action, err)
	}
	if w.stopsClock && a.stoppedAt.IsZero() {
		a.stoppedAt = out.Now
	}
	a.awaiting, a.restless = w.action, 0
	a.note(ctx, w.why)
	a.show(ctx)
	// A decision that is on its way to the registry takes effect before anything else.
	settled := func() bool { return !a.deciding.IsLocked() && (decided() || a.disturbed()) }
	left := w.limit - out.Now.Sub(out.Since)
	if !out.Until.IsZero() {
		left = out.Until.Sub(out.Now)
	}
	if w.limit == 0 {
		must(workflow.Await(ctx, settled))
	} else if !awaitWithin(ctx, left, "Limit of: "+string(w.action), settled) {
		a.settle(ctx)
		if !decided() && a.ending == nil {
			a.ending = &ending{stage: identity.Expired, reason: w.expired}
		}
	}
	a.awaiting = identity.NoAction // shown with the next stage
	if decided() && a.ending == nil {
		return came, nil
	}
	return disturbed, nil
}

// awaitCitizen waits for something that the citizen has to do, while the legal clock
// stands still. The application stays at its stage, which runs again.
func (a *application) awaitCitizen(ctx workflow.Context, w wait, done func() bool) (identity.Stage, error) {
	w.stopsClock = true
	_, err := a.await(ctx, w, done)
	return a.stage, err
}

// awaitRelease waits until whoever may releases a held application.
func (a *application) awaitRelease(ctx workflow.Context) {
	hold := a.hold
	a.awaitOrLook(ctx, wait{action: identity.ToRelease, why: "Held: " + hold.Reason}, func() bool { return a.hold != hold })
}

// need is what production, or the engine itself, needs a person for.
type need struct {
	action identity.Action // ToRepair or ToAttend
	why    string
}

// awaitNeed waits until a person lets the application go on.
func (a *application) awaitNeed(ctx workflow.Context) {
	n := a.need
	a.awaitOrLook(ctx, wait{action: n.action, why: n.why}, func() bool { return a.need != n })
}

// awaitOrLook is await for waits that belong to no stage: when the registry has the
// application elsewhere, or does not know it, it reads where it stands.
func (a *application) awaitOrLook(ctx workflow.Context, w wait, decided func() bool) {
	_, err := a.await(ctx, w, decided)
	switch {
	case err == nil:
	case a.gone:
	case refused(err, identity.Elsewhere), refused(err, identity.NotFound):
		a.readStanding(ctx)
	default:
		workflow.GetLogger(ctx).Error("Wait not recorded", "application", a.in.Application, "error", err)
		awaitWithin(ctx, nextTry, "Before the wait is recorded again", a.disturbed)
	}
}

// awaitStation waits for the answer of a station, which may be silent for long. It
// reports whether there is one: there is none if the application was ended meanwhile, or
// its card given up or taken back. The station's late step is then refused by the registry.
// Nor does an application wait for a station that is held before one has begun its card.
func (a *application) awaitStation(ctx workflow.Context, answer workflow.Future) bool {
	attempt := a.attempt
	for {
		must(workflow.Await(ctx, func() bool { return answer.IsReady() || a.ending != nil || a.look || a.heldBeforeMade() }))
		switch {
		case answer.IsReady():
			return true
		case a.ending == nil && !a.look:
			if a.leavesStation(ctx) {
				return false
			}
		case workflow.GetVersion(ctx, "leave-a-silent-station", workflow.DefaultVersion, 1) < 1:
			must(workflow.Await(ctx, answer.IsReady))
			return true
		case a.ending == nil:
			a.readStanding(ctx)
		}
		if a.ending != nil || a.givenUp || a.attempt != attempt || a.gone || a.anew {
			return false
		}
	}
}

// heldBeforeMade reports whether the application was held since a station was asked to make its
// card, which none may have begun.
func (a *application) heldBeforeMade() bool {
	return a.hold != nil && a.making != nil && !a.making.stays
}

// leavesStation looks whether the card of an application that was held is in a slot. If it is in
// none, no station begins it before the release, and the application waits for that.
func (a *application) leavesStation(ctx workflow.Context) bool {
	if !holdsAtOnce(ctx) {
		a.making.stays = true
		return false
	}
	a.readStanding(ctx)
	if a.making.stays = a.station != ""; a.making.stays {
		return false
	}
	a.making.left = a.hold != nil
	return a.making.left
}

// holdsAtOnce reports whether a hold takes effect while a card waits for a station. The engine of
// before made the card first.
func holdsAtOnce(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, "hold-at-once", workflow.DefaultVersion, 1) == 1
}

// settle waits for a decision that is on its way to the registry: what was accepted
// there takes effect here before the application goes on.
func (a *application) settle(ctx workflow.Context) {
	must(workflow.Await(ctx, func() bool { return !a.deciding.IsLocked() }))
}

// disturbed reports whether something has to be done before the application waits on.
func (a *application) disturbed() bool {
	return a.ending != nil || a.hold != nil && a.awaiting != identity.ToRelease || a.look
}

// awaitWithin waits for a condition up to limit, by a timer that operators see under
// summary. It reports whether the condition came.
func awaitWithin(ctx workflow.Context, limit time.Duration, summary string, condition func() bool) bool {
	if limit <= 0 {
		return condition()
	}
	came, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout: limit, TimerOptions: workflow.TimerOptions{Summary: summary},
	}, condition)
	must(err)
	return came
}

// nextTry is how long a workflow waits before it tries again what was refused for no
// reason that it knows.
const nextTry = time.Minute
