package fingerprint

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"

	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/biometrics/ridges"
	"example.org/cancuoc/internal/identity"
)

// Extract makes the template of one finger from its image: a PNG at 500 dpi, ridges
// dark. It refuses what CheckImage refuses. A poor finger gives a poor template,
// which Judge finds. The record names no finger.
func Extract(picture []byte) ([]byte, error) {
	g, err := decode(picture)
	if err != nil {
		return nil, err
	}
	r := ridges.Read(g).Record
	if len(r.Minutiae) > minutiae.MaxCount {
		r.Minutiae = r.Minutiae[:minutiae.MaxCount] // more than any finger has: an image of something else
		r.Quality = 0
	}
	record, err := minutiae.Encode(r)
	if err != nil {
		return nil, fmt.Errorf("write fingerprint template: %w", err)
	}
	return record, nil
}

// CheckImage refuses a finger image that Extract could not read: one that is not a
// PNG, is damaged, or is not between 100 and 1200 pixels a side.
func CheckImage(picture []byte) error {
	_, err := decode(picture)
	return err
}

// decode reads a finger image, its size before its pixels.
func decode(picture []byte) (*image.Gray, error) {
	config, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return nil, identity.Refuse(identity.Invalid, "the finger image is not a PNG, or its header is damaged")
	}
	if min(config.Width, config.Height) < ridges.MinSide || max(config.Width, config.Height) > ridges.MaxSide {
		return nil, identity.Refuse(identity.Invalid,
			"the finger image is %d x %d pixels; %d to %d a side are accepted, one finger at 500 dpi",
			config.Width, config.Height, ridges.MinSide, ridges.MaxSide)
	}
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, identity.Refuse(identity.Invalid, "the finger image is damaged or truncated")
	}
	if g, ok := decoded.(*image.Gray); ok {
		return g, nil
	}
	g := image.NewGray(decoded.Bounds())
	draw.Draw(g, g.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return g, nil
}
