package workflows_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// recorded reads every recorded history, by its name.
func recorded(t *testing.T) map[string]*historypb.History {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordings, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "there is nothing to replay")
	histories := make(map[string]*historypb.History)
	for _, name := range files {
		f, err := os.Open(name)
		require.NoError(t, err)
		history, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		require.NoError(t, err)
		require.NoError(t, f.Close())
		histories[strings.TrimSuffix(filepath.Base(name), ".json")] = history
	}
	return histories
}

// Applications in flight go on under this code as under the code that began them.
func TestReplay_WhatIsInFlightGoesOn(t *testing.T) {
	t.Parallel()
	for name, history := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracing, err := engine.OpenTracing(t.Context(), engine.TracingOptions{URL: "http://127.0.0.1:1", Program: "worker", Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			traced, err := tracing.Interceptor()
			require.NoError(t, err)
			for _, by := range [][]interceptor.WorkerInterceptor{nil, {traced}} { // traced or not, whatever it was before
				replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{Interceptors: by})
				require.NoError(t, err)
				replayer.RegisterWorkflow(workflows.CardApplication)
				replayer.RegisterWorkflow(workflows.Consignment)

				err = replayer.ReplayWorkflowHistory(quiet(), history)

				require.NoError(t, err)
			}
		})
	}
}

// The same at every point where a deployment may fall: before any workflow task.
func TestReplay_FromWhereverItStood(t *testing.T) {
	t.Parallel()
	for name, history := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, event := range history.GetEvents() {
				if event.GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED {
					continue
				}
				replayer := worker.NewWorkflowReplayer()
				replayer.RegisterWorkflow(workflows.CardApplication)
				replayer.RegisterWorkflow(workflows.Consignment)

				err := replayer.ReplayWorkflowHistory(quiet(), &historypb.History{Events: history.GetEvents()[:i+1]})

				require.NoError(t, err, "after event %d", i+1)
			}
		})
	}
}

// A reviewer reads the text; it has to be the story of the history beside it.
func TestReplay_TextsTellTheHistories(t *testing.T) {
	t.Parallel()
	for name, history := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			text, err := os.ReadFile(filepath.Join(recordings, name+".txt"))

			require.NoError(t, err)
			require.Equal(t, story(history), string(text))
		})
	}
}

// Each end, with each of its reasons, and each state of a box is there.
func TestReplay_HasEveryEnd(t *testing.T) {
	t.Parallel()
	ends := make(map[string]bool)
	for _, history := range recorded(t) {
		events := history.GetEvents()
		var result workflows.CardApplicationResult
		done := events[len(events)-1].GetWorkflowExecutionCompletedEventAttributes()
		if err := converter.GetDefaultDataConverter().FromPayloads(done.GetResult(), &result); err == nil && result.End != "" {
			ends[strings.TrimSuffix(string(result.End)+": "+string(result.Reason), ": ")] = true
		}
	}

	for _, end := range []identity.ReasonCode{
		"Issued", "Withdrawn: " + identity.ReasonWithdrawn, "Rejected: " + identity.ReasonRefused, "Rejected: " + identity.ReasonDuplicate,
		"Expired: " + identity.ReasonNotRecaptured, "Expired: " + identity.ReasonNotResolved, "Expired: " + identity.ReasonNotCollected,
	} {
		require.Contains(t, ends, string(end))
	}
}

// mostEvents is what the life of one card may cost the engine.
const mostEvents = 90

func TestReplay_AStraightLifeIsShort(t *testing.T) {
	t.Parallel()

	history := recorded(t)["issued"]

	require.NotNil(t, history)
	require.LessOrEqual(t, len(history.GetEvents()), mostEvents)
}

// story is a history as people read it: what happened, in order, without what the
// engine does for itself, and how many events it took.
func story(history *historypb.History) string {
	var b strings.Builder
	for _, event := range history.GetEvents() {
		if line := told(event); line != "" {
			b.WriteString(line + "\n")
		}
	}
	b.WriteString(fmt.Sprintf("%d events\n", len(history.GetEvents())))
	return b.String()
}

// told is one event, or nothing where it says no more than the one before it.
func told(event *historypb.HistoryEvent) string {
	switch event.GetEventType() { //nolint:exhaustive // what is not told is passed over
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
		return "start     " + event.GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		a := event.GetActivityTaskScheduledEventAttributes()
		return fmt.Sprintf("activity  %-12s on %s", a.GetActivityType().GetName(), a.GetTaskQueue().GetName())
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		return "  failed  " + event.GetActivityTaskFailedEventAttributes().GetFailure().GetApplicationFailureInfo().GetType()
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		return "  timed out"
	case enumspb.EVENT_TYPE_MARKER_RECORDED:
		m := event.GetMarkerRecordedEventAttributes()
		if change := m.GetDetails()["change-id"]; change != nil {
			return "version   " + text(change.GetPayloads()[0])
		}
		return "local     " + localActivity(m)
	case enumspb.EVENT_TYPE_TIMER_STARTED:
		return "timer     " + timer(event)
	case enumspb.EVENT_TYPE_TIMER_FIRED:
		return "  fired"
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
		return "update    " + event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName()
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
		return "signal    " + event.GetWorkflowExecutionSignaledEventAttributes().GetSignalName()
	case enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		attributes := event.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes()
		if _, ofVersion := attributes.GetIndexedFields()["TemporalChangeVersion"]; ofVersion {
			return ""
		}
		return "show      " + shown(attributes)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return "end"
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		return "end       failed"
	}
	return ""
}

// localActivity names the activity of a marker, and the refusal it ended in.
func localActivity(m *historypb.MarkerRecordedEventAttributes) string {
	var data struct{ ActivityType string }
	if err := converter.GetDefaultDataConverter().FromPayloads(m.GetDetails()["data"], &data); err != nil {
		return err.Error()
	}
	if kind := m.GetFailure().GetApplicationFailureInfo().GetType(); kind != "" {
		return data.ActivityType + ": " + kind
	}
	return data.ActivityType
}

// timer says what it is for, where it says so, else how long it runs.
func timer(event *historypb.HistoryEvent) string {
	if summary := text(event.GetUserMetadata().GetSummary()); summary != "" {
		return summary
	}
	return event.GetTimerStartedEventAttributes().GetStartToFireTimeout().AsDuration().String()
}

// shown is where operators see the workflow stand.
func shown(attributes *commonpb.SearchAttributes) string {
	var parts []string
	for _, name := range []string{"Stage", "AwaitingAction"} {
		if said := text(attributes.GetIndexedFields()[name]); said != "" {
			parts = append(parts, said)
		}
	}
	return strings.Join(parts, ", awaiting ")
}

// text is what a payload says; empty where there is none, or something else.
func text(p *commonpb.Payload) string {
	var said string
	if p == nil || converter.GetDefaultDataConverter().FromPayload(p, &said) != nil {
		return ""
	}
	return said
}
