package registry

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Claims is what an application says of the citizen beside the person; empty when it was erased.
type Claims struct {
	Station        identity.StationID `json:"station,omitzero"`
	Officer        identity.OfficerID `json:"officer,omitzero"`
	Channel        identity.Channel   `json:"channel,omitzero"`
	Representative string             `json:"representative,omitzero"`
	Delivery       identity.Delivery  `json:"delivery,omitzero"`
	DeliveryTo     string             `json:"delivery_to,omitzero"`
	Urgent         bool               `json:"urgent,omitzero"`
	Exemption      string             `json:"exemption,omitzero"`
	ExemptionProof string             `json:"exemption_proof,omitzero"`
	ErrorBy        identity.Party     `json:"error_by,omitzero"`
	LateReason     string             `json:"late_reason,omitzero"`
	SignedSheet    string             `json:"signed_sheet,omitzero"`
	OriginProof    string             `json:"origin_proof,omitzero"`
	ResidingSince  identity.Date      `json:"residing_since,omitzero"`
	SMS            string             `json:"sms,omitzero"`
	Email          string             `json:"email,omitzero"`
	VNeID          bool               `json:"vneid,omitzero"`
}

func claimsOf(a identity.Application) Claims {
	return Claims{
		Station: a.Station, Officer: a.Officer, Channel: a.Channel, Representative: a.Representative.Text, Delivery: a.Delivery, DeliveryTo: a.DeliveryTo,
		Urgent: a.Urgent, Exemption: a.Exemption, ExemptionProof: a.ExemptionProof, ErrorBy: a.ErrorBy, LateReason: a.LateReason, SignedSheet: a.SignedSheet,
		OriginProof: a.OriginProof, ResidingSince: a.ResidingSince, SMS: a.Contact.SMS, Email: a.Contact.Email, VNeID: a.Contact.VNeID,
	}
}

// Held is what is kept of an application beside what it says.
type Held struct {
	Fee        int                          `json:"fee"` // VND
	Payments   []PaidFee                    `json:"payments"`
	Decisions  []Decided                    `json:"decisions"`
	Found      []Unclear                    `json:"found"`
	Identified []Identified                 `json:"identified"`
	Alike      []identity.ApplicationNumber `json:"alike"` // in which fingers like the applicant's were found
	Sent       []Sent                       `json:"sent"`
	Made       []MadeCard                   `json:"made"`
	Ordered    []OrderedOnCard              `json:"ordered"`
	Letters    []PrintedPIN                 `json:"pin_letters"`
	Signatures []OfSignature                `json:"signature_certificates"`
}

// Decided is what an officer decided on the application.
type Decided struct {
	At      time.Time             `json:"at"`
	Step    identity.DecisionStep `json:"step"`
	Officer identity.OfficerID    `json:"officer"`
	Verdict identity.Verdict      `json:"verdict,omitzero"`
	Reason  string                `json:"reason,omitzero"`
	Paper   string                `json:"paper,omitzero"`
}

// Unclear is what a check found that needed a person.
type Unclear struct {
	At    time.Time       `json:"at"`
	Stage identity.Stage  `json:"stage"`
	Found json.RawMessage `json:"found"`
}

// MadeCard is a card that was made for the application, and how it was handed over.
type MadeCard struct {
	Serial        identity.CardSerial `json:"serial"`
	State         identity.CardState  `json:"state"`
	Reason        string              `json:"reason,omitzero"`
	Handed        string              `json:"handed_over,omitzero"` // by which method
	By            identity.OfficerID  `json:"handed_over_by,omitzero"`
	At            *time.Time          `json:"handed_over_at,omitzero"`
	Proof         string              `json:"proof,omitzero"`
	Score         *float64            `json:"score,omitzero"` // of the finger, against the one captured
	OldCard       string              `json:"old_card,omitzero"`
	OldCardReason string              `json:"old_card_reason,omitzero"`
}

// OrderedOnCard is what an officer had done to the chip of a card.
type OrderedOnCard struct {
	At      time.Time          `json:"at"`
	Officer identity.OfficerID `json:"officer"`
	What    string             `json:"what"`
	Done    *time.Time         `json:"done,omitzero"`
}

// PrintedPIN is a letter with a PIN that was printed.
type PrintedPIN struct {
	At      time.Time          `json:"at"`
	Officer identity.OfficerID `json:"officer"`
}

// OfSignature is a certificate of the digital signature on a card.
type OfSignature struct {
	Serial     string     `json:"serial"`
	Issued     time.Time  `json:"issued"`
	Superseded *time.Time `json:"superseded,omitzero"`
}

// PaidFee is a fee that was paid.
type PaidFee struct {
	Amount   int                `json:"amount"` // VND
	Receipt  string             `json:"receipt"`
	To       identity.OfficerID `json:"to"`
	At       time.Time          `json:"at"`
	Refunded *time.Time         `json:"refunded,omitzero"`
}

// Identified is what an officer said of who the applicant is.
type Identified struct {
	At       time.Time           `json:"at"`
	Officer  identity.OfficerID  `json:"officer"`
	Person   identity.PersonID   `json:"person,omitzero"` // none: none of those who were found
	NotThese []identity.PersonID `json:"not_these"`
	Paper    string              `json:"paper,omitzero"`
}

// Sent is a message about the application.
type Sent struct {
	At       time.Time `json:"at"`
	What     string    `json:"what"`
	Receiver string    `json:"receiver,omitzero"` // none: nobody is told of it
	State    string    `json:"state,omitzero"`
}

// RecordChange is a change of the population register's record of the person.
type RecordChange struct {
	At     time.Time       `json:"at"`
	Change string          `json:"change"`
	Actor  string          `json:"actor"`
	Paper  string          `json:"paper"`
	Reason string          `json:"reason,omitzero"`
	Before json.RawMessage `json:"before,omitzero"`
	After  json.RawMessage `json:"after,omitzero"`
	Erased *time.Time      `json:"erased,omitzero"` // since when no more of both is kept than a province
}

// heldOf reads what is kept of an application beside what it says.
func (r *Registry) heldOf(ctx context.Context, number identity.ApplicationNumber) (Held, error) {
	var h Held
	batch := &pgx.Batch{}
	batch.Queue(`SELECT fee FROM applications WHERE number = $1`, number).QueryRow(func(row pgx.Row) error { return row.Scan(&h.Fee) })
	queueList(batch, &h.Payments, `SELECT amount, receipt, paid_to, paid_at, refunded_at FROM payments WHERE application = $1 ORDER BY paid_at`, number)
	queueList(batch, &h.Decisions, `SELECT at, step, officer, verdict, reason, paper FROM decisions WHERE application = $1 ORDER BY at`, number)
	queueList(batch, &h.Found, `SELECT at, stage, found FROM findings WHERE application = $1 ORDER BY at`, number)
	queueList(batch, &h.Made, `
		SELECT serial, state, reason, coalesce(handed_over, ''), coalesce(handed_over_by, ''), handed_over_at, proof, score, old_card, old_card_reason
		FROM cards WHERE application = $1 ORDER BY attempt`, number)
	queueList(batch, &h.Ordered, `SELECT at, officer, what, done_at FROM card_orders WHERE application = $1 ORDER BY at`, number)
	queueList(batch, &h.Letters, `SELECT at, officer FROM pin_letters WHERE application = $1 ORDER BY at`, number)
	queueList(batch, &h.Signatures, `SELECT serial, issued_at, superseded_at FROM signature_certificates WHERE application = $1 ORDER BY issued_at`, number)
	queueList(batch, &h.Identified, `
		SELECT i.at, d.officer, i.person, i.not_these, i.paper FROM identifications i
		JOIN decisions d ON d.application = i.application AND d.step = `+stepIdentify+` AND d.round = i.round WHERE i.application = $1 ORDER BY i.round`, number)
	queueList(batch, &h.Sent, `
		SELECT coalesce(d.done_at, e.at), e.kind, coalesce(d.receiver, ''), coalesce(d.state, '') FROM events e
		LEFT JOIN deliveries d ON d.application = e.application AND d.n = e.n WHERE e.application = $1 ORDER BY e.n, d.receiver`, number)
	batch.Queue(`
		SELECT DISTINCT jsonb_array_elements_text(found -> 'Hits') FROM findings
		WHERE application = $1 AND stage = `+stageDeduplication+` AND jsonb_typeof(found -> 'Hits') = 'array' ORDER BY 1`, number).Query(func(rows pgx.Rows) error {
		var err error
		h.Alike, err = pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
		return err
	})
	return h, fail("read what is held", r.db.SendBatch(ctx, batch).Close())
}

// queueList reads the rows of a query into a list.
func queueList[T any](batch *pgx.Batch, list *[]T, sql string, args ...any) {
	batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		var err error
		*list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	})
}

// changesOf lists what was done to the record of a person, under all numbers and in all lives, the
// first change first.
func (r *Registry) changesOf(ctx context.Context, citizens [][]byte, person identity.PersonID) ([]RecordChange, error) {
	rows, _ := r.db.Query(ctx, `
		WITH persons AS (SELECT person AS id FROM person_numbers WHERE citizen = ANY($1) UNION SELECT $2 WHERE $2 <> '')
		SELECT at, change, actor, paper, reason, before, after, erased_at FROM person_changes
		WHERE person IN (SELECT id FROM persons UNION SELECT c.id FROM persons p JOIN citizens c ON c.same_as = p.id) ORDER BY seq`, citizens, string(person)) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[RecordChange])
	return list, fail("list changes of a person", err)
}
