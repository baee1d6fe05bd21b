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

// patient is the retry policy of everything that an application waits for (registry,
// population registry, ABIS, HSM, stations): without limit, which is MaximumAttempts 0.
// A refusal is never retried: it arrives as a non-retryable error.
func patient() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 20 * time.Second, MaximumAttempts: 0,
	}
}

// atOnce is a step of the center that succeeds within moments, or not now: one try.
// What does not succeed becomes an activity of its own (steps.go), because the SDK ends
// the retries of a local activity after its ScheduleToClose, or after its StartToClose
// if only that is given.
func atOnce(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 4 * time.Second,
		StartToCloseTimeout:    4 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1, MaximumInterval: time.Second, MaximumAttempts: 1},
		Summary:                summary,
	})
}

// inPipeline is a step of the center that waits for the outside (registry, population
// registry, ABIS, HSM): up to half a minute a try, so that the step of a worker that died
// is tried by another one within the minute; retried without limit, which is
// ScheduleToClose and ScheduleToStart 0.
func inPipeline(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              PipelineQueue,
		ScheduleToCloseTimeout: 0,
		ScheduleToStartTimeout: 0,
		StartToCloseTimeout:    30 * time.Second,
		RetryPolicy:            patient(),
		Summary:                summary,
		Priority:               priority,
	})
}

// onceAtAnyStation is taken by the first station with a free slot, for one try: where the
// next one goes depends on whether that station has the card.
func onceAtAnyStation(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	once := patient()
	once.MaximumAttempts = 1
	return workflow.WithRetryPolicy(atAnyStation(ctx, summary, priority), *once)
}

// atAnyStation is taken by the first station with a free slot. A card may wait there
// for days: only its making has limits.
func atAnyStation(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	return atQueue(ctx, PersonalizationQueue, 0, summary, priority)
}

// atStation is a step of the card in that station's slot. When the station stays silent
// for wait, a person decides: its card may be finished.
func atStation(ctx workflow.Context, station identity.StationID, wait time.Duration, summary string, priority temporal.Priority) workflow.Context {
	return atQueue(ctx, StationQueue(station), wait, summary, priority)
}

func atQueue(ctx workflow.Context, queue string, wait time.Duration, summary string, priority temporal.Priority) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		ScheduleToCloseTimeout: 0,
		ScheduleToStartTimeout: wait,
		StartToCloseTimeout:    10 * time.Minute,
		HeartbeatTimeout:       30 * time.Second,
		WaitForCancellation:    false, // nothing cancels
		RetryPolicy:            patient(),
		Summary:                summary,
		Priority:               priority,
	})
}
