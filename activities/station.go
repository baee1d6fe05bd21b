package activities

import (
	"context"
	"fmt"
	"image"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/templates/render"
)

// Station is one personalization station: an encoder, a printer and a camera. The
// first of a card's three steps is taken by any station with a free slot; the other
// two run on that station's own task queue.
type Station struct {
	ID       identity.StationID
	Registry *registry.Registry
	Chip     *station.Station // the encoder, with its journal and keys
	Printer  printing.Printer
	Camera   interface {
		// Look takes a picture of both sides of the card in the slot. The simulated
		// camera draws what was printed.
		Look(ctx context.Context, form *render.Form, printed render.Content) (front, back image.Image, err error)
	}
	Forms *render.Renderer
	Print render.Options
	Trust func() (*pki.TrustStore, error) // the CSCA certificates that inspection trusts
	Now   func() time.Time
}

// enterWith enters a stage and reads evidence of the card, in one round trip.
func (s *Station) enterWith(ctx context.Context, in CardInput, stage identity.Stage, kinds ...identity.EvidenceKind) (registry.Evidence, error) {
	wanted := make([]registry.EvidenceKey, len(kinds))
	for i, kind := range kinds {
		wanted[i] = registry.EvidenceKey{Kind: kind, Attempt: in.Attempt}
	}
	move := registry.StageChange{Application: in.Application, To: stage, Attempt: in.Attempt, Actor: string(s.ID)}
	_, evidence, err := s.Registry.EnterWith(ctx, move, wanted...)
	if err != nil {
		return nil, fmt.Errorf("enter %s: %w", stage, err)
	}
	return evidence, nil
}

// spoiled books the card as spoiled if err is that refusal, and returns err.
func (s *Station) spoiled(ctx context.Context, in CardInput, why identity.ReasonCode, err error) error {
	if !identity.Refused(err, identity.Spoiled) {
		return err
	}
	if booked := s.Registry.Spoil(ctx, in.Application, in.Attempt, string(s.ID), identity.Reason{Code: why, Note: err.Error()}); booked != nil {
		return fmt.Errorf("book spoiled card: %w", booked) // a fault: the step is retried, and books it then
	}
	return err
}
