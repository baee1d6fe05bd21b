package reconciler

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

// Starter begins the workflows of applications that were received.
type Starter struct {
	Registry   *registry.Registry
	Calendar   *identity.Calendar
	AtRiskDays int // how many working days before the legal deadline it is near
	Workflows  interface {
		// StartApplication begins an application's workflow, unless it runs.
		StartApplication(ctx context.Context, s workflows.ApplicationStart) error
	}
}

// Start begins the workflow of an application that was just stored, and records that it
// did. It may be called again.
func (s *Starter) Start(ctx context.Context, number identity.ApplicationNumber) error {
	record, err := s.Registry.Application(ctx, number)
	if err != nil {
		return err
	}
	if record.Started {
		return nil
	}
	return s.begin(ctx, record, false)
}

// Begin begins the workflow of an open application where the registry has it, whatever
// became of an earlier one; one that runs is left as it is.
func (s *Starter) Begin(ctx context.Context, number identity.ApplicationNumber) error {
	record, err := s.Registry.Application(ctx, number)
	if err != nil {
		return err
	}
	if record.Stage.Ended() {
		return nil
	}
	return s.begin(ctx, record, true)
}

func (s *Starter) begin(ctx context.Context, record registry.ApplicationRecord, resumed bool) error {
	riskAt, err := s.Calendar.Before(record.Due, s.AtRiskDays)
	if err != nil {
		return fmt.Errorf("compute when the deadline is near: %w", err)
	}
	err = s.Workflows.StartApplication(ctx, workflows.ApplicationStart{
		Number: record.Number, Application: record.Application, Province: record.Province,
		Due: record.Due, RiskAt: riskAt, Resumed: resumed,
	})
	if err != nil {
		return err
	}
	return s.Registry.MarkStarted(ctx, record.Number)
}
