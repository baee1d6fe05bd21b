package office_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/office"
)

// What was committed is there after the servers were stopped and started again.
func TestOffice_KeepsItsState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := func() (*office.Temporal, *office.Postgres) {
		temporal, err := office.StartTemporal(t.Context(), office.TemporalOptions{Dir: dir + "/temporal", Keep: true}, t.Logf)
		require.NoError(t, err)
		postgres, err := office.StartPostgres(t.Context(), office.PostgresOptions{Dir: dir + "/postgres", Durable: true}, t.Logf)
		require.NoError(t, err)
		return temporal, postgres
	}
	temporal, postgres := start()
	conn, err := pgx.Connect(t.Context(), postgres.URL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	c, err := client.Dial(client.Options{HostPort: temporal.Address})
	require.NoError(t, err)
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: "nobody"}, "Nothing")
	require.NoError(t, err)
	c.Close()
	temporal.Stop()
	postgres.Stop()

	temporal, postgres = start()
	defer temporal.Stop()
	defer postgres.Stop()

	conn, err = pgx.Connect(t.Context(), postgres.URL)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT n FROM kept`).Scan(&n))
	require.Equal(t, 1, n)
	c, err = client.Dial(client.Options{HostPort: temporal.Address})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.DescribeWorkflowExecution(t.Context(), "kept", "")
	require.NoError(t, err)
}
