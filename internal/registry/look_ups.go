package registry

import (
	"context"
	"errors"
	"strings"
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
// and the others' indexes. What few applications have is behind functions (migration 0677), whose
// tables the others' look-ups do not even open.
var selectShown = `
	SELECT a.number, ` + documentOf + `, a.stage, a.awaiting, a.awaiting_until, CASE WHEN a.stage = ` + stageHandOver + ` THEN a.held OR is_impeded(a.number, a.attempt) ELSE a.held END,
		CASE WHEN a.held OR a.stage IN (` + stageRejected + `, ` + stageWithdrawn + `) THEN last_decision(a.number, CASE a.stage
			WHEN ` + stageRejected + ` THEN ` + stepReject + `
			WHEN ` + stageWithdrawn + ` THEN ` + stepWithdraw + `
			ELSE ` + stepHold + ` END) END,
		a.held, a.reason, a.due, a.clock_stopped_at IS NOT NULL, a.delivery, CASE WHEN a.stage = ` + stageHandOver + ` THEN unpaid_of(a.number, a.fee) ELSE 0 END, s.name, s.address, s.hours,
		CASE WHEN a.awaiting = '` + string(identity.ToRecapture) + `' THEN findings_of(a.number, a.stage, a.capture_round) END,
		CASE WHEN a.stage = ` + stageIssued + ` THEN is_lost(a.number) ELSE false END,
		came.events, came.times, a.received_at, a.entered_at, now(), coalesce(register.birth, ''),
		CASE WHEN register.birth IS NULL THEN a.sealed END, CASE WHEN register.birth IS NULL THEN data_key_of(a.number) END,
		CASE WHEN register.birth IS NULL THEN last_attempt(a.number) END, CASE WHEN register.birth IS NULL THEN last_sealed_card(a.number) END
	FROM applications a
	JOIN stations s ON s.id = a.station
	CROSS JOIN LATERAL (SELECT array_agg(event) AS events, array_agg(at) AS times FROM audit WHERE application = a.number AND event LIKE '` + eventEntered + `%') came
	LEFT JOIN LATERAL (
		SELECT nullif(p.birth, '') AS birth FROM person_numbers n JOIN citizens p ON p.id = n.person
		WHERE n.citizen = a.citizen AND a.erased_at IS NULL AND ('` + eventEntered + `' || ` + stageDeduplication + ` = ANY (came.events) OR n.person = last_identified(a.number))
	) register ON true
	WHERE a.number = $1`

// eventEntered begins the event of coming to the stage whose name follows.
const eventEntered = "entered "

// shown reads a row of selectShown.
func (r *Registry) shown(row pgx.CollectableRow) (Shown, error) {
	var s Shown
	var until *time.Time
	var given *struct {
		Reason     string
		ForCitizen bool `json:"for_citizen"`
	}
	var held bool // by an officer
	var events []string
	var times []time.Time
	var received, arrived time.Time
	var ended identity.ReasonCode
	var known knownBirth
	err := row.Scan(&s.Number, &s.Document, &s.Stage, &s.Awaiting, &until, &s.Held, &given, &held, &ended, &s.Due, &s.Paused, &s.Delivery, &s.Unpaid,
		&s.FiledAt.Name, &s.FiledAt.Address, &s.FiledAt.Hours, &s.Found, &s.Lost, &events, &times, &received, &arrived, &s.Now,
		&known.register, &known.typed.details, &known.typed.wrapped, &known.attempt, &known.card)
	if err != nil {
		return Shown{}, err
	}
	s.Entered = make(map[identity.Stage]time.Time, len(events)+1)
	for i, event := range events {
		stage := identity.Stage(strings.TrimPrefix(event, eventEntered))
		if first, before := s.Entered[stage]; !before || times[i].Before(first) {
			s.Entered[stage] = times[i]
		}
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
	if given != nil {
		s.ForCitizen, s.Why = given.ForCitizen && held, identity.ReadReason(given.Reason)
	}
	if s.Why == (identity.Reason{}) {
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
