package registry

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// CardInHand is a card that its holder has, or lost.
type CardInHand struct {
	State     identity.CardState
	Claimed   bool // it was reported lost by an application for another one alone
	Issued    identity.Date
	ChangedAt time.Time
	Now       time.Time
}

// CardOf reads the card that was given on an application, or refuses with NotFound where that
// is no card that its holder can lose: there is none, another took its place, it ended, or an
// authority keeps it, which is told to nobody at the portal.
func (r *Registry) CardOf(ctx context.Context, number identity.ApplicationNumber) (CardInHand, error) {
	var c CardInHand
	var issued time.Time
	err := r.db.QueryRow(ctx, `SELECT state, `+lossClaimed+`, issued, changed_at, now() FROM cards WHERE application = $1 AND state IN `+standing+` AND kept_since(citizen) IS NULL`, number).
		Scan(&c.State, &c.Claimed, &issued, &c.ChangedAt, &c.Now)
	c.Issued = dateOf(issued)
	return c, fail("read card", found(err, "no card of this application is in its holder's hand"))
}

// atPortal is the reason that is kept of a loss that a holder reported.
const atPortal = "at the portal"

// LostByHolder records that a holder lost the card that was given on an application: it is
// dead from then on, as by [Registry.ChangeCard]. Said twice, it is done once.
func (r *Registry) LostByHolder(ctx context.Context, number identity.ApplicationNumber) error {
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			SELECT pg_advisory_xact_lock(hashtextextended('citizen ' || encode(citizen, 'hex'), 0)) FROM cards WHERE application = $1 AND state IN `+standing+` AND kept_since(citizen) IS NULL`, number)
		if err != nil {
			return err
		}
		var card int64
		err = tx.QueryRow(ctx, `SELECT id FROM cards WHERE application = $1 AND `+lossClaimed+` AND kept_since(citizen) IS NULL`, number).Scan(&card)
		if err == nil {
			if err = lostBesides(ctx, tx, `id = $4`, identity.ActorHolder, atPortal, nil, card); err != nil {
				return err
			}
			return r.keepReport(ctx, tx, card, string(identity.CardReportedLost), identity.ActorHolder, atPortal)
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		err = tx.QueryRow(ctx, `
			WITH lost AS (
				UPDATE cards SET state = `+cardReportedLost+`, reason = $2, changed_by = `+actorHolder+`, changed_act = NULL, changed_at = now()
				WHERE application = $1 AND state IN `+standing+` AND state <> `+cardReportedLost+` AND kept_since(citizen) IS NULL
				RETURNING id, application, attempt, reason
			), noted AS (
				INSERT INTO audit (application, actor, event, reason)
				SELECT application, `+actorHolder+`, 'card ' || attempt || ' is ' || `+cardReportedLost+`, reason FROM lost
			)
			SELECT id FROM lost`, number, atPortal).Scan(&card)
		if err == nil {
			return r.keepReport(ctx, tx, card, string(identity.CardReportedLost), identity.ActorHolder, atPortal)
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		var lost bool
		err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM cards WHERE application = $1 AND state = `+cardReportedLost+` AND kept_since(citizen) IS NULL)`, number).Scan(&lost)
		if err == nil && !lost {
			err = identity.Refuse(identity.Conflict, "no card of this application is in its holder's hand")
		}
		return err
	})
	return fail("record loss", err)
}
