package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
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

	act := identity.Approve{Officer: approver}
	signed := registrytest.Signed(act, statement.Application(number))
	_, err = (&workflows.Client{Temporal: c, Patience: time.Second}).Decide(t.Context(), number, act, signed)

	require.ErrorIs(t, err, workflows.ErrUnanswered)
	require.NoError(t, c.TerminateWorkflow(t.Context(), options.ID, "", "the test is over"))
}

// A card that arrives while no worker runs is not forgotten: its application hears of it
// when one does.
func TestClient_WithoutAWorkerAnArrivalWaits(t *testing.T) {
	t.Parallel()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: devservertest.Temporal(t)})
	require.NoError(t, err)
	defer c.Close()
	options := client.StartWorkflowOptions{ID: workflows.ApplicationWorkflowID("deaf"), TaskQueue: t.Name()}
	_, err = c.ExecuteWorkflow(t.Context(), options, workflows.CardApplication, workflows.CardApplicationInput{Application: "deaf"})
	require.NoError(t, err)
	flows := &workflows.Client{Temporal: c, Patience: 100 * time.Millisecond}

	require.NoError(t, flows.Arrived(t.Context(), "deaf", "C-000001", false))
	require.NoError(t, flows.Arrived(t.Context(), "ended", "C-000001", false), "who has ended needs to hear no more")

	history := c.GetWorkflowHistory(t.Context(), options.ID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var signals []string
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		if signal := event.GetWorkflowExecutionSignaledEventAttributes(); signal != nil {
			signals = append(signals, signal.GetSignalName())
		}
	}
	require.Equal(t, []string{workflows.SignalArrived}, signals)
	require.NoError(t, c.TerminateWorkflow(t.Context(), options.ID, "", "the test is over"))
}

// An identifier answers for its own decision, also when the workflow has gone on in
// another run, where Temporal does not know the identifier any more.
func TestClient_AnIdentifierAnswersInAnotherRun(t *testing.T) {
	t.Parallel()
	o := newLiveOffice(t, nil)
	o.open(samplePopulation(t))
	o.work(o.Pipeline(t.Context()))
	a := o.submit("16-damaged-card", nil)
	a.await(identity.ToApprove)
	hold := identity.Hold{Officer: approver, Reason: "under-verification"}
	signed := registrytest.SignedAs(hold, statement.Application(a.number), "case-17")
	_, err := o.flows.Decide(t.Context(), a.number, hold, signed)
	require.NoError(t, err)

	a.newRun(workflows.CurrentRelease)
	answer, err := o.flows.Decide(t.Context(), a.number, hold, signed)
	require.NoError(t, err)
	require.Equal(t, identity.Approval, answer.Stage)
	require.Equal(t, "hold", answer.Act)
	a.newRun(workflows.CurrentRelease)
	reject := identity.Reject{Officer: approver, Reason: "impersonation"}
	_, err = o.flows.Decide(t.Context(), a.number, reject, registrytest.SignedAs(reject, statement.Application(a.number), "case-17"))

	require.ErrorContains(t, err, "id: belongs to another decision, which was carried out before: hold")
	a.await(identity.ToRelease)
	record, err := o.Registry.Application(t.Context(), a.number)
	require.NoError(t, err)
	require.Equal(t, identity.Approval, record.Stage, "nothing was rejected")

	// Two officers who decide under one identifier at one moment: who comes later is not told that
	// it was done, though Temporal answers so.
	release := func(by identity.OfficerID) statement.Signed {
		act := identity.Release{Officer: by, Reason: "verified"}
		return registrytest.SignedAs(act, statement.Application(a.number), "case-18")
	}
	d := o.Desk()
	d.Office = meanwhile{d.Office, func() {
		_, err := o.Desk().Do(t.Context(), release(approver), nil)
		require.NoError(t, err)
	}}
	_, err = d.Do(t.Context(), release("PD-001-0002"), nil)
	require.ErrorContains(t, err, "id: belongs to another act, which was done before: release")
}

// meanwhile is an office where something is done between what the desk looks at and what the workflow
// is asked.
type meanwhile struct {
	desk.Office

	do func()
}

func (m meanwhile) Workflows(ctx context.Context) (*workflows.Client, error) {
	m.do()
	return m.Office.Workflows(ctx)
}
