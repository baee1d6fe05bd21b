package registrytest

import (
	"context"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// Signing is a registry whose people's acts are signed by those who do them.
type Signing struct{ *registry.Registry }

// Receive is [registry.Registry.Receive], as the officer signed it, unless a test did.
func (s Signing) Receive(ctx context.Context, submission registry.Submission) (registry.Receipt, error) {
	if submission.Signed.IsZero() {
		submission.Enrolled = identity.Enroll{Officer: submission.Application.Officer, Payload: submission.Digest[:]}
		submission.Signed = Signed(submission.Enrolled, statement.Station(submission.Application.Station))
	}
	return s.Registry.Receive(ctx, submission)
}

// Decide is [registry.Registry.Decide], as the officer signed it under the request's
// identifier.
func (s Signing) Decide(ctx context.Context, d identity.Decision, newDue time.Time) (registry.LegalClock, error) {
	if d.Request == "" {
		d.Request = statement.NewID()
	}
	signed := takenIn(SignedAs(deciding(d), statement.Application(d.Application), d.Request))
	return s.Registry.Decide(ctx, d, newDue, signed)
}

// takenIn is a statement that came through its workflow.
func takenIn(signed statement.Signed) statement.Signed {
	signed.TakenIn = time.Now() //nolint:forbidigo // the engine's clock
	return signed
}

// deciding is the act that a decision was.
func deciding(d identity.Decision) identity.Act {
	reason := d.Reason.String()
	switch d.Step {
	case identity.StepRecapture:
		return identity.Recapture{Officer: d.Officer, Round: d.Round}
	case identity.StepAdjudicate:
		return identity.Adjudicate{Officer: d.Officer, SamePerson: d.Verdict == identity.SamePerson, Reason: reason}
	case identity.StepApprove:
		return identity.Approve{Officer: d.Officer, Reason: reason, Capture: d.Capture, Paper: d.Paper}
	case identity.StepReject:
		return identity.Reject{Officer: d.Officer, Reason: reason, Capture: d.Capture}
	case identity.StepHold:
		return identity.Hold{Officer: d.Officer, Reason: reason, CitizensPart: d.ForCitizen, Round: d.Round}
	case identity.StepRelease:
		return identity.Release{Officer: d.Officer, Reason: reason, Remake: d.WriteOff > 0, Round: d.Round}
	case identity.StepIdentify:
		return identity.Identify{Officer: d.Officer, Person: d.Person, NotThese: d.NotThese, Paper: d.Paper, Reason: reason, Round: d.Round}
	case identity.StepWithdraw:
	}
	return identity.Withdraw{Officer: d.Officer, Reason: reason}
}

// Issue is [registry.Registry.Issue].
func (s Signing) Issue(ctx context.Context, h registry.HandOver) error {
	h.Signed = takenIn(Signed(h.HandOverCard, statement.Application(h.Application)))
	return s.Registry.Issue(ctx, h)
}

// SealConsignment is [registry.Registry.SealConsignment], by an officer or by the system.
func (s Signing) SealConsignment(ctx context.Context, number identity.ConsignmentNumber, officer identity.OfficerID) (identity.ConsignmentState, int, error) {
	act := identity.SealConsignment{Officer: officer}
	return s.Registry.SealConsignment(ctx, number, act, takenIn(Signed(act, statement.Consignment(number))))
}

// ReopenConsignment is [registry.Registry.ReopenConsignment].
func (s Signing) ReopenConsignment(ctx context.Context, number identity.ConsignmentNumber, officer identity.OfficerID) error {
	act := identity.ReopenConsignment{Officer: officer}
	return s.Registry.ReopenConsignment(ctx, number, act, Signed(act, statement.Consignment(number)))
}

// SendConsignment is [registry.Registry.SendConsignment].
func (s Signing) SendConsignment(ctx context.Context, number identity.ConsignmentNumber, act identity.SendConsignment) error {
	return s.Registry.SendConsignment(ctx, number, act, takenIn(Signed(act, statement.Consignment(number))))
}

// ReceiveConsignment is [registry.Registry.ReceiveConsignment].
func (s Signing) ReceiveConsignment(ctx context.Context, number identity.ConsignmentNumber, act identity.ReceiveConsignment) error {
	return s.Registry.ReceiveConsignment(ctx, number, act, takenIn(Signed(act, statement.Consignment(number))))
}

// Recount is [registry.Registry.Recount].
func (s Signing) Recount(ctx context.Context, number identity.ConsignmentNumber, act identity.Recount) ([]registry.Correction, error) {
	return s.Registry.Recount(ctx, number, act, Signed(act, statement.Consignment(number)))
}

// SettleSurplus is [registry.Registry.SettleSurplus].
func (s Signing) SettleSurplus(ctx context.Context, number identity.ConsignmentNumber, named string, how identity.Settlement) error {
	act := identity.SettleSurplus{Settlement: how, Named: named}
	return s.Registry.SettleSurplus(ctx, number, act, Signed(act, statement.Consignment(number)))
}

// ReceiveBlanks is [registry.Registry.ReceiveBlanks].
func (s Signing) ReceiveBlanks(ctx context.Context, act identity.ReceiveBlanks, manifest ...identity.DeliveredChip) error {
	return s.Registry.ReceiveBlanks(ctx, act, Signed(act, statement.Box(act.Box)), manifest...)
}

// MoveBlanks is [registry.Registry.MoveBlanks].
func (s Signing) MoveBlanks(ctx context.Context, act identity.MoveBlanks) (int, error) {
	return s.Registry.MoveBlanks(ctx, act, Signed(act, statement.Office))
}

// Destroy is [registry.Registry.Destroy].
func (s Signing) Destroy(ctx context.Context, number identity.ApplicationNumber, card int, officers [2]identity.OfficerID, reason identity.Reason) error {
	act := identity.DestroyCard{Officer: officers[0], Witness: officers[1], Card: card, Reason: reason.String()}
	return s.Registry.Destroy(ctx, number, act, Signed(act, statement.Application(number)))
}

// Found is [registry.Registry.Found].
func (s Signing) Found(ctx context.Context, number identity.ApplicationNumber, card int, f identity.Finding) (int, error) {
	act := identity.FindCard{Finding: f, Card: card}
	return s.Registry.Found(ctx, number, act, Signed(act, statement.Application(number)))
}

// ChangeCard is [registry.Registry.ChangeCard].
func (s Signing) ChangeCard(ctx context.Context, serial identity.CardSerial, act identity.CardAct) (identity.CardState, []identity.ApplicationNumber, error) {
	return s.Registry.ChangeCard(ctx, serial, act, Signed(act, statement.Card(serial)))
}

// PauseStation is [registry.Registry.PauseStation].
func (s Signing) PauseStation(ctx context.Context, id identity.StationID, by identity.OfficerID, why string) error {
	act := identity.PauseStation{Officer: by, Reason: why}
	return s.Registry.PauseStation(ctx, id, act, Signed(act, statement.Station(id)))
}

// RemoveStation is [registry.Registry.RemoveStation].
func (s Signing) RemoveStation(ctx context.Context, id identity.StationID, act identity.RemoveStation) (int, error) {
	return s.Registry.RemoveStation(ctx, id, act, Signed(act, statement.Station(id)))
}

// ResumeStation is [registry.Registry.ResumeStation].
func (s Signing) ResumeStation(ctx context.Context, id identity.StationID, by identity.OfficerID) error {
	act := identity.ResumeStation{Officer: by}
	return s.Registry.ResumeStation(ctx, id, act, Signed(act, statement.Station(id)))
}

// CorrectPerson is [registry.Registry.CorrectPerson].
func (s Signing) CorrectPerson(ctx context.Context, id identity.PersonID, act identity.CorrectPerson, after identity.Person) error {
	return s.Registry.CorrectPerson(ctx, id, act, population.Corrected{Person: after}, Signed(act, statement.Person(id)))
}

// MarkPerson is [registry.Registry.MarkPerson].
func (s Signing) MarkPerson(ctx context.Context, id identity.PersonID, act identity.MarkPerson) error {
	return s.Registry.MarkPerson(ctx, id, act, Signed(act, statement.Person(id)))
}

// MergePersons is [registry.Registry.MergePersons].
func (s Signing) MergePersons(ctx context.Context, id identity.PersonID, act identity.MergePersons) error {
	_, err := s.Registry.MergePersons(ctx, id, act, Signed(act, statement.Person(id)))
	return err
}

// RenumberPerson is [registry.Registry.RenumberPerson].
func (s Signing) RenumberPerson(ctx context.Context, id identity.PersonID, act identity.RenumberPerson) error {
	return s.Registry.RenumberPerson(ctx, id, act, Signed(act, statement.Person(id)))
}
