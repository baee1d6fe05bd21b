package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/statement"
)

// MergePersons makes two persons one: the other's number is canceled and leads to this
// person's, and the card that bears it is revoked, in the same act. Nobody loses what is
// being made for him: the other must have no application open. It gives the applications that
// no adjudicator has to decide any more, as the fingers that were found are the applicant's.
func (r *Registry) MergePersons(ctx context.Context, id identity.PersonID, act identity.MergePersons, signed statement.Signed) (settled []identity.ApplicationNumber, err error) {
	err = r.act(ctx, act, statement.Person(id), signed, func(tx pgx.Tx) error {
		stands, other, err := bothPersons(ctx, tx, id, act)
		if err != nil {
			return err
		}
		// Whoever files for one of them at this moment waits, and is seen, or sees one person.
		_, err = tx.Exec(ctx, `SELECT pg_advisory_xact_lock(k) FROM (SELECT hashtextextended('applies ' || p, 0) AS k FROM unnest($1::text[]) p ORDER BY 1) keys`,
			[]string{string(id), string(act.Other)})
		if err != nil {
			return err
		}
		if err := mayMerge(ctx, tx, stands, other, act.Officer); err != nil {
			return err
		}
		if err := endCards(ctx, tx, other.ID, cardEnd{identity.CardRevoked, identity.ReasonNumberReplaced}, act.Officer, signed); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE citizens SET same_as = $2, version = version + 1 WHERE id = $1`, other.ID, id); err != nil {
			return err
		}
		if err := noteMerged(ctx, tx, other, id, act.Paper); err != nil {
			return err
		}
		after := stands.Person
		after.CancelledNumber = other.Person.Number
		if err := r.writePerson(ctx, tx, stands, after, change{"merged", act.Officer, signed.ID(), act.Paper, act.Reason, nil}); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `
			UPDATE applications a SET awaiting = '', awaiting_why = '', awaiting_since = NULL
			WHERE a.citizen IN (SELECT citizen FROM person_numbers WHERE person = $1) AND a.awaiting = '`+string(identity.ToAdjudicate)+`' AND NOT EXISTS (SELECT FROM unjudged_hits(a.number))
			RETURNING a.number`, id) // CollectRows reports the error
		settled, err = pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
		return err
	})
	return settled, err
}

// bothPersons reads two persons for a change, always in the same order.
func bothPersons(ctx context.Context, tx pgx.Tx, id identity.PersonID, act identity.MergePersons) (stands, other population.Record, err error) {
	if act.Other == id {
		return stands, other, identity.RefuseField(identity.Invalid, "other", "is the person whose record is to stand")
	}
	if act.Other < id {
		if other, err = seenPerson(ctx, tx, act.Other, ""); err == nil {
			stands, err = seenPerson(ctx, tx, id, act.Version)
		}
		return stands, other, err
	}
	if stands, err = seenPerson(ctx, tx, id, act.Version); err == nil {
		other, err = seenPerson(ctx, tx, act.Other, "")
	}
	return stands, other, err
}

// mayMerge refuses two persons who cannot be one, and an officer who is not competent for
// both.
func mayMerge(ctx context.Context, tx pgx.Tx, stands, other population.Record, officer identity.OfficerID) error {
	for _, one := range []population.Record{stands, other} {
		if one.Status != identity.Alive {
			return identity.RefuseField(identity.Conflict, "person", "%s is %s by the population register", one.ID, one.Status)
		}
	}
	var competent bool
	var open []string
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM officers WHERE badge = $1 AND (unit = $2 OR unit = ANY(person_provinces($3)))),
			(SELECT coalesce(array_agg(a.number ORDER BY a.number), '{}') FROM person_numbers n JOIN applications a ON a.citizen = n.citizen
				WHERE n.person = $3 AND a.stage NOT IN `+ends+`)`, officer, identity.UnitCenter, other.ID).Scan(&competent, &open)
	switch {
	case err != nil:
		return err
	case !competent:
		return identity.RefuseField(identity.Forbidden, "officer", "%s acts for another province than the other person's: this is the center's to do", officer)
	case len(open) > 0:
		return identity.RefuseField(identity.Conflict, "other", "has an open application: %s; it is rejected or withdrawn first", open[0])
	}
	return nil
}

// noteMerged keeps, in the history of the record that leads to another now, where it leads.
func noteMerged(ctx context.Context, tx pgx.Tx, other population.Record, into identity.PersonID, paper string) error {
	before, err := json.Marshal(other.Person)
	if err != nil {
		return fmt.Errorf("write what was: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO person_changes (person, version, change, actor, paper, reason, before, after)
		SELECT id, version, 'merged', `+actorSystem+`, $3, 'is person ' || $2, $4, jsonb_build_object('SameAs', $2::text) FROM citizens WHERE id = $1`,
		other.ID, into, paper, before)
	return err
}
