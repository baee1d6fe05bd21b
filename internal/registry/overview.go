package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// In SQL, of application a: it is past its legal deadline, or will be before @near. A card that
// waits to be collected is late no more, and no deadline comes near or passes while the clock
// stands: it is set anew when the application goes on.
const (
	late = `(a.due < now() AND (a.clock_stopped_at IS NULL OR a.due < a.clock_stopped_at) AND a.stage <> ` + stageHandOver + `)`
	near = `(a.due >= now() AND a.due < @near AND a.clock_stopped_at IS NULL AND a.stage <> ` + stageHandOver + `)`
)

// Standing says how an application stood to its legal deadline at a time, before the first
// deadline that is not near then.
func (r ApplicationRecord) Standing(at, near time.Time) Deadline {
	switch {
	case r.Stage.Ended() || r.Stage == identity.HandOver:
		return ""
	case !r.StoppedAt.IsZero() && !r.Due.Before(r.StoppedAt): // the clock stood before it passed
		return ""
	case r.Due.Before(at):
		return Late
	case r.Due.Before(near):
		return AtRisk
	}
	return ""
}

// Group counts the open applications of a province at a stage that wait for an action.
type Group struct {
	Stage    identity.Stage
	Awaiting identity.Action
	Province identity.ProvinceCode
	Count    int
	Late     int
	Near     int        // their legal deadline is near
	Trouble  int        // their last step could not be done
	Since    *time.Time // since when one of them has waited for the action; nil: for none
}

// Oldest is the open application that came first to the office, of those at a stage.
type Oldest struct {
	Stage       identity.Stage             `json:"stage"`
	Application identity.ApplicationNumber `json:"application"`
	ReceivedAt  time.Time                  `json:"received_at"`
}

// Hour is what the office did within an hour.
type Hour struct {
	From       time.Time `json:"from"`
	Received   int       `json:"received"`    // applications
	Begun      int       `json:"begun"`       // cards: a blank was taken
	Spoiled    int       `json:"spoiled"`     // cards
	HandedOver int       `json:"handed_over"` // cards
}

// Overview is what an office has under way, and what it did lately.
type Overview struct {
	Groups []Group
	Oldest []Oldest // of each stage that has any
	Hours  []Hour   // the last 24, the oldest first; the last one is not over
	Today  Hour     // since midnight
	Stock  []StockCount
	Boxes  []BoxesWaiting
	Begun  int // cards, within the last seven days

	Queued   time.Duration // for which a card has waited for a station; 0: none does
	Unsigned int           // acts that nobody signed and that were refused, within the last quarter of an hour
	Alone    bool          // no worker has compared registry and Temporal for five minutes
}

// OverviewOf counts by what is open, in stock, or of the last days: what was finished before costs
// nothing. Of a province it has the applications alone.
func (r *Registry) OverviewOf(ctx context.Context, province identity.ProvinceCode, nearUntil time.Time) (Overview, error) {
	var o Overview
	args := pgx.NamedArgs{"province": province, "near": nearUntil, "zone": identity.HanoiTime.String(), "center": identity.LocationCenter, "reconciler": TaskReconcile}
	mine := ``
	if province != "" {
		mine = ` AND a.province = @province`
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		SELECT a.stage, a.awaiting, a.province, count(*), count(*) FILTER (WHERE `+late+`), count(*) FILTER (WHERE `+near+`), count(*) FILTER (WHERE a.trouble <> ''), min(a.awaiting_since)
		FROM applications a WHERE a.stage NOT IN `+ends+mine+` GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, args).Query(into(&o.Groups))
	// That the stages are open is said again, for the index of what is open: where nearly all have ended,
	// the planner takes any application for one of the stage that is asked for, and reads all.
	batch.Queue(`
		SELECT s.stage, a.number, a.received_at FROM unnest(@stages::text[]) AS s (stage) CROSS JOIN LATERAL (
			SELECT a.number, a.received_at FROM applications a WHERE a.stage = s.stage AND a.stage NOT IN `+ends+mine+` ORDER BY a.received_at, a.number LIMIT 1) a`,
		withStages(args)).Query(into(&o.Oldest))
	if province == "" {
		batch.Queue(`
			SELECT h.begins, coalesce(a.n, 0), coalesce(m.begun, 0), coalesce(m.spoiled, 0), coalesce(m.issued, 0)
			FROM generate_series(date_trunc('hour', now()) - interval '23 hours', now(), interval '1 hour') AS h (begins)
			LEFT JOIN (SELECT date_trunc('hour', received_at) AS begins, count(*) AS n FROM applications WHERE received_at >= date_trunc('hour', now()) - interval '23 hours' GROUP BY 1) a USING (begins)
			LEFT JOIN (SELECT date_trunc('hour', at) AS begins, ` + moves + ` FROM blank_movements WHERE at >= date_trunc('hour', now()) - interval '23 hours' GROUP BY 1) m USING (begins)
			ORDER BY 1`).Query(into(&o.Hours))
		batch.Queue(`
			SELECT d.begins, (SELECT count(*) FROM applications WHERE received_at >= d.begins), m.* FROM (SELECT date_trunc('day', now(), @zone)) AS d (begins)
			CROSS JOIN LATERAL (SELECT `+moves+` FROM blank_movements WHERE at >= d.begins) m`, args).QueryRow(func(row pgx.Row) error {
			return row.Scan(&o.Today.From, &o.Today.Received, &o.Today.Begun, &o.Today.Spoiled, &o.Today.HandedOver)
		})
		batch.Queue(stockByPlace, identity.LocationCenter).Query(into(&o.Stock))
		batch.Queue(boxesWaiting).Query(into(&o.Boxes))
		batch.Queue(`SELECT count(*) FROM blank_movements WHERE at > now() - interval '7 days' AND credited = ` + accountProduction).QueryRow(func(row pgx.Row) error { return row.Scan(&o.Begun) })
		batch.Queue(`
			SELECT (SELECT count(*) FROM refused_acts WHERE at > now() - interval '15 minutes' AND statement = '' AND claimed = ''),
				coalesce((SELECT max(now() - entered_at) FROM applications WHERE stage IN (`+stageDataPreparation+`, `+stagePersonalization+`) AND awaiting = ''), '0'),
				EXISTS (SELECT FROM leases WHERE name = @reconciler AND until < now() - interval '5 minutes')`, args).QueryRow(func(row pgx.Row) error { return row.Scan(&o.Unsigned, &o.Queued, &o.Alone) })
	}
	err := r.db.SendBatch(ctx, batch).Close()
	return o, fail("look over the office", err)
}

// moves counts, in SQL, what happened to blanks.
const moves = `count(*) FILTER (WHERE credited = ` + accountProduction + `) AS begun, count(*) FILTER (WHERE credited = ` + accountSpoiled + `) AS spoiled, count(*) FILTER (WHERE credited = ` + accountIssued + `) AS issued`

// into collects rows, in the order of the fields.
func into[T any](list *[]T) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var err error
		*list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	}
}

func withStages(args pgx.NamedArgs) pgx.NamedArgs {
	stages := make([]string, 0, len(identity.Stages))
	for _, s := range identity.OpenStages() {
		stages = append(stages, string(s))
	}
	args["stages"] = stages
	return args
}
