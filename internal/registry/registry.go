// Package registry is the system of record, in PostgreSQL: applications, cards,
// blanks, consignments, citizens, and who did what to them.
//
// Every write is one transaction with its audit entry, keyed by what it is about
// (application, step, attempt), and safe to repeat. What must never be is
// refused by a named constraint (migrations/), which refusals.go turns into a
// sentence.
package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/vault"
)

// Options of a Registry.
type Options struct {
	Vault    *vault.Vault
	MaxConns int             // 0: pgx's default
	Tracer   pgx.QueryTracer // counts round trips; may be nil
	Passkeys passkey.Site    // where officers sign by them; empty: nowhere, and no act by a passkey is recorded
}

// Registry is open on one database.
type Registry struct {
	db       *pgxpool.Pool
	vault    *vault.Vault
	passkeys passkey.Site

	notKept prometheus.Counter // refusals for which there was no room
	notRead prometheus.Counter // rows that could not be unsealed

	faults int // how many of a kind a verification names
}

// Open connects, as the programs' role. What it finds is looked at by CheckSchema and
// TooStrong.
func Open(ctx context.Context, url string, o Options) (*Registry, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil || !isURL(url) {
		return nil, errNoURL
	}
	if o.MaxConns > 0 {
		config.MaxConns = int32(min(o.MaxConns, 1000))
	}
	config.ConnConfig.Tracer = o.Tracer
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "cancuoc"
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		// A process that hangs within a transaction must not keep its locks. A statement is
		// planned once, and not for each of its values: planning costs as much as running
		// it, and what has to be planned for a value has it in its text. They are no
		// parameters of the connection, since a pooler would refuse them.
		if err := conn.PgConn().Exec(ctx, `SET idle_in_transaction_session_timeout = '60s'; SET plan_cache_mode = force_generic_plan;`+ownSession).Close(); err != nil {
			return err
		}
		return enter(ctx, conn, o.Vault)
	}
	config.ConnConfig.ConnectTimeout = 10 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open registry: %w", err)
	}
	if err := checkSessions(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return &Registry{db: pool, vault: o.Vault, passkeys: o.Passkeys, faults: maxFaults, notKept: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "cancuoc_refusals_not_kept_total", Help: "Statements that were refused in a flood of them, and of which no line was kept for auditors.",
	}), notRead: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "cancuoc_unread_rows_total", Help: "Rows of applications and cards that were shown without what they say of persons, as it could not be unsealed.",
	})}, nil
}

// ownSession sets what else the programs rely on, since whoever has their password may give their
// sessions other defaults (ALTER ROLE): that what was acknowledged is on the disk, above all, and
// that texts are read as they were written.
const ownSession = `
	SET datestyle = 'ISO, MDY';
	SET intervalstyle = 'postgres';
	SET bytea_output = 'hex';
	SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
	SET default_transaction_read_only = off;
	SET default_transaction_isolation = 'read committed';
	SET default_transaction_deferrable = off;
	SET statement_timeout = 0;
	SET lock_timeout = 0`

// Close waits for running queries and closes the connections.
func (r *Registry) Close() { r.db.Close() }

// Now is the database's clock.
func (r *Registry) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := r.db.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, fail("read the database's clock", err)
}

// Ping asks whether the database answers, and writes.
func (r *Registry) Ping(ctx context.Context) error {
	var readOnly bool
	if err := r.db.QueryRow(ctx, `SELECT current_setting('transaction_read_only')::boolean`).Scan(&readOnly); err != nil {
		return fmt.Errorf("ask registry: %w", err)
	}
	if readOnly {
		return errReadOnly
	}
	return nil
}

// errReadOnly is the error of a database that takes in nothing, as a standby.
var errReadOnly = errors.New("the database only reads now")

// errNoURL says nothing of what was given: it may hold the password.
var errNoURL = errors.New("the database URL cannot be read: it has to begin with postgres:// or postgresql://")

// isURL reports whether s is a URL. Without it, PostgreSQL's clients read words and
// what they stand for, and take whatever is missing from the environment.
func isURL(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// ErrPooled is the error of a database behind a pooler that gives each transaction
// another session: locks that a session holds (while the schema is migrated, and while
// the audit trail is anchored) would be held by nobody, and prepared statements be lost.
var ErrPooled = errors.New("the database is behind a pooler that shares sessions between transactions; let it pool sessions (pgbouncer: pool_mode = session), or connect to PostgreSQL itself")

// checkSessions refuses a pooler by asking two connections which session they have: it
// is never the same one, unless they share it.
func checkSessions(ctx context.Context, pool *pgxpool.Pool) error {
	if pool.Config().MaxConns < 2 {
		return nil
	}
	var conns [2]*pgxpool.Conn
	for i := range conns {
		var err error
		if conns[i], err = pool.Acquire(ctx); err != nil {
			return fmt.Errorf("open registry: %w", err)
		}
		defer conns[i].Release()
	}
	const tries = 3 // another process may be given the session in between
	for range tries {
		var sessions [2]string
		for i, conn := range conns {
			results, err := conn.Conn().PgConn().Exec(ctx, `SELECT pg_backend_pid()`).ReadAll()
			if err != nil {
				return fmt.Errorf("ask for sessions: %w", err)
			}
			sessions[i] = string(results[0].Rows[0][0])
		}
		if sessions[0] == sessions[1] {
			return ErrPooled
		}
	}
	return nil
}
