package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Decide records a decision with its audit entry and what it changes: a hold, the
// round of capture, and the legal deadline, which becomes newDue unless that is
// zero. It refuses a reason that is not in the step's table; four eyes are
// constraints of the database. The same decision again changes nothing; another in
// its place is refused.
func (r *Registry) Decide(ctx context.Context, d identity.Decision, newDue time.Time) error {
	if err := d.Step.Reasons().Check(d.Reason); err != nil {
		return err
	}
	var due *time.Time
	if !newDue.IsZero() {
		due = &newDue
	}
	tag, err := r.db.Exec(ctx, `
		WITH turn AS (
			SELECT number, officer FROM applications WHERE number = @number FOR NO KEY UPDATE
		), decided AS (
			INSERT INTO decisions (application, step, round, officer, enrolled_by, verdict, reason, for_citizen)
			SELECT number, @step, @round, @officer, officer, @verdict, @reason, @for_citizen FROM turn
			ON CONFLICT (application, step, round) DO NOTHING
			RETURNING application
		), changed AS (
			UPDATE applications a SET
				held = CASE @step WHEN `+stepHold+` THEN true WHEN `+stepRelease+` THEN false ELSE held END,
				capture_round = CASE @step WHEN `+stepRecapture+` THEN greatest(capture_round, @round) ELSE capture_round END,
				awaiting = '', due = coalesce(@due, due)
			FROM decided WHERE a.number = decided.application
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @officer, @step || CASE WHEN @verdict = '' THEN '' ELSE ': ' || @verdict END, @reason FROM decided`,
		pgx.StrictNamedArgs{
			"number": d.Application, "step": d.Step, "round": d.Round, "officer": d.Officer,
			"verdict": d.Verdict, "reason": d.Reason.String(), "for_citizen": d.ForCitizen, "due": due,
		})
	if err != nil || tag.RowsAffected() == 1 {
		return fail("record decision", err)
	}
	return fail("record decision", r.sameDecision(ctx, d))
}

// sameDecision accepts a decision that was recorded before, and refuses another in
// its place.
func (r *Registry) sameDecision(ctx context.Context, d identity.Decision) error {
	var officer identity.OfficerID
	var verdict identity.Verdict
	err := r.db.QueryRow(ctx, `SELECT officer, verdict FROM decisions WHERE application = $1 AND step = $2 AND round = $3`,
		d.Application, d.Step, d.Round).Scan(&officer, &verdict)
	if err != nil {
		return found(err, "there is no application %s", d.Application)
	}
	if officer != d.Officer || verdict != d.Verdict {
		return identity.Refuse(identity.Conflict, "application %s: %s was decided by %s before", d.Application, d.Step, officer)
	}
	return nil
}
