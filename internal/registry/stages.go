package registry

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// StageChange moves an application to a stage.
type StageChange struct {
	Application identity.ApplicationNumber
	To          identity.Stage
	Attempt     int // the card being made; 0 leaves it as it is
	Awaiting    identity.Action
	Actor       string
	Reason      string
}

// Enter moves an application to a stage, with its audit entry in the same statement.
// identity.Stage says from where it may go there; entering the stage it is at
// changes only what it waits for. A late copy of a step for a card that has been
// given up since is refused.
func (r *Registry) Enter(ctx context.Context, m StageChange) error {
	tag, err := r.db.Exec(ctx, enter, m.args())
	if err != nil {
		return fail("enter stage", err)
	}
	if tag.RowsAffected() == 1 {
		return nil
	}
	return r.refuseMove(ctx, m)
}

const enter = `
	WITH before AS (
		SELECT number, stage, attempt FROM applications WHERE number = @number AND stage = ANY(@from) AND (@attempt = 0 OR @attempt >= attempt) FOR NO KEY UPDATE
	), entered AS (
		UPDATE applications a SET stage = @to, awaiting = @awaiting, attempt = greatest(a.attempt, @attempt),
			reason = CASE WHEN @reason = '' THEN a.reason ELSE @reason END,
			entered_at = CASE WHEN b.stage = @to THEN a.entered_at ELSE now() END
		FROM before b WHERE a.number = b.number
		RETURNING a.number, b.stage <> @to OR a.attempt > b.attempt AS moved
	), noted AS (
		INSERT INTO audit (application, actor, event, reason)
		SELECT number, @actor, 'entered ' || @to, @reason FROM entered WHERE moved
	)
	SELECT number FROM entered`

func (m StageChange) args() pgx.StrictNamedArgs {
	var from []string
	for _, s := range identity.Stages {
		if _, err := s.Enter(m.To); err == nil {
			from = append(from, string(s))
		}
	}
	return pgx.StrictNamedArgs{
		"number": m.Application, "from": from, "to": m.To, "awaiting": m.Awaiting,
		"attempt": m.Attempt, "actor": m.Actor, "reason": m.Reason,
	}
}

// EnterWith is Enter for a stage that begins by reading: in the same round trip it
// reads the application as it is then, and evidence.
func (r *Registry) EnterWith(ctx context.Context, m StageChange, wanted ...EvidenceKey) (ApplicationRecord, Evidence, error) {
	batch := &pgx.Batch{}
	batch.Queue(enter, m.args())
	batch.Queue(selectRecord+` WHERE a.number = $1`, m.Application)
	queueEvidence(batch, m.Application, wanted)
	results := r.db.SendBatch(ctx, batch)
	defer results.Close()
	tag, err := results.Exec()
	if err != nil {
		return ApplicationRecord{}, nil, fail("enter stage", err)
	}
	if tag.RowsAffected() != 1 {
		_ = results.Close() // gives the connection back, to ask why
		return ApplicationRecord{}, nil, r.refuseMove(ctx, m)
	}
	rows, _ := results.Query() // CollectExactlyOneRow reports the error
	record, err := pgx.CollectExactlyOneRow(rows, scanRecord)
	if err != nil {
		return ApplicationRecord{}, nil, fail("read application", err)
	}
	evidence, err := r.readEvidence(results, m.Application)
	if err != nil {
		return ApplicationRecord{}, nil, err
	}
	return record, evidence, fail("enter stage", results.Close())
}

// refuseMove says why an application cannot move to a stage.
func (r *Registry) refuseMove(ctx context.Context, m StageChange) error {
	var at identity.Stage
	var attempt int
	err := r.db.QueryRow(ctx, `SELECT stage, attempt FROM applications WHERE number = $1`, m.Application).Scan(&at, &attempt)
	if err != nil {
		return fail("enter stage", found(err, "there is no application %s", m.Application))
	}
	if _, err := at.Enter(m.To); err != nil {
		return err
	}
	if m.Attempt != 0 && m.Attempt < attempt {
		return identity.Refuse(identity.Conflict, "card %d of application %s was given up for card %d", m.Attempt, m.Application, attempt)
	}
	return fmt.Errorf("enter %s: application %s moved meanwhile", m.To, m.Application)
}
