package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// StageChange is an application going to a stage, or beginning to wait at the one
// where it is.
type StageChange struct {
	Application identity.ApplicationNumber
	To          identity.Stage
	Attempt     int // the card being made; 0 leaves it as it is
	Awaiting    identity.Action
	Why         string        // why it waits; no personal data
	StopsClock  bool          // the legal clock stands still while it waits
	Limit       time.Duration // how long it waits for that; 0: without end
	Actor       string
	Reason      identity.ReasonCode // why it ends
	Approved    bool                // whoever asks knows that the application is approved, and may go back behind Approval
	Round       int                 // which try of the stage this is: the round of capture, or how often the application was released; of Deduplication the registry counts it
	Found       []byte              // JSON: what the stage found in that round that needs a person; no personal data; nil when nothing
}

// Entered is when an application came to what it waits for, by the database's clock.
type Entered struct {
	Since time.Time // it waits for that; now where it waits for nothing
	Now   time.Time
	Until time.Time // it waits for that at most; zero: without end
}

// Enter moves an application. identity.Stage says from where it may; entering the
// stage it is at changes only what it waits for. The change, what was found, and
// their audit entries are one statement.
//
// It refuses with Elsewhere when the application is not where it can move from, when
// the step was taken for a card that was given up since, or when what must hold at that
// stage does not: whoever asks believes more than the registry has, as a workflow does
// after the registry was restored to an earlier instant.
func (r *Registry) Enter(ctx context.Context, m StageChange) (Entered, error) {
	var e Entered
	var until *time.Time
	err := r.db.QueryRow(ctx, entering(m.To), m.args()).Scan(&e.Since, &e.Now, &until)
	if errors.Is(err, pgx.ErrNoRows) {
		return Entered{}, r.refuseMove(ctx, m)
	}
	e.Until = value(until)
	return e, fail("enter stage", err)
}

// must is what must hold of an application a when it enters a stage. Another card is
// begun only when the one before was given up, and a card that is in the making is not
// prepared again.
var must = map[identity.Stage]string{
	identity.BiometricCapture: backFromPreparation,
	identity.Validation:       backFromPreparation,
	identity.DataPreparation: `(a.stage <> ` + stageApproval + ` OR approved_by(a.number) IS NOT NULL)
		AND (a.stage IN (` + stageApproval + `, ` + stageDataPreparation + `) AND ` + sameCard + ` OR @attempt = a.attempt + 1 AND EXISTS (
			SELECT FROM cards c WHERE c.application = a.number AND c.attempt = a.attempt AND c.state IN ` + givenUp + `))`,
	identity.Personalization: sameCard,
	identity.Printing:        `(` + cardBeyond(identity.CardBegun) + ` OR ` + documentOf + ` = ` + documentCertificate + ` AND ` + sameCard + `)`,
	identity.Inspection:      cardBeyond(identity.CardPersonalized),
	identity.Dispatch:        cardBeyond(identity.CardPrinted),
	identity.HandOver:        cardBeyond(identity.CardPacked),
	identity.Expired:         waitIsOver,
}

// waitIsOver: by the database's clock, and by the limit that was kept when the wait began. The
// engine's timer may have been set off by a clock that ran ahead; one that is a little early is
// not.
const waitIsOver = `a.awaiting_until < now() + interval '1 minute'`

// backFromPreparation: only whoever knows of the approval goes back from there, and not a
// workflow that was reset to before it.
const backFromPreparation = `(a.stage <> ` + stageDataPreparation + ` OR @approved)`

// sameCard: the step is about the card that is being made.
const sameCard = `(@attempt <= greatest(a.attempt, 1))`

// cardBeyond: the card that is being made has left that state behind it.
func cardBeyond(state identity.CardState) string {
	before := identity.CardStates[:slices.Index(identity.CardStates, state)+1]
	return sameCard + ` AND EXISTS (
			SELECT FROM cards c WHERE c.application = a.number AND c.attempt = greatest(a.attempt, 1) AND c.state NOT IN ` + literals(before) + `)`
}

// entering is enter with what must hold at the stage.
func entering(to identity.Stage) string {
	if condition, given := must[to]; given {
		return enterIf + ` AND ` + condition + entered
	}
	return enterIf + entered
}

// fromStages are the stages from which an application a may enter the one that is asked for.
var fromStages = `CASE ` + documentOf + ` WHEN ` + documentCertificate + ` THEN @certificate_from::text[] ELSE @from::text[] END`

var enterIf = `
	WITH before AS (
		SELECT a.number, a.stage, a.attempt, a.awaiting, a.awaiting_why FROM applications a
		WHERE a.number = @number AND a.stage = ANY(` + fromStages + `) AND (@attempt = 0 OR @attempt >= a.attempt)`

// A step of the system at the stage where the application waits leaves what it waits
// for: it may find the same again.
const entered = ` FOR NO KEY UPDATE
	), entered AS (
		UPDATE applications a SET stage = @to, attempt = greatest(a.attempt, @attempt),
			awaiting = CASE WHEN @awaiting = '' AND b.stage = @to THEN b.awaiting ELSE @awaiting END,
			awaiting_why = CASE WHEN @awaiting = '' AND b.stage = @to THEN b.awaiting_why ELSE @why END,
			awaiting_since = CASE WHEN b.stage = @to AND @awaiting IN ('', b.awaiting) THEN a.awaiting_since WHEN @awaiting = '' THEN NULL ELSE now() END,
			awaiting_until = CASE WHEN b.stage = @to AND @awaiting = '' THEN a.awaiting_until
				WHEN b.stage = @to AND @awaiting = b.awaiting THEN coalesce(a.awaiting_until, a.awaiting_since + nullif(@limit, interval '0'))
				WHEN @awaiting <> '' AND @limit > interval '0' THEN now() + @limit END,
			clock_stopped_at = CASE WHEN @stops_clock THEN coalesce(a.clock_stopped_at, now()) ELSE a.clock_stopped_at END,
			reason = CASE WHEN @reason = '' THEN a.reason ELSE @reason END,
			trouble = CASE WHEN b.stage = @to THEN a.trouble ELSE '' END,
			trouble_since = CASE WHEN b.stage = @to THEN a.trouble_since END,
			entered_at = CASE WHEN b.stage = @to THEN a.entered_at ELSE now() END
		FROM before b WHERE a.number = b.number
		RETURNING a.number, a.awaiting_since, a.awaiting_until, b.stage <> @to OR a.attempt > b.attempt AND b.attempt > 0 AS moved,
			@awaiting <> '' AND (b.awaiting, b.awaiting_why) IS DISTINCT FROM (@awaiting, @why) AS waits
	), kept AS (
		INSERT INTO findings (application, stage, round, found) SELECT number, @to, @round, @found::jsonb FROM entered WHERE @found IS NOT NULL
		ON CONFLICT DO NOTHING
	), noted AS (
		INSERT INTO audit (application, actor, event, reason)
		SELECT number, @actor, e.event, e.reason FROM entered CROSS JOIN LATERAL (
			VALUES (moved, 'entered ' || @to, @reason), (waits, 'awaits ' || @awaiting, @why)) AS e (yes, event, reason)
		WHERE e.yes
	)
	SELECT coalesce(awaiting_since, now()), now(), awaiting_until FROM entered`

// inOneLine is a text without what would make it more than one line of the trail.
func inOneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if identity.Plain(string(r)) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, "?"))
}

func (m StageChange) args() pgx.StrictNamedArgs {
	args := pgx.StrictNamedArgs{
		"number": m.Application, "from": stagesBefore(identity.CardDocument, m.To), "certificate_from": stagesBefore(identity.Certificate, m.To), "to": string(m.To), "awaiting": string(m.Awaiting), "why": inOneLine(m.Why), "stops_clock": m.StopsClock, "limit": m.Limit,
		"attempt": m.Attempt, "actor": m.Actor, "reason": string(m.Reason), "round": m.Round, "found": m.Found,
	}
	if must[m.To] == backFromPreparation {
		args["approved"] = m.Approved
	}
	return args
}

// stagesBefore lists the stages from which an application for a document may enter one.
func stagesBefore(d identity.Document, to identity.Stage) []string {
	from := make([]string, 0, len(identity.Stages))
	for _, s := range identity.Stages {
		if _, err := d.Enter(s, to); err == nil {
			from = append(from, string(s))
		}
	}
	return from
}

// End moves an application to one of its ends. A card that is still at its station is
// spoiled with its blank, in the same transaction, and so is one that has no blank yet:
// a station that comes late takes none for it. One that was packed or has arrived is
// left for two officers to destroy.
//
// It refuses as Enter does.
func (r *Registry) End(ctx context.Context, m StageChange) error {
	batch := &pgx.Batch{}
	batch.Queue(entering(m.To), m.args())
	batch.Queue(`
		WITH ended AS (
			SELECT number FROM applications WHERE number = @application AND stage = @to
		), spoiled AS (
			UPDATE cards c SET state = `+cardSpoiled+`, unsure = c.state = `+cardBegun+`, reason = @reason, changed_at = now()
			FROM ended WHERE c.application = ended.number AND (c.state = `+cardPrepared+` OR c.state IN `+begunAtStation+`)
			RETURNING c.application, c.attempt, c.blank
		), booked AS (
			UPDATE blanks b SET account = `+accountSpoiled+` FROM spoiled WHERE b.serial = spoiled.blank
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @actor, `+eventSpoiled+` || attempt || coalesce(' with blank ' || blank, ''), @reason FROM spoiled`,
		pgx.StrictNamedArgs{"application": m.Application, "to": string(m.To), "reason": string(identity.ReasonStopped), "actor": m.Actor})
	// A capture of which nobody was answered, and which will not be accepted any more.
	batch.Queue(`
		WITH dropped AS (
			DELETE FROM vault_blobs b USING applications a
			WHERE a.number = $1 AND a.stage = $2 AND b.application = a.number AND b.attempt > a.capture_round AND b.kind = ANY($3) RETURNING a.number
		)
		UPDATE applications SET captured = NULL WHERE number IN (SELECT number FROM dropped)`,
		m.Application, string(m.To), kindsOfCapture)
	results := r.db.SendBatch(ctx, batch)
	defer results.Close()
	tag, err := results.Exec()
	if err != nil {
		return fail("end application", err)
	}
	if tag.RowsAffected() != 1 {
		_ = results.Close() // gives the connection back, to ask why
		return r.refuseMove(ctx, m)
	}
	return fail("end application", results.Close())
}

// EnterWith is Enter for a stage that begins by reading: it gives the application
// as it is then, what the stage found in that round before, and the evidence that is
// wanted, in the same round trip.
func (r *Registry) EnterWith(ctx context.Context, m StageChange, wanted ...EvidenceKey) (ApplicationRecord, Evidence, error) {
	batch := &pgx.Batch{}
	batch.Queue(entering(m.To), m.args())
	batch.Queue(selectRecord+` WHERE a.number = $1`, m.Application)
	queueEvidence(batch, m.Application, wanted)
	batch.Queue(`SELECT (SELECT found FROM findings WHERE application = $1 AND stage = $2
		AND round = CASE $2 WHEN `+stageDeduplication+` THEN search_round($1) ELSE $3 END)`, m.Application, m.To, m.Round)
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
	record, err := pgx.CollectExactlyOneRow(rows, r.wholeRecord)
	if err != nil {
		return ApplicationRecord{}, nil, fail("read application", err)
	}
	evidence, err := r.readEvidence(results, m.Application)
	if err != nil {
		return ApplicationRecord{}, nil, err
	}
	if err := results.QueryRow().Scan(&record.Found); err != nil {
		return ApplicationRecord{}, nil, fail("read finding", err)
	}
	return record, evidence, fail("enter stage", results.Close())
}

// refuseMove says why an application cannot move to a stage.
func (r *Registry) refuseMove(ctx context.Context, m StageChange) error {
	var at identity.Stage
	var kind identity.ApplicationType
	var attempt int
	err := r.db.QueryRow(ctx, `SELECT stage, type, attempt FROM applications WHERE number = $1`, m.Application).Scan(&at, &kind, &attempt)
	if err != nil {
		return fail("enter stage", found(err, "there is no application %s", m.Application))
	}
	if _, err := kind.Document().Enter(at, m.To); err != nil {
		return identity.Refuse(identity.Elsewhere, "%s", err)
	}
	if m.Attempt != 0 && m.Attempt < attempt {
		return identity.Refuse(identity.Elsewhere, "card %d of application %s was given up for card %d", m.Attempt, m.Application, attempt)
	}
	return identity.Refuse(identity.Elsewhere, "application %s is at %s with card %d, and not ready for %s", m.Application, at, attempt, m.To)
}
