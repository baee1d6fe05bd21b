package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip"
)

// Personalize takes a blank, writes the card's chip and locks it. Run again by the
// same station, it goes on with the same blank: the station's journal and the chip
// itself tell how far it is. A chip that cannot become this card is spoiled.
func (s *Station) Personalize(ctx context.Context, in CardInput) (PersonalizeResult, error) {
	defer beat(ctx).stop()
	evidence, err := s.enterWith(ctx, in, identity.Personalization, identity.EvidenceChipImage)
	if err != nil {
		return PersonalizeResult{}, err
	}
	chip, err := chipImage(evidence)
	if err != nil {
		return PersonalizeResult{}, err
	}
	blank, err := s.Registry.TakeBlank(ctx, in.Application, in.Attempt, s.ID)
	if err != nil {
		return PersonalizeResult{}, s.spoiled(ctx, in, identity.ReasonStationLost, fmt.Errorf("take blank: %w", err))
	}
	made, err := s.Chip.Personalize(ctx, string(blank), chip)
	if identity.Refused(err, identity.Conflict) {
		// Another card is in the slot, which somebody takes out sooner or later: tried again
		// until then, by this station alone, since the blank is booked there.
		return PersonalizeResult{}, fmt.Errorf("blank %s waits for the slot: %s", blank, err) //nolint:errorlint // not a refusal any more: it passes
	}
	if err != nil {
		return PersonalizeResult{}, s.spoiled(ctx, in, identity.ReasonChipFailed, fmt.Errorf("personalize blank %s: %w", blank, err))
	}
	detail := fmt.Sprintf("chip %X", made.ChipSerial)
	if err := s.Registry.Advance(ctx, in.Application, in.Attempt, identity.CardPersonalized, detail); err != nil {
		return PersonalizeResult{}, fmt.Errorf("note personalization: %w", err)
	}
	return PersonalizeResult{Station: s.ID}, nil
}

// chipImage reads what is to be written to the card's chip.
func chipImage(evidence registry.Evidence) (*chip.Image, error) {
	b, err := evidence.Get(identity.EvidenceChipImage)
	if err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	var image chip.Image
	if err := image.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	return &image, nil
}
