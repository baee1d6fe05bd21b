package registry

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"example.org/cancuoc/internal/registry/roles"
	"example.org/cancuoc/internal/vault"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed rights.sql
var rights string

// SQLSTATEs, PostgreSQL appendix A.
const (
	insufficientPrivilege = "42501"
	checkViolation        = "23514"
	undefinedFunction     = "42883"
	undefinedTable        = "42P01"
	undefinedColumn       = "42703"
)

// Migration is what Migrate did.
type Migration struct {
	Applied []string `json:"applied"`        // the files, in order; none: the schema was up to date
	Version int64    `json:"version"`        // of the schema now
	Proof   bool     `json:"proof,omitzero"` // by another proof than before programs write
}

// SchemaDigest is of what Migrate makes: of all migrations and the rights.
func SchemaDigest() ([sha256.Size]byte, error) {
	h := sha256.New()
	err := fs.WalkDir(migrations, ".", func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		text, err := migrations.ReadFile(name)
		_, _ = fmt.Fprintf(h, "%s %d %s", name, len(text), text)
		return err
	})
	_, _ = h.Write([]byte(rights))
	return [sha256.Size]byte(h.Sum(nil)), err
}

// Migrate brings the schema up to date, as the role that owns it, and grants the other
// roles their rights. Each migration is one transaction, and so are the rights with the
// version that programs ask for; what was interrupted goes on the next time. Processes
// that migrate one schema take turns. A schema that is newer than this program is left
// as it is.
//
// A schema that was begun by other migrations than these, as those of an engine of before, is
// refused, and left as it is: no migration leads from it to this one.
//
// The vault is opened where the database does not know yet which vault's key lets programs
// write; open may be nil where nobody writes.
func Migrate(ctx context.Context, url string, open func() (*vault.Vault, error)) (Migration, error) {
	return migrateAs(ctx, url, open, false)
}

// MigrateAnew is Migrate that has the database take another proof of the vault's key, as one
// that became known: who connected by the one before reads, and writes nothing any more.
func MigrateAnew(ctx context.Context, url string, open func() (*vault.Vault, error)) (Migration, error) {
	return migrateAs(ctx, url, open, true)
}

func migrateAs(ctx context.Context, url string, open func() (*vault.Vault, error), anew bool) (Migration, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil || !isURL(url) {
		return Migration{}, errNoURL
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return Migration{}, fmt.Errorf("migrate registry: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // what was migrated is committed
	if err := roles.Make(ctx, conn); err != nil {
		return Migration{}, mayNot(err, "the roles "+roles.Programs+" and "+roles.Readers+" do not exist, and the database's role may not make them")
	}
	var m Migration
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`SET LOCAL idle_in_transaction_session_timeout = 0`) // goose has connections of its own
		batch.Queue(`SELECT pg_advisory_xact_lock(hashtext('migrate cancuoc'), hashtext(current_schema()))`)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("await turn to migrate: %w", err)
		}
		if err := begunHere(ctx, tx); err != nil {
			return err
		}
		if m, err = migrate(ctx, config); err != nil || m.Version > newest() {
			return err
		}
		if err = grant(ctx, tx, m.Version); err == nil && open != nil {
			m.Proof, err = settleProof(ctx, tx, open, anew)
		}
		return err
	})
	return m, mayNot(err, "the database's role does not own the schema")
}

// begunHere refuses a schema whose first migration is none of this program's.
func begunHere(ctx context.Context, tx pgx.Tx) error {
	var begun bool
	err := tx.QueryRow(ctx, `SELECT to_regclass(format('%I.goose_db_version', current_schema())) IS NOT NULL`).Scan(&begun)
	if err != nil || !begun {
		return err
	}
	var have int64
	var ours bool
	err = tx.QueryRow(ctx, `
		SELECT coalesce(max(version_id), 0), coalesce(bool_or(version_id = $1), true) FROM goose_db_version WHERE version_id > 0`, first()).
		Scan(&have, &ours)
	if err != nil || ours {
		return err
	}
	return fmt.Errorf("migrate registry: the schema has version %d of an engine of before, from which no migration leads to this one: "+
		"found the office anew in an empty schema, or take away what was only played with `make clean`", have)
}

// migrate applies the migrations that are lacking.
func migrate(ctx context.Context, config *pgx.ConnConfig) (m Migration, err error) {
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := newProvider(db)
	if err != nil {
		return m, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return m, fmt.Errorf("migrate registry: %w", err)
	}
	for _, r := range results {
		m.Applied = append(m.Applied, path.Base(r.Source.Path))
	}
	if m.Version, err = provider.GetDBVersion(ctx); err != nil {
		return m, fmt.Errorf("migrate registry: %w", err)
	}
	return m, nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrate registry: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return nil, fmt.Errorf("migrate registry: %w", err)
	}
	return provider, nil
}

// grant gives the roles their rights in a schema of that version.
func grant(ctx context.Context, tx pgx.Tx, version int64) error {
	if _, err := tx.Exec(ctx, rights); err != nil {
		return fmt.Errorf("grant rights: %w", err)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO schema_version (version) VALUES ($1)
		ON CONFLICT (one) DO UPDATE SET version = excluded.version WHERE schema_version.version <> excluded.version`, version)
	if err != nil {
		return fmt.Errorf("note version of the schema: %w", err)
	}
	return nil
}

// mayNot explains an error of a role that may not do what it was to do.
func mayNot(err error, what string) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == insufficientPrivilege {
		return fmt.Errorf("migrate registry: %s; give database.owner_url, the URL of the role that owns the schema: %w", what, err)
	}
	return err
}

// first and newest are the numbers of the first and the newest migration that this program
// knows. The first ones, of one subject each, are what an office begins with.
func first() int64  { return numberOf(slices.Min[[]string]) }
func newest() int64 { return numberOf(slices.Max[[]string]) }

// numberOf is the number of the migration that is chosen by its file.
func numberOf(choose func([]string) string) int64 {
	names, _ := fs.Glob(migrations, "migrations/*.sql") // the pattern is well formed
	number, _, _ := strings.Cut(path.Base(choose(names)), "_")
	n, _ := strconv.ParseInt(number, 10, 64) // goose refuses other names
	return n
}

// SchemaError is a schema that is older than this program, or not there.
type SchemaError struct{ Have, Need int64 }

// Error says what to do.
func (e *SchemaError) Error() string {
	if e.Have == 0 {
		return "the database has no schema that its role may use; run `starter migrate`, and let programs log in as a member of the role " + roles.Programs
	}
	return fmt.Sprintf("the database's schema has version %d, and this program needs %d: run `starter migrate`", e.Have, e.Need)
}

// CheckSchema refuses a schema that is older than this program with a SchemaError. A
// newer one serves older programs too.
func (r *Registry) CheckSchema(ctx context.Context) error {
	e := SchemaError{Need: newest()}
	err := r.db.QueryRow(ctx, `SELECT version FROM schema_version`).Scan(&e.Have)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == undefinedTable || pg.Code == insufficientPrivilege) || errors.Is(err, pgx.ErrNoRows) {
		return &e
	}
	if err != nil {
		return fail("ask for the schema's version", err)
	}
	if e.Have < e.Need {
		return &e
	}
	return nil
}

// TooStrong reports whether the role that this process logs in as could change the
// trail or the ledgers, or make itself a role that can.
func (r *Registry) TooStrong(ctx context.Context) (bool, error) {
	var is bool
	err := r.db.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolcreaterole))
			OR has_table_privilege(session_user, 'audit', 'UPDATE, DELETE, TRUNCATE, TRIGGER')
			OR has_table_privilege(session_user, 'blank_movements', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
			OR EXISTS (SELECT FROM pg_class WHERE oid IN ('audit'::regclass, 'blank_movements'::regclass) AND pg_has_role(session_user, relowner, 'MEMBER'))
			OR pg_has_role(session_user, 'pg_execute_server_program', 'MEMBER') OR pg_has_role(session_user, 'pg_write_server_files', 'MEMBER')`).
		Scan(&is)
	return is, fail("ask for the rights of the role", err)
}
