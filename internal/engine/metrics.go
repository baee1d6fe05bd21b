package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
)

// Metrics exports what the Temporal SDK measures to Prometheus: counters and gauges
// under the SDK's names, timers as histograms in seconds. Register it with a
// [prometheus.Registerer] and pass Handler to [Dial].
type Metrics struct {
	counted map[string]counted

	mu     sync.Mutex
	series map[string]prometheus.Collector
}

var _ prometheus.Collector = (*Metrics)(nil)

// Counter is a counter whose labels are known, and that stands at zero from the start: the
// first event of one that is born with it is seen by no increase().
type Counter struct {
	Name, Help string
	Labels     []string   // of the tags that it is counted with; others are left out
	Zeros      [][]string // their values, of each series that there is from the start
}

type counted struct {
	labels []string
	series *prometheus.CounterVec
}

// NewMetrics makes a set with these counters, at zero.
func NewMetrics(counters ...Counter) *Metrics {
	m := &Metrics{series: make(map[string]prometheus.Collector), counted: make(map[string]counted)}
	for _, c := range counters {
		series := prometheus.NewCounterVec(prometheus.CounterOpts{Name: c.Name, Help: c.Help}, c.Labels)
		for _, values := range c.Zeros {
			series.WithLabelValues(values...)
		}
		m.counted[c.Name], m.series[c.Name] = counted{c.Labels, series}, series
	}
	return m
}

// Handler is the SDK's side.
func (m *Metrics) Handler() client.MetricsHandler { return tagged{metrics: m} }

// Describe implements prometheus.Collector. It sends nothing, since the SDK names its
// metrics and labels as it goes.
func (*Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	series := slices.Collect(maps.Values(m.series))
	m.mu.Unlock()
	for _, s := range series {
		s.Collect(ch)
	}
}

// tagged is the set with the labels that the SDK has given so far.
type tagged struct {
	metrics *Metrics
	labels  prometheus.Labels
}

// WithTags implements client.MetricsHandler.
func (t tagged) WithTags(tags map[string]string) client.MetricsHandler {
	labels := make(prometheus.Labels, len(t.labels)+len(tags))
	maps.Copy(labels, t.labels)
	for name, value := range tags {
		labels[labelName(name)] = strings.ToValidUTF8(value, "\uFFFD")
	}
	return tagged{metrics: t.metrics, labels: labels}
}

// Counter implements client.MetricsHandler.
func (t tagged) Counter(name string) client.MetricsCounter {
	if known, ok := t.metrics.counted[name]; ok {
		values := make([]string, len(known.labels))
		for i, label := range known.labels {
			values[i] = t.labels[label]
		}
		return counter{known.series.WithLabelValues(values...)}
	}
	return counter{seriesOf(t, "counter", name, func() prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, ConstLabels: t.labels})
	})}
}

// Gauge implements client.MetricsHandler.
func (t tagged) Gauge(name string) client.MetricsGauge {
	return gauge{seriesOf(t, "gauge", name, func() prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, ConstLabels: t.labels})
	})}
}

// Timer implements client.MetricsHandler.
func (t tagged) Timer(name string) client.MetricsTimer {
	name += "_seconds"
	return timer{seriesOf(t, "timer", name, func() prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name, ConstLabels: t.labels,
			Buckets: buckets,
		})
	})}
}

// buckets are of a timer, in seconds: of calls, of steps at stations, and of what waits for
// somebody to come to work. The limits of alerts are among them.
var buckets = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 50, 100, 200, 600, 3600, 6 * 3600, 24 * 3600, 3 * 24 * 3600}

type (
	counter struct{ prometheus.Counter }
	gauge   struct{ prometheus.Gauge }
	timer   struct{ prometheus.Histogram }
)

// Inc implements client.MetricsCounter.
func (c counter) Inc(n int64) { c.Add(float64(max(n, 0))) }

// Update implements client.MetricsGauge.
func (g gauge) Update(value float64) { g.Set(value) }

// Record implements client.MetricsTimer.
func (t timer) Record(d time.Duration) { t.Observe(d.Seconds()) }

// seriesOf finds a series by kind, name and labels, or makes it.
func seriesOf[C prometheus.Collector](t tagged, kind, name string, create func() C) C {
	key := seriesKey(kind, name, t.labels)
	t.metrics.mu.Lock()
	defer t.metrics.mu.Unlock()
	if known, ok := t.metrics.series[key].(C); ok {
		return known
	}
	created := create()
	t.metrics.series[key] = created
	return created
}

func seriesKey(kind, name string, labels prometheus.Labels) string {
	var key strings.Builder
	key.WriteString(kind + "\x00" + name)
	for _, label := range slices.SortedFunc(maps.Keys(labels), cmp.Compare[string]) {
		key.WriteString("\x00" + label + "\x00" + labels[label])
	}
	return key.String()
}

// labelName turns a tag's name into one that Prometheus accepts.
func labelName(tag string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, tag)
}
