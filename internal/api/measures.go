package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Measures are what a gateway tells Prometheus of its doors. A route is the pattern that it
// is registered by: no path that anybody made up becomes a label, and none with a number in
// it.
type Measures struct {
	open     []prometheus.Collector // connections, of each door
	failures *prometheus.CounterVec
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

var _ prometheus.Collector = (*Measures)(nil)

// NewMeasures makes measures that have counted nothing.
func NewMeasures() *Measures {
	return &Measures{
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cancuoc_gateway_failures_total", Help: "Answers of 5xx but 503, which says that there is no room now, by door: mistakes in the program.",
		}, []string{"door"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cancuoc_gateway_requests_total", Help: "Requests that were answered, by door, route and HTTP status code.",
		}, []string{"door", "route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cancuoc_gateway_request_seconds", Help: "How long requests took, from their headers to the end of the answer.",
			Buckets: prometheus.ExponentialBucketsRange(0.001, 100, 16), // 1 ms to 100 s, three steps a decade
		}, []string{"door", "route"}),
	}
}

// Describe implements prometheus.Collector.
func (m *Measures) Describe(ch chan<- *prometheus.Desc) {
	for _, door := range m.open {
		door.Describe(ch)
	}
	m.failures.Describe(ch)
	m.requests.Describe(ch)
	m.seconds.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Measures) Collect(ch chan<- prometheus.Metric) {
	for _, door := range m.open {
		door.Collect(ch)
	}
	m.failures.Collect(ch)
	m.requests.Collect(ch)
	m.seconds.Collect(ch)
}

// Connections tells how many of them a door has open. It is called before the measures are
// registered.
func (m *Measures) Connections(door string, count func() int) {
	m.open = append(m.open, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cancuoc_gateway_connections", Help: "Connections that are open, by door.", ConstLabels: prometheus.Labels{"door": door},
	}, func() float64 { return float64(count()) }))
}

// Around counts what a door's routes answer. The ServeMux within notes in the request
// which route it found, so nothing between may clone the request. The door's failures stand
// at zero from then on: the first one is no less a mistake than the second.
func (m *Measures) Around(door string, next http.Handler) http.Handler {
	failures := m.failures.WithLabelValues(door)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer, answered := &recorder{ResponseWriter: w, status: http.StatusOK}, false
		defer func() {
			if !answered { // it panics
				answer.status = http.StatusInternalServerError
			}
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			if answer.status >= http.StatusInternalServerError && answer.status != http.StatusServiceUnavailable {
				failures.Inc()
			}
			m.requests.WithLabelValues(door, route, strconv.Itoa(answer.status)).Inc()
			m.seconds.WithLabelValues(door, route).Observe(time.Since(began).Seconds())
		}()
		next.ServeHTTP(answer, r)
		answered = true
	})
}
