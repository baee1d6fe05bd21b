package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Packing is where a card was packed.
type Packing struct {
	Consignment identity.ConsignmentNumber
	Destination identity.StationID
	Full        bool               // no more cards fit; it is sealed
	Tell        bool               // the consignment's workflow has to hear of this card: the first, the last, or one that was packed before
	Card        identity.CardState // packed; or what became of it since: arrived, or given up
}

// Pack enters Dispatch and puts the card into the open consignment for its
// destination, opening one if necessary, and seals it when it holds limit cards. A
// card is packed once; a second call says where it is. One that was given up meanwhile is
// not packed. One round trip.
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
	case p.Consignment == "" && !p.Card.GivenUp():
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
	Origin      identity.StationID         `json:"origin,omitempty"` // the station that sends it on; none: the center
	State       identity.ConsignmentState  `json:"state"`
	Courier     string                     `json:"courier,omitempty"`
	Seal        string                     `json:"seal,omitempty"`
	SentAt      *time.Time                 `json:"sent_at,omitempty"` // nil: it was not sent yet
	Round       int                        `json:"round"`             // of what became of it, as acts on it say that their officer saw it
	Cards       []PackedCard               `json:"cards"`
	Provinces   []identity.ProvinceCode    `json:"-"` // to which it goes, or from which it is sent on; none: by post, from the center
}

// provincesOfBox are those that its stations are registered in. A station's name may be of the
// time before its province became another's part.
const provincesOfBox = `ARRAY(SELECT DISTINCT s.province FROM stations s WHERE s.id IN (destination, origin))`

// Saw is an act with what its officer saw of the box, which the officer signs too.
func (c Consignment) Saw(act identity.Act) identity.Act {
	switch act := act.(type) {
	case identity.SealConsignment:
		act.Round = c.Round
		return act
	case identity.SendConsignment:
		act.Round = c.Round
		return act
	case identity.ReceiveConsignment:
		act.Round = c.Round
		return act
	case identity.Recount:
		act.Round = c.Round
		return act
	case identity.ReopenConsignment:
		act.Round = c.Round
		return act
	case identity.SettleSurplus:
		act.Round = c.Round
		return act
	}
	return act
}

// PackedCard is one line of a manifest.
type PackedCard struct {
	Application identity.ApplicationNumber `json:"application"`
	Attempt     int                        `json:"card"`
	Blank       identity.BlankSerial       `json:"blank"`
	Missing     bool                       `json:"missing,omitempty"`
}

// Consignments lists the consignments that were not yet received or dissolved, and those
// that were since a time (zero: ever), with their cards, oldest first. It costs by what
// it gives.
func (r *Registry) Consignments(ctx context.Context, receivedSince time.Time) ([]Consignment, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number, destination, origin, state, courier, seal, sent_at, consignment_round(number, ''), `+provincesOfBox+` FROM consignments WHERE state NOT IN `+consignmentClosed+`
		UNION ALL SELECT number, destination, origin, state, courier, seal, sent_at, consignment_round(number, ''), `+provincesOfBox+` FROM consignments WHERE state IN `+consignmentClosed+` AND received_at >= $1
		ORDER BY number`, receivedSince) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Consignment, error) {
		var c Consignment
		return c, row.Scan(&c.Number, &c.Destination, &c.Origin, &c.State, &c.Courier, &c.Seal, &c.SentAt, &c.Round, &c.Provinces)
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
	err := r.db.QueryRow(ctx, `SELECT destination, origin, state, courier, seal, sent_at, consignment_round(number, ''), `+provincesOfBox+` FROM consignments WHERE number = $1`, number).
		Scan(&c.Destination, &c.Origin, &c.State, &c.Courier, &c.Seal, &c.SentAt, &c.Round, &c.Provinces)
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

// SealConsignment closes a consignment to further cards. One that holds nothing is
// dissolved. It gives what the consignment is then; a second call changes nothing. An
// officer who seals it signed that; without one it is full, or its time has come.
func (r *Registry) SealConsignment(ctx context.Context, number identity.ConsignmentNumber, act identity.SealConsignment, signed statement.Signed) (identity.ConsignmentState, int, error) {
	if act.Officer == "" {
		state, cards, err := seal(ctx, r.db, number, identity.ActorSystem, nil)
		return state, cards, fail("seal consignment", err)
	}
	var state identity.ConsignmentState
	var cards int
	err := r.act(ctx, act, statement.Consignment(number), signed, func(tx pgx.Tx) (err error) {
		id := signed.ID()
		state, cards, err = seal(ctx, tx, number, string(act.Officer), &id)
		return err
	})
	if err == nil && state == "" { // this statement sealed it before
		b, err := readBox(ctx, r.db, number, "")
		return b.state, b.cards, fail("seal consignment", err)
	}
	return state, cards, err
}

func seal(ctx context.Context, db querier, number identity.ConsignmentNumber, actor string, act *string) (identity.ConsignmentState, int, error) {
	var state identity.ConsignmentState
	var cards int
	err := db.QueryRow(ctx, `
		UPDATE consignments SET sealed_by = CASE state WHEN `+consignmentOpen+` THEN $2 ELSE sealed_by END,
			sealed_act = CASE state WHEN `+consignmentOpen+` THEN $3 ELSE sealed_act END,
			received_at = CASE WHEN state = `+consignmentOpen+` AND cards = 0 THEN now() ELSE received_at END,
			state = CASE WHEN state <> `+consignmentOpen+` THEN state WHEN cards = 0 THEN `+consignmentDissolved+` ELSE `+consignmentSealed+` END
		WHERE number = $1 RETURNING state, cards`, number, actor, act).Scan(&state, &cards)
	return state, cards, found(err, "there is no consignment %s", number)
}

// querier is the registry's pool, or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ReopenConsignment lets cards join a consignment again that was sealed too early. Its
// cut-off counts from now on. A second call changes nothing.
func (r *Registry) ReopenConsignment(ctx context.Context, number identity.ConsignmentNumber, act identity.ReopenConsignment, signed statement.Signed) error {
	return r.act(ctx, act, statement.Consignment(number), signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
		WITH opened AS (
			UPDATE consignments SET state = `+consignmentOpen+`, sealed_by = '', sealed_act = NULL, opened_at = now()
			WHERE number = $1 AND state = `+consignmentSealed+` AND origin = '' RETURNING number
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT c.application, $2, 'opened ' || opened.number || ' again', '' FROM opened JOIN cards c ON c.consignment = opened.number`, number, act.Officer)
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		var state identity.ConsignmentState
		var origin identity.StationID
		err = tx.QueryRow(ctx, `SELECT state, origin FROM consignments WHERE number = $1`, number).Scan(&state, &origin)
		switch {
		case err != nil:
			return found(err, "there is no consignment %s", number)
		case state == identity.ConsignmentOpen:
			return nil
		case origin != "":
			return identity.Refuse(identity.Conflict, "consignment %s is sent on by %s; it cannot be opened again", number, origin)
		}
		return identity.Refuse(identity.Conflict, "consignment %s is %s; only a sealed one can be opened again", number, state)
	})
}

// SendConsignment hands a sealed consignment to the courier. The same officer saying the
// same again changes nothing.
func (r *Registry) SendConsignment(ctx context.Context, number identity.ConsignmentNumber, act identity.SendConsignment, signed statement.Signed) error {
	return r.act(ctx, act, statement.Consignment(number), signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE consignments SET state = `+consignmentSent+`, sent_by = @officer, sent_act = @act, courier = @courier, seal = @seal, sent_at = now()
			WHERE number = @number AND state = `+consignmentSealed,
			pgx.StrictNamedArgs{"number": number, "officer": act.Officer, "act": signed.ID(), "courier": act.Courier, "seal": act.Seal})
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		b, err := readBox(ctx, tx, number, "")
		if err != nil {
			return err
		}
		if done, err := b.moved(act); done || err != nil {
			return err
		}
		return identity.Refuse(identity.Conflict, "consignment %s is not sealed", number)
	})
}

// Moved reports whether an officer moved a consignment so before, in every detail, so
// that asking again is answered. It refuses when another act came first.
func (r *Registry) Moved(ctx context.Context, number identity.ConsignmentNumber, act identity.Act) (bool, error) {
	b, err := readBox(ctx, r.db, number, "")
	if err != nil {
		return false, fail("read consignment", err)
	}
	return b.moved(act)
}

// LastOnBox is the act that was done last to a consignment; nil where there is none.
func (r *Registry) LastOnBox(ctx context.Context, number identity.ConsignmentNumber) (identity.Act, error) {
	return r.lastAct(ctx, `SELECT statement FROM acts WHERE subject = $1 ORDER BY at DESC LIMIT 1`, statement.Consignment(number))
}

// box is a consignment with who moved it, and how.
type box struct {
	number                       identity.ConsignmentNumber
	destination                  identity.StationID
	state                        identity.ConsignmentState
	cards                        int
	sealedBy, sentBy, receivedBy string
	courier, seal                string
	counted                      int
	missing, surplus             []string // as they were named at the count
}

func readBox(ctx context.Context, db querier, number identity.ConsignmentNumber, lock string) (box, error) {
	b := box{number: number}
	err := db.QueryRow(ctx, `
		SELECT destination, state, cards, sealed_by, sent_by, received_by, courier, seal, coalesce(counted, 0), said_missing, said_surplus
		FROM consignments WHERE number = $1 `+lock, number).
		Scan(&b.destination, &b.state, &b.cards, &b.sealedBy, &b.sentBy, &b.receivedBy, &b.courier, &b.seal, &b.counted, &b.missing, &b.surplus)
	return b, found(err, "there is no consignment %s", number)
}

func (b box) moved(act identity.Act) (bool, error) {
	state := func(s identity.ConsignmentState) int { return slices.Index(identity.ConsignmentStates, s) }
	switch m := act.(type) {
	case identity.SealConsignment:
		if state(b.state) <= state(identity.ConsignmentOpen) || b.sealedBy == string(m.Officer) {
			return b.state != identity.ConsignmentOpen, nil
		}
		return false, identity.Refuse(identity.Conflict, "consignment %s is %s; it was sealed by %s", b.number, b.state, b.sealedBy)
	case identity.SendConsignment:
		if b.sentBy == "" || b.sentBy == string(m.Officer) && b.courier == m.Courier && b.seal == m.Seal {
			return b.sentBy != "", nil
		}
		return false, identity.Refuse(identity.Conflict, "consignment %s was sent before: by %s, with %s, under seal %s", b.number, b.sentBy, b.courier, b.seal)
	case identity.ReceiveConsignment:
		if b.receivedBy == "" || b.receivedBy == string(m.Officer) && b.counted == m.Counted &&
			slices.Equal(b.missing, sorted(m.Missing)) && slices.Equal(b.surplus, sorted(m.Surplus)) {
			return b.receivedBy != "", nil
		}
		return false, identity.Refuse(identity.Conflict, "consignment %s was received before: by %s, who counted %d, with %d missing and %d surplus; a wrong count is put right by starter consignments recount",
			b.number, b.receivedBy, b.counted, len(b.missing), len(b.surplus))
	}
	return false, nil
}

// sorted lists values as text, in order.
func sorted[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	slices.Sort(list)
	return list
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

// MarkAnnounced notes that every card of a consignment was told. It refuses with Elsewhere
// where the consignment is still under way, as in a registry that was restored.
func (r *Registry) MarkAnnounced(ctx context.Context, number identity.ConsignmentNumber) error {
	tag, err := r.db.Exec(ctx, `UPDATE consignments SET announced_at = coalesce(announced_at, now()) WHERE number = $1 AND state IN `+consignmentClosed, number)
	if err == nil && tag.RowsAffected() == 0 {
		err = identity.Refuse(identity.Elsewhere, "consignment %s is under way", number)
	}
	return fail("note announcement", err)
}
