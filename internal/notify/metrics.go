package notify

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.org/cancuoc/internal/registry"
)

// Metrics are what was sent by this process, and what waits in the registry, for Prometheus.
type Metrics struct {
	backlogs func(context.Context) ([]registry.Backlog, error)
	logger   *slog.Logger
	sent     *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

var (
	waiting = prometheus.NewDesc("cancuoc_notifications_waiting", "Events that a receiver has not taken yet.", []string{"receiver"}, nil)
	oldest  = prometheus.NewDesc("cancuoc_notifications_oldest_seconds", "How long the first of those has waited; 0 where none does.", []string{"receiver"}, nil)
	dead    = prometheus.NewDesc("cancuoc_notifications_dead", "Events that were given up: the receiver did not take them in all the time there is.", []string{"receiver"}, nil)
)

// NewMetrics makes the metrics, each receiver at zero.
func NewMetrics(backlogs func(context.Context) ([]registry.Backlog, error), receivers []string, logger *slog.Logger) *Metrics {
	m := &Metrics{
		backlogs: backlogs, logger: logger,
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cancuoc_notifications_sent_total", Help: "Tries to send an event to a receiver, by whether it was taken.",
		}, []string{"receiver", "taken"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cancuoc_notification_seconds", Help: "How long a receiver took for an event.", Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30},
		}, []string{"receiver"}),
	}
	for _, r := range receivers {
		m.sent.WithLabelValues(r, "true")
		m.sent.WithLabelValues(r, "false")
		m.took.WithLabelValues(r)
	}
	return m
}

// tried counts a try.
func (m *Metrics) tried(receiver string, taken bool, took time.Duration) {
	if m == nil {
		return
	}
	was := "false"
	if taken {
		was = "true"
	}
	m.sent.WithLabelValues(receiver, was).Inc()
	m.took.WithLabelValues(receiver).Observe(took.Seconds())
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.sent.Describe(ch)
	m.took.Describe(ch)
	ch <- waiting
	ch <- oldest
	ch <- dead
}

// Collect implements prometheus.Collector. What cannot be counted now is left out.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.sent.Collect(ch)
	m.took.Collect(ch)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	list, err := m.backlogs(ctx)
	if err != nil {
		m.logger.WarnContext(ctx, "Notifications not counted", "error", err)
		return
	}
	for _, b := range list {
		gauge := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, b.Receiver)
		}
		gauge(waiting, float64(b.Waiting))
		gauge(oldest, b.Oldest.Seconds())
		gauge(dead, float64(b.Dead))
	}
}
