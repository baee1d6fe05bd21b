package station

import (
	"context"
	"crypto/rand"
	"fmt"

	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
)

// SoftwareCard personalizes a software card with an image, by the steps of a card
// profile (empty: the first one of the catalog), for a program that serves it to
// readers. Its key sets are drawn at random and not kept.
func SoftwareCard(ctx context.Context, catalog *profile.Catalog, profileName string, image *chip.Image, o softcard.Options) (*softcard.Card, error) {
	p, err := catalog.Profile(profileName)
	if err != nil {
		return nil, err
	}
	emrtd, err := catalog.Application(profile.EMRTD)
	if err != nil {
		return nil, err
	}
	initial, serial, err := randomKeys(0x30)
	if err != nil {
		return nil, err
	}
	keys, _, err := randomKeys(0x01)
	if err != nil {
		return nil, err
	}
	card, err := softcard.New(softcard.Blank{ChipSerial: serial, Keys: initial}, o)
	if err != nil {
		return nil, err
	}
	err = p.Run(ctx, profile.Job{
		Card: card, Keys: initial, NextKeys: keys, Applications: []*profile.Application{emrtd},
		Content: image.Content(), Reference: []byte(referenceOf(image)),
	})
	if err != nil {
		return nil, fmt.Errorf("make a software card: %w", err)
	}
	return card, card.Reset(ctx)
}

// randomKeys draws a key set of AES-256 keys, and a chip serial.
func randomKeys(version byte) (securechannel.KeySet, []byte, error) {
	b := make([]byte, 3*32+globalplatform.SerialSize)
	if _, err := rand.Read(b); err != nil {
		return securechannel.KeySet{}, nil, err
	}
	return securechannel.KeySet{Version: version, ENC: b[:32], MAC: b[32:64], DEK: b[64:96]}, b[96:], nil
}
