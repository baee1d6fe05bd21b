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
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"example.org/cancuoc/internal/vault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the advisory lock under which one process at a time migrates.
const migrationLock = 0x6361_6e63_756f_63 // "cancuoc"

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

// Open connects. It does not migrate.
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

// Migrate brings the schema up to date. Processes that start together take
// turns.
func Migrate(ctx context.Context, url string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return errors.New("migrate registry: the database URL cannot be read") // the cause may hold the password
	}
	db := stdlib.OpenDB(*config)
	defer func() { _ = db.Close() }() // what was migrated is committed
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	defer func() { _ = conn.Close() }() // it ends with db
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return fmt.Errorf("await turn to migrate: %w", err)
	}
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrationLock)
	}()
	return migrate(ctx, db)
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	return nil
}
