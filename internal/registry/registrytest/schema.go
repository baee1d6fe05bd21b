// Package registrytest gives every test a registry of its own: a fresh, migrated
// schema in a real PostgreSQL, so that tests run side by side.
package registrytest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/registry"
)

// URLVariable names the environment variable that says which PostgreSQL tests
// use: a database in which they may make schemas.
const URLVariable = "TEST_DATABASE_URL"

// URL is the database for tests. Without one the test is skipped, but fails
// where CI is set.
func URL(t testing.TB) string {
	t.Helper()
	address := os.Getenv(URLVariable)
	if address == "" && os.Getenv("CI") != "" {
		t.Fatalf("%s is not set: CI has to give the tests a PostgreSQL", URLVariable)
	}
	if address == "" {
		t.Skipf("%s is not set", URLVariable)
	}
	return address
}

// NewSchema makes a fresh, migrated schema in that database, dropped when the
// test ends, and returns the URL that leads into it.
func NewSchema(t testing.TB, address string) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	execute(t, address, "CREATE SCHEMA "+name)
	t.Cleanup(func() { execute(t, address, "DROP SCHEMA "+name+" CASCADE") })
	inside := withSearchPath(t, address, name)
	require.NoError(t, registry.Migrate(context.WithoutCancel(t.Context()), inside))
	return inside
}

// execute runs one statement on a connection of its own: at the end of a test its
// context is done, and so are its pools.
func execute(t testing.TB, address, sql string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, address)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, err)
}

// withSearchPath adds the schema to a URL or to a list of keywords and values,
// and gives its connections the schema's name.
func withSearchPath(t testing.TB, address, schema string) string {
	t.Helper()
	if !strings.Contains(address, "://") {
		return address + " search_path=" + schema + " application_name=" + schema
	}
	u, err := url.Parse(address)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", schema)
	query.Set("application_name", schema)
	u.RawQuery = query.Encode()
	return u.String()
}
