package reconciler

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what the reconciler of this process found, for Prometheus.
type Metrics struct {
	mended *prometheus.CounterVec
	passed prometheus.Gauge
}

// The ways in which registry and engine may differ, as the metric's label has them.
const (
	mendedApplication = "application begun"
	mendedConsignment = "consignment begun"
	mendedTold        = "told to look"
	mendedWoken       = "woken for stock"
	mendedUnknown     = "not open in the registry"
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
	}
	for _, what := range []string{mendedApplication, mendedConsignment, mendedTold, mendedWoken, mendedUnknown} {
		m.mended.WithLabelValues(what)
	}
	return m
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.mended.Describe(ch)
	m.passed.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mended.Collect(ch)
	m.passed.Collect(ch)
}

// count adds what a pass did.
func (m *Metrics) count(r Report, at time.Time) {
	m.mended.WithLabelValues(mendedApplication).Add(float64(len(r.Begun)))
	m.mended.WithLabelValues(mendedConsignment).Add(float64(len(r.BegunBoxes)))
	m.mended.WithLabelValues(mendedTold).Add(float64(len(r.Told)))
	m.mended.WithLabelValues(mendedWoken).Add(float64(len(r.Woken)))
	m.mended.WithLabelValues(mendedUnknown).Add(float64(len(r.Unknown)))
	m.passed.Set(float64(at.Unix()))
}
