package registry_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/registry/roles"
	"example.org/cancuoc/internal/vault"
)

func TestMigrate_ProcessesThatStartTogetherTakeTurns(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))

	for _, err := range atOnce(4, func(int) error { return errOf(registry.Migrate(t.Context(), registrytest.As(t, url, roles.Owner))) }) {
		require.NoError(t, err)
	}
}

// With sequential scans made as dear as they will be at ten million
// applications, PostgreSQL makes one only where no index helps: nowhere in the
// life of a card, and not for the look-ups of citizens and officers.
func TestLife_NeedsNoSequentialScan(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.Close()
	before := scans(t, b)
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "master.key"), true)
	require.NoError(t, err)
	b.Registry, err = registry.Open(t.Context(), b.url+"&options=-c%20enable_seqscan%3Doff", registry.Options{Vault: vault.New(master)})
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
			SELECT count(*) FROM pg_stat_activity WHERE application_name = current_schema() AND pid <> pg_backend_pid()`).Scan(&others)
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
