package workflows_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/workflows"
)

// An application that one build began is finished by the next, when operators have
// made it the current one; and not before.
func TestVersioning_ApplicationsGoOnWithTheCurrentBuild(t *testing.T) {
	t.Parallel()
	o := newLiveOffice(t, settings{"office.consignment_size": 1, "worker.build": "1"})
	o.open(samplePopulation(t))
	o.stock(1)
	first, err := o.All(t.Context(), "PX-01")
	require.NoError(t, err)
	require.NoError(t, first.Start())
	o.makeCurrent("1")
	app := o.submit("01-first-issue-at-14", nil)
	app.await(identity.ToApprove)

	next := o.config
	next.Worker.Build = "2"
	second, err := office.Open(t.Context(), next, slog.New(slog.NewTextHandler(o.log, nil)))
	require.NoError(t, err)
	t.Cleanup(second.Close)
	o.work(second.All(t.Context(), "PX-01"))
	o.makeCurrent("2")
	first.Stop()
	app.approve()
	app.await(identity.ToHandOver)
	require.NoError(t, app.finger("left-index-handover.fmr"))

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, app.result())
	described, err := o.temporal.DescribeWorkflowExecution(t.Context(), app.id, "")
	require.NoError(t, err)
	require.Equal(t, "2", described.GetWorkflowExecutionInfo().GetVersioningInfo().GetDeploymentVersion().GetBuildId())
}

// makeCurrent makes a build the current one, once the server has heard of it.
func (o *liveOffice) makeCurrent(build string) {
	o.t.Helper()
	handle := o.temporal.WorkerDeploymentClient().GetHandle(office.Deployment)
	require.Eventually(o.t, func() bool {
		_, err := handle.SetCurrentVersion(o.t.Context(), client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
		return err == nil
	}, time.Minute, 200*time.Millisecond)
}
