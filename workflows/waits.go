package workflows

import (
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
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
		Awaiting: w.action, Why: w.why, StopsClock: w.stopsClock, Round: w.round,
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
	a.awaiting = w.action
	a.note(ctx, w.why)
	a.show(ctx)
	// A decision that is on its way to the registry takes effect before anything else.
	settled := func() bool { return !a.deciding.IsLocked() && (decided() || a.disturbed()) }
	if w.limit == 0 {
		must(workflow.Await(ctx, settled))
	} else if left := w.limit - out.Now.Sub(out.Since); !awaitWithin(ctx, left, "Limit of: "+string(w.action), settled) {
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

// awaitCitizen waits for the citizen's part, while the legal clock stands still. The
// application stays at its stage, which looks again.
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
// application elsewhere, it reads where.
func (a *application) awaitOrLook(ctx workflow.Context, w wait, decided func() bool) {
	_, err := a.await(ctx, w, decided)
	switch {
	case err == nil:
	case refused(err, identity.Elsewhere):
		a.readStanding(ctx)
	default:
		workflow.GetLogger(ctx).Error("Wait not recorded", "application", a.in.Application, "error", err)
		awaitWithin(ctx, nextTry, "Before the wait is recorded again", a.disturbed)
	}
}

// recover says what follows when a stage could not do its part: where the registry has
// the application elsewhere, it goes on from there; anything else waits for a person.
func (a *application) recover(ctx workflow.Context, err error) {
	const strays = 3 // in a row, which no registry in order makes
	if refused(err, identity.Elsewhere) && a.strays < strays {
		a.strays++
		a.readStanding(ctx)
		return
	}
	a.need = &need{identity.ToAttend, fmt.Sprintf("%s could not go on: %s", a.stage, refusalText(err))}
}

// readStanding reads from the registry where the application stands. It is told when
// there is nothing to read, as after a registry was restored to before the application
// was received, and looks again whenever it is woken.
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

// standAt takes over what the registry says.
func (a *application) standAt(ctx workflow.Context, s activities.Standing) {
	if s.Stage != a.stage {
		a.note(ctx, fmt.Sprintf("Goes on from where the registry has it: %s", s.Stage))
	}
	a.stage, a.reason, a.attempt, a.round, a.releases = s.Stage, s.Reason, s.Attempt, s.CaptureRound, s.Releases
	a.setClock(s.Clock)
	a.station, a.consignment = s.Station, s.Consignment
	a.approvedBy, a.adjudication, a.hold, a.ending, a.need = s.ApprovedBy, nil, s.Hold, nil, nil
	a.answered = make(map[string]bool, len(s.Requests))
	for _, id := range s.Requests {
		a.answered[id] = true
	}
	if s.Verdict != "" {
		a.adjudication = &adjudication{by: s.AdjudicatedBy, verdict: s.Verdict}
	}
	if s.Ending != "" {
		a.ending = &ending{identity.Rejected, identity.ReasonRefused, s.EndingBy}
		if s.Ending == identity.StepWithdraw {
			a.ending = &ending{identity.Withdrawn, identity.ReasonWithdrawn, s.EndingBy}
		}
	}
	if s.Awaiting == identity.ToRepair || s.Awaiting == identity.ToAttend {
		a.need = &need{s.Awaiting, s.Why}
	}
	a.handedOver = s.Stage == identity.Issued
	a.ready = true
	a.show(ctx)
}

// settle waits for a decision that is on its way to the registry: what was accepted
// there takes effect here, before the application goes on.
func (a *application) settle(ctx workflow.Context) {
	must(workflow.Await(ctx, func() bool { return !a.deciding.IsLocked() }))
}

// disturbed reports whether something is to be done before the application waits on.
func (a *application) disturbed() bool {
	return a.ending != nil || a.hold != nil && a.awaiting != identity.ToRelease || a.look
}

// do runs a step of the center where the workflow runs, once: when all is well, that
// costs the engine a marker. When it cannot be done at once (registry, population
// register, ABIS or HSM do not answer), it becomes an activity of its own, which
// operators see waiting and which is tried for as long as it takes.
func do(ctx workflow.Context, summary string, activity, in, out any) error {
	return doOr(ctx, summary, activity, in, out, func() temporal.Priority { return temporal.Priority{PriorityKey: priorityNormal} })
}

// do is do with the application's priority. What is waited for is shown.
func (a *application) do(ctx workflow.Context, summary string, activity, in, out any) error {
	return doOr(ctx, summary, activity, in, out, func() temporal.Priority {
		a.show(ctx)
		return a.priority()
	})
}

func doOr(ctx workflow.Context, summary string, activity, in, out any, later func() temporal.Priority) error {
	err := workflow.ExecuteLocalActivity(atOnce(ctx, summary), activity, in).Get(ctx, out)
	if err == nil || final(err) {
		return err
	}
	return workflow.ExecuteActivity(inPipeline(ctx, summary, later()), activity, in).Get(ctx, out)
}

// awaitWithin waits for a condition for at most so long, and says what for where
// operators see the timer. It reports whether the condition came.
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

// ignoreCancellation gives a context that is never canceled, and notes a request to
// cancel in the story: only a person's decision ends an application.
func ignoreCancellation(ctx workflow.Context, note func(ctx workflow.Context)) workflow.Context {
	own, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(own, func(own workflow.Context) {
		ctx.Done().Receive(own, nil)
		note(own)
	})
	return own
}

// nextTry is how long an application waits before it tries again what the registry
// refused for no reason that it knows.
const nextTry = time.Minute
