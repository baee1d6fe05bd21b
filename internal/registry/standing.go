package registry

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Standing is where an application stands: all that its workflow has to know to go
// on, whoever began it and whatever became of the workflow before.
type Standing struct {
	Stage        identity.Stage
	Awaiting     identity.Action
	Why          string              // why it waits
	Reason       identity.ReasonCode // why it ended
	Attempt      int                 // the card being made, from 1
	CaptureRound int
	Releases     int // how often an officer let it go on
	Clock        LegalClock

	// The decisions that were recorded, whatever the workflow made of them.
	Hold          *identity.Hold // nil when it is not held
	ApprovedBy    identity.OfficerID
	AdjudicatedBy identity.OfficerID // on this round of capture
	Verdict       identity.Verdict
	Ending        identity.DecisionStep // StepReject or StepWithdraw, to be carried out
	EndingBy      identity.OfficerID
	Requests      []string // the identifiers that the clients gave them

	Card        identity.CardState // of the card of this attempt; empty before its data is prepared
	Station     identity.StationID // that began the card
	Consignment identity.ConsignmentNumber
}

// Standing reads where an application stands, or refuses with NotFound. It is one
// round trip, and one snapshot.
func (r *Registry) Standing(ctx context.Context, number identity.ApplicationNumber) (Standing, error) {
	var s Standing
	var held bool
	var hold identity.Hold
	var stopped *time.Time
	err := r.db.QueryRow(ctx, `
		SELECT a.stage, a.awaiting, a.awaiting_why, a.reason, greatest(a.attempt, 1), a.capture_round,
			a.due, a.clock_stopped_at, now(), a.held,
			coalesce(hold.officer, ''), coalesce(hold.reason, ''), coalesce(hold.for_citizen, false),
			coalesce(approval.officer, ''), coalesce(adjudication.officer, ''), coalesce(adjudication.verdict, ''),
			coalesce(ending.step, ''), coalesce(ending.officer, ''),
			(SELECT count(*) FROM decisions d WHERE d.application = a.number AND d.step = `+stepRelease+`),
			(SELECT coalesce(array_agg(d.request), '{}') FROM decisions d WHERE d.application = a.number AND d.request <> ''),
			coalesce(c.state, ''), coalesce(c.station, ''), coalesce(c.consignment, '')
		FROM applications a
		LEFT JOIN cards c ON c.application = a.number AND c.attempt = greatest(a.attempt, 1)
		LEFT JOIN decisions approval ON approval.application = a.number AND approval.step = `+stepApprove+` AND approval.round = 1
		LEFT JOIN decisions adjudication ON adjudication.application = a.number AND adjudication.step = `+stepAdjudicate+` AND adjudication.round = a.capture_round
		LEFT JOIN LATERAL (
			SELECT officer, reason, for_citizen FROM decisions WHERE application = a.number AND step = `+stepHold+` ORDER BY round DESC LIMIT 1
		) hold ON a.held
		LEFT JOIN LATERAL (
			SELECT step, officer FROM decisions WHERE application = a.number AND step IN (`+stepReject+`, `+stepWithdraw+`) ORDER BY at LIMIT 1
		) ending ON true
		WHERE a.number = $1`, number).
		Scan(&s.Stage, &s.Awaiting, &s.Why, &s.Reason, &s.Attempt, &s.CaptureRound, &s.Clock.Due, &stopped, &s.Clock.Now,
			&held, &hold.Officer, &hold.Reason, &hold.CitizensPart, &s.ApprovedBy, &s.AdjudicatedBy, &s.Verdict, &s.Ending, &s.EndingBy,
			&s.Releases, &s.Requests, &s.Card, &s.Station, &s.Consignment)
	if errors.Is(err, pgx.ErrNoRows) {
		return Standing{}, noApplication(number)
	}
	if stopped != nil {
		s.Clock.Stopped = *stopped
	}
	if held {
		s.Hold = &hold
	}
	return s, fail("read where the application stands", err)
}

// OpenApplication is what the reconciler compares with the engine.
type OpenApplication struct {
	Number   identity.ApplicationNumber
	Stage    identity.Stage
	Awaiting identity.Action
	Card     identity.CardState // of the card of this attempt
	Quiet    time.Duration      // since it last came to a stage or a wait, or its card changed
}

// OpenApplications lists applications that have not ended, by number, after the last
// one of the page before.
func (r *Registry) OpenApplications(ctx context.Context, after identity.ApplicationNumber, limit int) ([]OpenApplication, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT a.number, a.stage, a.awaiting, coalesce(c.state, ''),
			now() - greatest(a.entered_at, a.awaiting_since, a.received_at, c.changed_at)
		FROM applications a LEFT JOIN cards c ON c.application = a.number AND c.attempt = a.attempt
		WHERE a.stage NOT IN `+ends+` AND a.number > $1
		ORDER BY a.number LIMIT $2`, after, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OpenApplication])
	return list, fail("list open applications", err)
}

// OpenConsignment is what the reconciler compares with the engine.
type OpenConsignment struct {
	Number      identity.ConsignmentNumber
	Destination identity.StationID
	State       identity.ConsignmentState
}

// OpenConsignments lists the consignments that were opened a while ago and whose cards
// were not told yet that they arrived, by number.
func (r *Registry) OpenConsignments(ctx context.Context, age time.Duration, limit int) ([]OpenConsignment, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number, destination, state FROM consignments
		WHERE announced_at IS NULL AND opened_at < now() - $1::interval ORDER BY number LIMIT $2`, age, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OpenConsignment])
	return list, fail("list open consignments", err)
}

// AwaitingStock lists applications that wait for a blank, in the order in which
// blanks go to them: urgent ones, then cards that are made again, then the others;
// among equals the provinces take turns.
func (r *Registry) AwaitingStock(ctx context.Context, limit int) ([]identity.ApplicationNumber, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number FROM (
			SELECT number, CASE WHEN urgent THEN 0 WHEN attempt > 1 THEN 1 ELSE 2 END AS class, awaiting_since,
				row_number() OVER (PARTITION BY urgent, attempt > 1, province ORDER BY awaiting_since, number) AS turn
			FROM applications WHERE awaiting = $1 AND awaiting <> ''
		) waiting ORDER BY class, turn, awaiting_since, number LIMIT $2`, identity.ToRestock, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
	return list, fail("list applications that wait for stock", err)
}

// FreeBlanks counts the blanks in the center's stock, which any station may take, up to
// a limit.
func (r *Registry) FreeBlanks(ctx context.Context, limit int) (int, error) {
	var n int
	err := r.db.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM blanks WHERE account = `+accountStock+` AND location = `+locationCenter+` LIMIT $1) free`, limit).Scan(&n)
	return n, fail("count free blanks", err)
}
