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
	Trouble      string              // why its station cannot make its card now; empty if it can
	Reason       identity.ReasonCode // why it ended
	Attempt      int                 // the card being made, from 1
	CaptureRound int
	Releases     int // how often an officer let it go on, or said who the applicant is
	Search       int // which search with its fingers a verdict is on now, from 1
	Clock        LegalClock

	// The decisions that were recorded, whatever the workflow made of them.
	Hold          *identity.Hold // nil when it is not held
	ApprovedBy    identity.OfficerID
	OutdatedBy    identity.OfficerID // approved it before an officer said whose it is, which an approval has to see
	AdjudicatedBy identity.OfficerID // last, on what was found with this round of capture
	Verdict       identity.Verdict
	Ending        identity.DecisionStep // StepReject or StepWithdraw, to be carried out
	EndingBy      identity.OfficerID
	Requests      []string                // the identifiers that the clients gave them
	Requested     []identity.DecisionStep // which decision each of those is of

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
		SELECT a.stage, a.awaiting, a.awaiting_why, a.trouble, a.reason, greatest(a.attempt, 1), a.capture_round,
			a.due, a.clock_stopped_at, now(), a.held,
			coalesce(hold.officer, ''), coalesce(hold.reason, ''), coalesce(hold.for_citizen, false),
			coalesce(approved_by(a.number), ''), coalesce(outdated.officer, ''), coalesce(adjudication.officer, ''), coalesce(adjudication.verdict, ''),
			coalesce(ending.step, ''), coalesce(ending.officer, ''),
			(SELECT count(*) FROM decisions d WHERE d.application = a.number AND d.step IN (`+stepRelease+`, `+stepIdentify+`)), search_round(a.number),
			(SELECT coalesce(array_agg(d.request ORDER BY d.request), '{}') FROM decisions d WHERE d.application = a.number AND d.request <> ''),
			(SELECT coalesce(array_agg(d.step ORDER BY d.request), '{}') FROM decisions d WHERE d.application = a.number AND d.request <> ''),
			coalesce(c.state, ''), coalesce(c.station, ''), coalesce(c.consignment, '')
		FROM applications a
		LEFT JOIN cards c ON c.application = a.number AND c.attempt = greatest(a.attempt, 1)
		LEFT JOIN LATERAL (
			SELECT officer, verdict FROM decisions WHERE application = a.number AND step = `+stepAdjudicate+` AND round >= (
				SELECT min(f.round) FROM findings f WHERE f.application = a.number AND f.stage = `+stageDeduplication+` AND coalesce(f.capture, f.round) = a.capture_round)
			ORDER BY round DESC LIMIT 1
		) adjudication ON true
		LEFT JOIN LATERAL (
			SELECT officer FROM decisions WHERE application = a.number AND step = `+stepApprove+` AND round < approval_round(a.number) ORDER BY round DESC LIMIT 1
		) outdated ON true
		LEFT JOIN LATERAL (
			SELECT officer, reason, for_citizen FROM decisions WHERE application = a.number AND step = `+stepHold+` ORDER BY round DESC LIMIT 1
		) hold ON a.held
		LEFT JOIN LATERAL (
			SELECT step, officer FROM decisions WHERE application = a.number AND step IN (`+stepReject+`, `+stepWithdraw+`) ORDER BY at LIMIT 1
		) ending ON true
		WHERE a.number = $1`, number).
		Scan(&s.Stage, &s.Awaiting, &s.Why, &s.Trouble, &s.Reason, &s.Attempt, &s.CaptureRound, &s.Clock.Due, &stopped, &s.Clock.Now,
			&held, &hold.Officer, &hold.Reason, &hold.CitizensPart, &s.ApprovedBy, &s.OutdatedBy, &s.AdjudicatedBy, &s.Verdict, &s.Ending, &s.EndingBy,
			&s.Releases, &s.Search, &s.Requests, &s.Requested, &s.Card, &s.Station, &s.Consignment)
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
