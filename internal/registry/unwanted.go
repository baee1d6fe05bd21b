package registry

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// together is one transaction of a person's. When it deadlocks with a step that locks a
// card before its application, it is done again: nobody should have to ask twice.
func (r *Registry) together(ctx context.Context, do func(tx pgx.Tx) error) error {
	const tries = 5
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, r.db, do)
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != deadlock || try == tries {
			return err
		}
	}
}

// deadlock is PostgreSQL's deadlock_detected.
const deadlock = "40P01"

// held is a card as whoever counts, finds or destroys it has it in hand, locked together
// with its application and the other cards of that.
type held struct {
	application identity.ApplicationNumber
	attempt     int
	state       identity.CardState
	blank       identity.BlankSerial
	consignment identity.ConsignmentNumber
	boxState    identity.ConsignmentState
	boxFor      identity.StationID

	stage       identity.Stage // of the application
	destination identity.StationID
	current     int  // the card that it makes now
	superseded  bool // a later card of it has a blank
}

// hold locks an application and its cards, and gives the cards, the oldest first.
func hold(ctx context.Context, tx pgx.Tx, number identity.ApplicationNumber) ([]held, error) {
	var a held
	err := tx.QueryRow(ctx, `SELECT stage, destination, attempt FROM applications WHERE number = $1 FOR NO KEY UPDATE`, number).
		Scan(&a.stage, &a.destination, &a.current)
	if err != nil {
		return nil, found(err, "there is no application %s", number)
	}
	rows, err := tx.Query(ctx, `
		SELECT c.application, c.attempt, c.state, coalesce(c.blank, ''), coalesce(c.consignment, ''), coalesce(k.state, ''), coalesce(k.destination, '')
		FROM cards c LEFT JOIN consignments k ON k.number = c.consignment
		WHERE c.application = $1 ORDER BY c.attempt FOR NO KEY UPDATE OF c`, number)
	if err != nil {
		return nil, err
	}
	cards, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (held, error) {
		c := a
		return c, row.Scan(&c.application, &c.attempt, &c.state, &c.blank, &c.consignment, &c.boxState, &c.boxFor)
	})
	for i := range cards {
		cards[i].superseded = slices.ContainsFunc(cards[i+1:], func(later held) bool { return later.blank != "" })
	}
	return cards, err
}

// holdCard is hold for one card.
func holdCard(ctx context.Context, tx pgx.Tx, number identity.ApplicationNumber, attempt int) (held, error) {
	cards, err := hold(ctx, tx, number)
	if err != nil {
		return held{}, err
	}
	i := slices.IndexFunc(cards, func(c held) bool { return c.attempt == attempt })
	if i < 0 {
		return held{}, identity.Refuse(identity.NotFound, "application %s has no card %d", number, attempt)
	}
	return cards[i], nil
}

// args name the card in statements.
func (c held) args(more pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	args := pgx.StrictNamedArgs{"application": c.application, "attempt": c.attempt}
	maps.Copy(args, more)
	return args
}

// takeOut takes the card off its consignment's manifest. A sealed consignment without
// cards is dissolved; an open one may be filled again.
func (c held) takeOut(batch *pgx.Batch) {
	batch.Queue(`
		UPDATE consignments SET cards = cards - 1,
			received_at = CASE WHEN cards = 1 AND state = `+consignmentSealed+` THEN now() ELSE received_at END,
			state = CASE WHEN cards = 1 AND state = `+consignmentSealed+` THEN `+consignmentDissolved+` ELSE state END
		WHERE number = $1`, c.consignment)
	batch.Queue(`UPDATE cards SET consignment = NULL WHERE application = $1 AND attempt = $2`, c.application, c.attempt)
}

// Destroy records that two officers destroyed a card, whatever it was meant for: its
// application makes another one, unless it has ended. The same said again changes nothing;
// said otherwise it is refused, with what was recorded.
//
// It refuses a card that they cannot have had in hand: one without a blank, on its way,
// lost, or in the citizen's hand; and says what is to be recorded first.
func (r *Registry) Destroy(ctx context.Context, number identity.ApplicationNumber, act identity.DestroyCard, signed statement.Signed) error {
	reason := identity.ReadReason(act.Reason)
	if err := identity.DestroyReasons.Check(reason); err != nil {
		return err
	}
	return r.act(ctx, act, statement.Application(number), signed, func(tx pgx.Tx) error {
		c, err := holdCard(ctx, tx, number, act.Card)
		if err != nil {
			return err
		}
		if c.state == identity.CardDestroyed {
			return c.recorded(ctx, tx, eventDestroyed, "destroyed", both(act.Officer, act.Witness), reason.String())
		}
		if err := c.inHand(); err != nil {
			return err
		}
		batch := &pgx.Batch{}
		if c.state == identity.CardPacked {
			c.takeOut(batch)
		}
		args := c.args(pgx.StrictNamedArgs{"reason": reason.String(), "blank": c.blank, "actor": both(act.Officer, act.Witness), "officer": act.Officer, "act": signed.ID()})
		batch.Queue(`
			WITH destroyed AS (
				UPDATE cards SET state = `+cardDestroyed+`, reason = @reason, place = '', changed_by = @officer, changed_act = @act, changed_at = now() WHERE application = @application AND attempt = @attempt
			), booked AS (
				UPDATE blanks SET account = `+accountDestroyed+` WHERE serial = @blank
			)
			INSERT INTO audit (application, actor, event, reason) VALUES (@application, @actor, `+eventDestroyed+` || @attempt, @reason)`, args)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// both is how the trail names two officers who did something together.
func both(one, other identity.OfficerID) string { return string(one) + " and " + string(other) }

// inHand refuses a card that two officers cannot have before them.
func (c held) inHand() error {
	switch {
	case c.blank == "":
		return identity.Refuse(identity.Conflict, "card %d has no blank: there is nothing to destroy", c.attempt)
	case c.state.Standing():
		return identity.Refuse(identity.Conflict, "card %d is %s: it was handed over, and is destroyed when another card has taken its place", c.attempt, c.state)
	case c.state == identity.CardLost:
		return identity.Refuse(identity.Conflict, "card %d is lost: record first that it was found (starter stock found)", c.attempt)
	case c.state == identity.CardPacked && c.boxState == identity.ConsignmentSent:
		return identity.Refuse(identity.Conflict, "card %d is in consignment %s, which is on its way to %s: count that in first (starter consignments receive)", c.attempt, c.consignment, c.boxFor)
	}
	return nil
}

// Found records that a lost card turned up. It is not used any more: two officers destroy
// it. Without an attempt it is the application's last card that was lost. The same said
// again changes nothing; said otherwise it is refused, with what was recorded. It gives
// which card it was.
func (r *Registry) Found(ctx context.Context, number identity.ApplicationNumber, act identity.FindCard, signed statement.Signed) (int, error) {
	attempt := act.Card
	err := r.act(ctx, act, statement.Application(number), signed, func(tx pgx.Tx) error {
		cards, err := hold(ctx, tx, number)
		if err != nil {
			return err
		}
		c, err := lostOne(cards, number, act.Card)
		if err != nil {
			return err
		}
		attempt = c.attempt
		if c.state == identity.CardFound {
			return c.recorded(ctx, tx, eventFound, "found", string(act.Officer), act.Place)
		}
		return c.find(ctx, tx, string(act.Officer), act.Place)
	})
	return attempt, err
}

// recorded accepts what the trail says of the card already, and refuses what it does not.
func (c held) recorded(ctx context.Context, tx pgx.Tx, event, done, by, text string) error {
	var actor, said string
	err := tx.QueryRow(ctx, `SELECT actor, reason FROM audit WHERE application = @application AND event = `+event+` || @attempt::integer ORDER BY seq DESC LIMIT 1`, c.args(nil)).
		Scan(&actor, &said)
	if errors.Is(err, pgx.ErrNoRows) {
		return identity.Refuse(identity.Conflict, "card %d is %s already", c.attempt, c.state)
	}
	if err == nil && (actor != by || said != text) {
		return identity.Refuse(identity.Conflict, "card %d was recorded as %s before, by %s: %s", c.attempt, done, actor, said)
	}
	return err
}

// lostOne picks the card that is meant among those that are lost, or were found before.
func lostOne(cards []held, number identity.ApplicationNumber, attempt int) (held, error) {
	for _, state := range []identity.CardState{identity.CardLost, identity.CardFound} {
		for _, c := range slices.Backward(cards) {
			if c.state == state && (attempt == 0 || attempt == c.attempt) {
				return c, nil
			}
		}
	}
	if i := slices.IndexFunc(cards, func(c held) bool { return c.attempt == attempt }); i >= 0 {
		return held{}, identity.Refuse(identity.Conflict, "card %d is %s, not lost", attempt, cards[i].state)
	}
	return held{}, identity.Refuse(identity.NotFound, "application %s has no lost card", number)
}

// find books a lost card as found. Its blank was spoiled when it was lost, and stays so
// until it is destroyed.
func (c held) find(ctx context.Context, tx pgx.Tx, by string, place string) error {
	_, err := tx.Exec(ctx, `
		WITH found AS (
			UPDATE cards SET state = `+cardFound+`, place = @place, changed_at = now() WHERE application = @application AND attempt = @attempt
		)
		INSERT INTO audit (application, actor, event, reason) VALUES (@application, @officer, `+eventFound+` || @attempt, @place)`,
		c.args(pgx.StrictNamedArgs{"officer": by, "place": place}))
	return err
}

// Unwanted is a card that two officers have to destroy.
type Unwanted struct {
	Application identity.ApplicationNumber `json:"application"`
	Attempt     int                        `json:"card"`
	State       identity.CardState         `json:"state"`
	Blank       identity.BlankSerial       `json:"blank"`
	Consignment identity.ConsignmentNumber `json:"consignment,omitzero"` // in which it was, or is
	Where       string                     `json:"where"`                // the station or destination that has it, or where it was found
	Why         string                     `json:"why"`                  // a reason code and a note, or how its application ended
}

// Unwanted lists the cards that have to be destroyed, by application: those that were
// spoiled, those that were lost and found, and finished ones whose application ended
// without them. A spoiled card of a station that does not answer is fetched from there.
func (r *Registry) Unwanted(ctx context.Context) ([]Unwanted, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT c.application, c.attempt, c.state, c.blank, coalesce(c.consignment, ''),
			CASE WHEN c.place <> '' THEN c.place WHEN k.state = `+consignmentReceived+` THEN k.destination
				WHEN k.state IS NOT NULL THEN k.number || ' (' || k.state || ')' ELSE c.station END,
			CASE WHEN c.state IN (`+cardSpoiled+`, `+cardFound+`) THEN c.reason ELSE 'application ' || a.stage END
		FROM blanks b JOIN cards c ON c.blank = b.serial JOIN applications a ON a.number = c.application
		LEFT JOIN consignments k ON k.number = c.consignment
		WHERE b.account IN (`+accountProduction+`, `+accountSpoiled+`)
			AND (c.state IN (`+cardSpoiled+`, `+cardFound+`) OR b.account = `+accountProduction+` AND a.stage IN `+ends+`)
		ORDER BY c.application, c.attempt`) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Unwanted])
	return list, fail("list unwanted cards", err)
}
