package registry

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The metrics of the office as a whole, as Prometheus knows them. Every process that
// exports them exports the same values.
var (
	openApplications = prometheus.NewDesc("cancuoc_open_applications",
		"Applications that have not ended, by stage and by what a person is awaited for; 0 at a stage where none is.", []string{"stage", "awaiting"}, nil)
	lateApplications = prometheus.NewDesc("cancuoc_late_applications",
		"Of the open applications, those past the legal deadline: neither those whose clock stood before it, nor cards to be collected.", []string{"stage", "awaiting"}, nil)
	awaitingApplications = prometheus.NewDesc("cancuoc_awaiting_applications",
		"Open applications that wait for an action, by action; 0 where none does.", []string{"awaiting"}, nil)
	heldApplications = prometheus.NewDesc("cancuoc_held_applications",
		"Open applications that are on hold.", nil, nil)
	longestWait = prometheus.NewDesc("cancuoc_longest_wait_seconds",
		"How long an open application has waited for an action, by action; 0 where none does. A hold awaits release; cards in boxes wait for dispatch since their box was opened, and for receipt since it was sent.", []string{"awaiting"}, nil)
	blanksInStock = prometheus.NewDesc("cancuoc_blanks_in_stock",
		"Blanks in stock, by place and by what is made of them: the center, and wherever boxes were received; 0 where none is left.", []string{"location", "document"}, nil)
	applicationsInTrouble = prometheus.NewDesc("cancuoc_applications_in_trouble",
		"Applications whose last step could not be done: a station could not make the card, or a service of the center does not answer.", nil, nil)
	standingApplications = prometheus.NewDesc("cancuoc_standing_applications",
		"Applications whose card waits for a station while no station works: each is paused or silent; 0 while one works.", nil, nil)
	longestForStation = prometheus.NewDesc("cancuoc_longest_wait_for_station_seconds",
		"How long a card has waited for a station; 0 where none does.", nil, nil)
	stationPaused = prometheus.NewDesc("cancuoc_station_paused",
		"1 if the personalization station takes no cards until it is resumed, else 0.", []string{"station"}, nil)
	stationSilent = prometheus.NewDesc("cancuoc_station_silent_seconds",
		"How long ago the personalization station was last heard of.", []string{"station"}, nil)
	stationSlotsTaken = prometheus.NewDesc("cancuoc_station_slots_taken",
		"Cards in the slots of the personalization station.", []string{"station"}, nil)
)

// Collector gives Metrics to Prometheus, counted at each scrape.
func (r *Registry) Collector(logger *slog.Logger) prometheus.Collector {
	return collector{registry: r, logger: logger}
}

type collector struct {
	registry *Registry
	logger   *slog.Logger
}

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- openApplications
	ch <- lateApplications
	ch <- awaitingApplications
	ch <- heldApplications
	ch <- longestWait
	ch <- blanksInStock
	ch <- applicationsInTrouble
	ch <- standingApplications
	ch <- longestForStation
	ch <- stationPaused
	ch <- stationSilent
	ch <- stationSlotsTaken
}

// Collect implements prometheus.Collector. Metrics that cannot be counted now are left
// out: the process's others are needed most when the registry is away.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counted, err := c.registry.Metrics(ctx)
	if err != nil {
		c.logger.WarnContext(ctx, "Metrics not counted", "error", err)
		return
	}
	stations, err := c.registry.StationsAtWork(ctx)
	if err != nil {
		c.logger.WarnContext(ctx, "Stations not counted", "error", err)
		return
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for _, o := range counted.withEmptyStages() {
		gauge(openApplications, o.Count, string(o.Stage), string(o.Awaiting))
		gauge(lateApplications, o.Late, string(o.Stage), string(o.Awaiting))
	}
	for action, n := range counted.Awaiting() {
		gauge(awaitingApplications, n, string(action))
	}
	for action, waited := range counted.Longest() {
		gauge(longestWait, int(waited.Seconds()), string(action))
	}
	gauge(heldApplications, counted.Held())
	gauge(applicationsInTrouble, counted.InTrouble)
	standing := 0
	if !slices.ContainsFunc(stations, StationAtWork.Works) {
		standing = counted.ForStations()
	}
	gauge(standingApplications, standing)
	gauge(longestForStation, int(counted.LongestForStation().Seconds()))
	for _, s := range stations {
		paused := 0
		if s.PausedWhy != "" {
			paused = 1
		}
		gauge(stationPaused, paused, string(s.ID))
		gauge(stationSilent, int(s.Silent.Seconds()), string(s.ID))
		gauge(stationSlotsTaken, len(s.Cards), string(s.ID))
	}
	for _, s := range counted.Stock {
		gauge(blanksInStock, s.Count, s.Location, string(s.Document))
	}
}
