package activities

import (
	"context"
	"fmt"
	"time"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/templates/render"
)

// Pipeline is the systems of the center.
type Pipeline struct {
	Registry   *registry.Registry
	Population interface {
		// Citizen gives what the population registry knows under a number, or refuses
		// with NotFound.
		Citizen(ctx context.Context, n identity.PersonalNumber) (registry.Citizen, error)
	}
	ABIS interface {
		// Identify lists the applications of other persons with these fingers, which
		// were captured for app. It may be called twice.
		Identify(ctx context.Context, app identity.ApplicationNumber, fingers fingerprint.Templates) ([]identity.ApplicationNumber, error)
	}
	Signer       sod.DocumentSigner // rolls over by itself
	Profile      lds.Profile
	Forms        *render.Renderer
	Print        render.Options
	Calendar     *identity.Calendar
	Consignments interface {
		// Packed starts the consignment's workflow unless it was started, and tells it
		// when it is full.
		Packed(ctx context.Context, number identity.ConsignmentNumber, destination identity.StationID, full bool) error
	}
	ConsignmentSize int // cards in a box
	Now             func() time.Time
}

// Enter moves an application to a stage and records what it waits for. At that stage
// already, only what it waits for changes.
func (p *Pipeline) Enter(ctx context.Context, in EnterInput) error {
	err := p.Registry.Enter(ctx, registry.StageChange{
		Application: in.Application, To: in.To, Actor: identity.ActorSystem,
		Reason: in.Reason, Attempt: in.Attempt, Awaiting: in.Awaiting,
	})
	if err != nil {
		return fmt.Errorf("enter %s: %w", in.To, err)
	}
	return nil
}

// enterWith enters a stage and reads application and evidence, in one round trip.
func (p *Pipeline) enterWith(ctx context.Context, in EnterInput, wanted ...registry.EvidenceKey) (registry.ApplicationRecord, registry.Evidence, error) {
	record, evidence, err := p.Registry.EnterWith(ctx, registry.StageChange{
		Application: in.Application, To: in.To, Actor: identity.ActorSystem, Attempt: in.Attempt,
	}, wanted...)
	if err != nil {
		return registry.ApplicationRecord{}, nil, fmt.Errorf("enter %s: %w", in.To, err)
	}
	return record, evidence, nil
}
