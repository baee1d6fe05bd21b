package office

import (
	"context"

	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

// SoftwareChip makes a card in software with the chip image of a finished card, to
// be served to readers.
func (o *Office) SoftwareChip(ctx context.Context, card registry.CardRecord) (*softcard.Card, error) {
	image, err := o.ChipImage(ctx, card.Application, card.Attempt)
	if err != nil {
		return nil, err
	}
	catalog, err := profile.Load()
	if err != nil {
		return nil, err
	}
	return station.SoftwareCard(ctx, catalog, "", image, softcard.Options{})
}
