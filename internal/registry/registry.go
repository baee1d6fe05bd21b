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
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.org/cancuoc/internal/vault"
)

// Options of a Registry.
type Options struct {
	Vault    *vault.Vault
	MaxConns int             // 0: pgx's default
	Tracer   pgx.QueryTracer // counts round trips; may be nil
}

// Registry is open on one database.
type Registry struct {
	db    *pgxpool.Pool
	vault *vault.Vault
}

// Open connects, as the programs' role. What it finds is looked at by CheckSchema and
// TooStrong.
func Open(ctx context.Context, url string, o Options) (*Registry, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("open registry: the database URL cannot be read") // the cause may hold the password
	}
	if o.MaxConns > 0 {
		config.MaxConns = int32(min(o.MaxConns, 1000))
	}
	config.ConnConfig.Tracer = o.Tracer
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "cancuoc"
	}
	// A process that hangs within a transaction must not keep its locks.
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "60s"
	config.ConnConfig.ConnectTimeout = 10 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open registry: %w", err)
	}
	return &Registry{db: pool, vault: o.Vault}, nil
}

// Close waits for running queries and closes the connections.
func (r *Registry) Close() { r.db.Close() }

// Now is the database's clock.
func (r *Registry) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := r.db.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, fail("read the database's clock", err)
}

// Ping asks whether the database answers.
func (r *Registry) Ping(ctx context.Context) error {
	if err := r.db.Ping(ctx); err != nil {
		return fmt.Errorf("ask registry: %w", err)
	}
	return nil
}
