package registry_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/registry/roles"
)

// Several that migrate at once take turns, also when one of them is interrupted.
func TestMigrate_TakesTurns(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	behind := connect(t, registrytest.Behind(t, url))
	_, err := behind.Exec(t.Context(), `
		DO $$ DECLARE name text := current_schema(); BEGIN
			EXECUTE format('DROP SCHEMA %I CASCADE; CREATE SCHEMA %I AUTHORIZATION cancuoc_owner', name, name);
		END $$`)
	require.NoError(t, err)
	interrupted, interrupt := context.WithCancel(t.Context())
	go func() { // when the first of them is at work
		defer interrupt()
		for begun := false; !begun; {
			if behind.QueryRow(t.Context(), `SELECT to_regclass('cards') IS NOT NULL`).Scan(&begun) != nil {
				return
			}
		}
	}()

	of := []context.Context{interrupted, t.Context(), t.Context(), t.Context()}
	errs := atOnce(len(of), func(i int) error { return errOf(registry.Migrate(of[i], registrytest.As(t, url, roles.Owner), nil)) })

	for _, err := range errs[1:] {
		require.NoError(t, err)
	}
	r, err := registry.Open(t.Context(), url, registry.Options{})
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, r.CheckSchema(t.Context()))
	<-interrupted.Done() // behind is free again
	var each int
	require.NoError(t, behind.QueryRow(t.Context(), `SELECT max(n) FROM (SELECT count(*) AS n FROM goose_db_version GROUP BY version_id) applied`).Scan(&each))
	require.Equal(t, 1, each)
}

// A schema of an engine of before is refused, whatever its version is beside this program's, and
// stays as it was; and so is one that was hardly begun. It is said what to do.
func TestMigrate_RefusesAnEngineOfBefore(t *testing.T) {
	t.Parallel()
	url := registrytest.NewEmptySchema(t, registrytest.URL(t))
	owner, behind := registrytest.As(t, url, roles.Owner), connect(t, registrytest.Behind(t, url))
	_, err := behind.Exec(t.Context(), `
		DO $$ DECLARE name text := current_schema(); BEGIN
			EXECUTE format('DROP SCHEMA %I CASCADE; CREATE SCHEMA %I AUTHORIZATION cancuoc_owner', name, name);
		END $$;
		CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now());
		ALTER TABLE goose_db_version OWNER TO cancuoc_owner;
		INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true)`)
	require.NoError(t, err)
	for _, version := range []string{"1", "671", "9999"} {
		_, err = behind.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (`+version+`, true)`)
		require.NoError(t, err)

		_, err = registry.Migrate(t.Context(), owner, nil)

		require.ErrorContains(t, err, "the schema has version "+version+" of an engine of before")
		require.ErrorContains(t, err, "found the office anew in an empty schema")
		var tables int
		require.NoError(t, behind.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`).Scan(&tables))
		require.Equal(t, 1, tables)
	}

	// A program that works on it asks to migrate it, and is told so.
	_, err = behind.Exec(t.Context(), `
		CREATE TABLE schema_version (version bigint NOT NULL); INSERT INTO schema_version VALUES (671);
		GRANT USAGE ON SCHEMA office TO cancuoc_programs; GRANT SELECT ON schema_version TO cancuoc_programs`)
	require.NoError(t, err)
	r, err := registry.Open(t.Context(), url, registry.Options{})
	require.NoError(t, err)
	defer r.Close()
	require.ErrorContains(t, r.CheckSchema(t.Context()), "run `starter migrate`")
}

// With sequential scans made as dear as they will be at ten million
// applications, PostgreSQL makes one only where no index helps: nowhere in the
// life of a card, and not for the look-ups of citizens and officers, or for the overview of
// the office.
func TestLife_NeedsNoSequentialScan(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.Close()
	before := scans(t, b)
	var err error
	b.Registry, err = registry.Open(t.Context(), b.url+"&options=-c%20enable_seqscan%3Doff", registry.Options{Vault: b.vault})
	require.NoError(t, err)
	b.stock(t, 1)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	_, err = b.Gallery(t.Context(), 0, 10)
	require.NoError(t, err)
	_, err = b.Unstarted(t.Context(), 0, 10)
	require.NoError(t, err)
	for _, f := range []registry.Filter{
		{Limit: 10}, {Awaiting: identity.ToApprove, Province: "001"}, {Stages: []identity.Stage{identity.Approval}}, {After: number, Limit: 10},
	} {
		_, err = b.List(t.Context(), f)
		require.NoError(t, err)
	}
	for _, province := range []identity.ProvinceCode{"", "001"} {
		_, err = b.OverviewOf(t.Context(), province, time.Now())
		require.NoError(t, err)
	}
	b.Close()

	require.Equal(t, before, scans(t, b))
}

// awaitReports waits until every other connection to the schema has ended, since
// that is when it reports what it read.
func awaitReports(t *testing.T, b *bundle) {
	t.Helper()
	require.Eventually(t, func() bool {
		var others int
		err := b.db.QueryRow(t.Context(), `
			SELECT count(*) FROM pg_stat_activity WHERE application_name = current_database() AND pid <> pg_backend_pid()`).Scan(&others)
		return err == nil && others == 0
	}, 10*time.Second, 10*time.Millisecond)
}

// scans counts the sequential scans of every large table.
func scans(t *testing.T, b *bundle) map[string]int64 {
	t.Helper()
	awaitReports(t, b)
	rows, err := b.db.Query(t.Context(), `
		SELECT relname, seq_scan FROM pg_stat_user_tables WHERE schemaname = current_schema()
			AND relname IN ('applications', 'cards', 'blanks', 'blank_movements', 'audit', 'decisions', 'vault_blobs', 'vault_keys', 'citizens', 'gallery', 'consignments')`)
	require.NoError(t, err)
	counts := make(map[string]int64)
	var name string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error {
		counts[name] = n
		return nil
	})
	require.NoError(t, err)
	return counts
}
