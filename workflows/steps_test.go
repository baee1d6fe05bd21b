package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// steps are the activities of a straight life.
var steps = []string{
	"JudgeCapture", "Validate", "Deduplicate", "Enter", "Decide", "PrepareData", "Make", "Pack", "HandOver",
}

// Whatever is done twice is done once.
func TestSteps_EachMayBeRepeated(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*testOffice){
		"Straight": func(o *testOffice) { o.when(identity.ToApprove, approves) },
		"Spoiled":  func(o *testOffice) { o.when(identity.ToApprove, approves); o.jam = 1 },
		"Held": func(o *testOffice) {
			o.when(identity.ToApprove, holds)
			o.when(identity.ToRelease, releases)
			o.when(identity.ToApprove, approves)
		},
		"Lost":      func(o *testOffice) { o.when(identity.ToApprove, approves); o.missing = 1 },
		"Withdrawn": func(o *testOffice) { o.when(identity.ToApprove, withdraws) },
		"InSteps":   func(o *testOffice) { o.when(identity.ToApprove, approves); o.release = workflows.FirstRelease },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			once, twice := newOffice(t), newOffice(t)
			twice.twice = true
			prepare(once)
			prepare(twice)
			once.when(identity.ToHandOver, officially)
			twice.when(identity.ToHandOver, officially)

			expected, got := once.process(), twice.process()

			require.Equal(t, expected, got)
			require.Equal(t, once.cards(), twice.cards())
			require.Equal(t, once.answered, twice.answered)
			require.Equal(t, once.trail(), twice.trail())
		})
	}
}

// Whatever cannot be done now is done later. Operators see which activity it is that fails, until
// it was done.
func TestSteps_EachMayFail(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.down[step] = 3
			o.when(identity.ToApprove, approves)
			o.when(identity.ToHandOver, officially)

			result := o.process()

			require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
			require.Equal(t, []string{"1 live PT0001"}, o.cards())
			require.Equal(t, []string{step}, o.failing)
		})
	}
}

// Whatever was done, and nobody heard of it, is done once.
func TestSteps_EachMayBeDoneUnheard(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.deaf[step] = 2
			o.when(identity.ToApprove, approves)
			o.when(identity.ToHandOver, officially)

			result := o.process()

			require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
			require.Equal(t, []string{"1 live PT0001"}, o.cards())
		})
	}
}

// A mistake in the program waits for a person, with its reason, and ends nothing.
func TestSteps_EachMayBreak(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		if step == "Enter" || step == "Decide" || step == "HandOver" {
			continue // of a wait itself, and of a person who hears of it at once
		}
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.breaks[step] = 1
			o.when(identity.ToApprove, approves)
			o.when(identity.ToAttend, releases)
			o.when(identity.ToHandOver, officially)

			result := o.process()

			require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
			require.Contains(t, strings.Join(o.trail(), "\n"), "awaits attention")
		})
	}
}

// A year of waiting costs next to nothing.
func TestSteps_AYearOfWaitingIsShort(t *testing.T) {
	t.Parallel()
	o := newOffice(t, noBlanks())
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRestock, after(365*day, restocks))
	o.when(identity.ToHandOver, officially)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Less(t, len(o.timeline()), 40)
}

// No option ends retries, and no limit is left to a default.
func TestOptions_NothingEndsRetries(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, officially)
	for _, step := range steps {
		o.down[step] = 1 // so that each becomes an activity
	}

	o.process()

	require.Subset(t, keysOf(o.remote), steps)
	for name, options := range o.remote {
		require.Zero(t, options.ScheduleToCloseTimeout, name)
		require.Positive(t, options.StartToCloseTimeout, name)
		require.NotNil(t, options.RetryPolicy, name)
		if name != "Make" { // of which the workflow decides where the next try goes
			require.Zero(t, options.RetryPolicy.MaximumAttempts, name)
		}
		require.Positive(t, options.RetryPolicy.InitialInterval, name)
		require.Positive(t, options.RetryPolicy.MaximumInterval, name)
		require.Positive(t, options.RetryPolicy.BackoffCoefficient, name)
		require.NotEmpty(t, options.Summary, name)
		require.Positive(t, options.Priority.PriorityKey, name)
		if atStation := options.TaskQueue != workflows.PipelineQueue; atStation {
			require.Positive(t, options.HeartbeatTimeout, name)
		}
	}
	for name, options := range o.local {
		require.Positive(t, options.ScheduleToCloseTimeout, name)
		require.Positive(t, options.StartToCloseTimeout, name)
		require.LessOrEqual(t, options.ScheduleToCloseTimeout, 5*time.Second, name)
		require.Equal(t, int32(1), options.RetryPolicy.MaximumAttempts, name)
	}
}

func keysOf(m map[string]workflow.ActivityOptions) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// trail is what the audit trail tells of the application.
func (o *testOffice) trail() []string {
	o.t.Helper()
	entries, err := o.Audit(o.t.Context(), o.number)
	require.NoError(o.t, err)
	events := make([]string, len(entries))
	for i, e := range entries {
		events[i] = strings.ReplaceAll(e.Event, string(o.number), "A")
	}
	return events
}

// A long history goes on in a new run, which begins where the application stands.
func TestSteps_ALongHistoryGoesOnInANewRun(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.env.SetCurrentHistoryLength(5000)

	o.start(o.input())

	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, o.env.GetWorkflowError(), &next)
	require.Equal(t, "CardApplication", next.WorkflowType.Name)
	var in workflows.CardApplicationInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	expected := o.input()
	expected.Resumed = true
	require.Equal(t, expected.Application, in.Application)
	require.True(t, in.Resumed)
	require.Equal(t, expected.Limits, in.Limits)
}
