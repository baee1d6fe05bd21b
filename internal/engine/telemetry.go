package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Telemetry is what a program shows to its operators: GET /metrics for Prometheus, GET
// /healthz (it runs) and GET /readyz (what it depends on answers, as ready reports). It
// shows no personal data, and belongs on an internal network.
func Telemetry(metrics prometheus.Gatherer, ready func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := ready(ctx); err != nil {
			http.Error(w, "not ready", http.StatusServiceUnavailable) // why is in the log
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// ServeTelemetry serves [Telemetry] at an address (host:port), with what the Go runtime
// and the operating system tell of the process beside what is collected, until it is
// stopped. Nothing in it may keep a program from its work: one request takes ten seconds
// at most.
func ServeTelemetry(ctx context.Context, address string, collected []prometheus.Collector, ready func(context.Context) error, logger *slog.Logger) (stop func(), err error) {
	metrics := prometheus.NewRegistry()
	for _, c := range append(collected, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})) {
		if err := metrics.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for Prometheus: %w", err)
	}
	server := &http.Server{
		Handler:           Telemetry(metrics, ready),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 12 << 10,
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("Metrics are served no more", "error", err)
		}
	}()
	return func() { _ = server.Close() }, nil // the process ends
}
