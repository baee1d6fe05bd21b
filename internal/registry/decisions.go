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

// LegalClock is an application's legal deadline and whether its time runs.
type LegalClock struct {
	Due     time.Time
	Stopped time.Time // since when it stands still; zero while it runs
	Now     time.Time // by the database's clock
}

// LegalClock reads an application's clock, or refuses with NotFound.
func (r *Registry) LegalClock(ctx context.Context, number identity.ApplicationNumber) (LegalClock, error) {
	var c LegalClock
	var stopped *time.Time
	err := r.db.QueryRow(ctx, `SELECT due, clock_stopped_at, now() FROM applications WHERE number = $1`, number).Scan(&c.Due, &stopped, &c.Now)
	if stopped != nil {
		c.Stopped = *stopped
	}
	return c, fail("read legal clock", found(err, "there is no application %s", number))
}

// Decide records a decision, as its officer signed it, with its audit entry and all that it changes: a hold, the
// round of capture, the legal clock and deadline, a card written off. It is one
// statement, and gives the clock as it is then. Four eyes, and one verdict at
// Approval, are the table's constraints.
//
// The legal deadline becomes newDue, unless that is zero. The same decision again
// changes nothing; another one of that round is refused, and
// so is any on an application that has ended.
func (r *Registry) Decide(ctx context.Context, d identity.Decision, newDue time.Time, signed statement.Signed) (LegalClock, error) {
	clock, err := r.decide(ctx, d, newDue, signed)
	return clock, r.kept(ctx, signed, err)
}

// deciding is a decision in one statement, which gives the legal clock as it is then; no row: it was
// decided before, or is not to be decided.
var deciding = `
	WITH turn AS (
		SELECT number, officer, stage FROM applications WHERE number = @number AND stage NOT IN ` + ends + `
			AND (@capture = 0 OR capture_round = @capture)
			AND NOT (@before_approval::text <> '' AND (@before_approval <> stage OR stage = ` + stageApproval + `)
				AND approved_by(@number) IS NOT NULL)
			AND NOT (@step = ` + stepApprove + ` AND ` + unproven + `)
			AND NOT (@step = ` + stepAdjudicate + ` AND ` + nothingToJudge + `) FOR NO KEY UPDATE
	), decided AS (
		INSERT INTO decisions (application, step, round, officer, enrolled_by, verdict, reason, for_citizen, request, stage, paper)
		SELECT number, @step, CASE @step WHEN ` + stepApprove + ` THEN approval_round(number) ELSE @round END, @officer, officer, @verdict, @reason, @for_citizen, @request, stage, CASE @step WHEN ` + stepApprove + ` THEN @paper ELSE '' END FROM turn
		ON CONFLICT (application, step, round) DO NOTHING
		RETURNING application
	), signed AS (` + insertActs + ` WHERE EXISTS (SELECT FROM decided)` + onceEach + `
	), identified AS (
		INSERT INTO identifications (application, round, person, not_these, paper)
		SELECT application, @round, @person, @not_these, @paper FROM decided WHERE @step = ` + stepIdentify + `
	), changed AS (
		UPDATE applications a SET
			held = CASE @step WHEN ` + stepHold + ` THEN true WHEN ` + stepRelease + ` THEN false ELSE held END,
			capture_round = CASE @step WHEN ` + stepRecapture + ` THEN greatest(capture_round, @round) ELSE capture_round END,
			clock_stopped_at = CASE WHEN @runs_clock THEN NULL WHEN @for_citizen THEN coalesce(clock_stopped_at, now()) ELSE clock_stopped_at END,
			awaiting = '', awaiting_why = '', awaiting_since = NULL, due = coalesce(@due, due)
		FROM decided WHERE a.number = decided.application
		RETURNING a.due, a.clock_stopped_at
	), spoiled AS (
		UPDATE cards c SET state = ` + cardSpoiled + `, unsure = c.state = ` + cardBegun + `, reason = @lost, changed_at = now()
		FROM decided WHERE c.application = decided.application AND c.attempt = @write_off AND c.state IN ` + begunAtStation + `
		RETURNING c.application, c.attempt, c.blank
	), booked AS (
		UPDATE blanks b SET account = ` + accountSpoiled + ` FROM spoiled WHERE b.serial = spoiled.blank
	), noted AS (
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @officer, @step || CASE WHEN @verdict = '' THEN '' ELSE ': ' || @verdict END, @reason FROM decided
		UNION ALL
		SELECT application, @officer, ` + eventSpoiled + ` || attempt || coalesce(' with blank ' || blank, ''), @lost FROM spoiled
	)
	SELECT due, clock_stopped_at, now() FROM changed`

func (r *Registry) decide(ctx context.Context, d identity.Decision, newDue time.Time, signed statement.Signed) (LegalClock, error) {
	if err := errors.Join(d.Check(), d.Step.Reasons().Check(d.Reason)); err != nil {
		return LegalClock{}, err
	}
	act, err := saysDecision(signed, d)
	if err != nil {
		return LegalClock{}, err
	}
	var due, stopped *time.Time
	if !newDue.IsZero() {
		due = &newDue
	}
	args, err := r.actArgs(signed, pgx.StrictNamedArgs{
		"number": d.Application, "step": string(d.Step), "round": d.Round, "officer": string(d.Officer), "verdict": string(d.Verdict),
		"reason": d.Reason.String(), "for_citizen": d.ForCitizen, "runs_clock": d.RunsClock, "due": due, "request": d.Request,
		"capture": d.Capture, "before_approval": string(identity.BeforeApproval(act)), "write_off": d.WriteOff, "lost": string(identity.ReasonStationLost),
		"person": string(d.Person), "not_these": append([]identity.PersonID{}, d.NotThese...), "paper": d.Paper,
	})
	if err != nil {
		return LegalClock{}, err
	}
	var clock LegalClock
	if d.Step == identity.StepRecapture {
		err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
			if err := tx.QueryRow(ctx, deciding, args).Scan(&clock.Due, &stopped, &clock.Now); err != nil {
				return err
			}
			if err := captured(ctx, tx, d.Application, signed); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, enlistCaptured, d.Application, d.Round)
			return err
		})
	} else {
		err = r.db.QueryRow(ctx, deciding, args).Scan(&clock.Due, &stopped, &clock.Now)
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if err := r.sameDecision(ctx, d); err != nil {
			return LegalClock{}, fail("record decision", err)
		}
		return r.LegalClock(ctx, d.Application)
	case err != nil:
		return LegalClock{}, fail("record decision", err)
	}
	if stopped != nil {
		clock.Stopped = *stopped
	}
	return clock, nil
}

// saysDecision gives the act that a statement says, and refuses one that is not this decision.
func saysDecision(signed statement.Signed, d identity.Decision) (identity.Act, error) {
	said, err := signed.Read()
	if err != nil {
		return nil, err
	}
	act, err := said.Does()
	if err != nil {
		return nil, err
	}
	if err := signed.Says(act, statement.Application(d.Application), d.Request); err != nil {
		return nil, err
	}
	deciding, is := act.(identity.Deciding)
	if !is {
		return nil, identity.RefuseField(identity.Forbidden, "statement", "is no decision on an application")
	}
	told := deciding.Decision()
	same := told.Step == d.Step && told.Officer == d.Officer && told.Verdict == d.Verdict && told.Reason == d.Reason && told.ForCitizen == d.ForCitizen &&
		told.Person == d.Person && slices.Equal(told.NotThese, d.NotThese) && told.Paper == d.Paper && told.Capture == d.Capture && (told.Round == 0 || told.Round == d.Round)
	if release, is := act.(identity.Release); is && !release.Remake && d.WriteOff > 0 {
		same = false
	}
	if !same {
		return nil, identity.RefuseField(identity.Forbidden, "statement", "does not say what is to be recorded")
	}
	return act, current(said, signed.TakenIn)
}

// sameDecision accepts a decision that was recorded before, and refuses another in
// its place. Holds and releases are counted: another one of that count comes from a
// workflow that does not know of the first, as after a reset, and is refused with Elsewhere.
func (r *Registry) sameDecision(ctx context.Context, d identity.Decision) error {
	var officer identity.OfficerID
	var verdict identity.Verdict
	var request string
	err := r.db.QueryRow(ctx, `SELECT officer, verdict, request FROM decisions WHERE application = $1 AND step = $2
		AND round = CASE $2 WHEN `+stepApprove+` THEN approval_round($1) ELSE $3 END`,
		d.Application, d.Step, d.Round).Scan(&officer, &verdict, &request)
	if errors.Is(err, pgx.ErrNoRows) {
		return r.refuseDecision(ctx, d)
	}
	if err != nil {
		return err
	}
	if counted := d.Step == identity.StepHold || d.Step == identity.StepRelease || d.Step == identity.StepIdentify; counted && request != d.Request {
		return identity.Refuse(identity.Elsewhere, "application %s: %s %d was decided by %s before, and is read again now: look where it stands, and decide once more", d.Application, d.Step, d.Round, officer)
	}
	if officer != d.Officer || verdict != d.Verdict {
		return identity.Refuse(identity.Conflict, "application %s: %s was decided by %s before", d.Application, d.Step, officer)
	}
	return nil
}

// Decided reports whether an officer took that decision on an application, so that
// asking again is answered though its workflow has ended.
func (r *Registry) Decided(ctx context.Context, number identity.ApplicationNumber, step identity.DecisionStep, officer identity.OfficerID) (bool, error) {
	var decided bool
	err := r.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM decisions WHERE application = $1 AND step = $2 AND officer = $3)`,
		number, step, officer).Scan(&decided)
	return decided, fail("look for the decision", err)
}

// LastDecision is the act by which the last decision on an application was taken, or the one
// of that identifier, if there is such a one; nil where there is none that is signed.
func (r *Registry) LastDecision(ctx context.Context, number identity.ApplicationNumber, id string) (identity.Act, error) {
	return r.lastAct(ctx, `
		SELECT a.statement FROM decisions d JOIN acts a ON a.id = d.request AND a.officer = d.officer
		WHERE d.application = $1 ORDER BY d.request = $2 DESC, d.at DESC LIMIT 1`, number, id)
}

// lastAct reads the act of the statement that a query finds; nil where it finds none.
func (r *Registry) lastAct(ctx context.Context, query string, args ...any) (identity.Act, error) {
	var signed statement.Signed
	err := r.db.QueryRow(ctx, query, args...).Scan(&signed.Statement)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fail("read the last act", err)
	}
	said, err := signed.Read()
	if err != nil {
		return nil, err
	}
	return said.Does()
}

// unproven: the applicant of that application is nobody of the register, and no officer has
// said by which paper the person is to be registered.
const unproven = `citizen IS NULL AND @paper = '' AND NOT EXISTS (
					SELECT FROM identifications i WHERE i.application = @number AND i.paper <> '')`

// nothingToJudge: the verdict is on another search than the last, or the fingers that were found are
// the applicant's own, as persons were merged since.
const nothingToJudge = `(@round <> search_round(@number) OR NOT EXISTS (SELECT FROM unjudged_hits(@number)))`

// refuseDecision says why a decision was not recorded.
func (r *Registry) refuseDecision(ctx context.Context, d identity.Decision) error {
	var stage identity.Stage
	var latest, search int
	var approvedBy identity.OfficerID
	err := r.db.QueryRow(ctx, `
		SELECT stage, capture_round, search_round(number), coalesce(approved_by(number), '')
		FROM applications WHERE number = $1`, d.Application).Scan(&stage, &latest, &search, &approvedBy)
	if err != nil {
		return found(err, "there is no application %s", d.Application)
	}
	if d.Capture != 0 && d.Capture != latest && !stage.Ended() {
		return identity.RefuseField(identity.NotNow, "capture", "is not what application %s has now, which is %d: look at it again", d.Application, latest)
	}
	if !stage.Ended() && d.Step == identity.StepAdjudicate && d.Round != search {
		return identity.RefuseField(identity.NotNow, "round", "is not the search whose hits application %s has now, which is %d: look at them again", d.Application, search)
	}
	if !stage.Ended() && d.Step == identity.StepAdjudicate {
		return identity.Refuse(identity.NotNow, "application %s: whose fingers were found is the applicant by the population register now, or was judged, and there is nothing to adjudicate: look at it again", d.Application)
	}
	if !stage.Ended() && d.Step == identity.StepApprove && approvedBy == "" {
		return identity.RefuseField(identity.Invalid, "paper", "is missing: the population register has nobody like the applicant, who is registered by this approval; name what you saw that proves the person: the birth certificate, or form DC01")
	}
	if !stage.Ended() {
		return identity.Refuse(identity.Conflict, "application %s was approved by %s meanwhile; look at it again", d.Application, approvedBy)
	}
	return identity.Refuse(identity.Conflict, "application %s has ended: %s", d.Application, stage)
}
