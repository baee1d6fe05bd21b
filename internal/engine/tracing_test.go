package engine_test

import (
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.opentelemetry.io/proto/otlp/trace/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/engine"
)

// collector takes spans over OTLP.
type collector struct {
	*httptest.Server

	mu    sync.Mutex
	spans map[string]*tracepb // by name
	text  strings.Builder     // all that was sent
}

type tracepb struct {
	*v1.Span

	program string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{spans: make(map[string]*tracepb)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collectorpb.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &sent) != nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.text.WriteString(protojson.Format(&sent))
		for _, of := range sent.GetResourceSpans() {
			program := ""
			for _, a := range of.GetResource().GetAttributes() {
				if a.GetKey() == "service.name" {
					program = a.GetValue().GetStringValue()
				}
			}
			for _, scope := range of.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					c.spans[span.GetName()] = &tracepb{span, program}
				}
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// makeCard is a workflow as an application's is, as far as traces go: it is started at the door,
// and a station works for it.
func makeCard(ctx workflow.Context, _ string) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: "station", StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	return workflow.ExecuteActivity(ctx, "Print", secret).Get(ctx, nil)
}

// One trace leads from the door through the workflow to the station, each in a process of its
// own, and says nothing of what was sent, whose path was asked for or what went wrong.
func TestTracing_FromTheDoorToTheStation(t *testing.T) {
	t.Parallel()
	at := newCollector(t)
	keys := newCodec(t, keyLine("k1", 1)).Keys
	namespace := "engine-" + strings.ToLower(t.Name())
	dial(t, namespace, keys, nil)
	program := func(name string) (*engine.Tracing, client.Client) {
		tracing, err := engine.OpenTracing(t.Context(), engine.TracingOptions{URL: at.URL + "/v1/traces", Share: 1, Program: name, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		c, err := engine.Dial(t.Context(), engine.Options{
			Address: devservertest.Temporal(t), Namespace: namespace, Keys: keys, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Tracing: tracing,
		})
		require.NoError(t, err)
		t.Cleanup(c.Close)
		return tracing, c
	}
	gateway, atGateway := program("gateway")
	pipeline, atPipeline := program("pipeline")
	station, atStation := program("station")
	flows, hands := worker.New(atPipeline, "pipeline", worker.Options{}), worker.New(atStation, "station", worker.Options{DisableWorkflowWorker: true})
	flows.RegisterWorkflow(makeCard)
	hands.RegisterActivityWithOptions(fail, activity.RegisterOptions{Name: "Print"})
	workers := engine.Workers{flows, hands}
	require.NoError(t, workers.Start())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/packets/{who}", func(w http.ResponseWriter, r *http.Request) {
		run, err := atGateway.ExecuteWorkflow(r.Context(), client.StartWorkflowOptions{ID: "application-1", TaskQueue: "pipeline"}, makeCard, secret)
		if err == nil {
			err = run.Get(r.Context(), nil)
		}
		if err != nil {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	var counted string
	door := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gateway.Around("office", mux).ServeHTTP(w, r)
		counted = r.Pattern
	})
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/packets/"+url.PathEscape(secret), nil)
	request.Header.Set("Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
	w := httptest.NewRecorder()
	door.ServeHTTP(w, request)
	require.Equal(t, http.StatusTeapot, w.Code, "the activity fails")
	workers.Stop()
	for _, tracing := range []*engine.Tracing{gateway, pipeline, station} {
		tracing.Stop(t.Context())
	}

	require.Equal(t, "POST /v1/packets/{who}", counted, "the route is there for whoever counts")
	at.mu.Lock()
	defer at.mu.Unlock()
	before := at.spans["POST /v1/packets/{who}"]
	require.NotNil(t, before, "%v", at.spans)
	require.NotEqual(t, "0123456789abcdef0123456789abcdef", hex.EncodeToString(before.GetTraceId()), "whoever comes begins no trace of ours")
	for _, next := range []struct{ name, program string }{
		{"StartWorkflow:makeCard", "gateway"}, {"RunWorkflow:makeCard", "pipeline"}, {"StartActivity:Print", "pipeline"}, {"RunActivity:Print", "station"},
	} {
		span := at.spans[next.name]
		require.NotNil(t, span, next.name)
		require.Equal(t, next.program, span.program)
		require.Equal(t, before.GetTraceId(), span.GetTraceId(), next.name)
		require.Equal(t, before.GetSpanId(), span.GetParentSpanId(), next.name)
		before = span
	}
	require.Equal(t, v1.Status_STATUS_CODE_ERROR, before.GetStatus().GetCode())
	require.NotContains(t, at.text.String(), secret)
	require.NotContains(t, at.text.String(), url.PathEscape(secret))
	require.Contains(t, at.text.String(), "application-1")
}

// A collector that is away keeps nobody waiting, and off is off.
func TestTracing_NobodyWaitsForTheCollector(t *testing.T) {
	t.Parallel()
	var off *engine.Tracing
	off.Stop(t.Context())
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	away, err := engine.OpenTracing(t.Context(), engine.TracingOptions{URL: "http://127.0.0.1:1/v1/traces", Share: 1, Program: "gateway", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	for _, door := range []http.Handler{off.Around("office", ok), away.Around("office", ok)} {
		for range 10_000 { // more than there is room for
			w := httptest.NewRecorder()
			door.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
			require.Equal(t, http.StatusNoContent, w.Code)
		}
	}
}
