package registry

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// What happens to applications is written to the tables events and deliveries by triggers,
// in the transaction in which it happens. Here it is taken from there.

// Receiver is a webhook that is told of events.
type Receiver struct {
	Name  string
	Kinds []identity.EventKind
	Way   identity.NotifyBy // empty: it is told of every application; else of those whose citizen agreed to be told this way
}

// SetReceivers makes these, and no others, be told of what happens from now on.
func (r *Registry) SetReceivers(ctx context.Context, receivers []Receiver) error {
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		names := make([]string, len(receivers))
		for i, v := range receivers {
			names[i] = v.Name
			_, err := tx.Exec(ctx, `
				INSERT INTO receivers AS r (name, kinds, way) VALUES ($1, $2, $3)
				ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds, way = excluded.way, active = true
					WHERE (r.kinds, r.way, r.active) IS DISTINCT FROM (excluded.kinds, excluded.way, true)`, v.Name, texts(v.Kinds), v.Way)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `UPDATE receivers SET active = false WHERE active AND name <> ALL ($1)`, names)
		return err
	})
	return fail("set receivers", err)
}

// Delivery is an event on its way to a receiver.
type Delivery struct {
	Receiver    string
	Application identity.ApplicationNumber
	N           int // which event of the application's, from 1: the order in which they are told
	Try         int // from 1
	Kind        identity.EventKind
	At          time.Time
	Until       time.Time // until when the citizen is waited for; zero: nobody is
	Document    identity.Document
	Delivery    identity.Delivery
	Place       Place // where the application was filed
	Erased      bool  // nothing of the person can be read any more
	Contact     identity.Contact
	Number      identity.PersonalNumber
	Unread      *Unread // the two before are not here, as they could not be unsealed; nil: they are
}

// TakeDeliveries takes what is due to a receiver, at most so many, and of each application
// the first that is not done: nobody takes them again before that time has passed. So two
// processes never send to a receiver about one application at once.
func (r *Registry) TakeDeliveries(ctx context.Context, receiver string, most int, lasts time.Duration) ([]Delivery, error) {
	rows, _ := r.db.Query(ctx, `
		WITH due AS MATERIALIZED (
			SELECT d.application, d.n FROM deliveries d
			WHERE d.receiver = $1 AND d.state = 'waiting' AND d.next_at <= now() AND NOT EXISTS (
				SELECT FROM deliveries b WHERE b.receiver = $1 AND b.application = d.application AND b.n < d.n AND b.state = 'waiting')
			ORDER BY d.next_at, d.n LIMIT $2 FOR UPDATE SKIP LOCKED
		), taken AS (
			UPDATE deliveries d SET next_at = now() + $3::interval, tries = d.tries + 1 FROM due
			WHERE d.receiver = $1 AND d.application = due.application AND d.n = due.n
			RETURNING d.receiver, d.application, d.n, d.tries
		)
		SELECT t.receiver, t.application, t.n, t.tries, e.kind, e.at, e.until, `+documentOf+`, a.delivery, coalesce(nullif(s.name, ''), s.id), s.address, s.hours, a.sealed, a.sealed_number, k.wrapped
		FROM taken t JOIN events e USING (application, n) JOIN applications a ON a.number = t.application JOIN stations s ON s.id = a.station
			LEFT JOIN vault_keys k ON k.application = a.number`, receiver, most, lasts) // CollectRows reports the error
	taken, err := pgx.CollectRows(rows, r.delivery)
	return taken, fail("take deliveries", err)
}

func (r *Registry) delivery(row pgx.CollectableRow) (Delivery, error) {
	var d Delivery
	var until *time.Time
	var sealed sealedApplication
	err := row.Scan(&d.Receiver, &d.Application, &d.N, &d.Try, &d.Kind, &d.At, &until, &d.Document, &d.Delivery,
		&d.Place.Name, &d.Place.Address, &d.Place.Hours, &sealed.details, &sealed.number, &sealed.wrapped)
	if err != nil {
		return Delivery{}, err
	}
	if until != nil {
		d.Until = *until
	}
	var about identity.Application
	d.Unread = r.unread(r.open(d.Application, sealed, &about))
	d.Erased, d.Contact, d.Number = sealed.wrapped == nil, about.Contact, about.Person.Number
	return d, nil
}

// Delivered notes that a receiver took a delivery. It changes nothing when it was taken by
// another process since.
func (r *Registry) Delivered(ctx context.Context, d Delivery) error {
	_, err := r.db.Exec(ctx, `
		UPDATE deliveries SET state = 'delivered', done_at = now(), why = ''
		WHERE receiver = $1 AND application = $2 AND n = $3 AND tries = $4 AND state = 'waiting'`, d.Receiver, d.Application, d.N, d.Try)
	return fail("note delivery", err)
}

// Void notes that there is nothing to deliver any more.
func (r *Registry) Void(ctx context.Context, d Delivery, why string) error {
	_, err := r.db.Exec(ctx, `
		UPDATE deliveries SET state = 'void', done_at = now(), why = $5
		WHERE receiver = $1 AND application = $2 AND n = $3 AND tries = $4 AND state = 'waiting'`, d.Receiver, d.Application, d.N, d.Try, why)
	return fail("note delivery", err)
}

// Patience is when what a receiver does not take is a dead letter: when it has been tried for
// that long, and so often.
type Patience struct {
	Lasts time.Duration
	Tries int
}

// Undelivered notes that a receiver did not take a delivery, and why, and has it tried again
// after a pause, with those of the application that come after it; or gives it up, and
// reports that.
func (r *Registry) Undelivered(ctx context.Context, d Delivery, why string, pause time.Duration, p Patience) (dead bool, err error) {
	err = r.db.QueryRow(ctx, `
		WITH failed AS (
			UPDATE deliveries SET why = @why, next_at = now() + @pause::interval,
				state = CASE WHEN since < now() - @lasts::interval AND tries >= @tries THEN 'dead' ELSE state END,
				done_at = CASE WHEN since < now() - @lasts::interval AND tries >= @tries THEN now() END
			WHERE receiver = @receiver AND application = @application AND n = @n AND tries = @try AND state = 'waiting'
			RETURNING receiver, application, n, state, next_at
		), wait AS (
			UPDATE deliveries d SET next_at = greatest(d.next_at, f.next_at) FROM failed f
			WHERE f.state = 'waiting' AND d.receiver = f.receiver AND d.application = f.application AND d.n > f.n AND d.state = 'waiting'
		)
		SELECT state = 'dead' FROM failed`, pgx.StrictNamedArgs{
		"receiver": d.Receiver, "application": d.Application, "n": d.N, "try": d.Try, "why": why, "pause": pause, "lasts": p.Lasts, "tries": p.Tries,
	}).Scan(&dead)
	if errors.Is(err, pgx.ErrNoRows) { // it was taken by another process since
		return false, nil
	}
	return dead, fail("note delivery", err)
}

// Remind reminds those who have not collected their card and have no longer than that, at
// most so many, and gives how many were.
func (r *Registry) Remind(ctx context.Context, ahead time.Duration, most int) (int, error) {
	var n int
	err := r.db.QueryRow(ctx, `SELECT remind($1, $2)`, ahead, most).Scan(&n)
	return n, fail("remind citizens", err)
}

// Backlog is what a receiver has not taken.
type Backlog struct {
	Receiver string        `json:"receiver"`
	Active   bool          `json:"active"` // it is in the settings
	Waiting  int           `json:"waiting"`
	Oldest   time.Duration `json:"-"` // for which the first of those has waited; 0 where none does
	Since    time.Time     `json:"since,omitzero"`
	Dead     int           `json:"dead"`
}

// Backlogs counts what each receiver has not taken, by indexes of that alone.
func (r *Registry) Backlogs(ctx context.Context) ([]Backlog, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT r.name, r.active, (SELECT count(*) FROM deliveries WHERE receiver = r.name AND state = 'waiting'), coalesce(now() - first.since, '0'), first.since,
			(SELECT count(*) FROM deliveries WHERE receiver = r.name AND state = 'dead')
		FROM receivers r LEFT JOIN LATERAL (
			SELECT since FROM deliveries WHERE receiver = r.name AND state = 'waiting' ORDER BY since LIMIT 1) first ON true
		ORDER BY r.name`) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b Backlog, err error) {
		var since *time.Time
		if err = row.Scan(&b.Receiver, &b.Active, &b.Waiting, &b.Oldest, &since, &b.Dead); since != nil {
			b.Since = *since
		}
		return b, err
	})
	return list, fail("count deliveries", err)
}

// Letter is a delivery that a receiver has not taken.
type Letter struct {
	Receiver    string                     `json:"receiver"`
	Application identity.ApplicationNumber `json:"application"`
	N           int                        `json:"n"`
	Event       identity.EventKind         `json:"event"`
	State       string                     `json:"state"` // waiting or dead
	Since       time.Time                  `json:"since"`
	Tries       int                        `json:"tries"`
	Next        time.Time                  `json:"next,omitzero"` // of those that wait
	Why         string                     `json:"why,omitzero"`
}

// Letters lists what receivers have not taken though it was tried, dead letters first, the
// oldest first, at most so many of each.
func (r *Registry) Letters(ctx context.Context, most int) ([]Letter, error) {
	const one = `(SELECT d.receiver, d.application, d.n, e.kind, d.state, d.since, d.tries, d.next_at, d.why
		FROM receivers r CROSS JOIN LATERAL (
			SELECT * FROM deliveries WHERE receiver = r.name AND why <> '' AND state = `
	const rest = ` ORDER BY since LIMIT $1) d JOIN events e USING (application, n) ORDER BY d.since LIMIT $1)`
	rows, _ := r.db.Query(ctx, one+`'dead'`+rest+` UNION ALL `+one+`'waiting'`+rest, most) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Letter, err error) {
		err = row.Scan(&l.Receiver, &l.Application, &l.N, &l.Event, &l.State, &l.Since, &l.Tries, &l.Next, &l.Why)
		if l.State == "dead" {
			l.Next = time.Time{}
		}
		return l, err
	})
	return list, fail("list deliveries", err)
}

// ReplayNotifications has the dead letters of a receiver sent again, each with all its time
// and tries, and gives how many.
func (r *Registry) ReplayNotifications(ctx context.Context, act identity.ReplayNotifications, signed statement.Signed) (int, error) {
	err := r.act(ctx, act, statement.Office, signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE deliveries SET state = 'waiting', since = now(), next_at = now(), tries = 0, done_at = NULL, replayed = $3
			WHERE receiver = $1 AND state = 'dead' AND ($2 = '' OR application = $2)`, act.Receiver, act.Application, signed.ID())
		if err == nil && tag.RowsAffected() == 0 {
			if err := knownReceiver(ctx, tx, act.Receiver); err != nil {
				return err
			}
			err = identity.Refuse(identity.NotFound, "receiver %s has no dead letter%s", act.Receiver, ofApplication(act.Application))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	var n int
	err = r.db.QueryRow(ctx, `SELECT count(*) FROM deliveries WHERE receiver = $1 AND replayed = $2`, act.Receiver, signed.ID()).Scan(&n)
	return n, fail("count deliveries", err)
}

// knownReceiver refuses the name of a receiver that there never was.
func knownReceiver(ctx context.Context, tx pgx.Tx, name string) error {
	rows, _ := tx.Query(ctx, `SELECT name FROM receivers ORDER BY name`) // CollectRows reports the error
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return identity.Known("receiver", name, names)
}

func ofApplication(number identity.ApplicationNumber) string {
	if number == "" {
		return ""
	}
	return " of application " + string(number)
}
