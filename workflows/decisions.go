package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// listen installs every handler before the first stage runs.
func (a *application) listen(ctx workflow.Context) error {
	timeline := func() ([]TimelineEntry, error) { return a.timeline, nil }
	options := workflow.QueryHandlerOptions{Description: "The stages that the application came through, with the reason of each wait."}
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryTimeline, timeline, options); err != nil {
		return fmt.Errorf("listen for %s: %w", QueryTimeline, err)
	}
	workflow.Go(ctx, a.hearArrivals)
	workflow.Go(ctx, a.hearLook)
	workflow.Go(ctx, func(ctx workflow.Context) { hearLetGo(ctx, func(m LetGo) { a.letGo, a.look = &m, true }) })
	return errors.Join(
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateArrived, a.hearArrival, workflow.UpdateHandlerOptions{Description: describedArrived}),
		acceptDecision(ctx, a, "A station sends a new capture of face or fingers.", a.mayRecapture, a.recapture),
		acceptDecision(ctx, a, "An adjudicator says whether the persons of a hit are one.", a.mayAdjudicate, a.adjudicate),
		acceptDecision(ctx, a, "An officer who did not enroll the citizen has the card made.", a.mayApprove, a.approve),
		acceptDecision(ctx, a, "An officer refuses the application, for a reason of the law.", a.mayReject, a.reject),
		acceptDecision(ctx, a, "An officer stops the application, for a reason.", a.mayHold, a.putOnHold),
		acceptDecision(ctx, a, "An officer lets the application go on: after a hold, a contradiction or a repair.", a.mayRelease, a.release),
		acceptDecision(ctx, a, "An officer says who in the population register the citizen is.", a.mayIdentify, a.identify),
		acceptDecision(ctx, a, "An officer notes that the citizen withdraws.", a.mayWithdraw, a.withdraw),
		acceptDecision(ctx, a, "An officer hands the card over, by its holder's finger or for a reason.", a.mayHandOver, a.handOverCard),
	)
}

// What the Temporal UI says of signals and updates that have more than one receiver or way.
const (
	describedArrived = "Of the card's consignment: it was counted in, with the card or without it."
	describedLook    = "The registry has news: read it. Nothing is changed by sending it again."
)

// hear gives the channel of a signal, which the Temporal UI describes.
func hear(ctx workflow.Context, signal, described string) workflow.ReceiveChannel {
	return workflow.GetSignalChannelWithOptions(ctx, signal, workflow.SignalChannelOptions{Description: described})
}

// hearArrivals notes what consignments report of the card by signals; one may report
// twice, and late.
func (a *application) hearArrivals(ctx workflow.Context) {
	reports := hear(ctx, SignalArrived, describedArrived)
	for {
		var m Arrived
		reports.Receive(ctx, &m)
		must(a.hearArrival(ctx, m))
	}
}

// hearArrival notes one report.
func (a *application) hearArrival(_ workflow.Context, m Arrived) error {
	a.arrivals[m.Consignment] = &m
	return nil
}

// hearLook makes the application read the registry, where something changed that it
// waits for: stock was received, or the reconciler found that the two disagree.
func (a *application) hearLook(ctx workflow.Context) {
	looks := hear(ctx, SignalLook, describedLook)
	for {
		looks.Receive(ctx, nil)
		a.look = true
	}
}

// hearLetGo has the workflow look, and end if the registry still does not know it.
func hearLetGo(ctx workflow.Context, heard func(LetGo)) {
	for letGo := hear(ctx, SignalLetGo, "An operator's word: end, should the registry not know it."); ; {
		var m LetGo
		letGo.Receive(ctx, &m)
		heard(m)
	}
}

// acceptUpdate installs the update that carries one kind of act, with its validator,
// which looks only at the state. A request to cancel the workflow does not reach the act.
//
// An act that comes before the workflow has read where it stands waits for that, and is
// validated in do. One that nobody signed, or that names a person by number, is refused at
// once; whether the statement says what is asked for, and by whom, is looked at where it is
// recorded, and what is refused there is kept for the auditor.
func acceptUpdate[M identity.Act, R any](ctx workflow.Context, ready *bool, described string, may func(workflow.Context, M, statement.Signed) error, do func(workflow.Context, M, statement.Signed) (R, error)) error {
	var act M
	own := func(ctx workflow.Context, m M, signed statement.Signed) (R, error) {
		undisturbed, _ := workflow.NewDisconnectedContext(ctx)
		signed.TakenIn = workflow.Now(ctx)
		must(workflow.Await(undisturbed, func() bool { return *ready }))
		return do(undisturbed, m, signed)
	}
	err := workflow.SetUpdateHandlerWithOptions(ctx, act.ActName(), own, workflow.UpdateHandlerOptions{
		Description: described + " Takes the act and the statement that its officer signed.",
		Validator: func(ctx workflow.Context, m M, signed statement.Signed) error {
			if _, err := signed.Read(); err != nil {
				return asFailure(err)
			}
			if err := signed.Anonymous(); err != nil {
				return asFailure(err)
			}
			if !*ready {
				return nil
			}
			return asFailure(may(ctx, m, signed))
		},
	})
	if err != nil {
		return fmt.Errorf("listen for %s: %w", act.ActName(), err)
	}
	return nil
}

// acceptDecision installs a decision on an application. To one that was carried out
// before, in this run or an earlier one, the answer is where the application stands now,
// and which decision it was: an identifier answers for its own alone.
func acceptDecision[M identity.Act](ctx workflow.Context, a *application, described string, may func(M) error, do func(workflow.Context, M, statement.Signed) (Accepted, error)) error {
	done := func(ctx workflow.Context, m M) (act string, before bool) {
		if act, before := a.answered[workflow.GetCurrentUpdateInfo(ctx).ID]; before {
			return cmp.Or(act, m.ActName()), true
		}
		return m.ActName(), a.repeats(m)
	}
	return acceptUpdate(ctx, &a.ready, described,
		func(ctx workflow.Context, m M, signed statement.Signed) error {
			if _, before := done(ctx, m); !before {
				return may(m)
			}
			// What is carried out is looked at where it is recorded, and this is not recorded again.
			if err := signed.Says(m, statement.Application(a.in.Application), workflow.GetCurrentUpdateInfo(ctx).ID); err != nil {
				return err
			}
			return signed.Verify()
		},
		func(ctx workflow.Context, m M, signed statement.Signed) (Accepted, error) {
			act, before := done(ctx, m)
			answer, err := a.accepted(), error(nil)
			if !before {
				answer, err = do(ctx, m, signed)
			}
			answer.Act = act
			return answer, err
		})
}

// repeats reports whether an act is the decision that is in force: the same officer,
// deciding the same again, hears where the application stands.
func (a *application) repeats(act identity.Act) bool {
	switch m := act.(type) {
	case identity.Approve:
		return a.approvedBy != "" && a.approvedBy == m.Officer
	case identity.Adjudicate:
		return a.adjudication != nil && a.adjudication.by == m.Officer && (a.adjudication.verdict == identity.SamePerson) == m.SamePerson
	case identity.Reject:
		return a.ending != nil && a.ending.stage == identity.Rejected && a.ending.by == m.Officer
	case identity.Withdraw:
		return a.ending != nil && a.ending.stage == identity.Withdrawn && a.ending.by == m.Officer
	case identity.Hold:
		m.Round = 0 // that of the hold in force
		return a.hold != nil && *a.hold == m
	}
	return false
}

// accepted is the answer to a decision.
func (a *application) accepted() Accepted { return Accepted{Stage: a.stage, Awaiting: a.awaiting} }

// decide carries out one person's decision: one at a time, validated again when its turn
// has come, recorded before it takes effect. Whether the person may decide at all (four
// eyes) is for the registry's constraints.
func (a *application) decide(ctx workflow.Context, act identity.Act, signed statement.Signed, may func() error, d identity.Decision, effect func()) (Accepted, error) {
	must(a.deciding.Lock(ctx))
	defer a.deciding.Unlock()
	id := workflow.GetCurrentUpdateInfo(ctx).ID
	if _, before := a.answered[id]; before || a.repeats(act) {
		return a.accepted(), nil
	}
	if err := may(); err != nil {
		return Accepted{}, asFailure(err)
	}
	d.Application, d.Request = a.in.Application, id
	var clock activities.LegalClock
	if err := a.do(ctx, fmt.Sprintf("Record: %s by %s", d.Step, d.Officer), pipeline.Decide, activities.DecideInput{Decision: d, Signed: signed}, &clock); err != nil {
		if refused(err, identity.Elsewhere) {
			a.look = true
			return Accepted{}, asFailure(identity.Refuse(identity.Conflict, "%s", refusalText(err)))
		}
		a.look = a.look || refused(err, identity.NotNow)
		return Accepted{}, answer(err)
	}
	a.setClock(clock)
	a.answered[id] = act.ActName()
	effect()
	a.note(ctx, fmt.Sprintf("%s by %s", d.Step, d.Officer))
	a.show(ctx)
	return a.accepted(), nil
}

func (a *application) mayRecapture(m identity.Recapture) error {
	switch {
	case a.awaiting != identity.ToRecapture:
		return a.notNow("recaptured")
	case m.Round != a.round+1:
		return identity.RefuseField(identity.NotNow, "round", "the next capture is round %d", a.round+1)
	}
	return officer(m.Officer)
}

func (a *application) recapture(ctx workflow.Context, m identity.Recapture, signed statement.Signed) (Accepted, error) {
	held := a.hold != nil && a.hold.CitizensPart
	d := m.Decision()
	d.RunsClock = !held
	return a.decide(ctx, m, signed, func() error { return a.mayRecapture(m) }, d, func() { a.round, a.adjudication = m.Round, nil })
}

func (a *application) mayAdjudicate(m identity.Adjudicate) error {
	if a.awaiting != identity.ToAdjudicate || a.adjudication != nil || a.closing() {
		return a.notNow("adjudicated")
	}
	if m.Round != 0 && m.Round != a.search {
		return identity.RefuseField(identity.NotNow, "round", "the hits are those of search %d now; look at them again", a.search)
	}
	return reasoned(m.Officer, m.Reason)
}

func (a *application) adjudicate(ctx workflow.Context, m identity.Adjudicate, signed statement.Signed) (Accepted, error) {
	d := m.Decision()
	d.Round = a.search
	return a.decide(ctx, m, signed, func() error { return a.mayAdjudicate(m) }, d, func() { a.adjudication = &adjudication{m.Officer, d.Verdict} })
}

func (a *application) mayApprove(m identity.Approve) error {
	if a.awaiting != identity.ToApprove || a.approvedBy != "" || a.closing() {
		return a.notNow("approved")
	}
	if m.Seen != "" && m.Seen != a.stage {
		return a.lookAgain("seen", string(a.stage))
	}
	return errors.Join(a.sawCapture(m.Capture), a.sawRound(m.Round), a.fourEyes(m.Officer))
}

// lookAgain refuses what an officer decided on something that has passed.
func (a *application) lookAgain(field, now string) error {
	return identity.RefuseField(identity.NotNow, field, "is not what application %s has now, which is %s: look at it again", a.in.Application, now)
}

// sawCapture refuses who saw another capture; 0 does not say.
func (a *application) sawCapture(capture int) error {
	if capture != 0 && capture != a.round {
		return a.lookAgain("capture", strconv.Itoa(a.round))
	}
	return nil
}

// sawRound refuses what was decided on another round of holds and releases; 0 does not say.
func (a *application) sawRound(round int) error {
	if round != 0 && round != a.releases+1 {
		return a.lookAgain("round", strconv.Itoa(a.releases+1))
	}
	return nil
}

func (a *application) approve(ctx workflow.Context, m identity.Approve, signed statement.Signed) (Accepted, error) {
	return a.decide(ctx, m, signed, func() error { return a.mayApprove(m) }, m.Decision(), func() { a.approvedBy = m.Officer })
}

// mayReject: an application can be rejected at any time before the card is handed over;
// at Approval it is either approved or rejected.
func (a *application) mayReject(m identity.Reject) error {
	switch {
	case a.closing():
		return a.notNow("rejected")
	case a.approvedBy != "" && (a.stage == identity.Approval || a.sawItElsewhere(m)):
		return a.approvedMeanwhile()
	}
	if err := errors.Join(a.sawCapture(m.Capture), a.sawRound(m.Round), a.fourEyes(m.Officer)); err != nil {
		return err
	}
	return reasoned(m.Officer, m.Reason)
}

// sawItElsewhere reports whether the officer saw the application before Approval, and not where
// it is.
func (a *application) sawItElsewhere(act identity.Act) bool {
	seen := identity.BeforeApproval(act)
	return seen != "" && (seen != a.stage || seen == identity.Approval)
}

func (a *application) approvedMeanwhile() error {
	return identity.Refuse(identity.Conflict, "application %s was approved by %s meanwhile; look at it again", a.in.Application, a.approvedBy)
}

func (a *application) reject(ctx workflow.Context, m identity.Reject, signed statement.Signed) (Accepted, error) {
	d := m.Decision()
	return a.decide(ctx, m, signed, func() error { return a.mayReject(m) }, d, func() { a.ending = endingBy(d.Step, m.Officer) })
}

func (a *application) mayHold(m identity.Hold) error {
	if a.hold != nil || a.closing() {
		return a.notNow("put on hold")
	}
	if err := a.sawRound(m.Round); err != nil {
		return err
	}
	return reasoned(m.Officer, m.Reason)
}

func (a *application) putOnHold(ctx workflow.Context, m identity.Hold, signed statement.Signed) (Accepted, error) {
	d := m.Decision()
	d.Round = a.releases + 1
	return a.decide(ctx, m, signed, func() error { return a.mayHold(m) }, d, func() {
		m.Round = 0 // a hold that is read from the registry has none either
		a.hold = &m
	})
}

// released reports whether an officer's release ends that wait.
func released(w identity.Action) bool {
	switch w {
	case identity.ToResolve, identity.ToRepair, identity.ToRestock, identity.ToRelease, identity.ToAttend,
		identity.ToHandOver: // of a card whose holder's last one was withdrawn, or is kept, meanwhile
		return true
	case identity.NoAction, identity.ToRecapture, identity.ToAdjudicate, identity.ToApprove,
		identity.ToSendAway, identity.ToCountIn:
		return false
	}
	return false
}

func (a *application) mayRelease(m identity.Release) error {
	waits := a.awaiting
	if a.hold != nil {
		waits = identity.ToRelease
	}
	switch {
	case a.closing() || a.hold == nil && !released(a.awaiting):
		return a.notNow("released")
	case m.Remake && (a.need == nil || a.station == ""):
		return identity.RefuseField(identity.Conflict, "remake", "no card of this application is in a silent station")
	case m.Round != 0 && m.Seen != waits:
		return a.lookAgain("seen", string(waits))
	}
	if err := a.sawRound(m.Round); err != nil {
		return err
	}
	return reasoned(m.Officer, m.Reason)
}

// release lets the application go on: out of a hold first, where there is one.
func (a *application) release(ctx workflow.Context, m identity.Release, signed statement.Signed) (Accepted, error) {
	d := m.Decision()
	d.Round, d.RunsClock = a.releases+1, a.awaiting != identity.ToRecapture
	if m.Remake {
		d.WriteOff = a.attempt
	}
	return a.decide(ctx, m, signed, func() error { return a.mayRelease(m) }, d, func() {
		a.releases++
		a.hold, a.need, a.spoiled = nil, nil, 0
		if m.Remake {
			a.beginAnotherCard()
			a.enter(ctx, identity.DataPreparation)
		}
	})
}

func (a *application) mayIdentify(m identity.Identify) error {
	if a.stage != identity.Validation || a.awaiting != identity.ToResolve || a.hold != nil || a.closing() {
		return a.notNow("told whose it is")
	}
	if err := errors.Join(a.sawRound(m.Round), a.fourEyes(m.Officer)); err != nil {
		return err
	}
	return reasoned(m.Officer, m.Reason)
}

// identify takes an officer's word on who the applicant is, and looks at the register
// again. What was approved before that is approved anew: that officer saw another applicant.
func (a *application) identify(ctx workflow.Context, m identity.Identify, signed statement.Signed) (Accepted, error) {
	d := m.Decision()
	d.Round, d.RunsClock = a.releases+1, true
	return a.decide(ctx, m, signed, func() error { return a.mayIdentify(m) }, d, func() {
		a.releases++
		if a.approvedBy != "" && workflow.GetVersion(ctx, "approved-for-what-was-seen", workflow.DefaultVersion, 1) >= 1 {
			a.outdatedBy, a.approvedBy = a.approvedBy, ""
		}
	})
}

func (a *application) mayWithdraw(m identity.Withdraw) error {
	switch {
	case a.closing():
		return a.notNow("withdrawn")
	case a.approvedBy != "" && a.sawItElsewhere(m):
		return a.approvedMeanwhile()
	}
	if err := errors.Join(a.sawCapture(m.Capture), a.sawRound(m.Round)); err != nil {
		return err
	}
	return reasoned(m.Officer, m.Reason)
}

func (a *application) withdraw(ctx workflow.Context, m identity.Withdraw, signed statement.Signed) (Accepted, error) {
	d := m.Decision()
	return a.decide(ctx, m, signed, func() error { return a.mayWithdraw(m) }, d, func() { a.ending = endingBy(d.Step, m.Officer) })
}

func (a *application) mayHandOver(m identity.HandOverCard) error {
	if a.awaiting != identity.ToHandOver || a.handedOver || a.closing() || a.hold != nil {
		return a.notNow("handed over")
	}
	if m.Card != 0 && m.Card != a.attempt {
		return a.lookAgain("card", strconv.Itoa(a.attempt))
	}
	switch m.Method {
	case identity.HandOverByFingerprint:
		return officer(m.Officer)
	case identity.HandOverByProxy, identity.HandOverByPost, identity.HandOverByOfficer:
		if strings.TrimSpace(m.Proof) == "" {
			return identity.RefuseField(identity.Invalid, "proof", "is empty; say what proves it (paper, tracking number, reason)")
		}
		return officer(m.Officer)
	}
	return identity.RefuseField(identity.Invalid, "method", "must be one of %s", join(identity.HandOverMethods))
}

// handOverCard matches the finger and issues the card in one transaction, while the
// officer at the counter waits for the answer.
func (a *application) handOverCard(ctx workflow.Context, m identity.HandOverCard, signed statement.Signed) (Accepted, error) {
	must(a.deciding.Lock(ctx))
	defer a.deciding.Unlock()
	if err := a.mayHandOver(m); err != nil {
		return Accepted{}, asFailure(err)
	}
	in := activities.HandOverInput{Application: a.in.Application, Attempt: a.attempt, CaptureRound: a.round, HandOverCard: m, Signed: signed}
	if err := a.do(ctx, "Match the finger and issue the card", pipeline.HandOver, in, nil); err != nil {
		return Accepted{}, answer(err)
	}
	a.handedOver = true
	return Accepted{Stage: identity.Issued}, nil
}

// closing reports whether an end was decided on, or the card was handed over: nothing
// else is decided then.
func (a *application) closing() bool {
	return a.ending != nil || a.reason != "" || a.handedOver || a.stage.Ended()
}

// fourEyes refuses the officer who enrolled, early and in words; a constraint of the
// registry enforces it.
func (a *application) fourEyes(o identity.OfficerID) error {
	if o == a.in.EnrolledBy {
		return identity.RefuseField(identity.Forbidden, "officer", "whoever enrolled an application cannot decide on it")
	}
	return officer(o)
}

// cameFirst says by whom something else was decided that leaves no room for a decision of
// now; "" if nothing was.
func (a *application) cameFirst() string {
	switch {
	case a.ending != nil:
		return fmt.Sprintf("%s by %s", a.ending.stage, cmp.Or(a.ending.by, identity.ActorSystem))
	case a.handedOver:
		return "its card was handed over"
	case a.awaiting == identity.ToApprove && a.approvedBy != "":
		return fmt.Sprintf("%s by %s", identity.StepApprove, a.approvedBy)
	case a.awaiting == identity.ToAdjudicate && a.adjudication != nil:
		return fmt.Sprintf("%s by %s", a.adjudication.verdict, a.adjudication.by)
	case a.hold != nil:
		return fmt.Sprintf("%s by %s", identity.StepHold, a.hold.Officer)
	}
	return ""
}

func (a *application) notNow(done string) error {
	where := string(a.stage)
	switch {
	case a.stage.Ended():
	case a.cameFirst() != "":
		where += ", where another decision came first: " + a.cameFirst()
	case a.awaiting != identity.NoAction:
		where += ", awaiting " + string(a.awaiting)
	}
	return identity.Refuse(identity.NotNow, "application %s cannot be %s now: it is at %s", a.in.Application, done, where)
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

// join lists values for a sentence.
func join[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
