package registry

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Shown is what a citizen may know of an application, by its receipt and the birth date.
type Shown struct {
	Number     identity.ApplicationNumber
	Birth      identity.Date // to be compared, not shown: the register's once the person is known, and before that as it was typed
	Document   identity.Document
	Stage      identity.Stage
	Entered    map[identity.Stage]time.Time // when it first came to each
	Awaiting   identity.Action
	Until      time.Time       // when it waits no longer for that; zero: it waits without end
	Found      []byte          // JSON: what the capture that has to be taken again was found wanting in; nil when it is good
	Held       bool            // it is on hold, or cannot be handed over now for what became of the citizen's last card
	ForCitizen bool            // it is on hold for the citizen's part
	Why        identity.Reason // why it ended without a card, or is on hold
	Due        time.Time
	Paused     bool // the legal clock stands still
	Lost       bool // the card that was given on it is reported lost, and no authority keeps it
	Delivery   identity.Delivery
	Unpaid     int   // VND, of a card that waits to be handed over
	FiledAt    Place // the station that took it
	Now        time.Time
}

// Place is a station as citizens look for it.
type Place struct{ Name, Address, Hours string }

// Misses are look-ups that found nothing: of this receipt by this client, of all receipts
// by this client, and of this receipt by everybody; those of the last hour, and of the
// last day of the first that was counted.
type Misses struct{ Here, Client, Receipt Missed }

// Missed counts them, with the time when they are forgotten.
type Missed struct {
	Count int
	Until time.Time
}

// selectShown reads what is sealed, and the data key, only where the register here does not say
// when the person was born. Of the tables that grow with every application it reads one row,
// and the others' indexes.
var selectShown = `
	SELECT a.number, ` + documentOf + `, CASE WHEN register.birth IS NULL THEN a.sealed END,
		CASE WHEN register.birth IS NULL THEN (SELECT k.wrapped FROM vault_keys k WHERE k.application = a.number) END,
		a.stage, a.awaiting, a.awaiting_until,
		CASE WHEN a.stage = ` + stageHandOver + ` THEN a.held OR EXISTS (SELECT FROM cards c WHERE c.application = a.number AND c.attempt = a.attempt AND card_impediment(c.citizen, a.number) IS NOT NULL) ELSE a.held END,
		coalesce(given.for_citizen AND a.held, false), a.reason, coalesce(given.reason, ''), a.due, a.clock_stopped_at IS NOT NULL, a.delivery,
		CASE WHEN a.stage = ` + stageHandOver + ` AND NOT EXISTS (SELECT FROM payments p WHERE p.application = a.number AND p.amount = a.fee AND p.refunded_at IS NULL) THEN a.fee ELSE 0 END, s.name, s.address, s.hours,
		(SELECT found FROM findings WHERE application = a.number AND stage = a.stage AND round = a.capture_round AND a.awaiting = '` + string(identity.ToRecapture) + `'),
		CASE WHEN a.stage = ` + stageIssued + ` THEN EXISTS (SELECT FROM cards c WHERE c.application = a.number AND c.state = ` + cardReportedLost + ` AND kept_since(c.citizen) IS NULL) ELSE false END,
		came.stages, a.received_at, a.entered_at, now(), card.attempt, card.sealed, coalesce(register.birth, '')
	FROM applications a
	JOIN stations s ON s.id = a.station
	CROSS JOIN LATERAL (
		SELECT jsonb_object_agg(substr(event, length('entered ') + 1), at) AS stages FROM (
			SELECT event, min(at) AS at FROM audit WHERE application = a.number AND event LIKE 'entered %' GROUP BY event) AS entered
	) came
	LEFT JOIN LATERAL (
		SELECT nullif(p.birth, '') AS birth FROM person_numbers n JOIN citizens p ON p.id = n.person
		WHERE n.citizen = a.citizen AND a.erased_at IS NULL AND (came.stages ? ` + stageDeduplication + `
			OR n.person = (SELECT i.person FROM identifications i WHERE i.application = a.number ORDER BY i.round DESC LIMIT 1))
	) register ON true
	LEFT JOIN LATERAL (SELECT c.attempt, c.sealed FROM cards c WHERE c.application = a.number AND register.birth IS NULL ORDER BY c.attempt DESC LIMIT 1) card ON true
	LEFT JOIN LATERAL (
		SELECT d.reason, d.for_citizen FROM decisions d WHERE d.application = a.number AND d.step = CASE
			WHEN a.stage = ` + stageRejected + ` THEN ` + stepReject + `
			WHEN a.stage = ` + stageWithdrawn + ` THEN ` + stepWithdraw + `
			WHEN a.held THEN ` + stepHold + ` END
		ORDER BY d.round DESC LIMIT 1
	) given ON true
	WHERE a.number = $1`

// shown reads a row of selectShown.
func (r *Registry) shown(row pgx.CollectableRow) (Shown, error) {
	var s Shown
	var given string
	var until *time.Time
	var entered []byte
	var received, arrived time.Time
	var ended identity.ReasonCode
	var known knownBirth
	err := row.Scan(&s.Number, &s.Document, &known.typed.details, &known.typed.wrapped, &s.Stage, &s.Awaiting, &until, &s.Held, &s.ForCitizen, &ended, &given, &s.Due, &s.Paused, &s.Delivery, &s.Unpaid,
		&s.FiledAt.Name, &s.FiledAt.Address, &s.FiledAt.Hours, &s.Found, &s.Lost, &entered, &received, &arrived, &s.Now, &known.attempt, &known.card, &known.register)
	if err != nil {
		return Shown{}, err
	}
	if entered != nil {
		if err := json.Unmarshal(entered, &s.Entered); err != nil {
			return Shown{}, err
		}
	}
	if s.Entered == nil {
		s.Entered = make(map[identity.Stage]time.Time, 1)
	}
	s.Entered[identity.Received] = received
	if s.Stage.Ended() {
		s.Entered[s.Stage] = arrived // the trail of one that was issued says how it was handed over
	}
	if s.Birth, err = r.birth(s.Number, known); err != nil {
		return Shown{}, err
	}
	if until != nil {
		s.Until = *until
	}
	if s.Why = identity.ReadReason(given); s.Why == (identity.Reason{}) {
		s.Why = identity.Reason{Code: ended}
	}
	return s, nil
}

// knownBirth is what is known of an applicant's birth.
type knownBirth struct {
	register string // by the population register here, once it is known whose the application is; else empty, and the rest is given
	attempt  *int
	card     []byte // sealed: of the last one
	typed    sealedApplication
}

// birth is the register's, once it is known whose an application is: by the record of now, or of
// another register by the one that the card was prepared from. Without its data key, an
// application has no birth date that anything could be compared with.
func (r *Registry) birth(number identity.ApplicationNumber, k knownBirth) (identity.Date, error) {
	switch {
	case k.register != "":
		return identity.ParseDate(k.register)
	case k.typed.wrapped == nil:
		return identity.Date{}, nil
	case k.card != nil:
		var card identity.Card
		err := r.openJSON(cardColumn(number, *k.attempt), k.card, k.typed.wrapped, &card)
		return card.Person.Birth, err
	}
	var about identity.Application
	err := r.unread(r.open(number, k.typed, &about)).whole()
	return about.Person.Birth, err
}

// LookUp reads what a citizen may know of an application, and how many look-ups found
// nothing before. Client and receipt are codes. It refuses with NotFound, with the same
// misses, where there is no such application.
func (r *Registry) LookUp(ctx context.Context, number identity.ApplicationNumber, client, receipt []byte) (Shown, Misses, error) {
	var batch pgx.Batch
	var misses Misses
	var shown Shown
	batch.Queue(`
		SELECT client = '', receipt = '', misses, until FROM look_up_misses
		WHERE until > now() AND (client = $1 AND receipt = $2 OR client = $1 AND receipt = '' OR client = '' AND receipt = $2)`, client, receipt).
		Query(func(rows pgx.Rows) error {
			var everybody, anything bool
			var m Missed
			_, err := pgx.ForEachRow(rows, []any{&everybody, &anything, &m.Count, &m.Until}, func() error {
				switch {
				case everybody:
					misses.Receipt = m
				case anything:
					misses.Client = m
				default:
					misses.Here = m
				}
				return nil
			})
			return err
		})
	batch.Queue(selectShown, number).Query(func(rows pgx.Rows) (err error) {
		shown, err = pgx.CollectExactlyOneRow(rows, r.shown)
		return err
	})
	err := r.db.SendBatch(ctx, &batch).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return Shown{}, misses, noApplication(number)
	}
	return shown, misses, fail("look application up", err)
}

// NoteMiss counts a look-up that found nothing: for an hour by its client, for a day by
// its receipt. What is over is forgotten by the way.
func (r *Registry) NoteMiss(ctx context.Context, client, receipt []byte) error {
	_, err := r.db.Exec(ctx, `
		WITH over AS (
			DELETE FROM look_up_misses WHERE ctid = ANY (ARRAY(
				SELECT ctid FROM look_up_misses WHERE until < now() - interval '1 minute' ORDER BY until LIMIT 10 FOR UPDATE SKIP LOCKED))
		)
		INSERT INTO look_up_misses AS m (client, receipt, misses, until) VALUES
			($1, $2, 1, now() + interval '1 hour'),
			($1, '', 1, now() + interval '1 hour'),
			('', $2, 1, now() + interval '1 day')
		ON CONFLICT (client, receipt) DO UPDATE SET
			misses = CASE WHEN m.until > now() THEN m.misses + 1 ELSE 1 END,
			until = CASE WHEN m.until > now() THEN m.until ELSE excluded.until END`, client, receipt)
	return fail("note look-up", err)
}
