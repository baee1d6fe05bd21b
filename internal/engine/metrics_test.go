package engine_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/engine"
)

// The SDK uses one name with several sets of labels, and asks for the same
// series again and again.
func TestMetrics_GivesTheSDKsMeasurementsToPrometheus(t *testing.T) {
	t.Parallel()
	metrics := engine.NewMetrics()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(metrics))
	handler := metrics.Handler().WithTags(map[string]string{"namespace": "default"})

	var using sync.WaitGroup
	for range 8 {
		using.Go(func() {
			handler.Counter("temporal_request").Inc(1)
			handler.WithTags(map[string]string{"task-queue": "pipeline"}).Counter("temporal_request").Inc(2)
			handler.Gauge("temporal_worker_task_slots_used").Update(3)
			handler.Timer("temporal_request_latency").Record(250 * time.Millisecond)
		})
	}
	using.Wait()

	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP temporal_request
# TYPE temporal_request counter
temporal_request{namespace="default"} 8
temporal_request{namespace="default",task_queue="pipeline"} 16
`), "temporal_request"))
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Len(t, families, 3)
	latency := families[1]
	require.Equal(t, "temporal_request_latency_seconds", latency.GetName())
	require.Equal(t, uint64(8), latency.GetMetric()[0].GetHistogram().GetSampleCount())
	require.InDelta(t, 2.0, latency.GetMetric()[0].GetHistogram().GetSampleSum(), 1e-9)
}
