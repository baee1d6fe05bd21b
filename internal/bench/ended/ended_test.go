package ended_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/bench/ended"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/vault"
)

// What is filled in holds together as what was lived through does.
func TestFill_MakesARegistryInOrder(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "vault.key"), true)
	require.NoError(t, err)
	require.NoError(t, ended.Fill(t.Context(), registrytest.Behind(t, url), 1000, vault.New(master)))
	r, err := registry.Open(t.Context(), url, registry.Options{Vault: vault.New(master)})
	require.NoError(t, err)
	defer r.Close()

	stock, err := r.Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, registry.Stock{Received: 1000, Issued: 1000, Balanced: true}, stock)
	require.NoError(t, r.VerifyBooks(t.Context()))
	audit, err := r.VerifyAllAudit(t.Context())
	require.NoError(t, err)
	require.Equal(t, registry.AuditReport{Applications: 1000, Entries: 10_000}, audit)
	list, err := r.List(t.Context(), registry.Filter{Stages: []identity.Stage{identity.Issued}, Limit: 1})
	require.NoError(t, err)
	require.Len(t, list, 1)
	citizen, err := r.Citizen(t.Context(), list[0].Application.Person.Number)
	require.NoError(t, err)
	require.NotNil(t, citizen.LiveCard)
	behind, err := pgx.Connect(t.Context(), registrytest.Behind(t, url))
	require.NoError(t, err)
	defer func() { require.NoError(t, behind.Close(context.WithoutCancel(t.Context()))) }()
	var unsigned int
	require.NoError(t, behind.QueryRow(t.Context(), `
		SELECT count(*) FROM (
			SELECT request, officer FROM decisions UNION ALL SELECT handed_over_act, handed_over_by FROM cards
			UNION ALL SELECT sent_act, sent_by FROM consignments UNION ALL SELECT received_act, received_by FROM consignments
			UNION ALL SELECT act, received_by FROM boxes UNION ALL SELECT act, counted_by FROM boxes
		) AS done (id, officer) WHERE NOT EXISTS (SELECT FROM acts a JOIN credentials c ON c.key = a.key AND c.officer = a.officer WHERE (a.id, a.officer) = (done.id, done.officer))`).Scan(&unsigned))
	require.Zero(t, unsigned)
}

// Who looks over the office, or over a province, does not read what has ended for each stage again.
func TestOverview_ReadsWhatEndedForNoStage(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "vault.key"), true)
	require.NoError(t, err)
	require.NoError(t, ended.Fill(t.Context(), registrytest.Behind(t, url), 1000, vault.New(master)))
	behind, err := pgx.Connect(t.Context(), registrytest.Behind(t, url))
	require.NoError(t, err)
	defer func() { require.NoError(t, behind.Close(context.WithoutCancel(t.Context()))) }()
	_, err = behind.Exec(t.Context(), `ANALYZE applications`)
	require.NoError(t, err)
	read := func() (scans, rows int) {
		require.NoError(t, behind.QueryRow(t.Context(), `
			SELECT seq_scan + coalesce(idx_scan, 0), seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'applications'`).Scan(&scans, &rows))
		return scans, rows
	}
	for _, province := range []identity.ProvinceCode{"", "001"} {
		r, err := registry.Open(t.Context(), url, registry.Options{Vault: vault.New(master)})
		require.NoError(t, err)
		before, already := read()
		_, err = r.OverviewOf(t.Context(), province, time.Now())
		require.NoError(t, err)
		r.Close() // by then PostgreSQL has counted
		var scans, rows int
		require.Eventually(t, func() bool {
			scans, rows = read()
			return scans > before
		}, time.Minute, 20*time.Millisecond)
		require.Less(t, rows-already, 2000, "so few the planner may read once, and not for each stage: in %q", province)
	}
}
