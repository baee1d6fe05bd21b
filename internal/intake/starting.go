package intake

import (
	"context"
	"log/slog"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Starter starts the workflows of applications that were received.
type Starter struct {
	Registry  *registry.Registry
	Workflows interface {
		// StartApplication starts an application's workflow, unless it runs or has
		// ended.
		StartApplication(ctx context.Context, number identity.ApplicationNumber, app identity.Application, province identity.ProvinceCode, due time.Time) error
	}
}

// Start starts the workflow of a stored application and records that it did. It may
// be called again.
func (s *Starter) Start(ctx context.Context, number identity.ApplicationNumber) error {
	record, err := s.Registry.Application(ctx, number)
	if err != nil {
		return err
	}
	if record.Started {
		return nil
	}
	if err := s.Workflows.StartApplication(ctx, number, record.Application, record.Province, record.Due); err != nil {
		return err
	}
	return s.Registry.MarkStarted(ctx, number)
}

// Sweep starts, at each interval until ctx ends, the workflows of applications that
// a process stored but did not start before it died.
func (s *Starter) Sweep(ctx context.Context, interval time.Duration, logger *slog.Logger) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := s.sweep(ctx, logger); err != nil && ctx.Err() == nil {
			logger.Error("Sweep failed; trying again later", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Starter) sweep(ctx context.Context, logger *slog.Logger) error {
	const age, atOnce = 10 * time.Second, 500 // younger ones are being started by whoever stored them
	numbers, err := s.Registry.Unstarted(ctx, age, atOnce)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if err := s.Start(ctx, number); err != nil {
			return err
		}
		logger.Warn("Workflow started late", "application", number)
	}
	return nil
}
