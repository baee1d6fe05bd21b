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

// StationQueue takes the later steps of a card that is in that station's slot.
func StationQueue(id identity.StationID) string { return "station-" + string(id) }

// Priorities, from 1, the most urgent, to 5.
const (
	priorityUrgent = 1 // requested, or the legal deadline is near
	priorityRemake = 2 // the citizen has waited for one card already
	priorityNormal = 3
)

// patient is the retry policy of everything (registry, population registry, ABIS,
// HSM, stations): an application waits for them without limit. A refusal is never
// retried: it arrives as a non-retryable error.
var patient = temporal.RetryPolicy{
	InitialInterval:    200 * time.Millisecond,
	BackoffCoefficient: 2,
	MaximumInterval:    time.Minute,
}

// inRegistry is one short transaction, run where the workflow runs.
func inRegistry(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 15 * time.Second,
		RetryPolicy:         &patient,
	})
}

// atOnce is a step of the center that succeeds within moments, or not now.
func atOnce(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 5 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// inPipeline is a step of the center that waits for the outside (population
// registry, ABIS, HSM): up to two minutes a try, retried without limit.
func inPipeline(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           PipelineQueue,
		StartToCloseTimeout: 2 * time.Minute,
		RetryPolicy:         &patient,
		Summary:             summary,
		Priority:            priority,
	})
}

// atAnyStation is taken by the first station with a free slot. A card may wait there
// for days: only its making has limits.
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

// atStation is a later step of the card in that station's slot. When the station
// stays silent for wait, a person decides: its card may be finished.
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
