package office

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

// starter starts workflows, each once, and speaks to those that run.
type starter struct {
	client   client.Client
	registry *registry.Registry
	office   config.Office
}

func (o *Office) starter(ctx context.Context) (*starter, error) {
	connected, err := o.Temporal(ctx)
	if err != nil {
		return nil, err
	}
	return &starter{client: connected, registry: o.Registry, office: o.config.Office}, nil
}

// application starts the workflow of a stored application. One that was started,
// or has ended, is left as it is.
func (s *starter) application(ctx context.Context, number identity.ApplicationNumber) error {
	record, err := s.registry.Application(ctx, number)
	if err != nil {
		return err
	}
	if record.Started {
		return nil
	}
	app := record.Application
	options := client.StartWorkflowOptions{
		ID: workflows.ApplicationWorkflowID(number), TaskQueue: workflows.PipelineQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            fmt.Sprintf("%s · %s · province %s", app.Type, app.Ground, record.Province),
		Priority:                 temporal.Priority{FairnessKey: string(record.Province)},
		EnableEagerStart:         true, // where the pipeline's worker is in this process, it begins at once
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.StageKey.ValueSet(string(identity.Received)),
			workflows.ProvinceKey.ValueSet(string(record.Province)),
			workflows.ApplicationTypeKey.ValueSet(string(app.Type)),
			workflows.DeadlineKey.ValueSet(record.Due),
		),
	}
	_, err = s.client.ExecuteWorkflow(ctx, options, workflows.CardApplication, workflows.CardApplicationInput{
		Application: number, Type: app.Type, Province: record.Province, EnrolledBy: app.Officer,
		NeedsCapture: app.NeedsCapture(), Urgent: app.Urgent, Due: record.Due,
		Limits: workflows.Limits{
			Recapture: s.office.Recapture, Resolution: s.office.Resolution, Collect: s.office.Collect, AtRisk: s.office.AtRisk,
			StationWait: s.office.StationWait, Restock: s.office.Restock, Cards: s.office.Cards,
		},
	})
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); err != nil && !started {
		return fmt.Errorf("start workflow of application %s: %w", number, err)
	}
	return s.registry.MarkStarted(ctx, number)
}

// Packed starts the workflow of a consignment, if it is not started, and tells it
// when it is full.
func (s *starter) Packed(ctx context.Context, number string, destination identity.StationID, full bool) error {
	options := client.StartWorkflowOptions{
		ID: workflows.ConsignmentWorkflowID(number), TaskQueue: workflows.PipelineQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Cards for " + string(destination),
	}
	in := workflows.ConsignmentInput{Number: number, Destination: destination, CutOff: s.office.ConsignmentCutOff}
	_, err := s.client.ExecuteWorkflow(ctx, options, workflows.Consignment, in)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); err != nil && !started {
		return fmt.Errorf("start workflow: %w", err)
	}
	if !full {
		return nil
	}
	err = s.client.SignalWorkflow(ctx, workflows.ConsignmentWorkflowID(number), "", workflows.SignalFull, nil)
	return unlessEnded(err)
}

// Arrived tells an application that its consignment was counted in.
func (s *starter) Arrived(ctx context.Context, app identity.ApplicationNumber, consignment string, missing bool) error {
	err := s.client.SignalWorkflow(ctx, workflows.ApplicationWorkflowID(app), "", workflows.SignalArrived, workflows.Arrived{Consignment: consignment, Missing: missing})
	return unlessEnded(err)
}

// unlessEnded forgets that a workflow has ended: it has nothing more to hear.
func unlessEnded(err error) error {
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return nil
	}
	return err
}

// Sweep starts, again and again until ctx ends, the workflows of applications that
// were stored by a process that died before it could.
func (o *Office) Sweep(ctx context.Context) {
	const patience, atOnce = 10 * time.Second, 500
	tick := time.NewTicker(o.config.Worker.Sweep)
	defer tick.Stop()
	for {
		if err := o.sweep(ctx, patience, atOnce); err != nil && ctx.Err() == nil {
			o.logger.Error("Sweep failed; trying again later", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (o *Office) sweep(ctx context.Context, patience time.Duration, atOnce int) error {
	s, err := o.starter(ctx)
	if err != nil {
		return err
	}
	numbers, err := o.Registry.Unstarted(ctx, patience, atOnce)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if err := s.application(ctx, number); err != nil {
			return err
		}
		o.logger.Warn("Workflow started late", "application", number)
	}
	return nil
}
