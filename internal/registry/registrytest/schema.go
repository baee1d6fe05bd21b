// Package registrytest gives each test its own registry: a fresh, migrated schema in
// a real PostgreSQL, so that tests run side by side.
package registrytest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/registry"
)

// URLVariable names the environment variable with the URL of a database in which
// tests may create schemas.
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

// NewSchema makes a fresh, migrated schema in that database, dropped when the
// test ends, and returns the URL that leads into it.
func NewSchema(tb testing.TB, address string) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	execute(tb, address, "CREATE SCHEMA "+name)
	tb.Cleanup(func() { execute(tb, address, "DROP SCHEMA "+name+" CASCADE") })
	inside := withSearchPath(tb, address, name)
	require.NoError(tb, registry.Migrate(context.WithoutCancel(tb.Context()), inside))
	return inside
}

// NewClock puts a clock of the test's own in front of the database's in that schema:
// what the registry asks of now() afterwards is what was set last.
func NewClock(tb testing.TB, inside string) (set func(time.Time)) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, inside)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close(ctx) })
	_, err = conn.Exec(ctx, `
		CREATE TABLE clock (at timestamptz NOT NULL);
		INSERT INTO clock SELECT pg_catalog.now();
		CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM clock'`)
	require.NoError(tb, err)
	var turn sync.Mutex
	return func(at time.Time) {
		turn.Lock()
		defer turn.Unlock()
		_, err := conn.Exec(ctx, `UPDATE clock SET at = $1`, at)
		require.NoError(tb, err)
	}
}

// execute runs one statement on a connection of its own: at the end of a test its
// context is done, and so are its pools.
func execute(tb testing.TB, address, sql string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, address)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	require.NoError(tb, err)
}

// withSearchPath adds the schema to a URL or to a list of keywords and values,
// and gives its connections the schema's name.
func withSearchPath(tb testing.TB, address, schema string) string {
	tb.Helper()
	if !strings.Contains(address, "://") {
		return address + " search_path=" + schema + ",pg_catalog application_name=" + schema
	}
	u, err := url.Parse(address)
	require.NoError(tb, err)
	query := u.Query()
	query.Set("search_path", schema+",pg_catalog") // a schema may have a clock of its own
	query.Set("application_name", schema)
	u.RawQuery = query.Encode()
	return u.String()
}
