// Package registrytest gives each test its own registry: a fresh, migrated schema in
// a real PostgreSQL, so that tests run side by side.
package registrytest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/roles"
)

// URLVariable names the environment variable with the URL of a database in which
// tests may create schemas and roles, as a superuser.
const URLVariable = "TEST_DATABASE_URL"

// URL is the database for tests. Without one the test is skipped, or fails where CI
// is set.
func URL(tb testing.TB) string {
	tb.Helper()
	address := os.Getenv(URLVariable)
	if address == "" && os.Getenv("CI") != "" {
		tb.Fatalf("%s is not set: CI has to give the tests a PostgreSQL", URLVariable)
	}
	if address == "" {
		tb.Skipf("%s is not set", URLVariable)
	}
	return address
}

// schemas are those of NewSchema, by the URL that it gave: the URL by which its tests
// look behind the programs' rights.
var schemas sync.Map

// ofWhoComesFirst has a schema of NewSchema take the vault's key of the program that connects
// first, as the key is the test's to make after it. Elsewhere the schema's owner settles it.
const ofWhoComesFirst = `
	CREATE OR REPLACE FUNCTION enter_office(proof bytea) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = office, pg_temp AS $$
	BEGIN
		PERFORM set_config('cancuoc.proof', encode(proof, 'hex'), false);
		INSERT INTO office_proof (digest, salt) SELECT sha256(proof), '' WHERE NOT EXISTS (SELECT FROM office_proof) ON CONFLICT DO NOTHING;
		RETURN EXISTS (SELECT FROM office_proof WHERE digest = sha256(proof));
	END $$`

// NewSchema makes a fresh registry in a database of its own, dropped when the test ends,
// and returns the URL that leads into it as a program does: by a login with the programs'
// rights and no others.
func NewSchema(tb testing.TB, address string) string {
	tb.Helper()
	programs := NewEmptySchema(tb, address)
	founding, err := cast.Known().Founding(Officers()...)
	require.NoError(tb, err)
	require.NoError(tb, registry.Found(context.WithoutCancel(tb.Context()), As(tb, programs, roles.Owner), founding))
	return programs
}

// NewEmptySchema is NewSchema of an office that nobody has founded.
func NewEmptySchema(tb testing.TB, address string) string {
	tb.Helper()
	name, password := "test_"+strings.ToLower(rand.Text()), rand.Text()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, address)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, conn.Close(ctx)) }()
	require.NoError(tb, roles.Make(ctx, conn))
	require.NoError(tb, roles.Login(ctx, conn, name, password, roles.Programs))
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+migrated(tb, conn, address)) // a tenth of what migrating takes
	require.NoError(tb, err)
	tb.Cleanup(func() { execute(tb, address, "DROP DATABASE "+name+" WITH (FORCE)", "DROP ROLE "+name) })
	inside := within(tb, address, name)
	programs := with(tb, inside, url.UserPassword(name, password), nil)
	schemas.Store(programs, inside)
	return programs
}

// migrated is the name of the database that those of tests are copied from: a schema that its
// owner migrated. The first test of a server that needs this schema makes it.
func migrated(tb testing.TB, conn *pgx.Conn, address string) string {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	definition, err := registry.SchemaDigest()
	require.NoError(tb, err)
	name := fmt.Sprintf("migrated_%x", definition[:8])
	_, err = conn.Exec(ctx, `SELECT pg_advisory_lock(hashtext('migrated'))`) // until conn is closed
	require.NoError(tb, err)
	defer func() {
		_, err := conn.Exec(ctx, `SELECT pg_advisory_unlock(hashtext('migrated'))`)
		require.NoError(tb, err)
	}()
	var whole *bool // a database that nobody may connect to is finished; one that was begun is not
	err = conn.QueryRow(ctx, `SELECT (SELECT NOT datallowconn FROM pg_database WHERE datname = $1)`, name).Scan(&whole)
	require.NoError(tb, err)
	if whole != nil && *whole {
		return name
	}
	execute(tb, address, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)", "CREATE DATABASE "+name)
	inside := within(tb, address, name)
	execute(tb, inside, "CREATE SCHEMA office AUTHORIZATION "+roles.Owner)
	_, err = registry.Migrate(ctx, with(tb, inside, nil, map[string]string{"role": roles.Owner}), nil)
	require.NoError(tb, err)
	execute(tb, inside, ofWhoComesFirst)
	execute(tb, address, "ALTER DATABASE "+name+" WITH ALLOW_CONNECTIONS false")
	return name
}

// within gives the URL by which a superuser comes into the schema of a test's database.
func within(tb testing.TB, address, database string) string {
	tb.Helper()
	return with(tb, address, nil, map[string]string{
		"dbname":           database,
		"search_path":      "office,pg_catalog", // a schema may have a clock of its own
		"application_name": database,
	})
}

// Officers are the cast, and officers of tests who may do everything: those whom NewSchema
// registers.
func Officers() []identity.Officer {
	officers := cast.Officers()
	for _, badge := range []identity.OfficerID{
		"TK-01", "TK-02", "TK-1", "TK-2", "SX-01", "SX-02", "GV-01", "GV-02", "GD-01", "CB-001-0001", "CB-001-0003", "CB-001-0013", "CB-001-0014", "CB-001-6666", "PD-001-0009", "CB-1",
	} {
		officers = append(officers, identity.Officer{Badge: badge, Unit: identity.UnitCenter, Roles: identity.Roles})
	}
	for i := range officers {
		officers[i].ValidFrom = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) // a test may have a clock of its own
	}
	return officers
}

// Behind gives the URL by which a superuser comes into a schema of NewSchema.
func Behind(tb testing.TB, programs string) string {
	tb.Helper()
	inside, ok := schemas.Load(programs)
	require.True(tb, ok, "NewSchema did not give this URL")
	return inside.(string)
}

// As gives the URL by which somebody with the rights of one of the roles comes into a
// schema of NewSchema; the owner may make and change what is in it.
func As(tb testing.TB, programs, role string) string {
	tb.Helper()
	return with(tb, Behind(tb, programs), nil, map[string]string{"role": role})
}

// NewClock puts a clock of the test's own in front of the database's in that schema:
// what the registry asks of now() afterwards is what was set last.
func NewClock(tb testing.TB, programs string) (set func(time.Time)) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, Behind(tb, programs))
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close(ctx) })
	_, err = conn.Exec(ctx, `
		CREATE TABLE clock (at timestamptz NOT NULL);
		GRANT SELECT ON clock TO PUBLIC;
		INSERT INTO clock SELECT pg_catalog.now();
		CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM clock';
		ALTER TABLE acts ALTER COLUMN at SET DEFAULT now();
		ALTER TABLE applications ALTER COLUMN entered_at SET DEFAULT now();
		ALTER TABLE cards ALTER COLUMN changed_at SET DEFAULT now();
		DO $$ DECLARE f text; BEGIN
			FOREACH f IN ARRAY ARRAY['may_act()', 'enter_now()', 'keep_person_change()', 'erase_due(integer)', 'keep_wait()', 'earn_stage()'] LOOP
				EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_catalog, pg_temp', f, current_schema());
			END LOOP;
		END $$`)
	require.NoError(tb, err)
	var turn sync.Mutex
	return func(at time.Time) {
		turn.Lock()
		defer turn.Unlock()
		_, err := conn.Exec(ctx, `UPDATE clock SET at = $1`, at)
		require.NoError(tb, err)
	}
}

// execute runs statements on a connection of its own: at the end of a test its context is
// done, and so are its pools.
func execute(tb testing.TB, address string, statements ...string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, address)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, conn.Close(ctx)) }()
	for _, sql := range statements {
		_, err = conn.Exec(ctx, sql)
		require.NoError(tb, err)
	}
}

// with adds settings to a URL or to a list of keywords and values, and changes who
// logs in, unless that is nil.
func with(tb testing.TB, address string, user *url.Userinfo, settings map[string]string) string {
	tb.Helper()
	if !strings.Contains(address, "://") {
		if user != nil {
			password, _ := user.Password()
			address += " user=" + user.Username() + " password=" + password
		}
		words := []string{address}
		for name, value := range settings {
			words = append(words, name+"="+value)
		}
		return strings.Join(words, " ")
	}
	u, err := url.Parse(address)
	require.NoError(tb, err)
	if user != nil {
		u.User = user
	}
	query := u.Query()
	for name, value := range settings {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	return u.String()
}
