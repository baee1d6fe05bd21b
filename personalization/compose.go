package personalization

import (
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// Compose gives what a form shows of a card: its texts, its MRZ, the payload of
// its QR code, and those of the pictures that the form has a place for. Everything
// that is printed, and everything that a print is compared with, comes from here.
//
// It refuses, by field, a card that can have no MRZ.
func Compose(form *render.Form, card identity.Card, pictures render.Pictures) (render.Content, error) {
	content := render.Content{Card: card, QR: form.QRPayload(card)}
	if form.HasChip() {
		var err error
		if content.MRZ, err = mrz.Lines(card); err != nil {
			return render.Content{}, fmt.Errorf("compose MRZ: %w", err)
		}
	}
	if form.Shows(forms.PortraitField) {
		content.Portrait = pictures.Portrait
	}
	if form.Shows(forms.FingerField) {
		content.LeftIndex, content.RightIndex = pictures.LeftIndex, pictures.RightIndex
	}
	return content, nil
}
