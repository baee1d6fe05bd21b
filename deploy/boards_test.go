package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// panel is one of a board of Grafana's, as far as it concerns us.
type panel struct {
	ID         int            `json:"id"`
	Title      string         `json:"title"`
	Datasource datasource     `json:"datasource"`
	Place      map[string]int `json:"gridPos"`
	Targets    []struct {
		Expr       string     `json:"expr"`
		Datasource datasource `json:"datasource"`
	} `json:"targets"`
}

type datasource struct {
	UID string `json:"uid" yaml:"uid"`
}

// panels are those of the board.
func panels(t *testing.T) []panel {
	t.Helper()
	var board struct {
		Panels []panel `json:"panels"`
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "deploy/grafana/dashboards/production.json")), &board))
	require.NotEmpty(t, board.Panels)
	return board.Panels
}

// Panels ask the data source that is provisioned, in expressions that Prometheus
// understands, for metrics that some program exports, and none covers another.
func TestBoards_AskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	promtool, exported := needsPromtool(t), metrics(t)
	sources := parse[struct {
		Datasources []datasource `yaml:"datasources"`
	}](t, "deploy/grafana/provisioning/datasources/prometheus.yaml")
	var tests []any
	taken := make(map[string]string)
	for _, p := range panels(t) {
		for x := range p.Place["w"] {
			for y := range p.Place["h"] {
				cell := fmt.Sprint(p.Place["x"]+x, "/", p.Place["y"]+y)
				require.Empty(t, taken[cell], "%s lies on it", p.Title)
				taken[cell] = p.Title
			}
		}
		require.Equal(t, sources.Datasources[0], p.Datasource, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			require.Equal(t, sources.Datasources[0], target.Datasource, p.Title)
			for _, metric := range ours.FindAllString(target.Expr, -1) {
				metric = strings.TrimSuffix(metric, "_bucket")
				require.Contains(t, exported, metric, p.Title)
			}
			tests = append(tests, map[string]any{
				"name": p.Title, "interval": "1m", "input_series": []any{map[string]string{"series": "nothing", "values": "0"}},
				"promql_expr_test": []any{map[string]any{"expr": "count(" + target.Expr + ") > 1e9", "eval_time": "1m", "exp_samples": []any{}}},
			})
		}
	}
	file, err := yaml.Marshal(map[string]any{"evaluation_interval": "1m", "tests": tests})
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "boards_test.yml")
	require.NoError(t, os.WriteFile(name, file, 0o600))

	out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", name).CombinedOutput()

	require.NoError(t, err, string(out))
}
