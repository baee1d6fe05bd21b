package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
)

// CardData is everything that was prepared for one card.
type CardData struct {
	Application identity.ApplicationNumber
	Attempt     int
	Card        identity.Card
	Holder      population.Record // the record that the card was prepared from
	DigestForm  [32]byte          // of the form that it is drawn with
	DigestSOD   [32]byte          // zero: the chip makes its keys, and it is noted once they are signed
	DigestPrint [32]byte
	Evidence    map[identity.EvidenceKind][]byte
}

// SaveCard stores what was prepared for a card. What was stored first stays: a
// second preparation of the same card is dropped whole.
func (r *Registry) SaveCard(ctx context.Context, d CardData) error {
	card, err := json.Marshal(d.Card)
	if err != nil {
		return fmt.Errorf("write card: %w", err)
	}
	var sod []byte
	if d.DigestSOD != [32]byte{} {
		sod = d.DigestSOD[:]
	}
	sealed, err := r.vault.Seal(ctx, r.db, string(d.Application), d.Attempt, blobs(d.Evidence))
	if err != nil {
		return err
	}
	if card, err = sealed.Value(cardColumn(d.Application, d.Attempt), card); err != nil {
		return err
	}
	citizen, err := r.citizen(d.Card.Person.Number)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{} // one round trip, and one transaction
	batch.Queue(`
		WITH prepared AS (
			INSERT INTO cards (application, attempt, state, citizen, serial, form, issued, sealed, digest_form, digest_sod, digest_print, holder, holder_version, document, approved_by)
			SELECT @application, @attempt, `+cardPrepared+`, @citizen, @serial, @form, @issued, @card, @form_digest, @sod::bytea, @print, @holder, @version,
				(SELECT `+documentOf+` FROM applications a WHERE a.number = @application),
				coalesce(approved_by(@application), '')
			ON CONFLICT (application, attempt) DO NOTHING
			RETURNING application
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, `+actorSystem+`, 'prepared card ' || @attempt, coalesce('security object ' || encode(@sod::bytea, 'hex'), '') FROM prepared`,
		pgx.StrictNamedArgs{
			"application": d.Application, "attempt": d.Attempt, "citizen": citizen, "serial": d.Card.Serial,
			"form": d.Card.Form, "issued": d.Card.Issued.Midnight(), "card": card,
			"form_digest": d.DigestForm[:], "sod": sod, "print": d.DigestPrint[:], "holder": string(d.Holder.ID), "version": d.Holder.Version,
		})
	// Whoever has a card prepared was said to be alive a moment ago, whatever was said before.
	batch.Queue(`UPDATE holders SET status = `+citizenAlive+`, at = now() WHERE citizen = $1 AND status <> `+citizenAlive, citizen)
	sealed.Queue(batch)
	return fail("save card", r.db.SendBatch(ctx, batch).Close())
}

// CardRecord is one card and what became of it.
type CardRecord struct {
	Application  identity.ApplicationNumber
	Attempt      int
	State        identity.CardState
	Document     identity.Document
	Card         identity.Card
	DigestForm   []byte // none of cards that were prepared before it was kept
	DigestSOD    []byte // none before it is signed
	Blank        identity.BlankSerial
	Station      identity.StationID
	Consignment  identity.ConsignmentNumber
	Reason       identity.Reason // why it was spoiled, lost, revoked or destroyed
	ApprovedBy   identity.OfficerID
	HandedOver   identity.HandOverMethod
	HandedOverBy identity.OfficerID
	Person       identity.PersonID // of the record that it was prepared from; empty: not kept then
	Version      string            // of that record
}

// selectCard reads cards of applications. Cards that were made before this engine have none.
const selectCard = `
	SELECT c.application, c.attempt, c.state, c.sealed, k.wrapped, c.serial, c.form, c.issued,
		c.digest_form, c.digest_sod, coalesce(c.blank, ''), c.station, coalesce(c.consignment, ''), c.reason, c.approved_by, c.handed_over, c.handed_over_by, c.holder, c.holder_version, c.document
	FROM cards c LEFT JOIN vault_keys k ON k.application = c.application`

// card reads a row of selectCard. When its data key was destroyed, nothing is left of its
// holder.
func (r *Registry) card(row pgx.CollectableRow) (CardRecord, error) {
	var c CardRecord
	var sealed, wrapped []byte
	var serial identity.CardSerial
	var form identity.FormID
	var reason string
	var issued time.Time
	err := row.Scan(&c.Application, &c.Attempt, &c.State, &sealed, &wrapped, &serial, &form, &issued,
		&c.DigestForm, &c.DigestSOD, &c.Blank, &c.Station, &c.Consignment, &reason, &c.ApprovedBy, &c.HandedOver, &c.HandedOverBy, &c.Person, &c.Version, &c.Document)
	if err != nil {
		return CardRecord{}, err
	}
	if wrapped != nil {
		if err := r.openJSON(cardColumn(c.Application, c.Attempt), sealed, wrapped, &c.Card); err != nil {
			return CardRecord{}, err
		}
	}
	c.Card.Serial, c.Card.Form, c.Card.Issued, c.Reason = serial, form, dateOf(issued), identity.ReadReason(reason)
	return c, nil
}

// dateOf reads a date column, which pgx gives as midnight UTC.
func dateOf(t time.Time) identity.Date {
	return identity.Date{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}
}

// Card reads one card, or refuses with NotFound.
func (r *Registry) Card(ctx context.Context, number identity.ApplicationNumber, attempt int) (CardRecord, error) {
	rows, _ := r.db.Query(ctx, selectCard+` WHERE c.application = $1 AND c.attempt = $2`, number, attempt) // CollectExactlyOneRow reports the error
	card, err := pgx.CollectExactlyOneRow(rows, r.card)
	if errors.Is(err, pgx.ErrNoRows) {
		return CardRecord{}, identity.Refuse(identity.NotFound, "application %s has no card %d", number, attempt)
	}
	return card, fail("read card", err)
}

// CardBySerial reads one card, or refuses with NotFound.
func (r *Registry) CardBySerial(ctx context.Context, serial identity.CardSerial) (CardRecord, error) {
	rows, _ := r.db.Query(ctx, selectCard+` WHERE c.serial = $1 AND c.application IS NOT NULL`, serial) // CollectExactlyOneRow reports the error
	card, err := pgx.CollectExactlyOneRow(rows, r.card)
	if errors.Is(err, pgx.ErrNoRows) {
		return CardRecord{}, identity.Refuse(identity.NotFound, "this office made no such card")
	}
	return card, fail("read card", err)
}

// Cards lists every card of an application, in the order in which they were begun.
func (r *Registry) Cards(ctx context.Context, number identity.ApplicationNumber) ([]CardRecord, error) {
	rows, _ := r.db.Query(ctx, selectCard+` WHERE c.application = $1 ORDER BY c.attempt`, number) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, r.card)
	return list, fail("list cards", err)
}

// The states that a card passes on its way to its holder, and those in which a
// station may spoil it.
var (
	way       = identity.CardStates[:slices.Index(identity.CardStates, identity.CardLive)+1]
	atStation = way[:slices.Index(way, identity.CardInspected)+1]
)

// cardState reads the state of a card, or refuses with NotFound.
func (r *Registry) cardState(ctx context.Context, number identity.ApplicationNumber, attempt int) (identity.CardState, error) {
	var at identity.CardState
	err := r.db.QueryRow(ctx, `SELECT state FROM cards WHERE application = $1 AND attempt = $2`, number, attempt).Scan(&at)
	return at, found(err, "application %s has no card %d", number, attempt)
}

// Spoil gives up a card that has not left its station, and books its blank as
// spoiled. A second call changes nothing.
func (r *Registry) Spoil(ctx context.Context, number identity.ApplicationNumber, attempt int, actor string, reason identity.Reason) error {
	tag, err := r.db.Exec(ctx, `
		WITH spoiled AS (
			UPDATE cards SET state = `+cardSpoiled+`, reason = @reason, changed_at = now()
			WHERE application = @application AND attempt = @attempt AND state = ANY(@at_station)
			RETURNING application, blank
		), booked AS (
			UPDATE blanks b SET account = `+accountSpoiled+` FROM spoiled WHERE b.serial = spoiled.blank
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @actor, `+eventSpoiled+` || @attempt || coalesce(' with blank ' || blank, ''), @reason FROM spoiled`,
		pgx.StrictNamedArgs{"application": number, "attempt": attempt, "actor": actor, "reason": reason.String(), "at_station": atStation})
	if err != nil || tag.RowsAffected() == 1 {
		return fail("spoil card", err)
	}
	at, err := r.cardState(ctx, number, attempt)
	if err == nil && at != identity.CardSpoiled && at != identity.CardDestroyed {
		return identity.Refuse(identity.Conflict, "card %d is %s and cannot be spoiled", attempt, at)
	}
	return fail("spoil card", err)
}
