package office

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/biometrics/abis"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/workflows"
)

// All gives the workers of every role in one process.
func (o *Office) All(ctx context.Context, id identity.StationID) (engine.Workers, error) {
	pipeline, err := o.Pipeline(ctx)
	if err != nil {
		return nil, err
	}
	stations, err := o.Station(ctx, id)
	if err != nil {
		return nil, err
	}
	return append(pipeline, stations...), nil
}

// options are those of every worker.
func options() worker.Options {
	return worker.Options{
		Interceptors:      []interceptor.WorkerInterceptor{&activities.Refusals{}, &activities.OwnWorkflow{Subject: workflows.SubjectOf}},
		WorkerStopTimeout: 30 * time.Second,
	}
}

// Deployment names the workers of workflows in Worker Deployment Versioning.
const Deployment = "cancuoc"

// deployment lets Temporal route workflow tasks to the build that operators made the
// current one. Applications live for months, so all of them go on with the new build:
// the replay tests hold it to the histories of the old ones.
func deployment(build string) worker.DeploymentOptions {
	if build == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: Deployment, BuildID: build},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// workflowPollers is how many requests for workflow tasks a pipeline has open. A task that
// finds one is handed over; one that finds none is written to a queue and read again.
const workflowPollers = 8

// Pipeline gives the worker of the workflows and the center's activities. Until ctx ends, it
// keeps which acts the workflows refused.
func (o *Office) Pipeline(ctx context.Context) (engine.Workers, error) {
	connected, err := o.Temporal(ctx)
	if err != nil {
		return nil, err
	}
	flows, err := o.Workflows(ctx)
	if err != nil {
		return nil, err
	}
	settings := options()
	refused := activities.NewRefusedUpdates(o.Registry, workflows.SubjectOf, o.logger)
	go refused.Run(ctx)
	settings.Interceptors = append(settings.Interceptors, &activities.Troubles{Registry: o.Registry, Application: workflows.ApplicationOf}, refused)
	settings.MaxConcurrentActivityExecutionSize = o.config.Worker.Concurrency
	settings.MaxConcurrentWorkflowTaskPollers = workflowPollers
	settings.DeploymentOptions = deployment(o.config.Worker.Build)
	w := worker.New(connected, workflows.PipelineQueue, settings)
	w.RegisterWorkflow(workflows.CardApplication)
	w.RegisterWorkflow(workflows.Consignment)
	w.RegisterActivity(&activities.Pipeline{
		Registry: o.Registry, Population: o.Population,
		ABIS:    abis.NewBuiltin(o.Registry),
		Profile: o.chip, Applications: o.config.Personalization.Applications,
		Forms: o.Forms, Print: o.print(), Calendar: o.Calendar,
		Consignments: flows, ConsignmentSize: o.config.Office.ConsignmentSize, AtRiskDays: o.config.Office.AtRiskDays,
		Limits: waits(o.config),
	})
	w.RegisterActivity(&activities.DispatchRoom{Registry: o.Registry, Applications: flows})
	return engine.Workers{w}, nil
}

// Station gives the workers of one personalization station: one on the queue that all
// stations share, for cards that no station has begun, and one on its own queue, for
// cards that are in its slots. Until ctx ends, the station reports itself to the registry.
func (o *Office) Station(ctx context.Context, id identity.StationID) (engine.Workers, error) {
	connected, err := o.Temporal(ctx)
	if err != nil {
		return nil, err
	}
	authority, err := o.Authority()
	if err != nil {
		return nil, err
	}
	chip, err := o.chipStation(ctx, authority.Store(), id)
	if err != nil {
		return nil, err
	}
	chip.Delivered = o.delivered
	ca := o.signatureCA(authority)
	if slices.Contains(o.config.Personalization.Applications, profile.DigitalSignature) {
		if _, err := ca(); err != nil {
			return nil, err
		}
	}
	chip.Certify = activities.Certifier{Registry: o.Registry, Station: id, CA: ca, Now: o.Now}.Certify
	chip.Sealer = personalization.Sealer{Profile: o.chip, Signer: authority.Signers(), Now: o.Now}
	printer, prints, err := o.printer()
	if err != nil {
		return nil, err
	}
	eye, err := o.camera()
	if err != nil {
		return nil, err
	}
	line := activities.NewLine(o.Registry, id, o.config.Worker.Slots, o.logger)
	o.lines.add(line)
	s := &activities.Station{
		ID: id, Queue: workflows.StationQueue(id), Line: line, Registry: o.Registry, Holders: o.Population, Chip: chip,
		Printer: printer, Prints: prints, Camera: eye, Print: o.print(),
		Forms: o.Forms, Trust: cached(authority.TrustStore, time.Minute), Now: machineTime, InsertWait: o.config.Station.InsertWait,
	}
	line.Ask(s)
	free, err := slotWorker(connected, workflows.PersonalizationQueue, slots{line.Issue, line.Withdraw, line.Slots()}, s)
	if err != nil {
		return nil, err
	}
	taken, err := slotWorker(connected, s.Queue, slots{line.Call, line.HangUp, line.Calls()}, s)
	if err != nil {
		return nil, err
	}
	go line.Run(ctx)
	if prints != nil {
		go activities.TidyPrints(ctx, s, o.logger)
	}
	return engine.Workers{free, taken}, nil
}

// finishStep is how long a station that is asked to stop lets its cards finish the step
// that they are in: as long as the longest one may take.
const finishStep = 10 * time.Minute

// slotWorker is a worker that runs the station's activities as its slots let it.
func slotWorker(connected client.Client, queue string, s slots, station *activities.Station) (worker.Worker, error) {
	settings := options()
	settings.WorkerStopTimeout = finishStep
	settings.DisableWorkflowWorker = true
	var err error
	if settings.Tuner, err = tuned(s); err != nil {
		return nil, fmt.Errorf("slots of %s: %w", queue, err)
	}
	w := worker.New(connected, queue, settings)
	w.RegisterActivity(station)
	return w, nil
}
