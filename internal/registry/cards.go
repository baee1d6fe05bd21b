package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// CardData is everything that was prepared for one card.
type CardData struct {
	Application identity.ApplicationNumber
	Attempt     int
	Card        identity.Card
	DigestSOD   [32]byte
	DigestPrint [32]byte
	Evidence    map[identity.EvidenceKind][]byte
}

// SaveCard stores what was prepared for a card. What is there stays: the second
// making of a card is thrown away whole, since the first stored every kind.
func (r *Registry) SaveCard(ctx context.Context, d CardData) error {
	card, err := json.Marshal(d.Card)
	if err != nil {
		return fmt.Errorf("write card: %w", err)
	}
	var expires *time.Time
	if !d.Card.Expiry.Never() {
		t := d.Card.Expiry.Date.Midnight()
		expires = &t
	}
	sealed, err := r.vault.Seal(ctx, r.db, string(d.Application), d.Attempt, blobs(d.Evidence))
	if err != nil {
		return err
	}
	batch := &pgx.Batch{} // one round trip, and one transaction
	batch.Queue(`
		WITH prepared AS (
			INSERT INTO cards (application, attempt, state, personal_number, serial, form, issued, expires, card, digest_sod, digest_print, approved_by)
			SELECT @application, @attempt, 'prepared', @number, @serial, @form, @issued, @expires, @card, @sod, @print,
				coalesce((SELECT officer FROM decisions WHERE application = @application AND step = 'approve' AND round = 1), '')
			ON CONFLICT (application, attempt) DO NOTHING
			RETURNING application
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, 'system', 'prepared card ' || @attempt, 'security object ' || encode(@sod, 'hex') FROM prepared`,
		pgx.StrictNamedArgs{
			"application": d.Application, "attempt": d.Attempt, "number": string(d.Card.Person.Number), "serial": d.Card.Serial,
			"form": d.Card.Form, "issued": d.Card.Issued.Midnight(), "expires": expires, "card": card,
			"sod": d.DigestSOD[:], "print": d.DigestPrint[:],
		})
	sealed.Queue(batch)
	return fail("save card", r.db.SendBatch(ctx, batch).Close())
}

// CardRecord is one card and what became of it.
type CardRecord struct {
	Application  identity.ApplicationNumber
	Attempt      int
	State        identity.CardState
	Card         identity.Card
	DigestSOD    []byte
	DigestPrint  []byte
	Blank        identity.BlankSerial
	Station      identity.StationID
	Consignment  identity.ConsignmentNumber
	Reason       string
	ApprovedBy   identity.OfficerID
	HandedOver   identity.HandOverMethod
	HandedOverBy identity.OfficerID
}

const selectCard = `
	SELECT coalesce(application, ''), coalesce(attempt, 0), state, coalesce(card, 'null'), personal_number, serial, form, issued, expires,
		digest_sod, digest_print, coalesce(blank, ''), station, coalesce(consignment, ''), reason, approved_by, handed_over, handed_over_by
	FROM cards`

func scanCard(row pgx.CollectableRow) (CardRecord, error) {
	var c CardRecord
	var card []byte
	var number string
	var serial identity.CardSerial
	var form identity.FormID
	var issued time.Time
	var expires *time.Time
	err := row.Scan(&c.Application, &c.Attempt, &c.State, &card, &number, &serial, &form, &issued, &expires,
		&c.DigestSOD, &c.DigestPrint, &c.Blank, &c.Station, &c.Consignment, &c.Reason, &c.ApprovedBy, &c.HandedOver, &c.HandedOverBy)
	if err != nil {
		return CardRecord{}, err
	}
	if err := json.Unmarshal(card, &c.Card); err != nil {
		return CardRecord{}, fmt.Errorf("read card: %w", err)
	}
	c.Card.Person.Number, c.Card.Serial, c.Card.Form = identity.PersonalNumber(number), serial, form
	c.Card.Issued = dateOf(issued)
	if expires != nil {
		c.Card.Expiry.Date = dateOf(*expires)
	}
	return c, nil
}

// dateOf reads a date column, which pgx gives as midnight UTC.
func dateOf(t time.Time) identity.Date {
	return identity.Date{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}
}

// Card reads one card, or refuses with NotFound.
func (r *Registry) Card(ctx context.Context, number identity.ApplicationNumber, attempt int) (CardRecord, error) {
	rows, _ := r.db.Query(ctx, selectCard+` WHERE application = $1 AND attempt = $2`, number, attempt) // CollectExactlyOneRow reports the error
	card, err := pgx.CollectExactlyOneRow(rows, scanCard)
	if errors.Is(err, pgx.ErrNoRows) {
		return CardRecord{}, identity.Refuse(identity.NotFound, "application %s has no card %d", number, attempt)
	}
	return card, fail("read card", err)
}

// Cards lists every card of an application, in the order of their making.
func (r *Registry) Cards(ctx context.Context, number identity.ApplicationNumber) ([]CardRecord, error) {
	rows, _ := r.db.Query(ctx, selectCard+` WHERE application = $1 ORDER BY attempt`, number) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, scanCard)
	return list, fail("list cards", err)
}

// TakeBlank takes a blank out of stock for a card at a station, once: asked again
// by that station it gives the same blank. Another station is refused with
// identity.CardSpoiled, since a card that was begun elsewhere cannot go on here; the blank
// stays where it is until that card is written off.
func (r *Registry) TakeBlank(ctx context.Context, number identity.ApplicationNumber, attempt int, station identity.StationID) (identity.BlankSerial, error) {
	for {
		blank, err := r.takeBlank(ctx, number, attempt, station)
		if violates(err, "one_blank_per_card") { // another copy was faster; look again
			continue
		}
		return blank, fail("take blank", err)
	}
}

func (r *Registry) takeBlank(ctx context.Context, number identity.ApplicationNumber, attempt int, station identity.StationID) (identity.BlankSerial, error) {
	var blank identity.BlankSerial
	var at identity.StationID
	var state identity.CardState
	err := r.db.QueryRow(ctx, `
		WITH card AS (
			SELECT application, attempt, blank, station, state FROM cards WHERE application = @application AND attempt = @attempt FOR NO KEY UPDATE
		), here AS (
			SELECT serial FROM blanks
			WHERE account = 'stock' AND location = @station AND EXISTS (SELECT FROM card WHERE state = 'prepared')
			ORDER BY serial LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
		), centre AS (
			SELECT serial FROM blanks
			WHERE account = 'stock' AND location = 'centre' AND EXISTS (SELECT FROM card WHERE state = 'prepared') AND NOT EXISTS (SELECT FROM here)
			ORDER BY serial LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
		), free AS (
			SELECT serial FROM here UNION ALL SELECT serial FROM centre
		), taken AS (
			UPDATE blanks b SET account = 'production', location = @station, application = @application, attempt = @attempt
			FROM free WHERE b.serial = free.serial RETURNING b.serial
		), begun AS (
			UPDATE cards c SET state = 'begun', blank = taken.serial, station = @station, changed_at = now()
			FROM taken WHERE c.application = @application AND c.attempt = @attempt RETURNING c.blank
		), noted AS (
			INSERT INTO audit (application, actor, event, reason)
			SELECT @application, @station, 'took blank ' || serial || ' for card ' || @attempt, '' FROM taken
		)
		SELECT coalesce((SELECT serial FROM taken), card.blank, ''), CASE WHEN card.blank IS NULL THEN @station ELSE card.station END, card.state FROM card`,
		pgx.StrictNamedArgs{"application": number, "attempt": attempt, "station": station}).Scan(&blank, &at, &state)
	switch {
	case err != nil:
		return "", found(err, "application %s has no card %d", number, attempt)
	case state == identity.CardSpoiled:
		return "", identity.Refuse(identity.Spoiled, "card %d was given up", attempt)
	case blank == "":
		return "", identity.Refuse(identity.OutOfStock, "there is no blank in stock for station %s", station)
	case at != station:
		return "", identity.Refuse(identity.Spoiled, "card %d was begun at station %s, which did not finish it", attempt, at)
	}
	return blank, nil
}

// order is how far the states are that a station moves a card through.
var order = map[identity.CardState]int{identity.CardPrepared: 0, identity.CardBegun: 1, identity.CardPersonalized: 2, identity.CardPrinted: 3, identity.CardInspected: 4, identity.CardPacked: 5, identity.CardArrived: 6, identity.CardLive: 7}

// Advance notes that a card came a step further at its station. A step that was
// taken before changes nothing; a card that was given up goes nowhere.
func (r *Registry) Advance(ctx context.Context, number identity.ApplicationNumber, attempt int, to identity.CardState, detail string) error {
	if to != identity.CardPersonalized && to != identity.CardPrinted && to != identity.CardInspected {
		return identity.Refuse(identity.Invalid, "a station makes no card %s", to)
	}
	var before []string
	for s, n := range order {
		if n == order[to]-1 {
			before = append(before, string(s))
		}
	}
	tag, err := r.db.Exec(ctx, `
		WITH advanced AS (
			UPDATE cards SET state = @to, changed_at = now()
			WHERE application = @application AND attempt = @attempt AND state = ANY(@before) RETURNING application, station
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, station, @to || ' card ' || @attempt, @detail FROM advanced`,
		pgx.StrictNamedArgs{"application": number, "attempt": attempt, "to": to, "before": before, "detail": detail})
	if err != nil || tag.RowsAffected() == 1 {
		return fail("advance card", err)
	}
	at, err := r.cardState(ctx, number, attempt)
	if err != nil {
		return fail("advance card", err)
	}
	if n, moving := order[at]; moving && n >= order[to] {
		return nil
	}
	if at == identity.CardSpoiled {
		return identity.Refuse(identity.Spoiled, "card %d was given up", attempt)
	}
	return identity.Refuse(identity.Conflict, "card %d is %s and cannot become %s", attempt, at, to)
}

// cardState reads how far a card is, or refuses with NotFound.
func (r *Registry) cardState(ctx context.Context, number identity.ApplicationNumber, attempt int) (identity.CardState, error) {
	var at identity.CardState
	err := r.db.QueryRow(ctx, `SELECT state FROM cards WHERE application = $1 AND attempt = $2`, number, attempt).Scan(&at)
	return at, found(err, "application %s has no card %d", number, attempt)
}

// Spoil gives a card up that is still at its station, and books its blank as
// spoiled. A second call changes nothing.
func (r *Registry) Spoil(ctx context.Context, number identity.ApplicationNumber, attempt int, actor, reason string) error {
	tag, err := r.db.Exec(ctx, `
		WITH spoiled AS (
			UPDATE cards SET state = 'spoiled', reason = @reason, changed_at = now()
			WHERE application = @application AND attempt = @attempt AND state IN ('prepared', 'begun', 'personalized', 'printed', 'inspected')
			RETURNING application, blank
		), booked AS (
			UPDATE blanks b SET account = 'spoiled' FROM spoiled WHERE b.serial = spoiled.blank
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @actor, 'spoiled card ' || @attempt || coalesce(' with blank ' || blank, ''), @reason FROM spoiled`,
		pgx.StrictNamedArgs{"application": number, "attempt": attempt, "actor": actor, "reason": reason})
	if err != nil || tag.RowsAffected() == 1 {
		return fail("spoil card", err)
	}
	at, err := r.cardState(ctx, number, attempt)
	if err == nil && at != identity.CardSpoiled && at != identity.CardDestroyed {
		return identity.Refuse(identity.Conflict, "card %d is %s and cannot be spoiled", attempt, at)
	}
	return fail("spoil card", err)
}

// HandOver is a citizen who received a card.
type HandOver struct {
	Application      identity.ApplicationNumber
	Attempt          int
	Officer          identity.OfficerID
	Method           identity.HandOverMethod
	Proof            string
	Score            float64
	OldCardCollected bool
	At               time.Time
}

// Issue makes a card the citizen's live card, in one transaction: the old card
// revoked, the blank booked, the citizen's record as applied for, the
// application at its end. It is done once; a second call finds it done.
//
// It is one round trip, and the old card goes first: the index allows one live card
// at every instant. Whoever issues another card to the same citizen waits for the
// lock, and then finds this card to revoke.
func (r *Registry) Issue(ctx context.Context, h HandOver) error {
	event := "handed over card, by " + string(h.Method)
	if h.OldCardCollected {
		event += "; old card collected"
	}
	card := pgx.StrictNamedArgs{"application": h.Application, "attempt": h.Attempt}
	batch := &pgx.Batch{}
	batch.Queue(`
		SELECT pg_advisory_xact_lock(hashtextextended('citizen ' || personal_number, 0))
		FROM cards WHERE application = @application AND attempt = @attempt`, card)
	batch.Queue(`
		WITH next AS (
			SELECT c.personal_number FROM cards c JOIN applications a ON a.number = c.application
			WHERE c.application = @application AND c.attempt = @attempt AND c.state = 'arrived' AND a.stage = 'HandOver'
			FOR NO KEY UPDATE
		), revoked AS (
			UPDATE cards c SET state = 'revoked', reason = 'replaced by card ' || @attempt || ' of ' || @application, changed_at = now()
			FROM next WHERE c.state = 'live' AND c.personal_number = next.personal_number
			RETURNING c.application, c.attempt, c.reason
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @officer, 'revoked card ' || attempt, reason FROM revoked WHERE application IS NOT NULL`,
		pgx.StrictNamedArgs{"application": h.Application, "attempt": h.Attempt, "officer": h.Officer})
	batch.Queue(`
		WITH ended AS (
			UPDATE applications a SET stage = 'Issued', awaiting = '', entered_at = now()
			FROM cards c WHERE a.number = @application AND a.stage = 'HandOver'
				AND c.application = a.number AND c.attempt = @attempt AND c.state = 'arrived'
			RETURNING a.number
		), live AS (
			UPDATE cards c SET state = 'live', handed_over = @method, handed_over_by = @officer, handed_over_at = @at,
				proof = @proof, score = @score, changed_at = now()
			FROM ended WHERE c.application = ended.number AND c.attempt = @attempt
			RETURNING c.application, c.blank, c.personal_number, c.card
		), booked AS (
			UPDATE blanks b SET account = 'issued' FROM live WHERE b.serial = live.blank
		), known AS (
			INSERT INTO citizens (number, person, status) SELECT personal_number, card -> 'Person', 'alive' FROM live
			ON CONFLICT (number) DO UPDATE SET person = excluded.person
		)
		INSERT INTO audit (application, actor, event, reason) SELECT application, @officer, @event, @proof FROM live`,
		pgx.StrictNamedArgs{
			"application": h.Application, "attempt": h.Attempt, "method": h.Method,
			"officer": h.Officer, "at": h.At, "proof": h.Proof, "score": h.Score, "event": event,
		})
	issued, err := lastOf(r.db.SendBatch(ctx, batch), batch.Len())
	if err != nil || issued == 1 {
		return fail("issue card", err)
	}
	return fail("issue card", r.refuseIssue(ctx, h))
}

// lastOf reads a batch to its end, and gives the number of rows that its last
// statement, of so many, changed.
func lastOf(results pgx.BatchResults, statements int) (rows int64, err error) {
	for range statements {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close() // the first error tells
			return 0, err
		}
		rows = tag.RowsAffected()
	}
	return rows, results.Close()
}

// refuseIssue accepts a card that was issued before, and says why another cannot be.
func (r *Registry) refuseIssue(ctx context.Context, h HandOver) error {
	var stage identity.Stage
	var state identity.CardState
	err := r.db.QueryRow(ctx, `
		SELECT a.stage, c.state FROM cards c JOIN applications a ON a.number = c.application
		WHERE c.application = $1 AND c.attempt = $2`, h.Application, h.Attempt).Scan(&stage, &state)
	switch {
	case err != nil:
		return found(err, "application %s has no card %d", h.Application, h.Attempt)
	case stage == identity.Issued && state == identity.CardLive:
		return nil
	case state != identity.CardArrived:
		return identity.Refuse(identity.Conflict, "card %d is %s; only a card that arrived can be handed over", h.Attempt, state)
	}
	return identity.Refuse(identity.Conflict, "an application at %s cannot enter %s", stage, identity.Issued)
}

// Destroy records that a card of an ended application was destroyed, by two
// officers. A second call changes nothing; the live card is revoked first.
func (r *Registry) Destroy(ctx context.Context, number identity.ApplicationNumber, attempt int, officers [2]identity.OfficerID, reason string) error {
	if officers[0] == officers[1] || officers[0] == "" || officers[1] == "" {
		return identity.RefuseField(identity.Forbidden, "officers", "a card is destroyed by two officers")
	}
	tag, err := r.db.Exec(ctx, `
		WITH destroyed AS (
			UPDATE cards SET state = 'destroyed', reason = @reason, changed_at = now()
			WHERE application = @application AND attempt = @attempt AND state NOT IN ('live', 'lost', 'destroyed') RETURNING application, blank
		), booked AS (
			UPDATE blanks b SET account = 'destroyed' FROM destroyed WHERE b.serial = destroyed.blank
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @first || ' and ' || @second, 'destroyed card ' || @attempt, @reason FROM destroyed`,
		pgx.StrictNamedArgs{"application": number, "attempt": attempt, "first": string(officers[0]), "second": string(officers[1]), "reason": reason})
	if err != nil || tag.RowsAffected() == 1 {
		return fail("destroy card", err)
	}
	at, err := r.cardState(ctx, number, attempt)
	if err == nil && at != identity.CardDestroyed {
		return identity.Refuse(identity.Conflict, "card %d is %s and cannot be destroyed", attempt, at)
	}
	return fail("destroy card", err)
}
