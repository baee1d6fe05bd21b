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
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

var _ prometheus.Collector = (*Measures)(nil)

// NewMeasures makes measures that have counted nothing.
func NewMeasures() *Measures {
	return &Measures{
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
	m.requests.Describe(ch)
	m.seconds.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Measures) Collect(ch chan<- prometheus.Metric) {
	m.requests.Collect(ch)
	m.seconds.Collect(ch)
}

// Around counts what a door's routes answer. The ServeMux within notes in the request
// which route it found, so nothing between may clone the request.
func (m *Measures) Around(door string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			m.requests.WithLabelValues(door, route, strconv.Itoa(answer.status)).Inc()
			m.seconds.WithLabelValues(door, route).Observe(time.Since(began).Seconds())
		}()
		next.ServeHTTP(answer, r)
	})
}
