// Package desk does what officers' statements say: it looks who signed and whether they
// may, then asks the workflow or the registry, which look again. The gateway's interface
// and its pages for officers are its windows.
package desk

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// Desk is where statements are done.
type Desk struct {
	Registry   *registry.Registry
	Population population.Register
	Sizes      packet.Sizes
	Papers     Papers
	Office     Office
	Passkeys   passkey.Site // where they sign
	LogIns     registry.LogIns

	Temporal func(context.Context) error // whether it answers; nil: nobody asks

	Near func(at time.Time) (time.Time, error) // the first legal deadline that is not near then

	Sign func(typ string, claims any) ([]byte, error) // for the office, as compact JWS; nil: nothing is
}

// Office is what a desk needs of the whole office.
type Office interface {
	Workflows(ctx context.Context) (*workflows.Client, error)
	// Begin begins the workflow of an application that is open, unless it runs.
	Begin(ctx context.Context, number identity.ApplicationNumber) error
	WakeForStock(ctx context.Context)
	Tell(ctx context.Context, numbers ...identity.ApplicationNumber)
	TellConsignment(ctx context.Context, number identity.ConsignmentNumber)
	GoOnAtStations(ctx context.Context)
	// FirstPIN is the PIN with which a card's digital signature is delivered, and how many
	// wrong ones in a row block it.
	FirstPIN(ctx context.Context, number identity.ApplicationNumber, card int) (pin string, tries int, err error)
	NewPIN() (pin string, tries int, err error) // for one that is unblocked
}

// Answer is what came of a statement; what does not belong to its act is empty.
type Answer struct {
	Application identity.ApplicationNumber `json:"application,omitzero"`
	Stage       identity.Stage             `json:"stage,omitzero"`
	Awaiting    identity.Action            `json:"awaiting,omitzero"`
	Why         string                     `json:"why,omitzero"` // what is awaited for
	Card        int                        `json:"card,omitzero"`
	Blanks      int                        `json:"blanks,omitzero"`
	Letters     int                        `json:"letters,omitzero"` // events that are sent again

	Became   identity.CardState           `json:"became,omitzero"`    // the card that was issued
	UnderWay []identity.ApplicationNumber `json:"under_way,omitzero"` // its holder's, which have not ended

	Extract *Extract `json:"extract,omitzero"`
	Letter  []byte   `json:"letter,omitzero"` // PDF

	Consignment identity.ConsignmentNumber `json:"consignment,omitzero"`
	State       identity.ConsignmentState  `json:"state,omitzero"`
	Cards       int                        `json:"cards,omitzero"`
	Surplus     []registry.Surplus         `json:"surplus,omitzero"`
	Corrections []registry.Correction      `json:"corrections,omitzero"`
}

// Do does what a statement says, with the files that belong to it. The same statement
// again is answered by what was done. What is refused leaves nothing but a line for the
// auditor.
func (d *Desk) Do(ctx context.Context, signed statement.Signed, files map[string][]byte) (Answer, error) {
	if err := signed.Anonymous(); err != nil {
		return Answer{}, d.kept(ctx, signed, err)
	}
	signed.TakenIn = time.Time{} // the engine's to say
	answer, err := d.do(ctx, signed, files)
	if err == nil {
		err = d.Registry.Reused(ctx, signed)
	}
	if err != nil {
		answer = Answer{}
	}
	return answer, d.kept(ctx, signed, plain(err))
}

// Confides reports whether the answer to an act is for its officer's eyes alone. The act is in the
// books, whose readers may send its statement again; what it is answered by is not.
func Confides(act identity.Act) bool {
	switch act := act.(type) {
	case identity.ExtractRecord, identity.PrintPINLetter:
		return true
	case identity.ManageCard:
		return act.Do == identity.UnblockSignature
	}
	return false
}

// Refuse keeps that a statement was refused before the desk did it, and returns why.
func (d *Desk) Refuse(ctx context.Context, signed statement.Signed, why error) error {
	return d.kept(ctx, signed, why)
}

// LogIn begins a session by the statement of a log-in, and gives its token and its end.
func (d *Desk) LogIn(ctx context.Context, signed statement.Signed) (token string, until time.Time, err error) {
	if err := signed.Anonymous(); err != nil {
		return "", time.Time{}, d.kept(ctx, signed, err)
	}
	signed.TakenIn = time.Time{} // the engine's to say
	token = rand.Text()
	until, err = d.logIn(ctx, signed, token)
	return token, until, d.kept(ctx, signed, err)
}

func (d *Desk) logIn(ctx context.Context, signed statement.Signed, token string) (time.Time, error) {
	if err := d.maySign(ctx, signed); err != nil {
		return time.Time{}, err
	}
	said, err := signed.Read()
	if err != nil {
		return time.Time{}, err
	}
	act, err := said.Does()
	if err != nil {
		return time.Time{}, err
	}
	login, is := act.(identity.LogIn)
	if !is {
		return time.Time{}, identity.RefuseField(identity.Invalid, "act", "is no log-in")
	}
	return d.Registry.BeginSession(ctx, login, signed, token, d.LogIns)
}

// maySign refuses a statement of officers who may not do what it says, and one of a passkey
// that counts backwards.
func (d *Desk) maySign(ctx context.Context, signed statement.Signed) error {
	if err := d.Registry.MayAct(ctx, signed); err != nil {
		return err
	}
	return d.Registry.CountPasskeys(ctx, signed)
}

// kept keeps that a statement was refused, and returns why.
func (d *Desk) kept(ctx context.Context, signed statement.Signed, why error) error {
	if Refused(why) && len(signed.Statement) > 0 {
		if named, err := d.names(ctx, signed); named || err != nil {
			return errors.Join(why, d.Registry.RefusedNaming(ctx, signed, errNames)) // why may say the name
		}
		return errors.Join(why, d.Registry.RefusedAct(ctx, signed, errors.New(Words(why))))
	}
	return why
}

func (d *Desk) do(ctx context.Context, signed statement.Signed, files map[string][]byte) (Answer, error) {
	said, err := signed.Read()
	if err != nil {
		return Answer{}, err
	}
	act, wrong := meant(said)
	wrong = packet.AndThen(wrong, workflows.CheckUpdateID(said.ID))
	if err := d.maySign(ctx, signed); err != nil {
		if Refused(err) {
			err = packet.AndThen(err, wrong)
		}
		return Answer{}, err
	}
	s := subject(said.Subject)
	if !wordless(act) {
		named, err := d.names(ctx, signed)
		if err != nil {
			return Answer{}, err
		}
		if named {
			wrong = packet.AndThen(wrong, errNames)
		}
	}
	if wrong != nil {
		return Answer{}, errors.Join(wrong, d.against(ctx, s, act))
	}
	if err := signed.Says(act, said.Subject, said.ID); err != nil {
		return Answer{}, err
	}
	if err := belong(act, files); err != nil {
		return Answer{}, err
	}
	switch act := act.(type) {
	case identity.Recapture:
		return d.recapture(ctx, s, act, signed, files)
	case identity.HandOverCard:
		answer, err := d.handOver(ctx, s, act, signed, files)
		return answer, d.forGood(ctx, signed, err)
	case identity.Deciding:
		return d.decide(ctx, s, act, signed)
	case identity.SealConsignment, identity.SendConsignment, identity.ReceiveConsignment:
		return d.move(ctx, s, act, signed)
	}
	return d.book(ctx, s, act, signed, files)
}

// forGood has a statement that was refused by where its application stands never be done later, by
// whoever sends it again, and returns why it was refused.
func (d *Desk) forGood(ctx context.Context, signed statement.Signed, why error) error {
	if Refused(why) {
		return errors.Join(why, d.Registry.RefuseForGood(ctx, signed))
	}
	return why
}

// meant is the act that a statement says, and what is wrong with it in itself.
func meant(said statement.Statement) (identity.Act, error) {
	act, wrong := said.Does()
	switch act := act.(type) {
	case identity.Deciding:
		decision := act.Decision()
		wrong = packet.AndThen(wrong, decision.Step.Reasons().Check(decision.Reason))
	case identity.DestroyCard:
		wrong = packet.AndThen(wrong, identity.DestroyReasons.Check(identity.ReadReason(act.Reason)))
	}
	return act, wrong
}

// against gives what the office has against an act that is refused for what it says, so
// that all is told in one round.
func (d *Desk) against(ctx context.Context, s subject, act identity.Act) error {
	switch act := act.(type) {
	case identity.ReceiveConsignment, identity.ReceiveBlanks:
		return d.Registry.Against(ctx, act, string(s))
	case identity.SealConsignment, identity.SendConsignment, identity.Recount, identity.ReopenConsignment, identity.SettleSurplus:
		return d.againstMove(ctx, s, act)
	case identity.DestroyCard:
		number, err := s.application()
		if err == nil {
			_, err = d.Registry.Card(ctx, number, act.Card)
		}
		return err
	case identity.HandOverCard:
		record, err := d.record(ctx, s)
		if err == nil && record.Awaiting != identity.ToHandOver {
			err = notAtCounter(record)
		}
		return err
	case identity.Deciding:
		record, err := d.record(ctx, s)
		_, recaptures := act.(identity.Recapture)
		switch {
		case err != nil:
		case record.Stage.Ended():
			err = ended(record)
		case recaptures && record.Awaiting != identity.ToRecapture:
			err = identity.Refuse(identity.Conflict, "application %s cannot be recaptured now: it is at %s", record.Number, record.Stage)
		}
		return err
	case identity.CollectFee, identity.RefundFee, identity.FindCard:
		_, err := d.record(ctx, s)
		return err
	}
	return nil
}

// againstMove gives what the office has against an act on a box.
func (d *Desk) againstMove(ctx context.Context, s subject, act identity.Act) error {
	number, err := s.consignment()
	if err != nil {
		return err
	}
	box, err := d.Registry.Consignment(ctx, number)
	if err != nil {
		return err
	}
	switch act.(type) {
	case identity.SealConsignment, identity.SendConsignment:
		if box.State != before(act) {
			return notNow(box, act)
		}
	}
	return nil
}

// book does what no workflow decides on: the registry alone.
func (d *Desk) book(ctx context.Context, s subject, act identity.Act, signed statement.Signed, files map[string][]byte) (Answer, error) {
	switch act := act.(type) {
	case identity.Recount, identity.ReopenConsignment, identity.SettleSurplus:
		return d.correct(ctx, s, act, signed)
	case identity.DestroyCard:
		return d.destroy(ctx, s, act, signed)
	case identity.FindCard:
		return d.find(ctx, s, act, signed)
	case identity.MoveBlanks, identity.ReceiveBlanks:
		return d.onBlanks(ctx, act, signed, files)
	case identity.CollectFee:
		return d.onFee(ctx, s, act, func(n identity.ApplicationNumber) error { return d.Registry.CollectFee(ctx, n, act, signed) })
	case identity.RefundFee:
		return d.onFee(ctx, s, act, func(n identity.ApplicationNumber) error { return d.Registry.RefundFee(ctx, n, act, signed) })
	case identity.CardAct:
		return d.onCard(ctx, s, act, signed)
	case identity.ExtractRecord:
		return d.extract(ctx, s, act, signed)
	case identity.ManageCard:
		return d.manageCard(ctx, s, act, signed, files)
	case identity.PrintPINLetter:
		return d.pinLetter(ctx, s, act, signed)
	case identity.LetGo:
		return d.letGo(ctx, act, signed)
	case identity.ReplayNotifications:
		n, err := d.Registry.ReplayNotifications(ctx, act, signed)
		return Answer{Letters: n}, err
	}
	if verifier, err := s.verifier(); err == nil {
		return Answer{}, d.onVerifier(ctx, verifier, act, signed)
	}
	if person, err := s.person(); err == nil {
		return Answer{}, d.onPerson(ctx, person, act, signed, files)
	}
	if station, err := s.station(); err == nil {
		if act, is := act.(identity.RemoveStation); is {
			return d.remove(ctx, station, act, signed)
		}
		return Answer{}, d.onStation(ctx, station, act, signed)
	}
	if officer, err := s.officer(); err == nil {
		return Answer{}, d.onOfficer(ctx, officer, act, signed)
	}
	return Answer{}, identity.RefuseField(identity.Invalid, "act", "%s is not done here to %q", act.ActName(), string(s))
}

// onBlanks does what two officers do to blanks in stock, for which stations may wait.
func (d *Desk) onBlanks(ctx context.Context, act identity.Act, signed statement.Signed, files map[string][]byte) (Answer, error) {
	var moved int
	switch act := act.(type) {
	case identity.MoveBlanks:
		var err error
		if moved, err = d.Registry.MoveBlanks(ctx, act, signed); err != nil {
			return Answer{}, err
		}
	case identity.ReceiveBlanks:
		var chips []identity.DeliveredChip
		if manifest, given := files[FileManifest]; given {
			var err error
			if chips, err = identity.ParseManifest(bytes.NewReader(manifest)); err != nil {
				return Answer{}, err
			}
		}
		if err := d.Registry.ReceiveBlanks(ctx, act, signed, chips...); err != nil {
			return Answer{}, err
		}
	}
	d.Office.WakeForStock(ctx)
	return Answer{Blanks: moved}, nil
}

// onFee does what concerns the fee of an application. What the officer recorded before, with
// the same receipt, is answered as it was then.
func (d *Desk) onFee(ctx context.Context, s subject, act identity.Act, do func(identity.ApplicationNumber) error) (Answer, error) {
	number, err := s.application()
	if err != nil {
		return Answer{}, err
	}
	err = do(number)
	if Refused(err) {
		if done, failed := d.Registry.FeeRecorded(ctx, number, act); done || failed != nil {
			err = failed
		}
	}
	return Answer{Application: number}, err
}

// onStation does what changes a station.
func (d *Desk) onStation(ctx context.Context, id identity.StationID, act identity.Act, signed statement.Signed) error {
	switch act := act.(type) {
	case identity.RegisterStation:
		return d.Registry.RegisterStation(ctx, id, act, signed)
	case identity.RevokeStation:
		return d.Registry.RevokeStation(ctx, id, act, signed)
	case identity.PauseStation:
		return d.Registry.PauseStation(ctx, id, act, signed)
	case identity.ResumeStation:
		if err := d.Registry.ResumeStation(ctx, id, act, signed); err != nil {
			return err
		}
		d.Office.GoOnAtStations(ctx)
		return nil
	}
	return identity.RefuseField(identity.Invalid, "act", "%s is not done to a station", act.ActName())
}

// remove takes a station out of service, and says how many blanks it had.
func (d *Desk) remove(ctx context.Context, id identity.StationID, act identity.RemoveStation, signed statement.Signed) (Answer, error) {
	n, err := d.Registry.RemoveStation(ctx, id, act, signed)
	if err != nil {
		return Answer{}, err
	}
	d.Office.WakeForStock(ctx)
	return Answer{Blanks: n}, nil
}

// onOfficer does what changes who may act.
func (d *Desk) onOfficer(ctx context.Context, badge identity.OfficerID, act identity.Act, signed statement.Signed) error {
	switch act := act.(type) {
	case identity.RegisterOfficer:
		if act.Record.Badge != badge {
			return identity.RefuseField(identity.Invalid, "subject", "is another officer than the record's")
		}
		return d.Registry.RegisterOfficer(ctx, act, signed)
	case identity.RevokeOfficer:
		return d.Registry.RevokeOfficer(ctx, badge, act, signed)
	case identity.RegisterKey:
		return d.Registry.RegisterKey(ctx, badge, act, signed)
	case identity.RevokeKey:
		return d.Registry.RevokeKey(ctx, badge, act, signed)
	}
	return identity.RefuseField(identity.Invalid, "act", "%s is not done to an officer", act.ActName())
}

// belong refuses files that the officer did not sign for.
func belong(act identity.Act, files map[string][]byte) error {
	var signed []byte
	switch act := act.(type) {
	case identity.Recapture:
		signed = act.Captured
	case identity.HandOverCard:
		signed = act.Captured
	case identity.ReceiveBlanks:
		signed = act.Manifest
	case identity.CorrectPerson:
		signed = act.Record
	case identity.ManageCard:
		signed = act.Content
	}
	if !bytes.Equal(signed, statement.Digest(files)) {
		return identity.RefuseField(identity.Forbidden, "files", "are not those that the statement was signed for")
	}
	return nil
}

// Refused reports whether everything that went wrong was refused: at the desk, in the
// registry, or by a workflow.
func Refused(err error) bool {
	problems := identity.Apart(err)
	return len(problems) > 0 && len(identity.Refusals(err)) == len(problems)
}

// plain gives what is refused by where a workflow stands as any other conflict: that there
// are workflows is the office's own affair.
func plain(err error) error {
	problems := identity.Apart(err)
	for i, e := range problems {
		if refusal, ok := errors.AsType[*identity.Refusal](e); ok && refusal.Kind == identity.NotNow {
			outside := *refusal
			outside.Kind = identity.Conflict
			problems[i] = &outside
		}
	}
	return errors.Join(problems...)
}

// Words says what went wrong, as an officer reads it.
func Words(err error) string {
	var lines []string
	for _, e := range identity.Apart(err) {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "; ")
}
