package workflows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

const scheduleToStart = enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START

// Search attributes of both workflows. Temporal keeps them unencrypted, so they say
// where the work is and nothing about whom it is for.
var (
	ProvinceKey        = temporal.NewSearchAttributeKeyKeyword("Province")
	ApplicationTypeKey = temporal.NewSearchAttributeKeyKeyword("ApplicationType")
	StageKey           = temporal.NewSearchAttributeKeyKeyword("Stage")
	AwaitingKey        = temporal.NewSearchAttributeKeyKeyword("AwaitingAction")
	StationKey         = temporal.NewSearchAttributeKeyKeyword("Station")
	DeadlineKey        = temporal.NewSearchAttributeKeyTime("Deadline")
	ConsignmentKey     = temporal.NewSearchAttributeKeyKeyword("Consignment")
)

// SearchAttributes are those that a namespace has to know before a workflow starts.
var SearchAttributes = []temporal.SearchAttributeKey{
	ProvinceKey, ApplicationTypeKey, StageKey, AwaitingKey, StationKey, DeadlineKey, ConsignmentKey,
}

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
		acceptUpdate(ctx, a.mayHandOver, a.handOver),
	} {
		if install != nil {
			return install
		}
	}
	return nil
}

// acceptUpdate installs the update that carries one kind of act, with its validator,
// which looks at the state and nothing else.
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

// decide carries out one person's decision: one at a time, looked at again when
// its turn has come, recorded before it takes effect. Whether the person may
// decide at all (four eyes, jurisdiction) is the registry's to say.
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
	d := activities.DecideInput{Step: identity.StepRecapture, Round: m.Round, Officer: m.Officer, ResumesClock: !held}
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
	d := activities.DecideInput{Step: identity.StepAdjudicate, Round: a.round, Officer: m.Officer, Verdict: verdict, Reason: m.Reason}
	return a.decide(ctx, func() error { return a.mayAdjudicate(m) }, d, func() { a.adjudication = &m })
}

func (a *application) mayApprove(m identity.Approve) error {
	if a.awaiting != identity.ToApprove || a.approval != nil || a.closing() {
		return a.notNow("approved")
	}
	return a.fourEyes(m.Officer)
}

func (a *application) approve(ctx workflow.Context, m identity.Approve) (Accepted, error) {
	d := activities.DecideInput{Step: identity.StepApprove, Round: 1, Officer: m.Officer, Reason: m.Reason}
	return a.decide(ctx, func() error { return a.mayApprove(m) }, d, func() { a.approval = &m })
}

// rejectable are the waits in which an officer may refuse.
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

// approvalOpen reports whether no approval is on its way through pass.
func (a *application) approvalOpen() bool {
	return a.awaiting != identity.ToApprove || a.approval == nil
}

func (a *application) reject(ctx workflow.Context, m identity.Reject) (Accepted, error) {
	d := activities.DecideInput{Step: identity.StepReject, Round: 1, Officer: m.Officer, Reason: m.Reason}
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
	d := activities.DecideInput{Step: identity.StepHold, Round: a.releases + 1, Officer: m.Officer, Reason: m.Reason, ForCitizen: m.CitizensPart}
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
	case m.Remake && (a.awaiting != identity.ToRepair || a.stationStep == ""):
		return identity.RefuseField(identity.Conflict, "remake", "no card of this application is in a silent station")
	}
	return reasoned(m.Officer, m.Reason)
}

func (a *application) release(ctx workflow.Context, m identity.Release) (Accepted, error) {
	d := activities.DecideInput{
		Step: identity.StepRelease, Round: a.releases + 1, Officer: m.Officer, Reason: m.Reason,
		ResumesClock: !a.stoppedAt.IsZero() && a.awaiting != identity.ToRecapture,
	}
	if m.Remake {
		d.WriteOff, d.Attempt = true, a.attempt
	}
	return a.decide(ctx, func() error { return a.mayRelease(m) }, d, func() {
		a.releases++
		a.hold, a.repaired = nil, true
		if m.Remake {
			a.attempt, a.stationStep = a.attempt+1, ""
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
	d := activities.DecideInput{Step: identity.StepWithdraw, Round: 1, Officer: m.Officer, Reason: m.Reason}
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

// handOver matches the finger and issues the card in one transaction, while the
// officer at the counter waits for the answer.
func (a *application) handOver(ctx workflow.Context, m identity.HandOverCard) (Accepted, error) {
	if err := a.deciding.Lock(ctx); err != nil {
		return Accepted{}, fmt.Errorf("await turn to hand over: %w", err)
	}
	defer a.deciding.Unlock()
	if err := a.mayHandOver(m); err != nil {
		return Accepted{}, asFailure(err)
	}
	in := activities.HandOverInput{
		Application: a.in.Application, Attempt: a.attempt, CaptureRound: a.round, Officer: m.Officer,
		Method: m.Method, Proof: m.Proof, Probe: m.Probe, OldCardCollected: m.OldCardCollected, At: workflow.Now(ctx),
	}
	if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.HandOver, in).Get(ctx, nil); err != nil {
		return Accepted{}, answer(err)
	}
	a.handedOver = true
	return Accepted{Stage: identity.Issued}, nil
}

// closing reports whether an end was decided on, which no other decision changes.
func (a *application) closing() bool { return a.refusal != nil || a.reason != "" }

// begun reports whether a card was begun for the application: from then on it can
// be neither withdrawn nor put on hold.
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

// fourEyes refuses the enrolling officer, early and in words; the registry's
// constraint is what holds it.
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

// answer is what an officer hears when the registry refused: the refusal's own
// sentence, without the way it came.
func answer(err error) error {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return temporal.NewApplicationErrorWithOptions(app.Message(), app.Type(), temporal.ApplicationErrorOptions{
			NonRetryable: true, Category: app.Category(),
		})
	}
	return err
}

// asFailure gives a refusal its kind as the failure's type, so that the caller
// of an update finds it there.
func asFailure(err error) error {
	if err == nil {
		return nil
	}
	return activities.AsFailure(err)
}

// awaitArrivals notes what the consignment reports of the card.
func (a *application) awaitArrivals(ctx workflow.Context) {
	reports := workflow.GetSignalChannel(ctx, SignalArrived)
	for {
		var m Arrived
		reports.Receive(ctx, &m)
		a.arrivals[m.Consignment] = m
	}
}

// travels notes the consignment that the card was packed into.
func (a *application) travels(ctx workflow.Context, consignment identity.ConsignmentNumber) {
	a.consignment = consignment
	a.timeline = append(a.timeline, TimelineEntry{At: workflow.Now(ctx), Stage: a.stage, Note: "Packed into consignment " + string(consignment)})
	a.show(ctx)
}

// note adds a line to the story.
func (a *application) note(ctx workflow.Context, text string) {
	a.timeline = append(a.timeline, TimelineEntry{At: workflow.Now(ctx), Stage: a.stage, Note: text})
	workflow.SetCurrentDetails(ctx, a.details())
}

// shown is what the search attributes say, so that only a change is written.
type shown struct {
	stage       identity.Stage
	awaiting    identity.Action
	station     identity.StationID
	consignment identity.ConsignmentNumber
	due         time.Time
}

// show brings current details and search attributes up to date.
func (a *application) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, a.details())
	now := shown{stage: a.stage, awaiting: a.awaiting, station: a.station, consignment: a.consignment, due: a.due}
	if now == a.shown {
		return
	}
	updates := []temporal.SearchAttributeUpdate{StageKey.ValueSet(string(a.stage))}
	if now.awaiting != a.shown.awaiting {
		updates = append(updates, AwaitingKey.ValueSet(string(a.awaiting)))
	}
	if now.station != a.shown.station {
		updates = append(updates, StationKey.ValueSet(string(a.station)))
	}
	if now.consignment != a.shown.consignment {
		updates = append(updates, ConsignmentKey.ValueSet(string(a.consignment)))
	}
	if !now.due.Equal(a.shown.due) {
		updates = append(updates, DeadlineKey.ValueSet(a.due))
	}
	a.shown = now
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Error("Search attributes not written", "error", err)
	}
}

// details is the story as Markdown, for the Temporal UI.
func (a *application) details() string {
	head := "**" + string(a.stage) + "**"
	if a.awaiting != identity.NoAction {
		head += " · awaiting **" + string(a.awaiting) + "**"
	}
	head += fmt.Sprintf(" · card %d · due %s", a.attempt, a.due.In(identity.HanoiTime).Format(time.DateOnly))
	lines := []string{head, ""}
	for _, e := range a.timeline {
		line := "- " + e.At.In(identity.HanoiTime).Format(time.DateTime) + " " + string(e.Stage)
		if e.Note != "" {
			line += ": " + e.Note
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
