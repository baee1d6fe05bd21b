package crew

import (
	"context"
	"fmt"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/inspection"
	"example.org/cancuoc/personalization/lds"
	"example.org/cancuoc/personalization/mrz"
	"example.org/cancuoc/personalization/station"
)

// ChipImage reads what the chip of a card was filled with.
func (c *Crew) ChipImage(ctx context.Context, number identity.ApplicationNumber, attempt int) (*personalization.Image, error) {
	b, err := c.Registry.Evidence(ctx, number, registry.RoleChipImage, attempt)
	if err != nil {
		return nil, err
	}
	var image personalization.Image
	if err := image.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	return &image, nil
}

// OpenChip brings the blank of a card to this machine's encoder.
func (c *Crew) OpenChip(ctx context.Context, blank registry.BlankSerial) (station.Session, error) {
	authority, err := c.Authority()
	if err != nil {
		return nil, err
	}
	chip, err := c.chipStation(authority.Store(), "inspection")
	if err != nil {
		return nil, err
	}
	return chip.Encoder.Open(ctx, string(blank))
}

// InspectChip reads the chip of a finished card and judges it.
func (c *Crew) InspectChip(ctx context.Context, card registry.CardRecord) (inspection.Result, error) {
	image, err := c.ChipImage(ctx, card.Application, card.Attempt)
	if err != nil {
		return inspection.Result{}, err
	}
	authority, err := c.Authority()
	if err != nil {
		return inspection.Result{}, err
	}
	trust, err := authority.TrustStore()
	if err != nil {
		return inspection.Result{}, err
	}
	lines, err := mrz.Lines(card.Card)
	if err != nil {
		return inspection.Result{}, err
	}
	expect := inspection.Expect{Card: card.Card, MRZ: lines}
	if image.Files.DG2 != nil {
		face, err := lds.ParseDG2(image.Files.DG2)
		if err != nil {
			return inspection.Result{}, err
		}
		expect.Portrait = face.Image
	}
	session, err := c.OpenChip(ctx, card.Blank)
	if err != nil {
		return inspection.Result{}, err
	}
	defer session.Close() //nolint:errcheck // it was only read
	access := inspection.Access{MRZInformation: mrz.Information(lines), CAN: image.CAN}
	return inspection.Inspect(ctx, session, access, expect, trust, time.Now())
}
