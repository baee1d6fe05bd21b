package registry

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// OpenApplication is what the reconciler compares with the engine.
type OpenApplication struct {
	Number      identity.ApplicationNumber
	Stage       identity.Stage
	Awaiting    identity.Action
	Card        identity.CardState         // of the card of this attempt
	Consignment identity.ConsignmentNumber // that it was packed into
	Quiet       time.Duration              // since it last came to a stage or a wait, or its card changed
}

const selectOpen = `
	SELECT a.number, a.stage, a.awaiting, coalesce(c.state, ''), coalesce(c.consignment, ''),
		now() - greatest(a.entered_at, a.awaiting_since, a.received_at, c.changed_at)
	FROM applications a LEFT JOIN cards c ON c.application = a.number AND c.attempt = a.attempt`

// OpenApplications lists applications that have not ended, by number, after the last
// one of the page before.
func (r *Registry) OpenApplications(ctx context.Context, after identity.ApplicationNumber, limit int) ([]OpenApplication, error) {
	rows, _ := r.db.Query(ctx, selectOpen+` WHERE a.stage NOT IN `+ends+` AND a.number > $1 ORDER BY a.number LIMIT $2`, after, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OpenApplication])
	return list, fail("list open applications", err)
}

// OpenAmong lists, of the applications named, those that have not ended.
func (r *Registry) OpenAmong(ctx context.Context, numbers []identity.ApplicationNumber) ([]OpenApplication, error) {
	rows, _ := r.db.Query(ctx, selectOpen+` WHERE a.stage NOT IN `+ends+` AND a.number = ANY($1) ORDER BY a.number`, texts(numbers)) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OpenApplication])
	return list, fail("list open applications", err)
}

// CountOpen counts the applications that have not ended and were received a while ago.
func (r *Registry) CountOpen(ctx context.Context, age time.Duration) (int, error) {
	var n int
	err := r.db.QueryRow(ctx, `SELECT count(*) FROM applications WHERE stage NOT IN `+ends+` AND received_at < now() - $1::interval`, age).Scan(&n)
	return n, fail("count open applications", err)
}

// OpenConsignment is what the reconciler compares with the engine.
type OpenConsignment struct {
	Number      identity.ConsignmentNumber
	Destination identity.StationID
	State       identity.ConsignmentState
}

// OpenConsignments lists consignments that were opened a while ago and whose cards were
// not told yet that they arrived, by number, after the last one of the page before.
func (r *Registry) OpenConsignments(ctx context.Context, age time.Duration, after identity.ConsignmentNumber, limit int) ([]OpenConsignment, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number, destination, state FROM consignments
		WHERE announced_at IS NULL AND opened_at < now() - $1::interval AND number > $2 ORDER BY number LIMIT $3`, age, after, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OpenConsignment])
	return list, fail("list open consignments", err)
}

// OpenConsignmentsAmong lists, of the consignments named, those whose cards were not told
// yet that they arrived.
func (r *Registry) OpenConsignmentsAmong(ctx context.Context, numbers []identity.ConsignmentNumber) ([]OpenConsignment, error) {
	rows, _ := r.db.Query(ctx, `SELECT number, destination, state FROM consignments WHERE announced_at IS NULL AND number = ANY($1) ORDER BY number`, texts(numbers)) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OpenConsignment])
	return list, fail("list open consignments", err)
}

// UnknownAmong lists the applications and consignments that the registry does not have,
// of those that are named. A registry that was restored to an earlier instant does not
// have what came since.
func (r *Registry) UnknownAmong(ctx context.Context, apps []identity.ApplicationNumber, boxes []identity.ConsignmentNumber) ([]identity.ApplicationNumber, []identity.ConsignmentNumber, error) {
	var batch pgx.Batch
	batch.Queue(`SELECT n FROM unnest($1::text[]) n WHERE NOT EXISTS (SELECT FROM applications WHERE number = n) ORDER BY n`, texts(apps))
	batch.Queue(`SELECT n FROM unnest($1::text[]) n WHERE NOT EXISTS (SELECT FROM consignments WHERE number = n) ORDER BY n`, texts(boxes))
	results := r.db.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }() // reading reported its errors
	rows, _ := results.Query()             // CollectRows reports the error
	unknown, err := pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
	if err != nil {
		return nil, nil, fail("look for unknown applications", err)
	}
	rows, _ = results.Query()
	unknownBoxes, err := pgx.CollectRows(rows, pgx.RowTo[identity.ConsignmentNumber])
	return unknown, unknownBoxes, fail("look for unknown consignments", err)
}

// consignmentNumber writes the number of a consignment, by its place in the sequence.
const consignmentNumber = `'C-' || lpad(n::text, greatest(6, length(n::text)), '0')`

// LastConsignment is the number that was given out last.
func (r *Registry) LastConsignment(ctx context.Context) (identity.ConsignmentNumber, error) {
	var number identity.ConsignmentNumber
	err := r.db.QueryRow(ctx, `SELECT `+consignmentNumber+` FROM (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS n FROM consignment_numbers) last`).Scan(&number)
	return number, fail("read the last number of a consignment", err)
}

// PassConsignments sees to it that no number up to that one is given out any more.
func (r *Registry) PassConsignments(ctx context.Context, number identity.ConsignmentNumber) error {
	digits, _ := strings.CutPrefix(string(number), "C-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return identity.Refuse(identity.Invalid, "%s is not the number of a consignment", number)
	}
	const most = 1_000_000 // whoever asks for more is mistaken
	_, err = r.db.Exec(ctx, `
		SELECT nextval('consignment_numbers') FROM generate_series(1, (
			SELECT least($1 - CASE WHEN is_called THEN last_value ELSE 0 END, $2) FROM consignment_numbers))`, n, most)
	return fail("pass the numbers of consignments", err)
}

// AwaitingStock lists applications that wait for a blank for a document, in the order in which
// blanks go to them: urgent ones, then cards that are made again, then the others;
// among equals the provinces take turns.
func (r *Registry) AwaitingStock(ctx context.Context, d identity.Document, limit int) ([]identity.ApplicationNumber, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number FROM (
			SELECT number, CASE WHEN urgent THEN 0 WHEN attempt > 1 THEN 1 ELSE 2 END AS class, awaiting_since,
				row_number() OVER (PARTITION BY urgent, attempt > 1, province ORDER BY awaiting_since, number) AS turn
			FROM applications a WHERE awaiting = $1 AND awaiting <> '' AND `+documentOf+` = $3
		) waiting ORDER BY class, turn, awaiting_since, number LIMIT $2`, identity.ToRestock, limit, d) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
	return list, fail("list applications that wait for stock", err)
}

// FreeBlanks counts, up to a limit, the blanks for a document in the center's stock, which any station
// may take, and in that of stations that work; those that applications on their way to a
// station will take are not free.
func (r *Registry) FreeBlanks(ctx context.Context, d identity.Document, limit int) (int, error) {
	var n int
	err := r.db.QueryRow(ctx, `
		WITH stock AS (
			SELECT count(*) AS n FROM (`+blanksInReach+` AND document = $3 LIMIT $1) free
		), claims AS (
			SELECT count(*) AS n FROM (
				SELECT FROM applications a LEFT JOIN cards c ON c.application = a.number AND c.attempt = a.attempt
				WHERE a.stage IN (`+stageDataPreparation+`, `+stagePersonalization+`) AND a.awaiting = '' AND coalesce(c.state, `+cardPrepared+`) = `+cardPrepared+` AND `+documentOf+` = $3
					AND (SELECT n FROM stock) > 0
				LIMIT $1
			) claimed
		)
		SELECT greatest(0, stock.n - claims.n) FROM stock, claims`, limit, SilentAfter, d).Scan(&n)
	return n, fail("count free blanks", err)
}

// blanksInReach selects the blanks that a station may take.
const blanksInReach = `
	SELECT FROM blanks WHERE account = ` + accountStock + ` AND location IN (
		SELECT ` + locationCenter + ` UNION ALL SELECT id FROM stations_at_work s WHERE ` + works + `)`

// Supply counts the boxes that were ever received, and, up to a limit, the blanks that a
// station may take: when either grows, blanks came.
func (r *Registry) Supply(ctx context.Context, limit int) (boxes, blanks int, err error) {
	err = r.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM boxes), (SELECT count(*) FROM (`+blanksInReach+` LIMIT $1) free)`, limit, SilentAfter).Scan(&boxes, &blanks)
	return boxes, blanks, fail("count boxes and blanks", err)
}

// TaskReconcile is the task, for Lease, of comparing registry and engine.
const TaskReconcile = "reconcile"

// Lease gives a task to one holder at a time, by the database's clock, and reports
// whether it is theirs for that long. Its holder renews it by asking again.
func (r *Registry) Lease(ctx context.Context, task, holder string, lasts time.Duration) (bool, error) {
	var held bool
	err := r.db.QueryRow(ctx, `
		INSERT INTO leases (name, holder, until) VALUES ($1, $2, now() + $3::interval)
		ON CONFLICT (name) DO UPDATE SET holder = $2, until = now() + $3::interval
			WHERE leases.holder = $2 OR leases.until < now() OR leases.until > now() + 10 * $3::interval
		RETURNING true`, task, holder, lasts).Scan(&held)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return held, fail("take the lease of "+task, err)
}

// texts are values as PostgreSQL takes them.
func texts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}
