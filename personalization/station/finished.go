package station

import (
	"context"
	"crypto/rand"
	"fmt"

	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
)

// SoftCard makes a finished card in software out of an image, by the steps of a
// profile (empty: the catalog's first), for a program that serves it to readers.
// Nobody knows its keys.
func SoftCard(ctx context.Context, catalog *profile.Catalog, profileName string, image *chip.Image, o softcard.Options) (*softcard.Card, error) {
	p, err := catalog.Profile(profileName)
	if err != nil {
		return nil, err
	}
	document, err := catalog.Application(profile.EMRTD)
	if err != nil {
		return nil, err
	}
	transport, serial, err := throwawayKeys(0x30)
	if err != nil {
		return nil, err
	}
	keys, _, err := throwawayKeys(0x01)
	if err != nil {
		return nil, err
	}
	card, err := softcard.New(softcard.Blank{ChipSerial: serial, Keys: transport}, o)
	if err != nil {
		return nil, err
	}
	var s Station
	content := s.content(image)
	err = p.Run(ctx, profile.Job{
		Card: card, Keys: transport, NextKeys: keys, Applications: []*profile.Application{document},
		Content: content, Reference: []byte(referenceOf(content, nil)),
	})
	if err != nil {
		return nil, fmt.Errorf("make a card in software: %w", err)
	}
	return card, card.Reset(ctx)
}

// throwawayKeys draws AES-256 keys, and a chip serial.
func throwawayKeys(version byte) (securechannel.Keys, []byte, error) {
	b := make([]byte, 3*32+10)
	if _, err := rand.Read(b); err != nil {
		return securechannel.Keys{}, nil, err
	}
	return securechannel.Keys{Version: version, ENC: b[:32], MAC: b[32:64], DEK: b[64:96]}, b[96:], nil
}
