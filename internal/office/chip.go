package office

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/inspection"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/templates/render"
)

// ChipImage reads what was written to the chip of a card.
func (o *Office) ChipImage(ctx context.Context, number identity.ApplicationNumber, attempt int) (*chip.Image, error) {
	b, err := o.Registry.Evidence(ctx, number, identity.EvidenceChipImage, attempt)
	if err != nil {
		return nil, err
	}
	var image chip.Image
	if err := image.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	return &image, nil
}

// InspectChip brings the blank of a finished card to this machine's encoder, reads its
// chip and judges it.
func (o *Office) InspectChip(ctx context.Context, card registry.CardRecord) (chipinspection.Result, error) {
	image, err := o.ChipImage(ctx, card.Application, card.Attempt)
	if err != nil {
		return chipinspection.Result{}, err
	}
	authority, err := o.Authority()
	if err != nil {
		return chipinspection.Result{}, err
	}
	trust, err := authority.TrustStore()
	if err != nil {
		return chipinspection.Result{}, err
	}
	form, err := o.Forms.Form(card.Card.Form)
	if err != nil {
		return chipinspection.Result{}, err
	}
	content, err := personalization.Compose(form, card.Card, render.Pictures{}) // the chip has its own
	if err != nil {
		return chipinspection.Result{}, err
	}
	expected, err := inspection.Expect(form, content, image)
	if err != nil {
		return chipinspection.Result{}, err
	}
	chip, err := o.chipStation(authority.Store(), "inspection")
	if err != nil {
		return chipinspection.Result{}, err
	}
	session, err := chip.Encoder.Open(ctx, string(card.Blank))
	if err != nil {
		return chipinspection.Result{}, err
	}
	defer session.Close()
	return expected.Chip(ctx, session, trust, o.Now())
}
