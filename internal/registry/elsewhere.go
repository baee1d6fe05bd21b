package registry

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/statement"
)

// Elsewhere is a population register that others keep. What an officer has done there is
// done there first; then it is kept here that the officer signed it, and the card that it
// ends is ended. Whoever sends the same act again after a failure in between has the rest
// done.
type Elsewhere struct {
	population.Register

	Registry *Registry
}

// CorrectPerson implements population.Register.
func (e Elsewhere) CorrectPerson(ctx context.Context, id identity.PersonID, act identity.CorrectPerson, after population.Corrected, signed statement.Signed) error {
	if err := e.Register.CorrectPerson(ctx, id, act, after, signed); err != nil {
		return err
	}
	return e.Registry.changedElsewhere(ctx, id, act, change{"corrected", act.Officer, signed.ID(), act.Paper, act.Reason, act.Record}, cardEnd{}, "", signed)
}

// MarkPerson implements population.Register.
func (e Elsewhere) MarkPerson(ctx context.Context, id identity.PersonID, act identity.MarkPerson, signed statement.Signed) error {
	before, err := e.Person(ctx, id)
	if err != nil {
		return err
	}
	if err := e.Register.MarkPerson(ctx, id, act, signed); err != nil {
		return err
	}
	c := change{"marked", act.Officer, signed.ID(), act.Paper, act.Reason, nil}
	return e.Registry.changedElsewhere(ctx, id, act, c, cardEnds[act.Status], before.Person.Number, signed)
}

// RenumberPerson implements population.Register. The card that bears the old number is
// found under the number that the register then has as canceled, also when it is asked again.
func (e Elsewhere) RenumberPerson(ctx context.Context, id identity.PersonID, act identity.RenumberPerson, signed statement.Signed) error {
	if err := e.Register.RenumberPerson(ctx, id, act, signed); err != nil {
		return err
	}
	after, err := e.Person(ctx, id)
	if err != nil {
		return err
	}
	c := change{"renumbered", act.Officer, signed.ID(), act.Paper, act.Reason, nil}
	return e.Registry.changedElsewhere(ctx, id, act, c, cardEnd{identity.CardRevoked, identity.ReasonNumberReplaced}, after.Person.CancelledNumber, signed)
}

// changedElsewhere keeps a change of a person's record in a register elsewhere, and ends the
// card under that number, if the change ends cards.
func (r *Registry) changedElsewhere(ctx context.Context, id identity.PersonID, act identity.Act, c change, end cardEnd, of identity.PersonalNumber, signed statement.Signed) error {
	citizen, err := r.citizen(of)
	if err != nil {
		return err
	}
	return r.act(ctx, act, statement.Person(id), signed, func(tx pgx.Tx) error {
		if end.state != "" && citizen != nil {
			_, err := tx.Exec(ctx, `SELECT end_cards_of($1, $2, $3, $4, $5)`, citizen, string(end.state), string(end.why), string(c.by), signed.ID())
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO person_changes (person, version, change, actor, act, paper, reason, digest) VALUES ($1, 0, $2, $3, $4, $5, $6, $7)`,
			id, c.what, c.by, c.act, c.paper, c.reason, c.digest)
		return err
	})
}
