package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/identity"
)

// Task queues. A station's own queue is StationQueue of its ID.
const (
	PipelineQueue        = "pipeline"
	PersonalizationQueue = "personalization" // polled by every station with a free slot
)

// StationQueue is the queue of the later steps of a card that is in that
// station's slot.
func StationQueue(id identity.StationID) string { return "station-" + string(id) }

// Priorities, 1 the most urgent. Temporal takes 1 to 5.
const (
	priorityUrgent = 1 // asked for, or the legal deadline is near
	priorityRemake = 2 // the citizen has waited for one card already
	priorityNormal = 3
)

// patient is the retry policy of everything: an application waits for a database
// or an ABIS as long as it must, and a refusal is never retried (it arrives as
// non-retryable).
var patient = temporal.RetryPolicy{
	InitialInterval:    200 * time.Millisecond,
	BackoffCoefficient: 2,
	MaximumInterval:    time.Minute,
}

// awaitWithin waits for a condition for at most so long, and says what for where
// operators see the timer. It reports whether the condition came.
func awaitWithin(ctx workflow.Context, limit time.Duration, summary string, condition func() bool) (bool, error) {
	return workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout: limit, TimerOptions: workflow.TimerOptions{Summary: summary},
	}, condition)
}

// inRegistry is one short transaction, run where the workflow runs.
func inRegistry(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 15 * time.Second,
		RetryPolicy:         &patient,
	})
}

// atOnce is a step of the centre that is done within a moment, or not now.
func atOnce(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 5 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// inPipeline is work of the centre that waits on the outside (population
// registry, ABIS, HSM): minutes, retried for as long as it takes.
func inPipeline(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           PipelineQueue,
		StartToCloseTimeout: 2 * time.Minute,
		RetryPolicy:         &patient,
		Summary:             summary,
		Priority:            priority,
	})
}

// atAnyStation is taken by the first station with a free slot. A card may wait
// for days there: only the running of it has limits.
func atAnyStation(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           PersonalizationQueue,
		StartToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         &patient,
		Summary:             summary,
		Priority:            priority,
	})
}

// atStation is a later step of the card in that station's slot. A station that
// stays silent for wait is a person's business: its card may be finished.
func atStation(ctx workflow.Context, station identity.StationID, wait time.Duration, summary string, priority temporal.Priority) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              StationQueue(station),
		ScheduleToStartTimeout: wait,
		StartToCloseTimeout:    10 * time.Minute,
		HeartbeatTimeout:       30 * time.Second,
		RetryPolicy:            &patient,
		Summary:                summary,
		Priority:               priority,
	})
}
