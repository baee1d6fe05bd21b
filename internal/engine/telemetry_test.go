package engine_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/engine"
)

func TestTelemetry_SaysWhetherTheProgramIsReady(t *testing.T) {
	t.Parallel()
	metrics := engine.NewMetrics()
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(metrics))
	metrics.Handler().Counter("temporal_request").Inc(1)
	var down error
	handler := engine.Telemetry(registry, func(context.Context) error { return down })
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}

	require.Equal(t, http.StatusNoContent, get("/healthz").Code)
	require.Equal(t, http.StatusNoContent, get("/readyz").Code)
	require.Contains(t, get("/metrics").Body.String(), "temporal_request 1")
	down = errors.New("connect to 10.0.0.1: refused")
	require.Equal(t, http.StatusServiceUnavailable, get("/readyz").Code)
	require.NotContains(t, get("/readyz").Body.String(), "10.0.0.1")
	require.Equal(t, http.StatusNoContent, get("/healthz").Code)
}
