package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Surplus is a card that was in a box and not on its manifest, and what became of it.
type Surplus struct {
	Consignment identity.ConsignmentNumber `json:"consignment"`
	Named       string                     `json:"named"`                // as the officer named it
	Application identity.ApplicationNumber `json:"application,omitzero"` // none: unknown
	Attempt     int                        `json:"card,omitzero"`
	Outcome     identity.SurplusOutcome    `json:"outcome"`
	Note        string                     `json:"note"`
	Officer     identity.OfficerID         `json:"officer"`
	At          time.Time                  `json:"at"`
}

// SurplusOf lists the surplus cards of a consignment.
func (r *Registry) SurplusOf(ctx context.Context, number identity.ConsignmentNumber) ([]Surplus, error) {
	return r.surplus(ctx, `consignment = $1`, number)
}

// UnclearSurplus lists the surplus cards that the books do not explain, until a person
// has settled them.
func (r *Registry) UnclearSurplus(ctx context.Context) ([]Surplus, error) {
	return r.surplus(ctx, `outcome = `+surplusUnclear+` AND settled_at IS NULL`)
}

func (r *Registry) surplus(ctx context.Context, where string, args ...any) ([]Surplus, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT consignment, named, coalesce(application, ''), coalesce(attempt, 0), outcome, note, officer, at
		FROM surplus_cards WHERE `+where+` ORDER BY consignment, named`, args...) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Surplus])
	return list, fail("list surplus cards", err)
}

// SettleSurplus records how a person explained a surplus card. A second call changes
// nothing.
func (r *Registry) SettleSurplus(ctx context.Context, number identity.ConsignmentNumber, act identity.SettleSurplus, signed statement.Signed) error {
	return r.act(ctx, act, statement.Consignment(number), signed, func(tx pgx.Tx) error { return settleSurplus(ctx, tx, number, act) })
}

func settleSurplus(ctx context.Context, tx pgx.Tx, number identity.ConsignmentNumber, act identity.SettleSurplus) error {
	tag, err := tx.Exec(ctx, `
		WITH settled AS (
			UPDATE surplus_cards SET settled_by = coalesce(nullif(settled_by, ''), $3), settled_at = coalesce(settled_at, now()), settlement = coalesce(nullif(settlement, ''), $4)
			WHERE consignment = $1 AND named = $2 AND outcome = `+surplusUnclear+` AND (settled_at IS NULL OR settled_by = $3)
			RETURNING application
		), noted AS (
			INSERT INTO audit (application, actor, event, reason) SELECT application, $3, 'settled the surplus card of ' || $1, $4 FROM settled WHERE application IS NOT NULL
		)
		SELECT FROM settled`, number, act.Named, act.Officer, act.Reason)
	if err == nil && tag.RowsAffected() == 0 {
		return identity.Refuse(identity.NotFound, "consignment %s has no surplus card of that name that waits for a person", number)
	}
	return err
}

// routeAll books the cards that were in the box and not on its manifest, and notes what
// became of each. One that was named before is as it was.
func (b box) routeAll(ctx context.Context, tx pgx.Tx, by string, named []string, list *[]Correction) error {
	var wrong refusals
	for _, name := range slices.Sorted(slices.Values(named)) {
		var s Surplus
		err := tx.QueryRow(ctx, `SELECT coalesce(application, ''), coalesce(attempt, 0), note FROM surplus_cards WHERE consignment = $1 AND named = $2`, b.number, name).
			Scan(&s.Application, &s.Attempt, &s.Note)
		if errors.Is(err, pgx.ErrNoRows) {
			s, err = b.route(ctx, tx, by, name)
		}
		if err := wrong.note(identity.InField("surplus", err)); err != nil {
			return err
		}
		if list != nil {
			*list = append(*list, Correction{s.Application, s.Attempt, s.Note})
		}
	}
	return errors.Join(wrong...)
}

// noteUnknown is what is noted of a card that nobody knows.
const noteUnknown = "no card of that application or blank is known"

// route books one of them.
func (b box) route(ctx context.Context, tx pgx.Tx, by, name string) (Surplus, error) {
	s := Surplus{Named: name, Outcome: identity.SurplusUnclear, Note: noteUnknown}
	c, known, err := findCard(ctx, tx, name)
	if err != nil {
		return s, err
	}
	if known {
		s.Application, s.Attempt = c.application, c.attempt
		if s.Outcome, s.Note, err = b.book(ctx, tx, c, by); err != nil {
			return s, err
		}
	}
	_, err = tx.Exec(ctx, `
		WITH noted AS (
			INSERT INTO audit (application, actor, event, reason)
			SELECT @application, @officer, 'surplus card ' || @attempt::integer || ' in ' || @number, @note WHERE @application <> ''
		)
		INSERT INTO surplus_cards (consignment, named, application, attempt, outcome, note, officer)
		VALUES (@number, @named, nullif(@application, ''), nullif(@attempt::integer, 0), @outcome, @note, @officer)`,
		pgx.StrictNamedArgs{
			"number": b.number, "named": name, "application": s.Application, "attempt": s.Attempt, "outcome": s.Outcome, "note": s.Note, "officer": by,
		})
	return s, err
}

// findCard finds the card that an application or the serial of a blank names. Of an
// application's cards it is the one that may be on its way, or was lost, or else the last
// one that has a blank.
func findCard(ctx context.Context, tx pgx.Tx, name string) (held, bool, error) {
	number := strings.ToUpper(name)
	if _, err := identity.ParseApplicationNumber(name); err != nil {
		err := tx.QueryRow(ctx, `SELECT application FROM blanks WHERE serial = $1 AND application IS NOT NULL`, name).Scan(&number)
		if errors.Is(err, pgx.ErrNoRows) {
			return held{}, false, nil
		}
		if err != nil {
			return held{}, false, err
		}
	}
	cards, err := hold(ctx, tx, identity.ApplicationNumber(number))
	if identity.Refused(err, identity.NotFound) {
		return held{}, false, nil
	}
	if i := slices.IndexFunc(cards, func(c held) bool { return string(c.blank) == name }); i >= 0 {
		return cards[i], true, err
	}
	for _, state := range []identity.CardState{identity.CardPacked, identity.CardLost} {
		if i := slices.IndexFunc(cards, func(c held) bool { return c.state == state }); i >= 0 {
			return cards[i], true, err
		}
	}
	for _, c := range slices.Backward(cards) {
		if c.blank != "" {
			return c, true, err
		}
	}
	return held{}, false, err
}

// book decides what becomes of a surplus card by what the books say of it.
func (b box) book(ctx context.Context, tx pgx.Tx, c held, by string) (identity.SurplusOutcome, string, error) {
	here := c.destination == b.destination
	switch {
	case c.consignment == b.number && c.state != identity.CardLost:
		return "", "", b.refuseListed(c.application)
	case c.state == identity.CardLost && !c.stillNeeded():
		return identity.SurplusUnwanted, c.becameFound(), c.find(ctx, tx, by, string(b.destination))
	case c.state == identity.CardLost && c.consignment == b.number:
		return identity.SurplusArrived, becameReady, c.restore(ctx, tx, b, by)
	case c.state == identity.CardLost:
		if err := c.restore(ctx, tx, b, by); err != nil {
			return "", "", err
		}
		return b.pass(ctx, tx, c, here)
	case c.state == identity.CardPacked && c.stage.Ended():
		_, _, err := b.pass(ctx, tx, c, true)
		return identity.SurplusUnwanted, "arrived: its application has ended, so two officers destroy it (starter stock destroy)", err
	case c.state == identity.CardPacked:
		return b.pass(ctx, tx, c, here)
	case c.state == identity.CardArrived && c.boxFor == b.destination:
		return identity.SurplusCounted, "it was counted in before, with " + string(c.consignment), nil
	case c.state == identity.CardArrived, c.state.AtStation(), c.state == identity.CardSpoiled:
		return identity.SurplusUnwanted, "spoiled: the books had it elsewhere, so two officers destroy it (starter stock destroy)", b.misplaced(ctx, tx, c, by)
	case c.state == identity.CardFound:
		return identity.SurplusUnwanted, c.becameFound(), nil
	}
	return identity.SurplusUnclear, "the books have this card as " + string(c.state), nil
}

// pass books a card off the consignment on whose manifest it was: onto this one, where it
// has arrived, or into one that goes on to where it belongs.
func (b box) pass(ctx context.Context, tx pgx.Tx, c held, here bool) (identity.SurplusOutcome, string, error) {
	batch := &pgx.Batch{}
	c.takeOut(batch)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return "", "", err
	}
	to, state, outcome, note := b.number, identity.CardArrived, identity.SurplusArrived, "arrived: it is handed over here"
	if here {
		if _, err := tx.Exec(ctx, `UPDATE consignments SET cards = cards + 1 WHERE number = $1`, b.number); err != nil {
			return "", "", err
		}
	} else {
		onward, err := b.onward(ctx, tx, c.destination)
		if err != nil {
			return "", "", err
		}
		to, state, outcome = onward, identity.CardPacked, identity.SurplusForwarded
		note = "packed into " + string(onward) + ", which goes on to " + string(c.destination) + ": hand it to a courier (starter consignments send)"
	}
	_, err := tx.Exec(ctx, `
		UPDATE cards SET state = @state, consignment = @to, missing = false, reason = '', changed_at = now()
		WHERE application = @application AND attempt = @attempt`, c.args(pgx.StrictNamedArgs{"state": state, "to": to}))
	return outcome, note, err
}

// onward gives the sealed consignment in which this destination sends cards on to
// another, and makes it, sealed by the system, if there is none that waits for the courier.
func (b box) onward(ctx context.Context, tx pgx.Tx, to identity.StationID) (identity.ConsignmentNumber, error) {
	var number identity.ConsignmentNumber
	err := tx.QueryRow(ctx, `
		WITH joined AS (
			UPDATE consignments SET cards = cards + 1 WHERE number = (
				SELECT number FROM consignments WHERE origin = @origin AND destination = @to AND state = `+consignmentSealed+` ORDER BY number LIMIT 1 FOR UPDATE)
			RETURNING number
		), made AS (
			INSERT INTO consignments (number, destination, origin, state, sealed_by, cards)
			SELECT 'C-' || lpad(n::text, greatest(6, length(n::text)), '0'), @to, @origin, `+consignmentSealed+`, `+actorSystem+`, 1
			FROM (SELECT nextval('consignment_numbers') AS n WHERE NOT EXISTS (SELECT FROM joined)) next
			RETURNING number
		)
		SELECT number FROM joined UNION ALL SELECT number FROM made`,
		pgx.StrictNamedArgs{"origin": b.destination, "to": to}).Scan(&number)
	return number, err
}

// misplaced gives up a card that is here, and by the books elsewhere: nobody can say who
// had it meanwhile.
func (b box) misplaced(ctx context.Context, tx pgx.Tx, c held, by string) error {
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE cards SET place = @place WHERE application = @application AND attempt = @attempt`, c.args(pgx.StrictNamedArgs{"place": string(b.destination)}))
	if c.state != identity.CardSpoiled {
		batch.Queue(`
			WITH spoiled AS (
				UPDATE cards SET state = `+cardSpoiled+`, reason = @reason, changed_at = now() WHERE application = @application AND attempt = @attempt
			), booked AS (
				UPDATE blanks SET account = `+accountSpoiled+` WHERE serial = @blank
			)
			INSERT INTO audit (application, actor, event, reason) VALUES (@application, @officer, `+eventSpoiled+` || @attempt || ' with blank ' || @blank, @reason)`,
			c.args(pgx.StrictNamedArgs{"blank": c.blank, "reason": string(identity.ReasonMisplaced), "officer": by}))
	}
	return tx.SendBatch(ctx, batch).Close()
}
