package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// An officer whose worker is away hears so, and is not left waiting.
func TestClient_WithoutAWorkerThereIsNoAnswer(t *testing.T) {
	t.Parallel()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: devservertest.Temporal(t)})
	require.NoError(t, err)
	defer c.Close()
	number := identity.ApplicationNumber("answerless")
	options := client.StartWorkflowOptions{ID: workflows.ApplicationWorkflowID(number), TaskQueue: t.Name()}
	_, err = c.ExecuteWorkflow(t.Context(), options, workflows.CardApplication, workflows.CardApplicationInput{Application: number})
	require.NoError(t, err)

	_, err = (&workflows.Client{Temporal: c, Patience: time.Second}).Decide(t.Context(), number, identity.Approve{Officer: "PD-001-0001"})

	require.ErrorContains(t, err, "no answer within 1s")
	require.NoError(t, c.TerminateWorkflow(t.Context(), options.ID, "", "the test is over"))
}
