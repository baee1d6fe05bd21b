package deploy_test

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/workflows"
)

// scraped is a series as a program exports it.
type scraped struct {
	name   string
	labels map[string]string
	value  string
}

// scrape asks a program's /metrics, as Prometheus does.
func scrape(t *testing.T, of string) []scraped {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, of+"/metrics", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	var all []scraped
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			series, value, ok := cutLast(line, " ")
			require.True(t, ok, line)
			one := seriesOf(series)
			one.value = value
			all = append(all, one)
		}
	}
	return all
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

var label = regexp.MustCompile(`(\w+)(=~|!=|!~|=)"([^"]*)"`)

// seriesOf reads name{label="value",...}.
func seriesOf(text string) scraped {
	name, labels, _ := strings.Cut(text, "{")
	s := scraped{name: name, labels: make(map[string]string)}
	for _, l := range label.FindAllStringSubmatch(labels, -1) {
		s.labels[l[1]] = l[3]
	}
	return s
}

// programs are a worker and a gateway with a worker's and a gateway's metrics, at work on a
// real database and a real Temporal server. Fresh is what they export before anything came.
func programs(t *testing.T) (fresh, all []scraped) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "office.yaml")
	require.NoError(t, os.WriteFile(name, []byte("data_dir: "+t.TempDir()), 0o600))
	c, err := config.Load(name)
	require.NoError(t, err)
	c.Temporal.Address = devservertest.Temporal(t)
	c.Temporal.Namespace = devservertest.Namespace(t, c.Temporal.Address)
	c.Database.URL, c.Database.MaxConns = config.Secret(registrytest.NewSchema(t, devservertest.Postgres(t))), 8
	secret := filepath.Join(t.TempDir(), "portal")
	require.NoError(t, os.WriteFile(secret, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 0o600))
	c.Notifications.Receivers = []config.Receiver{{Name: "portal", URL: "http://127.0.0.1:1", SecretFile: secret}}
	quiet := slog.New(slog.DiscardHandler)
	opened := func() *office.Office {
		o, err := office.Open(t.Context(), c, quiet)
		require.NoError(t, err)
		t.Cleanup(o.Close)
		return o
	}
	served := func(collected []prometheus.Collector) string {
		metrics := prometheus.NewPedanticRegistry()
		for _, one := range append(collected, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})) { // as ServeTelemetry does
			require.NoError(t, metrics.Register(one))
		}
		s := httptest.NewServer(engine.Telemetry(metrics, nil))
		t.Cleanup(s.Close)
		return s.URL
	}

	center := opened()
	ofWorker := served(center.MeasureWorker("all"))
	running, err := center.All(t.Context(), "PX-01")
	require.NoError(t, err)
	require.NoError(t, running.Start())
	t.Cleanup(running.Stop)
	require.NoError(t, center.StartNotifying(t.Context()))
	gateway, measures := opened(), api.NewMeasures()
	mux := http.NewServeMux()
	(&api.Server{Door: gateway.Door(), Ready: gateway.Ready, MaxPacket: 1 << 20, Logger: quiet, Capacity: api.Capacity{Bytes: 64 << 20, Guests: 100, Quick: 2, Heavy: 1}}).Register(mux)
	measures.Connections("office", func() int { return 0 })
	door := measures.Around("office", mux)
	ofGateway := served(append(gateway.MeasureGateway(), measures))
	fresh = append(scrape(t, ofWorker), scrape(t, ofGateway)...)

	door.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	require.NoError(t, registrytest.Signing{Registry: center.Registry}.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: "B-1", First: "GC0001", Last: "GC0001", Location: identity.LocationCenter, ReceivedBy: "TK-01", CountedBy: "TK-02", Document: identity.Certificate,
	}))
	registrytest.RegisterStation(t, center.Registry, "001-TN-01", make([]byte, 32))
	application := registrytest.Receive(t, center.Registry, identitytest.Person(identitytest.Seeded(1)), identity.GroundFirstCard, nil)
	flows, err := center.Workflows(t.Context())
	require.NoError(t, err)
	due := center.Now().AddDate(0, 0, 7)
	require.NoError(t, flows.StartApplication(t.Context(), workflows.ApplicationStart{Number: application, Province: "001", Due: due, RiskAt: due}))
	stationFails(t, flows.Temporal)
	updatesAreCounted(t, center, application)

	require.Eventually(t, func() bool {
		all = append(scrape(t, ofWorker), scrape(t, ofGateway)...)
		exported := func(name string) bool {
			return slices.ContainsFunc(all, func(s scraped) bool { return s.name == name })
		}
		return exported("temporal_workflow_task_schedule_to_start_latency_seconds_bucket") && exported("temporal_activity_execution_failed") && exported("temporal_activity_execution_latency_seconds_bucket")
	}, time.Minute, 100*time.Millisecond)
	return fresh, all
}

// stationFails has an activity with the name of a station's fail, in a worker of the same metrics.
func stationFails(t *testing.T, temporal client.Client) {
	t.Helper()
	const queue = "drill"
	station := worker.New(temporal, queue, worker.Options{})
	station.RegisterActivityWithOptions(func() error { return errors.New("no ribbon") }, activity.RegisterOptions{Name: "Make"})
	drill := func(ctx workflow.Context) error {
		once := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute, RetryPolicy: &sdk.RetryPolicy{MaximumAttempts: 1}})
		return workflow.ExecuteActivity(once, "Make").Get(ctx, nil)
	}
	station.RegisterWorkflow(drill)
	require.NoError(t, station.Start())
	t.Cleanup(station.Stop)
	_, err := temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, drill)
	require.NoError(t, err)
}

// updatesAreCounted requires of each update of a running workflow that its refusals are counted
// from zero.
func updatesAreCounted(t *testing.T, o *office.Office, application identity.ApplicationNumber) {
	t.Helper()
	var names []string
	for _, act := range workflows.Acts {
		names = append(names, act.ActName())
	}
	temporal, err := o.Temporal(t.Context())
	require.NoError(t, err)
	answer, err := temporal.QueryWorkflow(t.Context(), workflows.ApplicationWorkflowID(application), "", "__temporal_workflow_metadata")
	require.NoError(t, err)
	var told sdkpb.WorkflowMetadata
	require.NoError(t, answer.Get(&told))
	updates := told.GetDefinition().GetUpdateDefinitions()
	require.Greater(t, len(updates), 5)
	for _, update := range updates {
		if update.GetName() != workflows.UpdateArrived { // which refuses nothing
			require.Contains(t, names, update.GetName())
		}
	}
}

// What Prometheus and Temporal add to what a program exports, or export themselves.
var notOurs = map[string]bool{"instance": true, "job": true}

var (
	metricAsked = regexp.MustCompile(`\b((?:cancuoc|temporal|process|go)_\w+)(?:\{([^}]*)\})?`)
	grouped     = regexp.MustCompile(`\bby \(([^)]*)\)`)
)

// asksFor requires that an expression names metrics, labels and values that are exported.
func asksFor(t *testing.T, exported []scraped, of, expr string) {
	t.Helper()
	var named []string
	for _, by := range grouped.FindAllStringSubmatch(expr, -1) {
		named = append(named, strings.Split(strings.ReplaceAll(by[1], " ", ""), ",")...)
	}
	for _, asked := range metricAsked.FindAllStringSubmatch(expr, -1) {
		of := of + ": " + asked[0]
		var there []scraped
		for _, s := range exported {
			if s.name == asked[1] {
				there = append(there, s)
			}
		}
		require.NotEmpty(t, there, "%s is exported by no program", of)
		for _, l := range label.FindAllStringSubmatch(asked[2], -1) {
			named = append(named, l[1])
			if l[2] == "=" && !notOurs[l[1]] {
				require.True(t, slices.ContainsFunc(there, func(s scraped) bool { return s.labels[l[1]] == l[3] }), "%s: no series has %s", of, l[0])
			}
		}
		for _, name := range named {
			require.True(t, notOurs[name] || slices.ContainsFunc(there, func(s scraped) bool { _, has := s.labels[name]; return has }), "%s: no series has the label %s", of, name)
		}
	}
}

// Alerts, what is played to test them, and panels name series as a worker and a gateway
// export them, with the labels, values and buckets that these have; and a panel of an office in
// which nothing happens shows nothing, and no hole.
func TestMetrics_AreExportedAsAlertsAndPanelsAskForThem(t *testing.T) {
	t.Parallel()
	fresh, exported := programs(t)

	for alert, expr := range alerts(t) {
		for part := range strings.SplitSeq(expr, " or ") {
			asksFor(t, exported, alert, part)
		}
	}
	for alert, d := range drills {
		for series, values := range d.fault {
			if series := seriesOf(series); series.name != "up" {
				exportedAs(t, exported, alert, series)
			}
			// A counter that is played from zero stands at zero before its first event.
			if s := seriesOf(series); strings.HasPrefix(values, "0 ") && (strings.HasSuffix(s.name, "_total") || strings.HasSuffix(s.name, "_failed")) {
				require.True(t, slices.ContainsFunc(fresh, func(f scraped) bool { return f.name == s.name && covers(f, s) && f.value == "0" }), "%s: %s is born with its first event", alert, series)
			}
		}
	}
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			asksFor(t, exported, p.Title, target.Expr)
		}
	}
	panelsAnswer(t, exported)
}

// covers reports whether a series has all labels of another.
func covers(s, of scraped) bool {
	for name, value := range of.labels {
		if s.labels[name] != value && !notOurs[name] {
			return false
		}
	}
	return true
}

// exportedAs requires that a series which is played could be one of a program's.
func exportedAs(t *testing.T, exported []scraped, alert string, played scraped) {
	t.Helper()
	var like []scraped
	for _, s := range exported {
		if s.name == played.name {
			like = append(like, s)
		}
	}
	require.NotEmpty(t, like, "%s: nothing exports %s", alert, played.name)
	for name, value := range played.labels {
		require.True(t, notOurs[name] || slices.ContainsFunc(like, func(s scraped) bool {
			got, has := s.labels[name]
			return has && (name != "le" || got == value)
		}), "%s: %s has no %s=%q", alert, played.name, name, value)
	}
}

// panelsAnswer plays what is exported for ten minutes, unchanged, and asks every panel.
func panelsAnswer(t *testing.T, exported []scraped) {
	t.Helper()
	promtool := needsPromtool(t)
	var inputs []map[string]string
	for _, s := range exported {
		var labels []string
		for name, value := range s.labels {
			labels = append(labels, fmt.Sprintf("%s=%q", name, value))
		}
		inputs = append(inputs, map[string]string{"series": s.name + "{instance=\"x\"," + strings.Join(labels, ",") + "}", "values": s.value + "x10"})
	}
	var asked []any
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			asked = append(asked, map[string]any{
				"expr": fmt.Sprintf("count((%[1]s) == (%[1]s)) > bool 0", target.Expr), "eval_time": "10m", // NaN is not equal to itself
				"exp_samples": []any{map[string]any{"labels": "{}", "value": 1}},
			})
		}
	}
	file, err := yaml.Marshal(map[string]any{"evaluation_interval": "1m", "tests": []any{map[string]any{
		"interval": "1m", "input_series": inputs, "promql_expr_test": asked,
	}}})
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "panels_test.yml")
	require.NoError(t, os.WriteFile(name, file, 0o600))

	out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", name).CombinedOutput()

	require.NoError(t, err, string(out))
}
