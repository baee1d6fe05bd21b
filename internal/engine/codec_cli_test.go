package engine_test

import (
	"errors"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/engine"
)

// The Temporal CLI shows histories and answers of queries to whom the codec shows them. What it
// would send it has encrypted first, which nobody does for it: nothing is sent in the clear.
func TestCodecHandler_AnswersTheCLI(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	namespace := "engine-" + strings.ToLower(t.Name())
	c := dial(t, namespace, d.codec.Keys, nil)
	w := worker.New(c, "answer", worker.Options{})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, name string) (string, error) {
		return name, workflow.SetQueryHandler(ctx, "told", func() (string, error) { return name, nil })
	}, workflow.RegisterOptions{Name: "Answer"})
	workers := engine.Workers{w}
	require.NoError(t, workers.Start())
	defer workers.Stop()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "answer"}, "Answer", secret)
	require.NoError(t, err)
	require.NoError(t, run.Get(t.Context(), nil))
	program, err := devserver.TemporalCLI(t.Context(), nil)
	require.NoError(t, err)
	cli := func(token string, args ...string) (string, error) {
		args = append(args, "--workflow-id", run.GetID(), "--address", devservertest.Temporal(t), "--namespace", namespace,
			"--codec-endpoint", server.URL+"/codec", "--codec-auth", "Bearer "+token)
		// A server may lose a query whose task it handed out as the namespace's queue was begun:
		// whoever asks hears of it when the time is over, and asks again.
		for range 5 {
			said, err := exec.CommandContext(t.Context(), program, append(args, "--command-timeout", "10s")...).CombinedOutput()
			if err == nil || !strings.Contains(string(said), "timed out") && !strings.Contains(string(said), "deadline") {
				return string(said), err
			}
		}
		return "", errors.New("the server answers no query")
	}

	for _, args := range [][]string{{"workflow", "show"}, {"workflow", "query", "--type", "told"}} {
		said, err := cli("auditor", args...)
		require.NoError(t, err, said)
		require.Contains(t, said, secret)
	}
	said, err := cli("counter", "workflow", "query", "--type", "told")
	require.NoError(t, err, said)
	require.NotContains(t, said, secret)
	said, err = cli("auditor", "workflow", "query", "--type", "told", "--input", `"x"`)
	require.Error(t, err)
	require.Contains(t, said, "a query takes no input")
}
