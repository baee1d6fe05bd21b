package office

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What a worker of the pipeline tells Prometheus about the office as a whole.
// Every such worker tells the same.
var (
	openApplications = prometheus.NewDesc("cancuoc_open_applications",
		"Applications that have not ended, by stage and by what a person is awaited for.", []string{"stage", "awaiting"}, nil)
	lateApplications = prometheus.NewDesc("cancuoc_late_applications",
		"Of the open applications, those past the legal deadline.", []string{"stage", "awaiting"}, nil)
	blanksInStock = prometheus.NewDesc("cancuoc_blanks_in_stock",
		"Blanks in stock, by place.", []string{"location"}, nil)
)

// Figures gives what is in the registry to Prometheus, counted when it asks.
func (o *Office) Figures() prometheus.Collector { return figures{o} }

type figures struct{ office *Office }

// Describe implements prometheus.Collector.
func (figures) Describe(ch chan<- *prometheus.Desc) {
	ch <- openApplications
	ch <- lateApplications
	ch <- blanksInStock
}

// Collect implements prometheus.Collector. What cannot be counted now is left out:
// the other measurements are wanted most when the registry is away.
func (f figures) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counted, err := f.office.Registry.Metrics(ctx)
	if err != nil {
		f.office.logger.WarnContext(ctx, "Figures not counted", "error", err)
		return
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for _, o := range counted.Open {
		gauge(openApplications, o.Count, string(o.Stage), string(o.Awaiting))
		gauge(lateApplications, o.Late, string(o.Stage), string(o.Awaiting))
	}
	for _, s := range counted.Stock {
		gauge(blanksInStock, s.Count, s.Location)
	}
}
