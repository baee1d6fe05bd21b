package activities

import (
	"context"
	"fmt"
	"image"

	"go.temporal.io/sdk/activity"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/render"
)

// PrintCard prints both sides once: the job is named after application and attempt.
// What the printer needs a person for appears beside the pending activity and in the
// log. A card of which nobody knows whether it was printed is spoiled.
func (s *Station) PrintCard(ctx context.Context, in CardInput) error {
	pulse := beat(ctx)
	defer pulse.stop()
	evidence, err := s.enterWith(ctx, in, identity.Printing, identity.EvidencePrint)
	if err != nil {
		return err
	}
	pdf, err := evidence.Get(identity.EvidencePrint)
	if err != nil {
		return fmt.Errorf("read printed sides: %w", err)
	}
	sides := printing.Sides{PDF: pdf, Draw: func(dpi int) (front, back image.Image, err error) { return s.draw(ctx, in, dpi) }}
	job := PrintJob(in.Application, in.Attempt)
	err = s.Printer.Print(ctx, job, sides, func(wanted string) {
		pulse.tell(wanted)
		if wanted != "" {
			activity.GetLogger(ctx).Warn("Printer needs a person", "job", job, "wanted", wanted)
		}
	})
	if err != nil {
		return s.spoiled(ctx, in, identity.ReasonPrintFailed, err)
	}
	if err := s.Registry.Advance(ctx, in.Application, in.Attempt, identity.CardPrinted, ""); err != nil {
		return fmt.Errorf("note print: %w", err)
	}
	return nil
}

// draw gives both sides as pictures, for printers that do not take PDF.
func (s *Station) draw(ctx context.Context, in CardInput, dpi int) (front, back image.Image, err error) {
	move := registry.StageChange{Application: in.Application, To: identity.Printing, Attempt: in.Attempt, Actor: string(s.ID)}
	_, evidence, err := s.Registry.EnterWith(ctx, move, registry.EvidenceKey{Kind: identity.EvidencePrintPortrait, Attempt: in.Attempt},
		registry.EvidenceKey{Kind: identity.EvidenceLeftIndex}, registry.EvidenceKey{Kind: identity.EvidenceRightIndex})
	if err != nil {
		return nil, nil, fmt.Errorf("read pictures: %w", err)
	}
	card, err := s.Registry.Card(ctx, in.Application, in.Attempt)
	if err != nil {
		return nil, nil, fmt.Errorf("read card: %w", err)
	}
	form, content, err := composed(s.Forms, card, evidence)
	if err != nil {
		return nil, nil, err
	}
	return form.Bitmaps(content, dpi, s.Print)
}

// PrintJob names the print job of one card.
func PrintJob(app identity.ApplicationNumber, attempt int) string {
	return fmt.Sprintf("%s-%d", app, attempt)
}

// composed is what the form of a card shows of it, from evidence that was read.
func composed(forms *render.Renderer, card registry.CardRecord, evidence registry.Evidence) (*render.Form, render.Content, error) {
	form, err := forms.Form(card.Card.Form)
	if err != nil {
		return nil, render.Content{}, fmt.Errorf("find form: %w", err)
	}
	content, err := personalization.Compose(form, card.Card, render.Pictures{
		Portrait:  evidence[identity.EvidencePrintPortrait],
		LeftIndex: evidence[identity.EvidenceLeftIndex], RightIndex: evidence[identity.EvidenceRightIndex],
	})
	return form, content, err
}
