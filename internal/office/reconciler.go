package office

import (
	"context"
	"time"

	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/reconciler"
	"example.org/cancuoc/workflows"
)

// quiet is how long a change may be on its way between registry and Temporal.
const quiet = 15 * time.Second

// Reconciler compares the registry with what Temporal runs, and mends what differs.
func (o *Office) Reconciler(ctx context.Context) (*reconciler.Reconciler, error) {
	flows, err := o.Workflows(ctx)
	if err != nil {
		return nil, err
	}
	starter, err := o.starter(ctx)
	if err != nil {
		return nil, err
	}
	return &reconciler.Reconciler{
		Registry: o.Registry, Engine: flows, Begin: starter.Begin, Prepare: o.prepareNamespace, Metrics: o.reconciling, Quiet: quiet, Logger: o.logger,
	}, nil
}

// ReconcilerMetrics are counted while Reconcile runs.
func (o *Office) ReconcilerMetrics() *reconciler.Metrics {
	if o.reconciling == nil {
		o.reconciling = reconciler.NewMetrics()
	}
	return o.reconciling
}

// Reconcile compares and mends until ctx ends.
func (o *Office) Reconcile(ctx context.Context) error {
	r, err := o.Reconciler(ctx)
	if err != nil {
		return err
	}
	r.Run(ctx, o.config.Worker.Reconcile)
	return nil
}

// WakeForStock has those who wait for a blank look for one, as many as there are. When
// Temporal does not answer now, the reconciler does so later.
func (o *Office) WakeForStock(ctx context.Context) {
	flows, err := o.Workflows(ctx)
	if err == nil {
		_, err = reconciler.WakeForStock(ctx, o.Registry, flows)
	}
	if err != nil {
		o.logger.WarnContext(ctx, "Those who wait for blanks are woken later", "error", err)
	}
}

// Begin begins the workflow of an open application where the registry has it, unless it
// runs.
func (o *Office) Begin(ctx context.Context, number identity.ApplicationNumber) error {
	starter, err := o.starter(ctx)
	if err != nil {
		return err
	}
	return starter.Begin(ctx, number)
}

// Tell has applications read the registry, where their cards were changed by command.
// When Temporal does not answer now, the reconciler does so later.
func (o *Office) Tell(ctx context.Context, numbers ...identity.ApplicationNumber) {
	flows, err := o.Workflows(ctx)
	for _, number := range numbers {
		if err == nil && number != "" {
			err = flows.LookApplication(ctx, number)
		}
	}
	if err != nil {
		o.logger.WarnContext(ctx, "The applications of these cards are told later", "error", err)
	}
}

// TellConsignment is Tell for a consignment.
func (o *Office) TellConsignment(ctx context.Context, number identity.ConsignmentNumber) {
	flows, err := o.Workflows(ctx)
	if err == nil {
		err = flows.LookConsignment(ctx, number)
	}
	if err != nil {
		o.logger.WarnContext(ctx, "The consignment is told later", "error", err)
	}
}

// GoOnAtStations has applications go on whose station was resumed with their card in its
// slot. When Temporal does not answer now, the reconciler does so later.
func (o *Office) GoOnAtStations(ctx context.Context) {
	flows, err := o.Workflows(ctx)
	if err == nil {
		err = reconciler.GoOnAtStations(ctx, o.Registry, flows)
	}
	if err != nil {
		o.logger.WarnContext(ctx, "Those whose station was resumed go on later", "error", err)
	}
}

// starter begins the workflows of received applications.
func (o *Office) starter(ctx context.Context) (*reconciler.Starter, error) {
	flows, err := o.Workflows(ctx)
	if err != nil {
		return nil, err
	}
	return &reconciler.Starter{Registry: o.Registry, Calendar: o.Calendar, AtRiskDays: o.config.Office.AtRiskDays, Workflows: flows}, nil
}

// prepareNamespace ensures that the namespace knows the search attributes, as it does
// not after Temporal's database was lost.
func (o *Office) prepareNamespace(ctx context.Context) error {
	connected, err := o.Temporal(ctx)
	if err != nil {
		return err
	}
	return engine.EnsureSearchAttributes(ctx, connected, o.config.Temporal.Namespace, workflows.SearchAttributes)
}
