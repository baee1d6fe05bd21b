package registry

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
)

// CardOrder is what is to be changed in the chip of a card that was issued.
type CardOrder struct {
	Act         string // by which it was ordered
	Do          identity.CardManagement
	Application string // the card application; empty: the card
	Content     []byte // what is written to it
}

func orderColumn(number identity.ApplicationNumber, attempt, order int) vault.Key {
	const most = 1000 // orders of one card, more than any has
	return vault.Column(string(number), "card_orders", "sealed", attempt*most+order)
}

// OrderCard does the act by which a change in the chip of a live card is ordered, with what is
// to be written to it.
func (r *Registry) OrderCard(ctx context.Context, serial identity.CardSerial, act identity.ManageCard, content []byte, signed statement.Signed) error {
	err := r.act(ctx, act, statement.Card(serial), signed, func(tx pgx.Tx) error {
		var number identity.ApplicationNumber
		var attempt, orders int
		var wrapped []byte
		err := tx.QueryRow(ctx, `
			SELECT c.application, c.attempt, k.wrapped, 1 + (SELECT count(*) FROM card_orders o WHERE o.application = c.application AND o.attempt = c.attempt)
			FROM cards c JOIN vault_keys k ON k.application = c.application
			WHERE c.serial = $1 AND c.state = `+cardLive+` FOR NO KEY UPDATE OF c`, serial).Scan(&number, &attempt, &wrapped, &orders)
		if errors.Is(err, pgx.ErrNoRows) {
			return identity.Refuse(identity.Conflict, "the card is not live, or was not made by this office: nothing is changed in its chip")
		}
		if err != nil {
			return err
		}
		if act.Do == identity.UnblockSignature {
			var signs bool
			err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM signature_certificates WHERE application = $1 AND attempt = $2)`, number, attempt).Scan(&signs)
			if err == nil && !signs {
				err = identity.Refuse(identity.Conflict, "the card has no digital signature")
			}
			if err != nil {
				return err
			}
		}
		var sealed []byte
		if content != nil {
			key, err := r.vault.With(string(number), wrapped)
			if err != nil {
				return err
			}
			if sealed, err = key.Value(orderColumn(number, attempt, orders), content); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `
			WITH ordered AS (
				INSERT INTO card_orders (act, officer, application, attempt, number, what, of, sealed)
				VALUES (@act, @officer, @application, @attempt, @number, @what, @of, @sealed) RETURNING application
			)
			INSERT INTO audit (application, actor, event, reason)
			SELECT application, @officer, 'ordered ' || @what || ' of card ' || @attempt::int, @reason FROM ordered`,
			pgx.StrictNamedArgs{
				"act": signed.ID(), "officer": act.Officer, "application": number, "attempt": attempt, "number": orders,
				"what": string(act.Do), "of": act.Application, "sealed": sealed, "reason": identity.OneLine(act.Reason),
			})
		return err
	})
	return fail("order a change of a card", err)
}

// CardOrders lists what is ordered for a card and not done, the oldest first. Of several documents
// for an application, the last counts.
func (r *Registry) CardOrders(ctx context.Context, card CardRecord) ([]CardOrder, error) {
	return r.orders(ctx, `o.application = $1 AND o.attempt = $2 AND o.done_at IS NULL AND NOT EXISTS (
		SELECT FROM card_orders l WHERE (l.application, l.attempt, l.what, l.of) = (o.application, o.attempt, o.what, o.of) AND l.number > o.number)`, card.Application, card.Attempt)
}

// CardOrder reads what was ordered by an act.
func (r *Registry) CardOrder(ctx context.Context, act string) (CardOrder, error) {
	list, err := r.orders(ctx, `o.act = $1`, act)
	if err != nil || len(list) == 0 {
		return CardOrder{}, errors.Join(err, identity.Refuse(identity.NotFound, "nothing was ordered by that act"))
	}
	return list[0], nil
}

func (r *Registry) orders(ctx context.Context, which string, args ...any) ([]CardOrder, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT o.act, o.what, o.of, o.application, o.attempt, o.number, o.sealed, k.wrapped
		FROM card_orders o JOIN vault_keys k USING (application) WHERE `+which+` ORDER BY o.number`, args...) // ForEachRow reports the error
	var list []CardOrder
	var o CardOrder
	var number identity.ApplicationNumber
	var attempt, order int
	var sealed, wrapped []byte
	_, err := pgx.ForEachRow(rows, []any{&o.Act, &o.Do, &o.Application, &number, &attempt, &order, &sealed, &wrapped}, func() error {
		var err error
		if o.Content = nil; sealed != nil {
			o.Content, err = r.vault.Open(orderColumn(number, attempt, order), sealed, wrapped)
		}
		list = append(list, o)
		return err
	})
	return list, fail("read orders of a card", err)
}

// OrderDone records that what was ordered by an act is done. A second call changes nothing.
func (r *Registry) OrderDone(ctx context.Context, act string) error {
	_, err := r.db.Exec(ctx, `
		WITH done AS (
			UPDATE card_orders SET done_at = now() WHERE act = $1 AND done_at IS NULL RETURNING application, attempt, what
		)
		INSERT INTO audit (application, actor, event, reason) SELECT application, `+actorSystem+`, 'did ' || what || ' of card ' || attempt, '' FROM done`, act)
	return fail("record a change of a card", err)
}

// ChipOf is the serial of the chip in a card that was made, from the trail.
func (r *Registry) ChipOf(ctx context.Context, card CardRecord) ([]byte, error) {
	var said string
	err := r.db.QueryRow(ctx, `
		SELECT reason FROM audit WHERE application = $1 AND event = `+cardPersonalized+` || ' card ' || $2::int ORDER BY seq DESC LIMIT 1`,
		card.Application, card.Attempt).Scan(&said)
	if err != nil {
		return nil, fail("read the chip's serial", found(err, "the trail has no chip of card %d of application %s", card.Attempt, card.Application))
	}
	serial, err := hex.DecodeString(strings.TrimPrefix(said, "chip "))
	return serial, fail("read the chip's serial", err)
}
