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

// patient is the retry policy of everything that an application waits for: a database
// or an ABIS, as long as it must. MaximumAttempts 0 is without end; a refusal is never
// retried, since it arrives as non-retryable.
func patient() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 20 * time.Second, MaximumAttempts: 0,
	}
}

// atOnce is a step of the center that is done within a moment, or not now: one try.
// The SDK ends the retries of a local activity after its ScheduleToClose, and takes
// StartToClose for that where only this is given: what is not done at once becomes an
// activity of its own (application.do).
func atOnce(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 4 * time.Second,
		StartToCloseTimeout:    4 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1, MaximumInterval: time.Second, MaximumAttempts: 1},
		Summary:                summary,
	})
}

// inPipeline is work of the center that waits on the outside (registry, population
// register, ABIS, HSM): minutes a try, tried for as long as it takes. ScheduleToClose
// and ScheduleToStart 0 are without limit.
func inPipeline(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              PipelineQueue,
		ScheduleToCloseTimeout: 0,
		ScheduleToStartTimeout: 0,
		StartToCloseTimeout:    time.Minute,
		RetryPolicy:            patient(),
		Summary:                summary,
		Priority:               priority,
	})
}

// atAnyStation is taken by the first station with a free slot. A card may wait
// for days there: only the running of it has limits.
func atAnyStation(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	return atQueue(ctx, PersonalizationQueue, 0, summary, priority)
}

// atStation is a step of the card in that station's slot. A station that stays silent
// for wait is a person's business: its card may be finished.
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
