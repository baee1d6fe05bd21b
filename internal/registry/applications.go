package registry

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// MarkStarted notes that the application's workflow was started.
func (r *Registry) MarkStarted(ctx context.Context, number identity.ApplicationNumber) error {
	_, err := r.db.Exec(ctx, `UPDATE applications SET started_at = now() WHERE number = $1 AND started_at IS NULL`, number)
	return fail("note start", err)
}

// Unstarted lists applications that were stored longer ago than that and whose
// workflow was not marked as started: a process died between the two.
func (r *Registry) Unstarted(ctx context.Context, olderThan time.Duration, limit int) ([]identity.ApplicationNumber, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number FROM applications WHERE started_at IS NULL AND received_at < now() - $1::interval
		ORDER BY received_at LIMIT $2`, olderThan, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
	return list, fail("list unstarted applications", err)
}

// ApplicationRecord is an application and where it stands.
type ApplicationRecord struct {
	Number       identity.ApplicationNumber
	Application  identity.Application
	Named        bool // the applicant named no number: it is of whom the applicant was found to be, or of nobody yet
	Rules        identity.Rules
	Stage        identity.Stage
	Awaiting     identity.Action
	AwaitingWhy  string    // why it waits
	Since        time.Time // since when it waits for that; zero when it does not
	Trouble      string    // why the last step could not be done, at its station or the center; empty while all goes well
	TroubleSince time.Time // zero while all goes well
	Attempt      int
	CaptureRound int
	Held         bool
	Reason       identity.ReasonCode // why it ended without a card
	StatedReason identity.Reason     // of whoever holds it, rejected it or withdrew it
	ForCitizen   bool                // it is on hold for the citizen's part
	Province     identity.ProvinceCode
	Destination  identity.StationID
	Consignment  identity.ConsignmentNumber
	Station      identity.StationID // that has the card in its slot
	Due          time.Time
	StoppedAt    time.Time // since when the legal clock stands still; zero while it runs
	EnteredAt    time.Time
	Started      bool
	Stocked      bool      // there is a blank for it in stock
	Now          time.Time // the database's clock as the record was read: dates that matter come from it
	Erased       bool      // what it said of persons, for good
	Unread       *Unread   // what it says of persons is not here, as it could not be unsealed; nil: it is
	Found        []byte    // from EnterWith: what the stage found in that round before; nil when it found nothing
}

// Why is the reason for which the application ended without a card, or is on hold:
// the one that a person stated, or else the one that the engine gave.
func (r ApplicationRecord) Why() identity.Reason {
	if r.StatedReason != (identity.Reason{}) {
		return r.StatedReason
	}
	return identity.Reason{Code: r.Reason}
}

var selectRecord = selectRecordOf(`applications`)

// selectRecordOf selects records of a table that has the columns of applications.
func selectRecordOf(table string) string {
	return `
	SELECT a.number, a.stage, a.awaiting, a.awaiting_why, a.awaiting_since, a.trouble, a.trouble_since, a.attempt, a.capture_round, a.held, a.reason, coalesce(given.reason, ''), coalesce(given.for_citizen AND a.held, false), a.province, a.destination,
		coalesce(card.consignment, ''), CASE WHEN card.state IN ` + begunAtStation + ` THEN card.station ELSE '' END,
		a.due, a.clock_stopped_at, a.entered_at, a.started_at IS NOT NULL,
		a.station, a.enrollment_id, a.officer, a.type, a.ground, a.channel, a.filed_on, a.delivery, a.urgent,
		a.sealed, a.sealed_number, k.wrapped, a.law, a.form, a.processing_days, a.fee,
		EXISTS (SELECT FROM blanks WHERE account = ` + accountStock + ` AND document = ` + documentOf + `), now()
	FROM ` + table + ` a
	LEFT JOIN vault_keys k ON k.application = a.number
	LEFT JOIN cards card ON card.application = a.number AND card.attempt = a.attempt
	LEFT JOIN LATERAL (
		SELECT d.reason, d.for_citizen FROM decisions d WHERE d.application = a.number AND d.step = CASE
			WHEN a.stage = ` + stageRejected + ` THEN ` + stepReject + `
			WHEN a.stage = ` + stageWithdrawn + ` THEN ` + stepWithdraw + `
			WHEN a.held THEN ` + stepHold + ` END
		ORDER BY d.round DESC LIMIT 1
	) given ON true`
}

// wholeRecord reads a row of selectRecord with what it says of persons.
func (r *Registry) wholeRecord(row pgx.CollectableRow) (ApplicationRecord, error) {
	rec, err := r.record(row)
	return rec, cmp.Or(err, rec.Unread.whole())
}

// record reads a row of selectRecord, as far as it can be unsealed.
func (r *Registry) record(row pgx.CollectableRow) (ApplicationRecord, error) {
	var rec ApplicationRecord
	var filed time.Time
	var since, troubled, stopped *time.Time
	var given string
	var sealed sealedApplication
	a := &rec.Application
	err := row.Scan(&rec.Number, &rec.Stage, &rec.Awaiting, &rec.AwaitingWhy, &since, &rec.Trouble, &troubled, &rec.Attempt, &rec.CaptureRound, &rec.Held, &rec.Reason, &given, &rec.ForCitizen, &rec.Province, &rec.Destination,
		&rec.Consignment, &rec.Station, &rec.Due, &stopped, &rec.EnteredAt, &rec.Started,
		&a.Station, &a.EnrollmentID, &a.Officer, &a.Type, &a.Ground, &a.Channel, &filed, &a.Delivery, &a.Urgent,
		&sealed.details, &sealed.number, &sealed.wrapped, &rec.Rules.Law, &rec.Rules.Form, &rec.Rules.ProcessingDays, &rec.Rules.Fee, &rec.Stocked, &rec.Now)
	if err != nil {
		return ApplicationRecord{}, err
	}
	rec.Erased = sealed.wrapped == nil
	rec.Unread = r.unread(r.open(rec.Number, sealed, a))
	rec.Named = sealed.number != nil || a.Person.Number == ""
	if since != nil {
		rec.Since = *since
	}
	if troubled != nil {
		rec.TroubleSince = *troubled
	}
	if stopped != nil {
		rec.StoppedAt = *stopped
	}
	a.FiledOn = identity.Date{Year: filed.Year(), Month: int(filed.Month()), Day: filed.Day()}
	rec.Rules.Due, rec.StatedReason = rec.Due, identity.ReadReason(given)
	return rec, nil
}

// Application reads one application, or refuses with NotFound. It fails where what the
// application says of persons cannot be unsealed.
func (r *Registry) Application(ctx context.Context, number identity.ApplicationNumber) (ApplicationRecord, error) {
	record, err := r.Entry(ctx, number)
	if err == nil {
		err = fail("read application", record.Unread.whole())
	}
	return record, err
}

// Entry is Application for who shows where it stands: as far as it can be unsealed.
func (r *Registry) Entry(ctx context.Context, number identity.ApplicationNumber) (ApplicationRecord, error) {
	rows, _ := r.db.Query(ctx, selectRecord+` WHERE a.number = $1`, number) // CollectExactlyOneRow reports the error
	record, err := pgx.CollectExactlyOneRow(rows, r.record)
	if errors.Is(err, pgx.ErrNoRows) {
		return ApplicationRecord{}, noApplication(number)
	}
	return record, fail("read application", err)
}

// Filter selects applications; a zero field selects all.
type Filter struct {
	Stages   []identity.Stage
	Awaiting identity.Action
	AnyOf    []identity.Action     // that they wait for one of these
	Province identity.ProvinceCode // of the enrollment station
	Station  identity.StationID    // the enrollment station
	Deadline Deadline
	Near     time.Time                  // for those at risk: the first deadline that is not near
	Trouble  bool                       // whose last step could not be done
	After    identity.ApplicationNumber // the last one of the previous page
	Limit    int
}

// Deadline says how an open application stands to its legal deadline.
type Deadline string

// Those that are looked for.
const (
	Late   Deadline = "late"    // past it, and not made yet
	AtRisk Deadline = "at-risk" // it is near, and the clock runs
)

// Deadlines lists them.
var Deadlines = []Deadline{Late, AtRisk}

// List gives applications in the order they were received, each as far as it can be unsealed. It costs by what it
// gives: of a list of open stages, those that have ended are not read.
func (r *Registry) List(ctx context.Context, f Filter) ([]ApplicationRecord, error) {
	table, where, args := f.query(f.Limit)
	rows, _ := r.db.Query(ctx, selectRecordOf(table)+where+inOrder+limited(f.Limit), args) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, r.record)
	return list, fail("list applications", err)
}

// Count gives how many applications there are of a filter, whatever its limit and the page: at
// most so many, and those that are beyond are not read.
func (r *Registry) Count(ctx context.Context, f Filter, most int) (n int, err error) {
	f.After = ""
	table, where, args := f.query(most)
	err = r.db.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM `+table+` a`+where+limited(most)+`) AS counted`, args).Scan(&n)
	return n, fail("count applications", err)
}

// inBox has an application's card wait with its box, which is in a state.
func inBox(state string) string {
	return `a.stage = ` + stageDispatch + ` AND a.number IN (SELECT c.application FROM consignments k JOIN cards c ON c.consignment = k.number WHERE k.state = ` + state + `)`
}

// inOrder is the order of lists.
const inOrder = ` ORDER BY a.received_at, a.number`

// query is the table that the filter's applications are in, with the columns of applications, and
// where; most bounds how many are read, unless it is 0. Those of a province are looked for in two
// parts, what is open and what has ended: an index by provinces of all would be written at each
// step of an application, and of what has ended once.
func (f Filter) query(most int) (table, where string, args pgx.StrictNamedArgs) {
	list, args := f.conditions()
	if f.Province == "" || f.open() {
		return `applications`, allOf(list), args
	}
	part := func(stages string) string {
		return `(SELECT a.* FROM applications a` + allOf(append(slices.Clip(list), stages)) + inOrder + limited(most) + `)`
	}
	return `(` + part(`a.stage NOT IN `+ends) + ` UNION ALL ` + part(`a.stage IN `+ends) + `)`, ``, args
}

func allOf(conditions []string) string {
	if len(conditions) == 0 {
		return ``
	}
	return ` WHERE ` + strings.Join(conditions, ` AND `)
}

func limited(most int) string {
	if most == 0 {
		return ``
	}
	return ` LIMIT ` + strconv.Itoa(most)
}

// open reports whether the filter is of open stages alone.
func (f Filter) open() bool {
	return len(f.Stages) > 0 && !slices.ContainsFunc(f.Stages, identity.Stage.Ended)
}

// conditions are the filter's as SQL: only those that are given, with the stages in their
// text, so that each list is planned for what it asks.
func (f Filter) conditions() (list []string, args pgx.StrictNamedArgs) {
	args = make(pgx.StrictNamedArgs)
	given := func(condition, name string, value any) {
		list = append(list, condition)
		args[name] = value
	}
	if f.open() {
		list = append(list, `a.stage NOT IN `+ends) // for the index of what is open
	}
	if len(f.Stages) > 0 {
		known := slices.DeleteFunc(slices.Clone(f.Stages), func(s identity.Stage) bool { return !slices.Contains(identity.Stages, s) })
		if len(known) == 0 {
			return []string{`false`}, args
		}
		list = append(list, `a.stage IN `+literals(known))
	}
	switch {
	case f.Awaiting == identity.ToSendAway:
		list = append(list, inBox(consignmentSealed))
	case f.Awaiting == identity.ToCountIn:
		list = append(list, inBox(consignmentSent))
	case f.Awaiting != identity.NoAction:
		given(`a.awaiting = @awaiting AND a.awaiting <> ''`, "awaiting", f.Awaiting)
	}
	if f.AnyOf != nil {
		actions := make([]string, len(f.AnyOf))
		for i, action := range f.AnyOf {
			actions[i] = string(action)
		}
		given(`a.awaiting = ANY(@actions) AND a.awaiting <> ''`, "actions", actions)
	}
	if f.Province != "" {
		given(`a.province = @province`, "province", f.Province)
	}
	if f.Station != "" {
		given(`a.station = @station`, "station", f.Station)
	}
	switch f.Deadline {
	case Late:
		list = append(list, `a.stage NOT IN `+ends, late)
	case AtRisk:
		list = append(list, `a.stage NOT IN `+ends)
		given(near, "near", f.Near)
	}
	if f.Trouble {
		list = append(list, `a.trouble <> ''`)
	}
	if f.After != "" {
		given(`(a.received_at, a.number) > (SELECT received_at, number FROM applications WHERE number = @after)`, "after", f.After)
	}
	return list, args
}
