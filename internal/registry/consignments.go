package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Packing is where a card was packed.
type Packing struct {
	Consignment identity.ConsignmentNumber
	Destination identity.StationID
	Full        bool               // no more cards fit; it is sealed
	Tell        bool               // the consignment's workflow has to hear of this card: the first, the last, or one that was packed before
	Card        identity.CardState // packed; or arrived or lost, where the consignment was counted in before
}

// Pack enters Dispatch and puts the card into the open consignment for its
// destination, opening one if necessary, and seals it when it holds limit cards. A
// card is packed once; a second call says where it is. One round trip.
func (r *Registry) Pack(ctx context.Context, number identity.ApplicationNumber, attempt, limit int, actor string) (Packing, error) {
	m := StageChange{Application: number, To: identity.Dispatch, Attempt: attempt, Actor: actor}
	for {
		p, err := r.pack(ctx, m, limit)
		if violates(err, "one_open_consignment_per_destination") { // another made one meanwhile; join it
			continue
		}
		return p, fail("pack card", err)
	}
}

func (r *Registry) pack(ctx context.Context, m StageChange, limit int) (Packing, error) {
	batch := &pgx.Batch{}
	batch.Queue(entering(m.To), m.args())
	batch.Queue(`
		WITH card AS (
			SELECT c.application, c.state, c.consignment, a.destination FROM cards c JOIN applications a ON a.number = c.application
			WHERE c.application = @application AND c.attempt = @attempt AND a.stage = `+stageDispatch+` AND a.attempt = @attempt FOR NO KEY UPDATE OF c
		), free AS (
			SELECT destination FROM card WHERE state = `+cardInspected+` AND consignment IS NULL
		), joined AS (
			UPDATE consignments c SET cards = c.cards + 1, state = CASE WHEN c.cards + 1 >= @limit THEN `+consignmentSealed+` ELSE `+consignmentOpen+` END,
				sealed_by = CASE WHEN c.cards + 1 >= @limit THEN `+actorSystem+` ELSE '' END
			FROM free WHERE c.destination = free.destination AND c.state = `+consignmentOpen+`
			RETURNING c.number, c.state
		), made AS (
			INSERT INTO consignments (number, destination, state, sealed_by, cards)
			SELECT `+consignmentNumber+`, destination,
				CASE WHEN @limit <= 1 THEN `+consignmentSealed+` ELSE `+consignmentOpen+` END, CASE WHEN @limit <= 1 THEN `+actorSystem+` ELSE '' END, 1
			FROM (SELECT destination, nextval('consignment_numbers') AS n FROM free WHERE NOT EXISTS (SELECT FROM joined)) next
			RETURNING number, state
		), box AS (
			SELECT number, state, false AS first FROM joined UNION ALL SELECT number, state, true FROM made
		), packed AS (
			UPDATE cards SET state = `+cardPacked+`, consignment = box.number, changed_at = now()
			FROM box WHERE application = @application AND attempt = @attempt RETURNING application, consignment
		), noted AS (
			INSERT INTO audit (application, actor, event, reason)
			SELECT application, @actor, 'packed card ' || @attempt || ' into ' || consignment, '' FROM packed
		)
		SELECT coalesce(box.number, card.consignment, ''), card.destination,
			coalesce(box.state, (SELECT k.state FROM consignments k WHERE k.number = card.consignment), '') = `+consignmentSealed+`, coalesce(box.first, true), card.state
		FROM card LEFT JOIN box ON true`,
		pgx.StrictNamedArgs{"application": m.Application, "attempt": m.Attempt, "limit": limit, "actor": m.Actor})
	results := r.db.SendBatch(ctx, batch)
	defer results.Close()
	tag, err := results.Exec()
	if err != nil {
		return Packing{}, err
	}
	if tag.RowsAffected() != 1 {
		_ = results.Close() // gives the connection back, to ask why
		return Packing{}, r.refuseMove(ctx, m)
	}
	var p Packing
	err = results.QueryRow().Scan(&p.Consignment, &p.Destination, &p.Full, &p.Tell, &p.Card)
	switch {
	case err != nil:
		return Packing{}, found(err, "application %s has no card %d", m.Application, m.Attempt)
	case p.Consignment == "":
		return Packing{}, identity.Refuse(identity.Conflict, "card %d is %s; only an inspected card is packed", m.Attempt, p.Card)
	}
	if p.Card == identity.CardInspected {
		p.Card = identity.CardPacked
	}
	p.Tell = p.Card == identity.CardPacked && (p.Tell || p.Full)
	return p, results.Close()
}

// Consignment is a box of cards.
type Consignment struct {
	Number      identity.ConsignmentNumber `json:"number"`
	Destination identity.StationID         `json:"destination"`
	State       identity.ConsignmentState  `json:"state"`
	Courier     string                     `json:"courier,omitempty"`
	Seal        string                     `json:"seal,omitempty"`
	Cards       []PackedCard               `json:"cards"`
}

// PackedCard is one line of a manifest.
type PackedCard struct {
	Application identity.ApplicationNumber `json:"application"`
	Attempt     int                        `json:"card"`
	Blank       identity.BlankSerial       `json:"blank"`
	Missing     bool                       `json:"missing,omitempty"`
}

// Consignments lists the consignments that were not yet received, and those that
// were since a time (zero: ever), with their cards, oldest first. It costs by what
// it gives.
func (r *Registry) Consignments(ctx context.Context, receivedSince time.Time) ([]Consignment, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number, destination, state, courier, seal FROM consignments WHERE state <> `+consignmentReceived+`
		UNION ALL SELECT number, destination, state, courier, seal FROM consignments WHERE state = `+consignmentReceived+` AND received_at >= $1
		ORDER BY number`, receivedSince) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Consignment, error) {
		var c Consignment
		return c, row.Scan(&c.Number, &c.Destination, &c.State, &c.Courier, &c.Seal)
	})
	if err != nil {
		return nil, fail("list consignments", err)
	}
	numbers := make([]string, len(list))
	for i, c := range list {
		numbers[i] = string(c.Number)
	}
	manifests, err := r.manifests(ctx, numbers)
	for i, c := range list {
		list[i].Cards = manifests[c.Number]
	}
	return list, err
}

// Consignment reads one consignment, or refuses with NotFound.
func (r *Registry) Consignment(ctx context.Context, number identity.ConsignmentNumber) (Consignment, error) {
	c := Consignment{Number: number}
	err := r.db.QueryRow(ctx, `SELECT destination, state, courier, seal FROM consignments WHERE number = $1`, number).
		Scan(&c.Destination, &c.State, &c.Courier, &c.Seal)
	if errors.Is(err, pgx.ErrNoRows) {
		return Consignment{}, identity.Refuse(identity.NotFound, "there is no consignment %s", number)
	}
	if err != nil {
		return Consignment{}, fail("read consignment", err)
	}
	manifests, err := r.manifests(ctx, []string{string(number)})
	c.Cards = manifests[number]
	return c, err
}

// manifests lists the cards of consignments, in one round trip.
func (r *Registry) manifests(ctx context.Context, numbers []string) (map[identity.ConsignmentNumber][]PackedCard, error) {
	rows, err := r.db.Query(ctx, `
		SELECT consignment, application, attempt, coalesce(blank, ''), missing FROM cards
		WHERE consignment = ANY($1) ORDER BY consignment, application, attempt`, numbers)
	if err != nil {
		return nil, fail("read manifest", err)
	}
	manifests := make(map[identity.ConsignmentNumber][]PackedCard)
	var number identity.ConsignmentNumber
	var c PackedCard
	_, err = pgx.ForEachRow(rows, []any{&number, &c.Application, &c.Attempt, &c.Blank, &c.Missing}, func() error {
		manifests[number] = append(manifests[number], c)
		return nil
	})
	return manifests, fail("read manifest", err)
}

// SealConsignment closes a consignment to further cards, and returns how many it
// holds. A second call changes nothing.
func (r *Registry) SealConsignment(ctx context.Context, number identity.ConsignmentNumber, actor string) (int, error) {
	var cards int
	err := r.db.QueryRow(ctx, `
		UPDATE consignments SET state = CASE state WHEN `+consignmentOpen+` THEN `+consignmentSealed+` ELSE state END,
			sealed_by = CASE state WHEN `+consignmentOpen+` THEN $2 ELSE sealed_by END
		WHERE number = $1 RETURNING cards`, number, actor).Scan(&cards)
	return cards, fail("seal consignment", found(err, "there is no consignment %s", number))
}

// SendConsignment hands a sealed consignment to the courier.
func (r *Registry) SendConsignment(ctx context.Context, number identity.ConsignmentNumber, act identity.SendConsignment) error {
	if err := act.Check(); err != nil {
		return err
	}
	tag, err := r.db.Exec(ctx, `
		UPDATE consignments SET state = `+consignmentSent+`, sent_by = @officer, courier = @courier, seal = @seal, sent_at = coalesce(sent_at, now())
		WHERE number = @number AND (state = `+consignmentSealed+` OR state = `+consignmentSent+` AND sent_by = @officer AND seal = @seal)`,
		pgx.StrictNamedArgs{"number": number, "officer": act.Officer, "courier": act.Courier, "seal": act.Seal})
	if err == nil && tag.RowsAffected() == 0 {
		return identity.Refuse(identity.Conflict, "consignment %s is not sealed, or was sent before", number)
	}
	return fail("send consignment", err)
}

// ReceiveConsignment counts a consignment in: its cards have arrived, except those
// missing, which are lost and whose blanks are booked as spoiled. A second call
// changes nothing.
func (r *Registry) ReceiveConsignment(ctx context.Context, number identity.ConsignmentNumber, act identity.ReceiveConsignment) error {
	if err := act.Check(); err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var state identity.ConsignmentState
		var cards int
		if err := tx.QueryRow(ctx, `SELECT state, cards FROM consignments WHERE number = $1 FOR UPDATE`, number).Scan(&state, &cards); err != nil {
			return found(err, "there is no consignment %s", number)
		}
		switch {
		case state == identity.ConsignmentReceived:
			return nil
		case state != identity.ConsignmentSent:
			return identity.Refuse(identity.Conflict, "consignment %s is %s, not sent", number, state)
		case act.Counted+len(act.Missing) != cards:
			return identity.RefuseField(identity.Conflict, "counted", "%d counted and %d missing do not make the %d on the manifest", act.Counted, len(act.Missing), cards)
		}
		return receiveCards(ctx, tx, number, act.Officer, act.Missing)
	})
	return fail("receive consignment", err)
}

func receiveCards(ctx context.Context, tx pgx.Tx, number identity.ConsignmentNumber, officer identity.OfficerID, missing []identity.ApplicationNumber) error {
	names := make([]string, len(missing))
	for i, n := range missing {
		names[i] = string(n)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(missing) {
		return identity.RefuseField(identity.Invalid, "missing", "names an application twice")
	}
	args := pgx.StrictNamedArgs{"number": number, "officer": officer, "missing": names, "reason": string(identity.ReasonMissing)}
	tag, err := tx.Exec(ctx, `
		UPDATE cards SET state = `+cardLost+`, missing = true, reason = @reason, changed_at = now()
		WHERE consignment = @number AND application = ANY(@missing) AND @officer::text <> ''`, args)
	if err != nil {
		return err
	}
	if int(tag.RowsAffected()) != len(names) {
		return identity.RefuseField(identity.Conflict, "missing", "names an application that is not on the manifest")
	}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE blanks b SET account = `+accountSpoiled+` FROM cards c WHERE c.blank = b.serial AND c.consignment = $1 AND c.missing`, number)
	batch.Queue(`UPDATE cards SET state = `+cardArrived+`, changed_at = now() WHERE consignment = $1 AND state = `+cardPacked, number)
	batch.Queue(`
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, $2, CASE WHEN missing THEN `+eventMissed+` ELSE 'received card ' END || attempt || ' of ' || $1, ''
		FROM cards WHERE consignment = $1`, number, officer)
	batch.Queue(`UPDATE consignments SET state = `+consignmentReceived+`, received_by = $2, received_at = now() WHERE number = $1`, number, officer)
	return tx.SendBatch(ctx, batch).Close()
}

// ConsignmentStanding is where a consignment stands: what its workflow has to know
// to go on.
type ConsignmentStanding struct {
	State     identity.ConsignmentState
	Cards     int
	OpenedAt  time.Time
	Announced bool      // every card was told that it arrived, or that it is missing
	Now       time.Time // the database's clock: the cut-off is counted by it
}

// ConsignmentStanding reads where a consignment stands, or refuses with NotFound.
func (r *Registry) ConsignmentStanding(ctx context.Context, number identity.ConsignmentNumber) (ConsignmentStanding, error) {
	var s ConsignmentStanding
	err := r.db.QueryRow(ctx, `SELECT state, cards, opened_at, announced_at IS NOT NULL, now() FROM consignments WHERE number = $1`, number).
		Scan(&s.State, &s.Cards, &s.OpenedAt, &s.Announced, &s.Now)
	return s, fail("read consignment", found(err, "there is no consignment %s", number))
}

// MarkAnnounced notes that every card of a consignment was told.
func (r *Registry) MarkAnnounced(ctx context.Context, number identity.ConsignmentNumber) error {
	_, err := r.db.Exec(ctx, `UPDATE consignments SET announced_at = coalesce(announced_at, now()) WHERE number = $1`, number)
	return fail("note announcement", err)
}
