package activities

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strings"

	"go.temporal.io/sdk/activity"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// print prints both sides once: the print job is named after application and attempt.
// What the printer needs a person for appears beside the pending activity, in the lists
// and in the log. A card of which nobody knows whether it was printed is looked at.
func (s *Station) print(ctx context.Context, j *job) error {
	pdf, err := j.Evidence.Get(identity.EvidencePrint)
	if err != nil {
		return fmt.Errorf("read printed sides: %w", err)
	}
	sides := printing.Sides{PDF: pdf, Draw: func(dpi int) (front, back image.Image, err error) { return s.draw(ctx, j, dpi) }}
	name := PrintJob(j.Application, j.Attempt)
	waiting, done := untilStopped(ctx)
	defer done()
	err = s.Printer.Print(waiting, name, sides, func(wanted string) {
		j.pulse.tell(wanted)
		if wanted != "" {
			activity.GetLogger(ctx).Warn("Printer needs a person", "job", name, "wanted", wanted)
			s.noteTrouble(ctx, j, partPrinter+": "+wanted)
		}
	})
	doubt, doubted := errors.AsType[*printing.Doubt](err)
	switch {
	case err == nil:
		return s.advance(ctx, j, identity.CardPrinted, "")
	case doubted:
		return s.settle(ctx, j, doubt)
	case len(identity.Refusals(err)) > 0:
		return s.spoil(ctx, j, identity.ReasonPrintFailed, err)
	}
	return &trouble{partPrinter, false, err}
}

// printBlank takes a blank for what has no chip, and prints it.
func (s *Station) printBlank(ctx context.Context, j *job) error {
	if err := s.takeBlank(ctx, j, ""); err != nil {
		return err
	}
	return s.print(ctx, j)
}

// settle has the camera say whether a card was printed of which the printer does not know:
// nothing is booked as printed that was not seen. A printer to which that happens again is
// at fault.
func (s *Station) settle(ctx context.Context, j *job, doubt *printing.Doubt) error {
	expected, err := s.expected(ctx, j)
	if err != nil {
		return err
	}
	found, err := s.inspectPrint(ctx, j, expected)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		j.seen = true
		return s.advance(ctx, j, identity.CardPrinted, "seen by the camera; "+doubt.Why)
	}
	err = identity.Refuse(identity.Spoiled, "%s; it was not: %s", doubt.Why, strings.Join(found, "; "))
	if err := s.spoil(ctx, j, identity.ReasonPrintFailed, err); !identity.Refused(err, identity.Spoiled) {
		return err
	}
	s.Line.wentWrong(ctx, partPrinter, doubt.Why)
	return err
}

// untilStopped is a context that also ends when the worker was asked to stop: a printer
// may wait for a person for hours.
func untilStopped(ctx context.Context) (waiting context.Context, done context.CancelFunc) {
	waiting, done = context.WithCancel(ctx)
	go func() {
		select {
		case <-waiting.Done():
		case <-activity.GetWorkerStopChannel(ctx):
			done()
		}
	}()
	return waiting, done
}

// draw gives both sides as pictures, for printers that do not take PDF.
func (s *Station) draw(ctx context.Context, j *job, dpi int) (front, back image.Image, err error) {
	form, content, err := s.composed(ctx, j)
	if err != nil {
		return nil, nil, err
	}
	return form.Bitmaps(content, dpi, s.Print)
}

// PrintJob names the print job of one card.
func PrintJob(app identity.ApplicationNumber, attempt int) string {
	return fmt.Sprintf("%s-%d", app, attempt)
}

// composed is what the form of a card shows of it.
func (s *Station) composed(ctx context.Context, j *job) (*render.Form, render.Content, error) {
	form, err := s.Forms.Form(j.Card.Card.Form)
	if err != nil {
		return nil, render.Content{}, fmt.Errorf("find form: %w", err)
	}
	pictures := render.Pictures{Portrait: j.Evidence[identity.EvidencePrintPortrait]}
	if form.Shows(forms.FingerField) {
		fingers, err := s.Registry.EvidenceOf(ctx, j.Application, registry.EvidenceKey{Kind: identity.EvidenceLeftIndex}, registry.EvidenceKey{Kind: identity.EvidenceRightIndex})
		if err != nil {
			return nil, render.Content{}, fmt.Errorf("read pictures: %w", err)
		}
		pictures.LeftIndex, pictures.RightIndex = fingers[identity.EvidenceLeftIndex], fingers[identity.EvidenceRightIndex]
	}
	content, err := personalization.Compose(form, j.Card.Card, pictures)
	return form, content, err
}
