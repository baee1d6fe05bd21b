package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// drill is what promtool plays for one alert, minute by minute: a fault, of which the
// alert tells, and a day without it on which it is quiet. Values are in promtool's
// notation: first+step x how often.
type drill struct {
	fault, health map[string]string
	tells         string // when it does at the latest
}

// once is a drill on one series.
func once(series, fault, health, tells string) drill {
	return drill{fault: map[string]string{series: fault}, health: map[string]string{series: health}, tells: tells}
}

// drills are for every alert. An hour is played, or as long as the alert needs.
var drills = map[string]drill{
	"WorkerDown":  once(`up{job="worker",instance="pipeline:9464"}`, "1 1 0x60", "1 0 1x60", "5m"),
	"GatewayDown": once(`up{job="gateway",instance="gateway:9464"}`, "1 1 0x60", "1 0 1x60", "5m"),
	// One is enough, and an office that has no room now is no mistake.
	"GatewayFails": {
		fault:  map[string]string{`cancuoc_gateway_failures_total{door="office"}`: "0 0 1x60"},
		health: map[string]string{`cancuoc_gateway_failures_total{door="office"}`: "0x60", `cancuoc_gateway_requests_total{door="office",code="503"}`: "0+1x60"},
		tells:  "4m",
	},
	"GatewayTurnsAway": {
		fault:  map[string]string{`cancuoc_gateway_requests_total{door="citizens",code="429"}`: "0+10x60", `cancuoc_gateway_requests_total{door="citizens",code="200"}`: "0+100x60"},
		health: map[string]string{`cancuoc_gateway_requests_total{door="citizens",code="429"}`: "0+1x60", `cancuoc_gateway_requests_total{door="citizens",code="200"}`: "0+100x60"},
		tells:  "15m",
	},
	// It is tried again every ten minutes in the end.
	"WorkflowTaskFails": once(`temporal_workflow_task_execution_failed{workflow_type="CardApplication",failure_reason="NonDeterminismError"}`,
		"0 0 1x9 2x9 3x9 4x9 5x9", "0x60", "5m"),
	"ActsThatNobodySigned": once(`cancuoc_refused_updates_total{update="approve",signed="false"}`, "0 0 1x60", "0x60", "5m"),
	"RowsUnread":           once(`cancuoc_unread_rows_total`, "0 0 1x60", "0x60", "5m"),
	"ActivityFails":        once(`temporal_activity_execution_failed{activity_type="PrepareData"}`, "0+2x60", "0 0 1x58", "20m"),
	"StationPaused":        once(`cancuoc_station_paused{station="PX-01"}`, "0 1x60", "0x60", "2m"),
	"StationSilent":        once(`cancuoc_station_silent_seconds{station="PX-01"}`, "0+60x60", "0 60 5x60", "10m"),
	"StationCutOff":        once(`cancuoc_station_registry_unreached_seconds{station="PX-01"}`, "0+60x60", "0x60", "5m"),
	"BlanksRunOut": {
		fault:  map[string]string{`cancuoc_blanks_in_stock{location="center",document="card"}`: "600x60", `cancuoc_blanks_in_stock{location="center",document="certificate"}`: "120-1x60"},
		health: map[string]string{`cancuoc_blanks_in_stock{location="center",document="card"}`: "600x60", `cancuoc_blanks_in_stock{location="center",document="certificate"}`: "120x60"},
		tells:  "45m",
	},
	"StockAwaited":         once(`cancuoc_awaiting_applications{awaiting="stock"}`, "0 1x60", "0x60", "2m"),
	"TemporalDown":         once(`cancuoc_service_reached{service="Temporal"}`, "1 1 0x60", "1 0 1x60", "5m"),
	"PostgreSQLDown":       once(`cancuoc_service_reached{service="PostgreSQL"}`, "1 1 0x60", "1 0 1x60", "5m"),
	"NeedsAttention":       once(`cancuoc_awaiting_applications{awaiting="attention"}`, "0 1x60", "0x60", "2m"),
	"CardsWaitForAStation": once(`cancuoc_longest_wait_for_station_seconds`, "0+60x120", "0+60x50 0+60x60", "80m"),
	"PipelineSlow": {
		fault:  waiting(`temporal_workflow_task_schedule_to_start_latency_seconds_bucket{le="%s"}`, "1", "5", "10"),
		health: waiting(`temporal_workflow_task_schedule_to_start_latency_seconds_bucket{le="%s"}`, "", "0.1", "1"),
		tells:  "30m",
	},
	// The legal deadline is over; a card that waits to be collected is not counted.
	"ApplicationsLate": {
		fault:  map[string]string{`cancuoc_late_applications{stage="Approval",instance="pipeline:9464"}`: "1x100"},
		health: map[string]string{`cancuoc_late_applications{stage="Approval",instance="pipeline:9464"}`: "0x100"},
		tells:  "70m",
	},
	"AdjudicationWaits":             once(`cancuoc_longest_wait_seconds{awaiting="adjudication"}`, "86000+60x60", "0+60x60", "10m"),
	"HoldForgotten":                 once(`cancuoc_longest_wait_seconds{awaiting="release"}`, "604000+60x60", "86400+60x60", "15m"),
	"BoxesWait":                     once(`cancuoc_longest_wait_seconds{awaiting="receipt"}`, "345000+60x60", "86400+60x60", "15m"),
	"WorkflowsBegunAgain":           once(`cancuoc_reconciler_mended_total{what="application begun"}`, "0 0 3x60", "0x60", "5m"),
	"NothingReconciles":             once(`cancuoc_reconciler_last_pass_timestamp_seconds`, "0x60", "0+60x60", "15m"),
	"WorkflowsUnknownToTheRegistry": once(`cancuoc_reconciler_unknown_workflows`, "0 2x60", "0x60", "5m"),
	"NotificationsLate":             once(`cancuoc_notifications_oldest_seconds{receiver="portal"}`, "3000+60x60", "0 600 0x60", "20m"),
	"NotificationsDead":             once(`cancuoc_notifications_dead{receiver="portal"}`, "0 1x60", "0x60", "2m"),
	"AuditTrailNotAnchored":         once(`cancuoc_audit_last_anchored_timestamp_seconds`, "0x60", "0+60x60", "20m"),
	// Thirty days are 2592000 s. Of a key that nobody certified nothing ends.
	"StatusCertificateEnds": {
		fault:  map[string]string{statusEnds("a"): "2592600x60", statusEnds("b"): "94608000x60"},
		health: map[string]string{statusEnds("a"): "0x60", statusEnds("b"): "2600000x60"},
		tells:  "20m",
	},
	"StatusCertificateEnded": {
		fault:  map[string]string{statusEnds("a"): "600x60", statusEnds("b"): "94608000x60"},
		health: map[string]string{statusEnds("a"): "0x60", statusEnds("b"): "86400x60"},
		tells:  "12m",
	},
}

// statusEnds is the series of a gateway that signs by a key with a certificate.
func statusEnds(gateway string) string {
	return fmt.Sprintf(`cancuoc_status_certificate_ends_timestamp_seconds{instance="%s:9464"}`, gateway)
}

// waiting is a histogram that grows by ten a minute, all of them between two limits; none
// is the first limit of fast ones.
func waiting(series, none, from, to string) map[string]string {
	buckets := map[string]string{
		fmt.Sprintf(series, from):   "0x60",
		fmt.Sprintf(series, to):     "0+10x60",
		fmt.Sprintf(series, "+Inf"): "0+10x60",
	}
	if none != "" {
		buckets[fmt.Sprintf(series, none)] = "0x60"
	}
	return buckets
}

// Every alert fires on its fault, and is quiet without.
func TestAlerts_FireOnTheirFault(t *testing.T) {
	t.Parallel()
	promtool := needsPromtool(t)
	rules, err := filepath.Abs("prometheus/rules.yml")
	require.NoError(t, err)
	for alert := range alerts(t) {
		require.Contains(t, drills, alert, "it was never seen to fire")
	}
	var tests []any
	for alert, d := range drills {
		require.Contains(t, alerts(t), alert, "there is no such alert")
		tests = append(tests, play(alert+" fires", alert, d.fault, d.tells, 1), play(alert+" is quiet", alert, d.health, d.tells, 0))
	}
	file, err := yaml.Marshal(map[string]any{"rule_files": []string{rules}, "evaluation_interval": "1m", "tests": tests})
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "rules_test.yml")
	require.NoError(t, os.WriteFile(name, file, 0o600))

	out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", name).CombinedOutput()

	require.NoError(t, err, string(out))
}

// needsPromtool gives its path; where it is missing, CI fails and others skip.
func needsPromtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatal("promtool is missing; install the Debian package prometheus")
	default:
		t.Skip("promtool is missing; install the Debian package prometheus")
	}
	return path
}

// play is one of promtool's tests: so many alerts of that name are firing at that time.
func play(name, alert string, series map[string]string, at string, firing int) any {
	inputs := make([]map[string]string, 0, len(series))
	for s, values := range series {
		inputs = append(inputs, map[string]string{"series": s, "values": values})
	}
	return map[string]any{
		"name": name, "interval": "1m", "input_series": inputs,
		"promql_expr_test": []any{map[string]any{
			"expr":        fmt.Sprintf("count(ALERTS{alertname=%q,alertstate=\"firing\"}) or vector(0)", alert),
			"eval_time":   at,
			"exp_samples": []any{map[string]any{"labels": "{}", "value": firing}},
		}},
	}
}

// Every alert says how bad it is, and where is written what to do.
func TestAlerts_HaveARunbook(t *testing.T) {
	t.Parallel()
	rules := parse[struct {
		Groups []struct {
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}](t, "deploy/prometheus/rules.yml")
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			require.Contains(t, []string{"critical", "warning"}, r.Labels["severity"], r.Alert)
			page, anchor, found := strings.Cut(r.Annotations["runbook"], "#")
			require.True(t, found, r.Alert)
			require.Equal(t, strings.ToLower(r.Alert), anchor)
			require.Contains(t, read(t, page), "\n## "+r.Alert+"\n", "its runbook")
		}
	}
}
