package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/engine"
)

// dial connects to a namespace; each test has its own, made here.
func dial(t *testing.T, namespace string, keys *engine.Keys, metrics client.MetricsHandler) client.Client {
	t.Helper()
	address := devservertest.Temporal(t)
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: address})
	require.NoError(t, err)
	defer namespaces.Close()
	err = namespaces.Register(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: namespace, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(t, err)
	var c client.Client
	require.Eventually(t, func() bool { // until the server knows the namespace
		c, err = engine.Dial(t.Context(), engine.Options{Address: address, Namespace: namespace, Keys: keys, Logger: logger, Metrics: metrics})
		if err != nil {
			return false
		}
		_, err = c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace})
		if err != nil {
			c.Close()
		}
		return err == nil
	}, time.Minute, 100*time.Millisecond)
	t.Cleanup(c.Close)
	return c
}

// What a workflow is told, says and asks of activities is not to be read in its history by
// those who have no key. Why something failed is, and says nothing about a person.
func TestDial_LeavesNothingReadableInTheHistoryButFailures(t *testing.T) {
	t.Parallel()
	keys := newCodec(t, keyLine("k1", 1)).Keys
	metrics := engine.NewMetrics()
	namespace := "engine-" + strings.ToLower(t.Name())
	c := dial(t, namespace, keys, metrics.Handler())
	w := worker.New(c, "tell", worker.Options{})
	w.RegisterWorkflowWithOptions(tell, workflow.RegisterOptions{Name: "Tell"})
	w.RegisterActivity(fail)
	workers := engine.Workers{w}
	require.NoError(t, workers.Start())
	defer workers.Stop()

	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "tell", StaticSummary: secret, Memo: map[string]any{"name": secret}}, "Tell", secret)
	require.NoError(t, err)
	var answer string
	require.NoError(t, run.Get(t.Context(), &answer))

	require.Contains(t, answer, secret+" failed: the register does not answer")
	history := c.GetWorkflowHistory(t.Context(), run.GetID(), run.GetRunID(), false, 0)
	events, failures := 0, 0
	for ; history.HasNext(); events++ {
		event, err := history.Next()
		require.NoError(t, err)
		text, err := protojson.Marshal(event)
		require.NoError(t, err)
		require.NotContains(t, string(text), secret)
		require.NotContains(t, string(text), "json/plain")
		failures += strings.Count(string(text), "the register does not answer")
	}
	require.Greater(t, events, 5)
	require.Positive(t, failures)
	described, err := c.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
	require.NoError(t, err)
	text, err := protojson.Marshal(described)
	require.NoError(t, err)
	require.NotContains(t, string(text), secret)
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(metrics))
	measured, err := registry.Gather()
	require.NoError(t, err)
	require.NotEmpty(t, measured)
}

func tell(ctx workflow.Context, name string) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second, Summary: name, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	err := workflow.ExecuteActivity(ctx, fail, name).Get(ctx, nil)
	if err == nil {
		return "", errors.New("it did not fail")
	}
	failure, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		return "", err
	}
	return name + " failed: " + failure.Message(), nil
}

func fail(context.Context, string) error { return errors.New("the register does not answer") }

// Several programs start at once on a namespace that knows none of them.
func TestEnsureSearchAttributes_MakesThemUsable(t *testing.T) {
	t.Parallel()
	namespace := "engine-" + strings.ToLower(t.Name())
	c := dial(t, namespace, newCodec(t, keyLine("k1", 1)).Keys, nil)
	stage, deadline := temporal.NewSearchAttributeKeyKeyword("Stage"), temporal.NewSearchAttributeKeyTime("Deadline")

	errs := make([]error, 4)
	var programs sync.WaitGroup
	for i := range errs {
		programs.Go(func() {
			errs[i] = engine.EnsureSearchAttributes(t.Context(), c, namespace, []temporal.SearchAttributeKey{stage, deadline})
		})
	}
	programs.Wait()

	require.NoError(t, errors.Join(errs...))
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "found", TaskQueue: "nobody",
		TypedSearchAttributes: temporal.NewSearchAttributes(stage.ValueSet("Approval")),
	}, "Nothing")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		n, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: `Stage = "Approval"`})
		return err == nil && n.GetCount() == 1
	}, time.Minute, 100*time.Millisecond)
}

func TestDial_Refuses(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	keys := newCodec(t, keyLine("k1", 1)).Keys
	empty := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, tt := range map[string]struct {
		options engine.Options
		want    string
	}{
		"NoKeys":       {engine.Options{Logger: logger}, "payload keys and a logger are needed"},
		"NoLogger":     {engine.Options{Keys: keys}, "payload keys and a logger are needed"},
		"NobodyThere":  {engine.Options{Address: "127.0.0.1:1", Keys: keys, Logger: logger}, "connect to Temporal at 127.0.0.1:1"},
		"NoSuchCA":     {engine.Options{Keys: keys, Logger: logger, TLSFiles: engine.TLSFiles{CA: empty + ".absent"}}, "read certificate authorities"},
		"EmptyCA":      {engine.Options{Keys: keys, Logger: logger, TLSFiles: engine.TLSFiles{CA: empty}}, "holds none"},
		"NoClientCert": {engine.Options{Keys: keys, Logger: logger, TLSFiles: engine.TLSFiles{Key: empty}}, "read client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := engine.Dial(ctx, tt.options)
			require.ErrorContains(t, err, tt.want)
		})
	}
}
