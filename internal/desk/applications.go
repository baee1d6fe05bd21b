package desk

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/iris"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// record reads the application that a statement is about.
func (d *Desk) record(ctx context.Context, s subject) (registry.ApplicationRecord, error) {
	number, err := s.application()
	if err != nil {
		return registry.ApplicationRecord{}, err
	}
	return d.Registry.Entry(ctx, number)
}

// readable refuses what needs what an application says of persons where that cannot be read.
func readable(record registry.ApplicationRecord) error {
	if record.Unread == nil {
		return nil
	}
	return identity.Refuse(identity.Conflict, "application %s: %s", record.Number, record.Unread)
}

// final reports whether a step is decided once in an application's life: the same officer,
// deciding it again after the end, hears what came of it.
func final(step identity.DecisionStep) bool {
	switch step {
	case identity.StepApprove, identity.StepReject, identity.StepWithdraw, identity.StepAdjudicate:
		return true
	case identity.StepHold, identity.StepRelease, identity.StepRecapture, identity.StepIdentify:
		return false
	}
	return false
}

// ended refuses what comes after an application's end.
func ended(record registry.ApplicationRecord) error {
	return identity.Refuse(identity.Conflict, "application %s has ended (%s)", record.Number, record.Stage)
}

// notAtCounter refuses to hand over what does not lie at the counter, or is kept there.
func notAtCounter(record registry.ApplicationRecord) error {
	where := string(record.Stage)
	if record.Held {
		where += ", on hold"
	}
	return identity.Refuse(identity.Conflict, "application %s cannot be handed over now: it is at %s", record.Number, where)
}

// decide carries a decision to its application. One that the officer took before is
// answered by where the application stands, though its workflow has ended.
func (d *Desk) decide(ctx context.Context, s subject, act identity.Deciding, signed statement.Signed) (Answer, error) {
	record, err := d.record(ctx, s)
	if err != nil {
		return Answer{}, err
	}
	number := record.Number
	decision := act.Decision()
	if record.Stage.Ended() && final(decision.Step) {
		decided, err := d.Registry.Decided(ctx, number, decision.Step, decision.Officer)
		if err != nil || decided {
			return Answer{Application: number, Stage: record.Stage}, err
		}
	}
	accepted, err := d.ask(ctx, number, act, signed)
	if Refused(err) {
		answer, err := d.again(ctx, number, act, signed, err)
		return answer, d.forGood(ctx, signed, err)
	}
	return Answer{Application: number, Stage: accepted.Stage, Awaiting: accepted.Awaiting}, err
}

// ask has an application's workflow carry an act out. One that was terminated or lost is begun
// first. One that refuses what the registry has the application waiting for is behind it, as
// after a reset, and is told to look.
func (d *Desk) ask(ctx context.Context, number identity.ApplicationNumber, act identity.Act, signed statement.Signed) (workflows.Accepted, error) {
	flows, err := d.Office.Workflows(ctx)
	if err != nil {
		return workflows.Accepted{}, err
	}
	const tries = 3
	for try := 1; ; try++ {
		accepted, err := flows.Decide(ctx, number, act, signed)
		if try == tries || !Refused(err) {
			return accepted, err
		}
		now, failed := d.Registry.Entry(ctx, number)
		lost := identity.Refused(err, identity.NotFound)
		switch {
		case failed != nil || now.Stage.Ended():
			return accepted, cmp.Or(failed, err)
		case lost:
			failed = d.Office.Begin(ctx, number)
		case waitsFor(now, act) && behind(err):
			failed = flows.LookApplication(ctx, number)
		default:
			return accepted, err
		}
		if failed != nil {
			return accepted, failed
		}
		pause(ctx)
	}
}

// waitsFor reports whether that act is what the registry has an application waiting for.
func waitsFor(record registry.ApplicationRecord, act identity.Act) bool {
	switch act.(type) {
	case identity.Recapture:
		return record.Awaiting == identity.ToRecapture
	case identity.Adjudicate:
		return record.Awaiting == identity.ToAdjudicate
	case identity.Identify:
		return record.Awaiting == identity.ToResolve
	case identity.Approve:
		return record.Awaiting == identity.ToApprove
	case identity.HandOverCard:
		return record.Awaiting == identity.ToHandOver
	case identity.Release:
		return record.Held || record.Awaiting == identity.ToResolve || record.Awaiting == identity.ToRepair || record.Awaiting == identity.ToAttend
	}
	return false
}

// pause gives a workflow time to hear.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(300 * time.Millisecond):
	}
}

// again answers a decision that was refused. If it is the one that was taken last, it was
// sent again by somebody who did not hear of it, perhaps at the same moment: the answer is
// where the application stands.
func (d *Desk) again(ctx context.Context, number identity.ApplicationNumber, act identity.Deciding, signed statement.Signed, refused error) (Answer, error) {
	last, err := d.Registry.LastDecision(ctx, number, signed.ID())
	if err != nil {
		return Answer{}, err
	}
	now, err := d.Registry.Entry(ctx, number)
	switch {
	case err != nil:
		return Answer{}, err
	case last != nil && identity.SaysAgain(last, act):
		return Answer{Application: number, Stage: now.Stage, Awaiting: now.Awaiting}, nil
	case now.Stage.Ended() && last != nil && identity.Refused(refused, identity.NotFound):
		return Answer{}, identity.Refuse(identity.Conflict, "application %s has ended (%s): the last decision was %s by %s", number, now.Stage, last.ActName(), last.By()[0])
	case now.Stage.Ended() && identity.Refused(refused, identity.NotFound):
		return Answer{}, ended(now)
	}
	return Answer{}, refused
}

// The names of the files of acts: a portrait, fingers by their position, a maker's manifest.
const (
	FileManifest = "manifest"
	FilePortrait = "portrait"
	FileFinger   = "finger-" // and its position
	FileIris     = "iris-"   // and which eye, left or right
)

// recapture takes new captures in and waits until they were judged: the answer says whether
// they are good, or why they are not, while the citizen is still there.
func (d *Desk) recapture(ctx context.Context, s subject, act identity.Recapture, signed statement.Signed, files map[string][]byte) (Answer, error) {
	record, err := d.record(ctx, s)
	if err != nil {
		return Answer{}, err
	}
	last, err := d.Registry.LastDecision(ctx, record.Number, signed.ID())
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Application: record.Number}
	if last == nil || !identity.SaysAgain(last, act) { // else it was taken in before, and becomes no better
		answer, err = d.takeCapture(ctx, s, record, act, signed, files)
	}
	if Refused(err) {
		answer, err = d.again(ctx, record.Number, act, signed, err)
	}
	if err != nil {
		return Answer{}, err
	}
	return d.judged(ctx, answer)
}

// judged waits for the judgment of a capture. Where none comes in time, as while a service is
// away, the answer says so by what it does not say: the application is where it was.
func (d *Desk) judged(ctx context.Context, answer Answer) (Answer, error) {
	const patience = 10 * time.Second
	within, over := context.WithTimeout(ctx, patience)
	defer over()
	for {
		record, err := d.Registry.Entry(ctx, answer.Application)
		if err != nil {
			return Answer{}, err
		}
		answer.Stage, answer.Awaiting, answer.Why = record.Stage, record.Awaiting, record.AwaitingWhy
		if record.Stage != identity.BiometricCapture || record.Awaiting != identity.NoAction || within.Err() != nil {
			return answer, nil
		}
		pause(within)
	}
}

// takeCapture stores new captures under the round that is waited for, tells the workflow,
// and takes them away again if it refuses.
func (d *Desk) takeCapture(ctx context.Context, s subject, record registry.ApplicationRecord, act identity.Recapture, signed statement.Signed, files map[string][]byte) (Answer, error) {
	number := record.Number
	if record.CaptureRound < act.Round { // else it was captured before, and the workflow answers so
		evidence, err := d.captured(ctx, number, record.CaptureRound, files)
		if err != nil {
			return Answer{}, errors.Join(err, d.against(ctx, s, act))
		}
		if err := d.Registry.Capture(ctx, number, act.Round, act.Captured, evidence); err != nil {
			return Answer{}, err // nothing was stored; an end takes away what was before
		}
	}
	answer, err := d.decide(ctx, s, act, signed)
	if Refused(err) {
		if err := d.Registry.DropCapture(context.WithoutCancel(ctx), number, act.Round); err != nil {
			return Answer{}, err
		}
	}
	return answer, err
}

// captured checks the new captures. What is not given stays as captured before.
func (d *Desk) captured(ctx context.Context, number identity.ApplicationNumber, round int, files map[string][]byte) (map[identity.EvidenceKind][]byte, error) {
	var anew packet.Submission
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(files)) { // in which refusals count the fingers
		position, finger := strings.CutPrefix(name, FileFinger)
		switch {
		case name == FilePortrait:
			anew.Portrait = &packet.Image{Data: files[name]}
		case finger:
			anew.Fingerprints = append(anew.Fingerprints, packet.Fingerprint{Position: position, Data: files[name]})
		case name == FileIris+string(iris.Left):
			anew.IrisLeft = &packet.Iris{Data: files[name]}
		case name == FileIris+string(iris.Right):
			anew.IrisRight = &packet.Iris{Data: files[name]}
		default:
			wrong = append(wrong, identity.RefuseField(identity.Invalid, "files", "%q is neither %q, nor %q with a position, nor %q with left or right", identity.OneLine(name), FilePortrait, FileFinger, FileIris))
		}
	}
	before, err := d.templates(ctx, number, round)
	if err != nil {
		return nil, err
	}
	evidence, err := intake.Recapture(anew, before, d.Sizes)
	return evidence, errors.Join(append(wrong, err)...)
}

// templates are the fingers captured up to a round; none if every finger is missing.
func (d *Desk) templates(ctx context.Context, number identity.ApplicationNumber, round int) (fingerprint.Templates, error) {
	evidence, err := d.Registry.EvidenceOf(ctx, number, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: round})
	raw, taken := evidence[identity.EvidenceTemplates]
	if err != nil || !taken {
		return nil, err
	}
	var templates fingerprint.Templates
	err = templates.UnmarshalBinary(raw)
	return templates, err
}

// handOver stores the finger that was laid on the reader, if that is how the card is handed
// over, and tells the workflow. What the same officer did before, in the same way, is
// answered as it was then.
func (d *Desk) handOver(ctx context.Context, s subject, act identity.HandOverCard, signed statement.Signed, files map[string][]byte) (Answer, error) {
	record, err := d.record(ctx, s)
	if err != nil {
		return Answer{}, err
	}
	number := record.Number
	done := Answer{Application: number, Stage: identity.Issued}
	if handed, err := d.handedOver(ctx, record, act); handed || err != nil {
		return done, err
	}
	wrong := []error{readable(record), record.Application.MayReceive(act)}
	if act.Card != 0 && act.Card != record.Attempt {
		wrong = append(wrong, identity.RefuseField(identity.Conflict, "card", "is not what application %s has now, which is %d: look at it again", number, record.Attempt))
	}
	var probe []byte
	if act.Method == identity.HandOverByFingerprint {
		if record.Awaiting != identity.ToHandOver {
			wrong = append(wrong, notAtCounter(record))
		}
		probe, err = d.probe(files)
		wrong = append(wrong, err)
	}
	if err := errors.Join(wrong...); err != nil {
		return Answer{}, err
	}
	if probe != nil {
		if act.Probe, err = d.Registry.Probe(ctx, number, probe); err != nil {
			return Answer{}, err
		}
	}
	accepted, err := d.ask(ctx, number, act, signed)
	if probe != nil && (err == nil || Refused(err)) { // the workflow needs it no more
		if failed := d.Registry.DropProbe(context.WithoutCancel(ctx), number, act.Probe); failed != nil {
			return Answer{}, failed
		}
	}
	if Refused(err) { // somebody may have done it at the same moment
		record, failed := d.Registry.Entry(ctx, number)
		if failed != nil {
			return Answer{}, failed
		}
		if handed, refused := d.handedOver(ctx, record, act); handed || refused != nil {
			return done, refused
		}
	}
	return Answer{Application: number, Stage: accepted.Stage, Awaiting: accepted.Awaiting}, err
}

// handedOver reports whether the officer handed the card over before, in that way. It
// refuses when somebody else did.
func (d *Desk) handedOver(ctx context.Context, record registry.ApplicationRecord, act identity.HandOverCard) (bool, error) {
	if record.Stage != identity.Issued {
		return false, nil
	}
	card, err := d.Registry.Card(ctx, record.Number, record.Attempt)
	if err != nil {
		return false, err
	}
	if card.HandedOverBy != act.Officer || card.HandedOver != act.Method {
		return false, identity.Refuse(identity.Conflict, "the card of application %s was handed over before: by %s, by way of %s", record.Number, card.HandedOverBy, card.HandedOver)
	}
	return true, nil
}

// probe extracts the template from the one image of a finger.
func (d *Desk) probe(files map[string][]byte) ([]byte, error) {
	if len(files) != 1 {
		return nil, identity.RefuseField(identity.Invalid, "files", "one image of a finger is needed, named %q with its position", FileFinger)
	}
	for name, image := range files {
		position, finger := strings.CutPrefix(name, FileFinger)
		if !finger || int64(len(image)) > d.Sizes.Finger {
			return nil, identity.RefuseField(identity.Invalid, "files", "an image of a finger of at most %d bytes is needed, named %q with its position", d.Sizes.Finger, FileFinger)
		}
		at, err := fingerprint.ParsePosition(position)
		if err != nil {
			return nil, err
		}
		template, err := fingerprint.Extract(image)
		if err != nil {
			return nil, err
		}
		return fingerprint.Templates{at: template}.MarshalBinary()
	}
	return nil, nil
}

// destroy records that a card was destroyed, and tells whoever waits for it.
func (d *Desk) destroy(ctx context.Context, s subject, act identity.DestroyCard, signed statement.Signed) (Answer, error) {
	number, err := s.application()
	if err != nil {
		return Answer{}, err
	}
	card, err := d.Registry.Card(ctx, number, act.Card)
	if err != nil {
		return Answer{}, err
	}
	if err := d.Registry.Destroy(ctx, number, act, signed); err != nil {
		return Answer{}, err
	}
	d.Office.Tell(ctx, number)
	if card.State == identity.CardPacked {
		d.Office.TellConsignment(ctx, card.Consignment)
	}
	return Answer{Application: number, Card: act.Card}, nil
}

// find records that a lost card turned up.
func (d *Desk) find(ctx context.Context, s subject, act identity.FindCard, signed statement.Signed) (Answer, error) {
	number, err := s.application()
	if err != nil {
		return Answer{}, err
	}
	card, err := d.Registry.Found(ctx, number, act, signed)
	if err != nil {
		return Answer{}, err
	}
	d.Office.Tell(ctx, number)
	return Answer{Application: number, Card: card}, nil
}
