package desk

import (
	"cmp"
	"context"
	"errors"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// move carries an act to a consignment. One that the officer did before is answered by
// what the consignment is, though its workflow has ended.
func (d *Desk) move(ctx context.Context, s subject, act identity.Act, signed statement.Signed) (Answer, error) {
	number, err := s.consignment()
	if err != nil {
		return Answer{}, err
	}
	box, err := d.Registry.Consignment(ctx, number)
	if err != nil {
		return Answer{}, err
	}
	if err := d.carry(ctx, box, act, signed); err != nil {
		return Answer{}, err
	}
	return d.box(ctx, number)
}

// box is what a consignment is now, with what became of surplus cards.
func (d *Desk) box(ctx context.Context, number identity.ConsignmentNumber) (Answer, error) {
	box, err := d.Registry.Consignment(ctx, number)
	if err != nil {
		return Answer{}, err
	}
	surplus, err := d.Registry.SurplusOf(ctx, number)
	return Answer{Consignment: number, State: box.State, Cards: len(box.Cards), Surplus: surplus}, err
}

// carry carries an act to a consignment's workflow. One that does not run is begun; one
// that has not heard how far its consignment is, is told.
func (d *Desk) carry(ctx context.Context, box registry.Consignment, act identity.Act, signed statement.Signed) error {
	if done, err := d.Registry.Moved(ctx, box.Number, act); done || err != nil {
		return err
	}
	if _, counts := act.(identity.ReceiveConsignment); counts && box.State == identity.ConsignmentSent {
		if err := d.Registry.Against(ctx, act, statement.Consignment(box.Number)); err != nil { // field by field, as no workflow can
			if done, refused := d.Registry.Moved(ctx, box.Number, act); done || refused != nil { // by the same officer, at the same moment
				return refused
			}
			return err
		}
	}
	flows, err := d.Office.Workflows(ctx)
	if err != nil {
		return err
	}
	const tries = 5
	for try := 1; ; try++ {
		_, err = flows.Move(ctx, box.Number, act, signed)
		if err == nil || !Refused(err) {
			return err
		}
		if done, refused := d.Registry.Moved(ctx, box.Number, act); done || refused != nil {
			return refused
		}
		now, failed := d.Registry.Consignment(ctx, box.Number)
		if failed != nil {
			return failed
		}
		if now.State != before(act) && identity.Refused(err, identity.NotFound) {
			return notNow(now, act)
		}
		if now.State != before(act) || try == tries || !behind(err) {
			return err
		}
		if err := rouse(ctx, flows, now); err != nil {
			return err
		}
	}
}

// before is the state that a consignment must be in for each act.
func before(act identity.Act) identity.ConsignmentState {
	switch act.(type) {
	case identity.SealConsignment:
		return identity.ConsignmentOpen
	case identity.SendConsignment:
		return identity.ConsignmentSealed
	}
	return identity.ConsignmentSent
}

// notNow refuses an act on a box whose workflow has ended, as the workflow would have.
func notNow(box registry.Consignment, act identity.Act) error {
	return identity.Refuse(identity.Conflict, "consignment %s is %s; only one that is %s takes this act (%s)", box.Number, box.State, before(act), act.ActName())
}

// behind reports whether a workflow refused an act because it does not run, or by where it
// stands, which may be less far than the registry is.
func behind(err error) bool {
	return identity.Refused(err, identity.NotFound) || identity.Refused(err, identity.NotNow)
}

// rouse begins the workflow of a consignment, or has it read how far the consignment is.
func rouse(ctx context.Context, flows *workflows.Client, box registry.Consignment) error {
	err := errors.Join(flows.BeginConsignment(ctx, box.Number, box.Destination), flows.LookConsignment(ctx, box.Number))
	pause(ctx)
	return err
}

// correct does what is put right of a consignment after it was sealed or received. What was
// done last, said again by who did not hear of it, is answered by what the consignment is.
func (d *Desk) correct(ctx context.Context, s subject, act identity.Act, signed statement.Signed) (Answer, error) {
	number, err := s.consignment()
	if err != nil {
		return Answer{}, err
	}
	var corrections []registry.Correction
	switch act := act.(type) {
	case identity.Recount:
		corrections, err = d.Registry.Recount(ctx, number, act, signed)
	case identity.ReopenConsignment:
		err = d.Registry.ReopenConsignment(ctx, number, act, signed)
	case identity.SettleSurplus:
		err = d.Registry.SettleSurplus(ctx, number, act, signed)
	}
	if Refused(err) {
		last, failed := d.Registry.LastOnBox(ctx, number)
		if failed != nil || last == nil || !identity.SaysAgain(last, act) {
			return Answer{}, cmp.Or(failed, err)
		}
		return d.box(ctx, number)
	}
	if err != nil {
		return Answer{}, err
	}
	for _, c := range corrections {
		if c.Application != "" {
			d.Office.Tell(ctx, c.Application)
		}
	}
	d.Office.TellConsignment(ctx, number)
	answer, err := d.box(ctx, number)
	answer.Corrections = corrections
	return answer, err
}
