package activities

import (
	"context"
	"fmt"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/inspection"
)

// Inspect reads the chip as a border would and the print from a picture, and compares
// both with the card that the registry holds. A card that fails is spoiled; one that
// passed is not looked at again.
func (s *Station) Inspect(ctx context.Context, in CardInput) error {
	defer beat(ctx).stop()
	evidence, err := s.enterWith(ctx, in, identity.Inspection, identity.EvidenceChipImage, identity.EvidencePrintPortrait)
	if err != nil {
		return err
	}
	card, err := s.Registry.Card(ctx, in.Application, in.Attempt)
	if err != nil {
		return fmt.Errorf("read card: %w", err)
	}
	if card.State == identity.CardInspected { // and the answer was lost; it may have left the slot
		return nil
	}
	form, printed, err := composed(s.Forms, card, evidence)
	if err != nil {
		return err
	}
	chip, err := chipImage(evidence)
	if err != nil {
		return err
	}
	expected, err := inspection.Expect(form, printed, chip)
	if err != nil {
		return err
	}
	findings, err := s.inspectChip(ctx, card.Blank, expected)
	if err != nil {
		return fmt.Errorf("inspect chip: %w", err)
	}
	front, back, err := s.Camera.Look(ctx, form, printed)
	if err != nil {
		return fmt.Errorf("take picture of the print: %w", err)
	}
	if findings = append(findings, expected.Print(front, back)...); len(findings) > 0 {
		return s.spoiled(ctx, in, identity.ReasonInspectionFailed, identity.Refuse(identity.Spoiled, "inspection failed: %s", strings.Join(findings, "; ")))
	}
	if err := s.Registry.Advance(ctx, in.Application, in.Attempt, identity.CardInspected, ""); err != nil {
		return fmt.Errorf("note inspection: %w", err)
	}
	return nil
}

// inspectChip reads the chip and lists what is wrong with it.
func (s *Station) inspectChip(ctx context.Context, blank identity.BlankSerial, expected inspection.Expectation) ([]string, error) {
	trust, err := s.Trust()
	if err != nil {
		return nil, fmt.Errorf("read trusted certificates: %w", err)
	}
	session, err := s.Chip.Encoder.Open(ctx, string(blank))
	if err != nil {
		return nil, fmt.Errorf("open blank %s: %w", blank, err)
	}
	defer session.Close()
	result, err := expected.Chip(ctx, session, trust, s.Now())
	if err != nil {
		return nil, err
	}
	return result.Failures(), nil
}
