package reconciler

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what the reconciler of this process found, for Prometheus.
type Metrics struct {
	mended  *prometheus.CounterVec
	passed  prometheus.Gauge
	unknown prometheus.Gauge
}

// The ways in which registry and engine may differ, as the metric's label has them.
const (
	mendedApplication = "application begun"
	mendedConsignment = "consignment begun"
	mendedTold        = "told to look"
	mendedWoken       = "woken for stock"
)

// NewMetrics makes the metrics, each way at zero.
func NewMetrics() *Metrics {
	m := &Metrics{
		mended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cancuoc_reconciler_mended_total", Help: "Differences between registry and Temporal that the reconciler mended, by what it did.",
		}, []string{"what"}),
		passed: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cancuoc_reconciler_last_pass_timestamp_seconds", Help: "When registry and Temporal were last compared whole.",
		}),
		unknown: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cancuoc_reconciler_unknown_workflows", Help: "Workflows of applications and consignments that the registry does not know, as it does not after a restore.",
		}),
	}
	for _, what := range []string{mendedApplication, mendedConsignment, mendedTold, mendedWoken} {
		m.mended.WithLabelValues(what)
	}
	return m
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.mended.Describe(ch)
	m.passed.Describe(ch)
	m.unknown.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mended.Collect(ch)
	m.passed.Collect(ch)
	m.unknown.Collect(ch)
}

// count adds what was mended.
func (m *Metrics) count(r Report) {
	m.mended.WithLabelValues(mendedApplication).Add(float64(len(r.Begun)))
	m.mended.WithLabelValues(mendedConsignment).Add(float64(len(r.BegunBoxes)))
	m.mended.WithLabelValues(mendedTold).Add(float64(len(r.Told)))
	m.mended.WithLabelValues(mendedWoken).Add(float64(len(r.Woken)))
}

// whole notes a pass that compared everything.
func (m *Metrics) whole(r Report) {
	m.passed.Set(float64(r.At.Unix()))
	m.unknown.Set(float64(len(r.Unknown)))
}

// elsewhere says that another process compares: what this one knew may be over.
func (m *Metrics) elsewhere() { m.unknown.Set(0) }
