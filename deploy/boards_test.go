package deploy_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
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

// Panels ask the data source that is provisioned, and none covers another.
func TestBoards_AskTheDataSourceThatThereIs(t *testing.T) {
	t.Parallel()
	sources := parse[struct {
		Datasources []datasource `yaml:"datasources"`
	}](t, "deploy/grafana/provisioning/datasources/prometheus.yaml")
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
		}
	}
}
