package devserver_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/devserver/devservertest"
)

// Killed without warning, the server goes on where it was, at its address.
func TestStartTemporalServer_KeepsItsStateAndAddress(t *testing.T) {
	t.Parallel()
	devservertest.NeedTemporalServer(t)
	p := startPostgres(t, folder(t))
	defer p.Stop()
	o := devserver.TemporalServerOptions{Dir: t.TempDir(), Database: p.AdminURL, Shards: 4}
	s, err := devserver.StartTemporalServer(t.Context(), o, t.Logf)
	require.NoError(t, err)
	before := s.Address
	_, err = dial(t, s.Address).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: "nobody"}, "Nothing")
	require.NoError(t, err)
	require.NoError(t, s.Signal(syscall.SIGKILL))
	s.Stop()

	s, err = devserver.StartTemporalServer(t.Context(), o, t.Logf)
	require.NoError(t, err)
	defer s.Stop()

	_, err = dial(t, s.Address).DescribeWorkflowExecution(t.Context(), "kept", "")
	require.NoError(t, err)
	require.Equal(t, before, s.Address)
}
