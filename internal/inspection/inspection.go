// Package inspection compares a finished card with what it should be: its chip,
// read as a border would (chip), and its print, read from pictures as an officer
// would (print). The production line and the command line expect the same, by the
// same [Expectation].
package inspection

import (
	"context"
	"fmt"
	"image"
	"time"

	chipinspection "example.org/cancuoc/internal/inspection/chip"
	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/templates/render"
)

// Expectation is what one finished card should be.
type Expectation struct {
	form   *render.Form
	print  render.Content
	access chipinspection.Access
	chip   chipinspection.Expect
}

// WithShortAPDUs expects the same of a reader that does not pass on commands of extended
// length.
func (e Expectation) WithShortAPDUs(short bool) Expectation {
	e.access.ShortAPDUs = short
	return e
}

// WithSignature expects a digital signature application, too.
func (e Expectation) WithSignature(s chipinspection.ExpectSignature) Expectation {
	e.chip.Signature = &s
	return e
}

// Expect gives what is expected of a card that was composed as content and whose
// chip was personalized with image, which is nil of what has no chip.
func Expect(form *render.Form, content render.Content, image *chip.Image) (Expectation, error) {
	e := Expectation{form: form, print: content}
	if image == nil {
		return e, nil
	}
	e.access = chipinspection.Access{MRZInformation: mrz.Information(content.MRZ), CAN: image.CAN}
	e.chip = chipinspection.Expect{Card: content.Card, MRZ: content.MRZ}
	if image.Files[lds.DG2] != nil {
		face, err := lds.ParseDG2(image.Files[lds.DG2])
		if err != nil {
			return Expectation{}, fmt.Errorf("read chip image: %w", err)
		}
		e.chip.Portrait = face.Image
	}
	return e, nil
}

// Chip reads the chip and judges it. The error is a fault of reader or line, and
// may pass; the result is the verdict.
func (e Expectation) Chip(ctx context.Context, card apdu.Card, trust *pki.TrustStore, at time.Time) (chipinspection.Result, error) {
	return chipinspection.Inspect(ctx, card, e.access, e.chip, trust, at)
}

// Print compares the pictures of both sides with what was drawn with those options, and
// says what is wrong with them. A finding holds no personal data; a good card has none.
// The error is a fault of the pictures.
func (e Expectation) Print(front, back image.Image, drawn render.Options) ([]string, error) {
	return printinspection.Inspect(e.form, front, back, e.print, drawn)
}
