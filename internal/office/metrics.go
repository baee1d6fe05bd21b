package office

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// MeasureWorker measures a worker of that role for Prometheus. It is called before the first
// connection to Temporal.
func (o *Office) MeasureWorker(role string) []prometheus.Collector {
	measured := engine.NewMetrics(counters(role)...)
	o.metrics = measured.Handler()
	all := []prometheus.Collector{measured, o.StationMetrics(), reached{o}}
	if role == "station" {
		return all
	}
	return append(all, o.Registry.Collector(o.logger), o.Registry.NotKept(), o.Registry.NotRead(), o.ReconcilerMetrics(), o.AnchorMetrics(), o.NotificationMetrics())
}

// MeasureGateway measures a gateway, as MeasureWorker does a worker.
func (o *Office) MeasureGateway() []prometheus.Collector {
	measured := engine.NewMetrics()
	o.metrics = measured.Handler()
	return []prometheus.Collector{measured, reached{o}, statusKey{o}, o.Registry.NotKept(), o.Registry.NotRead()}
}

// counters are those of workflows and of the Temporal SDK of which each event matters.
func counters(role string) []engine.Counter {
	if role == "station" {
		return nil
	}
	ends := engine.Counter{Name: workflows.CounterEnds, Help: "Applications that ended, by end.", Labels: []string{"end"}}
	for _, end := range identity.Ends() {
		ends.Zeros = append(ends.Zeros, []string{string(end)})
	}
	refused := engine.Counter{
		Name: activities.CounterRefusedUpdates, Help: "Acts that workflows refused, by update and by whether an officer had signed it.", Labels: []string{"update", "signed"},
	}
	for _, act := range workflows.Acts {
		refused.Zeros = append(refused.Zeros, []string{act.ActName(), "true"}, []string{act.ActName(), "false"})
	}
	failed := engine.Counter{
		Name: "temporal_workflow_task_execution_failed", Help: "Workflow tasks that failed, by workflow and reason.", Labels: []string{"workflow_type", "failure_reason"},
	}
	for _, flow := range []string{"CardApplication", "Consignment"} {
		for _, reason := range []string{"WorkflowError", "NonDeterminismError", "PayloadsTooLarge", "GrpcMessageTooLarge", "RequestTooLarge"} { // as the SDK has them
			failed.Zeros = append(failed.Zeros, []string{flow, reason})
		}
	}
	return []engine.Counter{
		ends, refused, failed,
		{Name: workflows.CounterCards, Help: "Cards that stations made or spoiled.", Labels: []string{"outcome"}, Zeros: [][]string{{workflows.CardMade}, {workflows.CardSpoiled}}},
	}
}

// reached tells whether what every program needs answers it.
type reached struct{ office *Office }

var serviceReached = prometheus.NewDesc("cancuoc_service_reached", "1 if the service answers this program, else 0: PostgreSQL, Temporal.", []string{"service"}, nil)

// Describe implements prometheus.Collector.
func (reached) Describe(ch chan<- *prometheus.Desc) { ch <- serviceReached }

// Collect implements prometheus.Collector.
func (r reached) Collect(ch chan<- prometheus.Metric) {
	for service, ask := range map[string]func(context.Context) error{"PostgreSQL": r.office.Registry.Ping, "Temporal": r.office.reachTemporal} {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		answers := 1.0
		if ask(ctx) != nil { // why is in the log, and in /readyz
			answers = 0
		}
		cancel()
		ch <- prometheus.MustNewConstMetric(serviceReached, prometheus.GaugeValue, answers, service)
	}
}

// statusKey tells when the certificate of the key ends that signs what verifiers hear of cards; where
// no verifier is answered, it tells nothing.
type statusKey struct{ office *Office }

var statusCertificateEnds = prometheus.NewDesc("cancuoc_status_certificate_ends_timestamp_seconds", "When the certificate of the key that signs what verifiers hear of cards ends; 0 while nobody certified it.", nil, nil)

// Describe implements prometheus.Collector.
func (statusKey) Describe(ch chan<- *prometheus.Desc) { ch <- statusCertificateEnds }

// Collect implements prometheus.Collector.
func (k statusKey) Collect(ch chan<- prometheus.Metric) {
	status, err := k.office.Status()
	if err != nil || status == nil { // a gateway that cannot open the key does not start
		return
	}
	ends := 0.0
	if at := status.Signer.Ends(); !at.IsZero() {
		ends = float64(at.Unix())
	}
	ch <- prometheus.MustNewConstMetric(statusCertificateEnds, prometheus.GaugeValue, ends)
}
