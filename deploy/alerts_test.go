package deploy_test

import (
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/vault"
)

// rule is an alert that compares the largest of some series with a limit.
type rule struct {
	metric, awaiting string
	limit            float64
}

// alert reads the rule of an alert on a wait.
func alert(t *testing.T, name string) rule {
	t.Helper()
	for alert, expr := range alerts(t) {
		if alert == name {
			parts := regexp.MustCompile(`^max\((\w+)\{awaiting="([\w-]+)"\}\) > (\d+)$`).FindStringSubmatch(expr)
			require.NotNil(t, parts, expr)
			limit, err := strconv.ParseFloat(parts[3], 64)
			require.NoError(t, err)
			return rule{parts[1], parts[2], limit}
		}
	}
	require.Failf(t, "there is no such alert", name)
	return rule{}
}

// alerts are the expressions of rules.yml, by the name of their alert.
func alerts(t *testing.T) map[string]string {
	t.Helper()
	file := parse[struct {
		Groups []struct {
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}](t, "deploy/prometheus/rules.yml")
	all := make(map[string]string)
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			require.NotEmpty(t, r.Annotations["summary"], r.Alert)
			require.NotEmpty(t, r.Annotations["description"], r.Alert)
			all[r.Alert] = r.Expr
		}
	}
	return all
}

// fires reports whether the alert does, by what the office exports now.
func (r rule) fires(t *testing.T, office *registry.Registry) bool {
	t.Helper()
	metrics := prometheus.NewPedanticRegistry()
	require.NoError(t, metrics.Register(office.Collector(slog.New(slog.DiscardHandler))))
	families, err := metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == r.metric && m.GetLabel()[0].GetValue() == r.awaiting {
				return m.GetGauge().GetValue() > r.limit
			}
		}
	}
	require.Failf(t, "nothing exports it", "%s{awaiting=%q}", r.metric, r.awaiting)
	return false
}

// An adjudicator who lets a citizen wait for more than a day, and an officer who forgets
// a hold for a week, are noticed; whoever waits for less is not.
func TestAlerts_TellOfAdjudicationsAndHoldsThatWait(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	set := registrytest.NewClock(t, url)
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "vault.key"), true)
	require.NoError(t, err)
	office, err := registry.Open(t.Context(), url, registry.Options{Vault: vault.New(master), MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(office.Close)
	registrytest.RegisterStation(t, office, "001-TN-01", make([]byte, 32))
	adjudication, hold := alert(t, "AdjudicationWaits"), alert(t, "HoldForgotten")
	began := time.Now()
	set(began)
	require.False(t, adjudication.fires(t, office), "nobody waits")
	require.False(t, hold.fires(t, office))

	random := identitytest.Seeded(1)
	for _, awaiting := range []identity.Action{identity.ToAdjudicate, identity.ToRelease} {
		n := registrytest.Receive(t, office, identitytest.Person(random), identity.GroundFirstCard, nil)
		for _, stage := range []identity.Stage{identity.BiometricCapture, identity.Validation} {
			_, err := office.Enter(t.Context(), registry.StageChange{Application: n, To: stage, Actor: "system"})
			require.NoError(t, err)
		}
		_, err := office.Enter(t.Context(), registry.StageChange{Application: n, To: identity.Deduplication, Actor: "system", Awaiting: awaiting, Why: "a test"})
		require.NoError(t, err)
	}

	for _, tt := range []struct {
		days               time.Duration
		adjudication, hold bool
	}{{0, false, false}, {2, true, false}, {8, true, true}} {
		set(began.Add(tt.days * 24 * time.Hour))
		require.Equal(t, tt.adjudication, adjudication.fires(t, office), "after %d days", tt.days)
		require.Equal(t, tt.hold, hold.fires(t, office), "after %d days", tt.days)
	}
}

// A workflow task that fails is tried again every ten minutes in the end. The alert stays
// on between two tries.
func TestAlerts_WorkflowTaskFailsDoesNotGoOutBetweenTries(t *testing.T) {
	t.Parallel()
	const longestPause = 10 * time.Minute // Temporal's history.workflowTaskRetryMaxInterval
	window := regexp.MustCompile(`\(temporal_workflow_task_execution_failed\[(\w+)\]\)`).FindStringSubmatch(alerts(t)["WorkflowTaskFails"])
	require.NotNil(t, window)
	looksBack, err := time.ParseDuration(window[1])
	require.NoError(t, err)
	require.Greater(t, looksBack, 2*longestPause)
}
