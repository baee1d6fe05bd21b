package workflows_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
)

// While the key of the payloads rolls over, a worker that has not got the new one yet
// may meet an application that was begun or decided on under it. Its workflow waits for
// a worker that has the key: it does not end, and no decision is lost.
func TestCodecKey_AWorkerWithoutItEndsNothing(t *testing.T) {
	t.Parallel()
	const first, second = "k1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n", "k2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
	ring := func(name, keys string) string {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte(keys), 0o600))
		return file
	}
	o := newLiveOffice(t, settings{"temporal.codec_key_file": ring("new", first+second)}) // people's programs
	o.open(nil)
	program := func(name string, changes settings) *office.Office {
		c, err := config.Load(o.settingsFile(name, changes))
		require.NoError(t, err)
		return o.another(c)
	}
	behind, err := program("behind", settings{"temporal.codec_key_file": ring("old", first)}).Pipeline(t.Context())
	require.NoError(t, err)
	require.NoError(t, behind.Start())
	a := o.submit("06-child-under-6", nil)

	require.Eventually(t, func() bool {
		for _, e := range o.history(a.id, false).GetEvents() {
			if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED {
				return true
			}
		}
		return false
	}, 20*time.Second, 100*time.Millisecond)
	described, err := o.temporal.DescribeWorkflowExecution(t.Context(), a.id, "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, described.GetWorkflowExecutionInfo().GetStatus())

	behind.Stop()
	o.work(o.Pipeline(t.Context()))
	a.await(identity.ToResolve) // the population registry does not know the child
	require.Equal(t, described.GetWorkflowExecutionInfo().GetExecution().GetRunId(), o.history(a.id, false).GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetOriginalExecutionRunId())
}
