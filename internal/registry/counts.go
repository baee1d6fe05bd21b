package registry

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// ReceiveConsignment counts a consignment in: its cards have arrived, except those
// missing, which are lost and whose blanks are booked as spoiled. Cards that are not on
// its manifest go where they belong. The same officer saying the same again changes
// nothing.
func (r *Registry) ReceiveConsignment(ctx context.Context, number identity.ConsignmentNumber, act identity.ReceiveConsignment, signed statement.Signed) error {
	return r.act(ctx, act, statement.Consignment(number), signed, func(tx pgx.Tx) error {
		b, err := readBox(ctx, tx, number, "FOR UPDATE")
		if err != nil {
			return err
		}
		if done, err := b.moved(act); done || err != nil {
			return err
		}
		if err := b.mayReceive(ctx, tx, act); err != nil {
			return err
		}
		if err := b.receive(ctx, tx, act, signed.ID()); err != nil {
			return err
		}
		return b.routeAll(ctx, tx, string(act.Officer), act.Surplus, nil)
	})
}

// mayReceive refuses a count that cannot be of this box, with all that is wrong with it.
func (b box) mayReceive(ctx context.Context, db querier, act identity.ReceiveConsignment) error {
	if b.state != identity.ConsignmentSent {
		return identity.Refuse(identity.Conflict, "consignment %s is %s, not sent", b.number, b.state)
	}
	var problems []error
	if act.Counted-len(act.Surplus)+len(act.Missing) != b.cards {
		problems = append(problems, identity.RefuseField(identity.Conflict, "counted", "%d counted, %d of them surplus, and %d missing do not make the %d on the manifest: name each card of the manifest that is not in the box as missing, and each card in the box that is not on it as surplus",
			act.Counted, len(act.Surplus), len(act.Missing), b.cards))
	}
	if len(act.Missing)+len(act.Surplus) == 0 {
		return errors.Join(problems...)
	}
	var foreign, listed []string
	err := db.QueryRow(ctx, `
		WITH packed AS (SELECT application, blank FROM cards WHERE consignment = $1 AND state = `+cardPacked+`)
		SELECT ARRAY(SELECT n FROM unnest($2::text[]) AS n WHERE n NOT IN (SELECT application FROM packed) ORDER BY n),
			ARRAY(SELECT application FROM packed WHERE application = ANY(SELECT upper(n) FROM unnest($3::text[]) AS n) OR blank = ANY($3::text[]) ORDER BY application)`,
		b.number, plain(act.Missing), plain(act.Surplus)).Scan(&foreign, &listed)
	if err != nil {
		return err
	}
	for _, name := range foreign {
		problems = append(problems, identity.RefuseField(identity.Conflict, "missing", "%s is not on the manifest", identity.OneLine(name)))
	}
	for _, application := range listed {
		problems = append(problems, identity.InField("surplus", b.refuseListed(identity.ApplicationNumber(application))))
	}
	return errors.Join(problems...)
}

func (b box) refuseListed(application identity.ApplicationNumber) error {
	return identity.Refuse(identity.Conflict, "application %s is on the manifest of %s; its card is not surplus", application, b.number)
}

// plain gives those names that can be asked for.
func plain[T ~string](names []T) []string {
	var list []string
	for _, name := range names {
		if identity.Plain(string(name)) {
			list = append(list, string(name))
		}
	}
	return list
}

// Against gives what the registry has against an act that is refused for what it says, so
// that all is told in one round.
func (r *Registry) Against(ctx context.Context, act identity.Act, subject string) error {
	switch act := act.(type) {
	case identity.ReceiveConsignment:
		number, err := identity.ParseConsignmentNumber(strings.TrimPrefix(subject, statement.Consignment("")))
		if err != nil {
			return err
		}
		b, err := readBox(ctx, r.db, number, "")
		if err == nil {
			err = b.mayReceive(ctx, r.db, act)
		}
		return fail("look at the box", err)
	case identity.ReceiveBlanks:
		if !identity.Plain(act.Box) || !identity.Plain(act.Location) {
			return nil
		}
		serials, _ := identity.Serials(act.First, act.Last) // refused with the rest
		return fail("look at the box", pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
			before, err := boxOf(ctx, tx, act.Box)
			if err != nil {
				return err
			}
			return mayReceive(ctx, tx, before, act, serials)
		}))
	}
	return nil
}

// receive books the cards of the manifest.
func (b box) receive(ctx context.Context, tx pgx.Tx, act identity.ReceiveConsignment, id string) error {
	missing := sorted(act.Missing)
	lost := &pgx.Batch{}
	// Applications before their cards, as everybody locks them.
	lost.Queue(`SELECT FROM applications WHERE number IN (SELECT application FROM cards WHERE consignment = $1) ORDER BY number FOR NO KEY UPDATE`, b.number)
	lost.Queue(`
		UPDATE cards SET state = `+cardLost+`, missing = true, reason = @reason, changed_at = now()
		WHERE consignment = @number AND state = `+cardPacked+` AND application = ANY(@missing)`,
		pgx.StrictNamedArgs{"number": b.number, "missing": missing, "reason": string(identity.ReasonMissing)})
	if err := tx.SendBatch(ctx, lost).Close(); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE blanks b SET account = `+accountSpoiled+` FROM cards c WHERE c.blank = b.serial AND c.consignment = $1 AND c.missing`, b.number)
	batch.Queue(`UPDATE cards SET state = `+cardArrived+`, changed_at = now() WHERE consignment = $1 AND state = `+cardPacked, b.number)
	batch.Queue(`
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, $2, CASE WHEN missing THEN `+eventMissed+` ELSE 'received card ' END || attempt || ' of ' || $1, ''
		FROM cards WHERE consignment = $1 AND state IN (`+cardArrived+`, `+cardLost+`)`, b.number, act.Officer)
	batch.Queue(`
		UPDATE consignments SET state = `+consignmentReceived+`, received_by = $2, received_at = now(), counted = $3, said_missing = $4, said_surplus = $5, received_act = $6
		WHERE number = $1`, b.number, act.Officer, act.Counted, missing, sorted(act.Surplus), id)
	return tx.SendBatch(ctx, batch).Close()
}

// Correction is what became of one card when a count was put right.
type Correction struct {
	Application identity.ApplicationNumber `json:"application,omitzero"` // none: the card is unknown
	Attempt     int                        `json:"card,omitzero"`
	Became      string                     `json:"became"` // in words, with what is to be done
}

// Recount puts the count of a received consignment right: a card that was booked as
// missing and was there goes on to its holder, if the one that is made in its place has
// no blank yet, and else is destroyed; a card that was counted and is not there is lost;
// a surplus card goes where it belongs. Two officers count again: one alone could make a
// card that is in their hand a lost one. A second call changes nothing.
func (r *Registry) Recount(ctx context.Context, number identity.ConsignmentNumber, act identity.Recount, signed statement.Signed) ([]Correction, error) {
	by := both(act.Officer, act.Witness)
	list := []Correction{}
	err := r.act(ctx, act, statement.Consignment(number), signed, func(tx pgx.Tx) error {
		list = list[:0]
		var wrong refusals
		b, err := readBox(ctx, tx, number, "FOR UPDATE")
		if err != nil {
			return err
		}
		if b.state != identity.ConsignmentReceived {
			return identity.Refuse(identity.Conflict, "consignment %s is %s; a count is put right after it was received", number, b.state)
		}
		for _, app := range slices.Sorted(slices.Values(act.Found)) {
			if err := wrong.note(b.correct(ctx, tx, &list, app, "found", func(c held) (string, error) { return b.wasThere(ctx, tx, c, by) })); err != nil {
				return err
			}
		}
		for _, app := range slices.Sorted(slices.Values(act.Missing)) {
			if err := wrong.note(b.correct(ctx, tx, &list, app, "missing", func(c held) (string, error) { return b.wasMissing(ctx, tx, c, by) })); err != nil {
				return err
			}
		}
		if err := wrong.note(b.routeAll(ctx, tx, by, act.Surplus, &list)); err != nil {
			return err
		}
		return errors.Join(wrong...)
	})
	return list, err
}

// refusals gathers what is refused of one act, so that all is told at once.
type refusals []error

// note keeps a refusal, and gives back a fault, after which nothing more can be asked.
func (all *refusals) note(err error) error {
	if err == nil {
		return nil
	}
	if len(identity.Refusals(err)) < len(identity.Apart(err)) {
		return err
	}
	*all = append(*all, err)
	return nil
}

// correct books one card of the manifest anew.
func (b box) correct(ctx context.Context, tx pgx.Tx, list *[]Correction, app identity.ApplicationNumber, field string, book func(held) (string, error)) error {
	cards, err := hold(ctx, tx, app)
	if err != nil {
		return identity.InField(field, err)
	}
	for _, c := range slices.Backward(cards) {
		if c.consignment == b.number {
			became, err := book(c)
			*list = append(*list, Correction{app, c.attempt, became})
			return identity.InField(field, err)
		}
	}
	return identity.RefuseField(identity.Conflict, field, "%s is not on the manifest", app)
}

// What became of a card, for the officer who counted.
const (
	becameReady   = "arrived: it is handed over; no other card is made"
	becameFound   = "found: another card is made, so two officers destroy this one (starter stock destroy)"
	becameUnasked = "found: its application has ended, so two officers destroy it (starter stock destroy); no other card is made"
	becameMissing = "lost: another card is made"
	becameGone    = "lost: its application has ended, so no other card is made"
	becameNothing = "as it was"
)

// wasThere books a card that was counted as missing, and was in the box after all.
func (b box) wasThere(ctx context.Context, tx pgx.Tx, c held, by string) (string, error) {
	switch {
	case c.state == identity.CardArrived && c.current > c.attempt && c.stillNeeded(): // its application went on before it heard
	case c.state != identity.CardLost:
		return becameNothing + ": " + string(c.state), nil
	case !c.stillNeeded():
		return c.becameFound(), c.find(ctx, tx, by, string(b.destination))
	}
	return becameReady, c.restore(ctx, tx, b, by)
}

// becameFound says why a card that was found does not go on to its holder.
func (c held) becameFound() string {
	if c.stage.Ended() {
		return becameUnasked
	}
	return becameFound
}

// stillNeeded reports whether a lost card can go on to its holder: its application waits
// for a card, and none that is made in its place has a blank.
func (c held) stillNeeded() bool {
	waits := c.stage == identity.Dispatch || c.stage == identity.DataPreparation || c.stage == identity.Personalization
	return waits && !c.superseded
}

// restore takes a lost card back that was in the box after all. What was prepared in its
// place is dropped; the application is on its way to the counter again.
func (c held) restore(ctx context.Context, tx pgx.Tx, in box, by string) error {
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE cards SET state = `+cardSpoiled+`, reason = @reason, changed_at = now()
		WHERE application = @application AND attempt > @attempt AND state = `+cardPrepared,
		c.args(pgx.StrictNamedArgs{"reason": string(identity.ReasonRecounted)}))
	batch.Queue(`
		UPDATE cards SET state = `+cardArrived+`, missing = false, reason = '', changed_at = now()
		WHERE application = @application AND attempt = @attempt`, c.args(nil))
	batch.Queue(`UPDATE blanks SET account = `+accountProduction+` WHERE serial = $1`, c.blank)
	batch.Queue(`
		INSERT INTO audit (application, actor, event, reason) VALUES (@application, @officer, 'received card ' || @attempt::integer || ' of ' || @consignment, @reason)`,
		c.args(pgx.StrictNamedArgs{"officer": by, "consignment": in.number, "reason": string(identity.ReasonRecounted)}))
	batch.Queue(`
		WITH back AS (
			UPDATE applications SET stage = `+stageDispatch+`, attempt = @attempt, awaiting = '', awaiting_why = '', awaiting_since = NULL, entered_at = now()
			WHERE number = @application AND (stage, attempt) <> (`+stageDispatch+`, @attempt::integer) RETURNING number
		)
		INSERT INTO audit (application, actor, event, reason) SELECT number, @officer, 'entered ' || `+stageDispatch+`, @reason FROM back`,
		c.args(pgx.StrictNamedArgs{"officer": by, "reason": string(identity.ReasonRecounted)}))
	return tx.SendBatch(ctx, batch).Close()
}

// wasMissing books a card that was counted in, and is not there.
func (b box) wasMissing(ctx context.Context, tx pgx.Tx, c held, by string) (string, error) {
	switch c.state { //nolint:exhaustive // the others are in nobody's hands, or in those of another
	case identity.CardLost:
		return becameNothing + ": " + string(c.state), nil
	case identity.CardArrived:
	default:
		return "", identity.Refuse(identity.Conflict, "card %d of application %s is %s; only one that arrived and was not handed over can be missing", c.attempt, c.application, c.state)
	}
	_, err := tx.Exec(ctx, `
		WITH lost AS (
			UPDATE cards SET state = `+cardLost+`, missing = true, reason = @reason, changed_at = now() WHERE application = @application AND attempt = @attempt
		), booked AS (
			UPDATE blanks SET account = `+accountSpoiled+` WHERE serial = @blank
		)
		INSERT INTO audit (application, actor, event, reason) VALUES (@application, @officer, `+eventMissed+` || @attempt || ' of ' || @consignment, @why)`,
		c.args(pgx.StrictNamedArgs{
			"blank": c.blank, "officer": by, "consignment": b.number, "reason": string(identity.ReasonMissing), "why": string(identity.ReasonRecounted),
		}))
	if c.stage.Ended() {
		return becameGone, err
	}
	return becameMissing, err
}
