package office

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"example.org/cancuoc/activities"
)

// lines are those of the stations in this process, as they tell Prometheus of what nobody
// else can: that they do not reach the registry.
type lines struct {
	mu   sync.Mutex
	list []*activities.Line
}

func (l *lines) add(line *activities.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, line)
}

// StationMetrics are of the personalization stations in this process.
func (o *Office) StationMetrics() prometheus.Collector { return &o.lines }

var stationUnreached = prometheus.NewDesc("cancuoc_station_registry_unreached_seconds",
	"For how long the personalization station has not reached the registry, and takes no cards; 0 while it does.", []string{"station"}, nil)

// Describe implements prometheus.Collector.
func (l *lines) Describe(ch chan<- *prometheus.Desc) { ch <- stationUnreached }

// Collect implements prometheus.Collector.
func (l *lines) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.list {
		ch <- prometheus.MustNewConstMetric(stationUnreached, prometheus.GaugeValue, line.Unreached().Seconds(), string(line.ID()))
	}
}
