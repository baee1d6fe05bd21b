package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// A decision is an act that arrives as an update. Its validator (may…) looks at the
// state and nothing else, so that the officer hears at once whether it is possible
// now. Then it is recorded, and takes effect where the application next looks.

// listen installs every handler before the first stage runs.
func (a *application) listen(ctx workflow.Context) error {
	if err := workflow.SetQueryHandler(ctx, QueryTimeline, func() ([]TimelineEntry, error) { return a.timeline, nil }); err != nil {
		return fmt.Errorf("listen for %s: %w", QueryTimeline, err)
	}
	workflow.Go(ctx, a.awaitArrivals)
	for _, install := range []error{
		acceptUpdate(ctx, a.mayRecapture, a.recapture),
		acceptUpdate(ctx, a.mayAdjudicate, a.adjudicate),
		acceptUpdate(ctx, a.mayApprove, a.approve),
		acceptUpdate(ctx, a.mayReject, a.reject),
		acceptUpdate(ctx, a.mayHold, a.putOnHold),
		acceptUpdate(ctx, a.mayRelease, a.release),
		acceptUpdate(ctx, a.mayWithdraw, a.withdraw),
		acceptUpdate(ctx, a.mayHandOver, a.handOverCard),
	} {
		if install != nil {
			return install
		}
	}
	return nil
}

// acceptUpdate installs the update that carries one kind of act, with its validator.
func acceptUpdate[M identity.Act, R any](ctx workflow.Context, may func(M) error, do func(workflow.Context, M) (R, error)) error {
	var act M
	name := act.ActName()
	err := workflow.SetUpdateHandlerWithOptions(ctx, name, do, workflow.UpdateHandlerOptions{
		Validator: func(m M) error { return asFailure(may(m)) },
	})
	if err != nil {
		return fmt.Errorf("listen for %s: %w", name, err)
	}
	return nil
}

// decide carries out one person's decision: one at a time, validated again when its
// turn has come, recorded before it takes effect. Whether the person may decide at
// all (four eyes) is for the registry's constraints.
func (a *application) decide(ctx workflow.Context, may func() error, d activities.DecideInput, effect func()) (Accepted, error) {
	if err := a.deciding.Lock(ctx); err != nil {
		return Accepted{}, fmt.Errorf("await turn to decide: %w", err)
	}
	defer a.deciding.Unlock()
	if err := may(); err != nil {
		return Accepted{}, asFailure(err)
	}
	d.Application, d.Due, d.ClockStoppedAt = a.in.Application, a.due, a.stoppedAt
	var out activities.DecideResult
	if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.Decide, d).Get(ctx, &out); err != nil {
		return Accepted{}, answer(err)
	}
	if d.ResumesClock {
		a.due, a.stoppedAt = out.Due, time.Time{}
	}
	effect()
	a.note(ctx, fmt.Sprintf("%s by %s", d.Step, d.Officer))
	return Accepted{Stage: a.stage, Awaiting: a.awaiting}, nil
}

func (a *application) mayRecapture(m identity.Recapture) error {
	switch {
	case a.awaiting != identity.ToRecapture:
		return a.notNow("recaptured")
	case m.Round != a.round+1:
		return identity.RefuseField(identity.Conflict, "round", "the next capture is round %d", a.round+1)
	}
	return officer(m.Officer)
}

func (a *application) recapture(ctx workflow.Context, m identity.Recapture) (Accepted, error) {
	held := a.hold != nil && a.hold.CitizensPart
	d := activities.DecideInput{
		Decision:     identity.Decision{Step: identity.StepRecapture, Round: m.Round, Officer: m.Officer},
		ResumesClock: !held,
	}
	return a.decide(ctx, func() error { return a.mayRecapture(m) }, d, func() { a.round = m.Round })
}

func (a *application) mayAdjudicate(m identity.Adjudicate) error {
	if a.awaiting != identity.ToAdjudicate || a.adjudication != nil {
		return a.notNow("adjudicated")
	}
	return reasoned(m.Officer, m.Reason)
}

func (a *application) adjudicate(ctx workflow.Context, m identity.Adjudicate) (Accepted, error) {
	verdict := identity.DifferentPersons
	if m.SamePerson {
		verdict = identity.SamePerson
	}
	d := activities.DecideInput{Decision: identity.Decision{
		Step: identity.StepAdjudicate, Round: a.round, Officer: m.Officer, Verdict: verdict,
		Reason: identity.ReadReason(m.Reason),
	}}
	return a.decide(ctx, func() error { return a.mayAdjudicate(m) }, d, func() { a.adjudication = &m })
}

func (a *application) mayApprove(m identity.Approve) error {
	if a.awaiting != identity.ToApprove || a.approved || a.closing() {
		return a.notNow("approved")
	}
	return a.fourEyes(m.Officer)
}

func (a *application) approve(ctx workflow.Context, m identity.Approve) (Accepted, error) {
	d := activities.DecideInput{Decision: identity.Decision{
		Step: identity.StepApprove, Round: 1, Officer: m.Officer,
		Reason: identity.ReadReason(m.Reason),
	}}
	return a.decide(ctx, func() error { return a.mayApprove(m) }, d, func() { a.approved = true })
}

// rejectable are the waits in which an officer may reject.
var rejectable = []identity.Action{
	identity.ToApprove, identity.ToResolve, identity.ToAdjudicate, identity.ToRelease, identity.ToRepair, identity.ToRestock,
}

func (a *application) mayReject(m identity.Reject) error {
	if !slices.Contains(rejectable, a.awaiting) || a.closing() || !a.approvalOpen() {
		return a.notNow("rejected")
	}
	if err := a.fourEyes(m.Officer); err != nil {
		return err
	}
	return reasoned(m.Officer, m.Reason)
}

// approvalOpen reports whether an approval does not already stand.
func (a *application) approvalOpen() bool {
	return a.awaiting != identity.ToApprove || !a.approved
}

func (a *application) reject(ctx workflow.Context, m identity.Reject) (Accepted, error) {
	d := activities.DecideInput{Decision: identity.Decision{
		Step: identity.StepReject, Round: 1, Officer: m.Officer,
		Reason: identity.ReadReason(m.Reason),
	}}
	return a.decide(ctx, func() error { return a.mayReject(m) }, d, func() {
		a.refusal = &ended{stage: identity.Rejected, reason: identity.ReasonRefused}
	})
}

func (a *application) mayHold(m identity.Hold) error {
	if a.hold != nil || a.closing() || a.begun() {
		return a.notNow("put on hold")
	}
	return reasoned(m.Officer, m.Reason)
}

func (a *application) putOnHold(ctx workflow.Context, m identity.Hold) (Accepted, error) {
	d := activities.DecideInput{Decision: identity.Decision{
		Step: identity.StepHold, Round: a.releases + 1, Officer: m.Officer,
		Reason: identity.ReadReason(m.Reason), ForCitizen: m.CitizensPart,
	}}
	return a.decide(ctx, func() error { return a.mayHold(m) }, d, func() {
		a.hold = &m
		if m.CitizensPart {
			a.stopClock(ctx)
		}
	})
}

func (a *application) mayRelease(m identity.Release) error {
	waits := slices.Contains([]identity.Action{identity.ToResolve, identity.ToRepair, identity.ToRestock}, a.awaiting)
	switch {
	case a.hold == nil && !waits:
		return a.notNow("released")
	case m.Remake && (a.awaiting != identity.ToRepair || a.inSlot == ""):
		return identity.RefuseField(identity.Conflict, "remake", "no card of this application is in a silent station")
	}
	return reasoned(m.Officer, m.Reason)
}

func (a *application) release(ctx workflow.Context, m identity.Release) (Accepted, error) {
	d := activities.DecideInput{
		Decision: identity.Decision{
			Step: identity.StepRelease, Round: a.releases + 1, Officer: m.Officer,
			Reason: identity.ReadReason(m.Reason),
		},
		ResumesClock: !a.stoppedAt.IsZero() && a.awaiting != identity.ToRecapture,
	}
	if m.Remake {
		d.WriteOff, d.Attempt = true, a.attempt
	}
	return a.decide(ctx, func() error { return a.mayRelease(m) }, d, func() {
		a.releases++
		a.hold, a.repaired = nil, true
		if m.Remake {
			a.attempt, a.inSlot = a.attempt+1, ""
		}
	})
}

func (a *application) mayWithdraw(m identity.Withdraw) error {
	if a.closing() || a.begun() {
		return a.notNow("withdrawn")
	}
	return reasoned(m.Officer, m.Reason)
}

func (a *application) withdraw(ctx workflow.Context, m identity.Withdraw) (Accepted, error) {
	d := activities.DecideInput{Decision: identity.Decision{
		Step: identity.StepWithdraw, Round: 1, Officer: m.Officer,
		Reason: identity.ReadReason(m.Reason),
	}}
	return a.decide(ctx, func() error { return a.mayWithdraw(m) }, d, func() {
		a.refusal = &ended{stage: identity.Withdrawn, reason: identity.ReasonWithdrawn}
	})
}

func (a *application) mayHandOver(m identity.HandOverCard) error {
	if a.awaiting != identity.ToHandOver || a.handedOver {
		return a.notNow("handed over")
	}
	switch m.Method {
	case identity.HandOverByFingerprint:
		return officer(m.Officer)
	case identity.HandOverByProxy, identity.HandOverByPost, identity.HandOverByOfficer:
		if m.Proof == "" {
			return identity.RefuseField(identity.Invalid, "proof", "is empty; say what proves it (paper, tracking number, reason)")
		}
		return officer(m.Officer)
	}
	return identity.RefuseField(identity.Invalid, "method", "must be one of %s, %s, %s, %s", identity.HandOverByFingerprint, identity.HandOverByProxy, identity.HandOverByPost, identity.HandOverByOfficer)
}

// handOverCard matches the finger and issues the card in one transaction, while the
// officer at the counter waits for the answer.
func (a *application) handOverCard(ctx workflow.Context, m identity.HandOverCard) (Accepted, error) {
	if err := a.deciding.Lock(ctx); err != nil {
		return Accepted{}, fmt.Errorf("await turn to hand over: %w", err)
	}
	defer a.deciding.Unlock()
	if err := a.mayHandOver(m); err != nil {
		return Accepted{}, asFailure(err)
	}
	in := activities.HandOverInput{
		HandOverCard: m, Application: a.in.Application, Attempt: a.attempt, CaptureRound: a.round, At: workflow.Now(ctx),
	}
	if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.HandOver, in).Get(ctx, nil); err != nil {
		return Accepted{}, answer(err)
	}
	a.handedOver = true
	return Accepted{Stage: identity.Issued}, nil
}

// closing reports whether an end was decided on; no other decision changes it.
func (a *application) closing() bool { return a.refusal != nil || a.reason != "" }

// begun reports whether a card was begun: from then on the application can be neither
// withdrawn nor put on hold.
func (a *application) begun() bool {
	switch a.stage {
	case identity.Received, identity.BiometricCapture, identity.Validation, identity.Deduplication, identity.Approval, identity.DataPreparation:
		return a.attempt > 1
	case identity.Personalization, identity.Printing, identity.Inspection, identity.Dispatch, identity.HandOver,
		identity.Issued, identity.Rejected, identity.Withdrawn, identity.Expired:
		return true
	}
	return true
}

// fourEyes refuses the officer who enrolled, early and in words; a constraint of the
// registry enforces it.
func (a *application) fourEyes(o identity.OfficerID) error {
	if o == a.in.EnrolledBy {
		return identity.RefuseField(identity.Forbidden, "officer", "whoever enrolled an application cannot decide on it")
	}
	return officer(o)
}

func (a *application) notNow(done string) error {
	where := string(a.stage)
	if a.awaiting != identity.NoAction {
		where += ", awaiting " + string(a.awaiting)
	}
	return identity.Refuse(identity.Conflict, "application %s cannot be %s now: it is at %s", a.in.Application, done, where)
}

func officer(o identity.OfficerID) error {
	if o == "" {
		return identity.RefuseField(identity.Invalid, "officer", "is empty; say who decides")
	}
	return nil
}

func reasoned(o identity.OfficerID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return identity.RefuseField(identity.Invalid, "reason", "is empty; say why")
	}
	return officer(o)
}
