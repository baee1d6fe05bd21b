package biometrics

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"maps"
	"slices"

	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/biometrics/ridges"
	"example.org/cancuoc/internal/identity"
)

// Templates are the fingers of one capture: a record of ISO/IEC 19794-2:2005 for
// each finger that was taken.
type Templates map[Position][]byte

// String hides the fingers.
func (Templates) String() string { return "[fingerprints]" }

// ParseTemplate reads one record, or refuses it.
func ParseTemplate(record []byte) (minutiae.Template, error) {
	return minutiae.Parse(record)
}

// MarshalBinary writes the records one behind the other, by finger position. Each
// tells its own length and finger, so nothing else is needed. It refuses a record
// that names another finger than its key.
func (t Templates) MarshalBinary() ([]byte, error) {
	var all []byte
	for _, p := range slices.SortedFunc(maps.Keys(t), byCode) {
		record, err := t.record(p)
		if err != nil {
			return nil, err
		}
		all = append(all, record...)
	}
	return all, nil
}

// record gives the finger's record with its position filled in.
func (t Templates) record(p Position) ([]byte, error) {
	if p.Code() == 0 {
		return nil, identity.Refuse(identity.Invalid, "fingerprint template: %q is no finger", string(p))
	}
	parsed, err := minutiae.Parse(t[p])
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", p, err)
	case parsed.Finger == p.Code():
		return t[p], nil
	case parsed.Finger != 0:
		return nil, identity.Refuse(identity.Invalid, "fingerprint template: the record given for %s is of %s", p, positionOf(parsed.Finger))
	}
	parsed.Finger = p.Code()
	return minutiae.Encode(parsed)
}

func byCode(a, b Position) int { return a.Code() - b.Code() }

// UnmarshalBinary reads what MarshalBinary wrote, or refuses. The records are
// copied.
func (t *Templates) UnmarshalBinary(all []byte) error {
	read := make(Templates)
	for len(all) > 0 {
		size, err := minutiae.RecordSize(all)
		if err != nil {
			return err
		}
		parsed, err := minutiae.Parse(all[:size])
		if err != nil {
			return err
		}
		p := positionOf(parsed.Finger)
		if p == "" || read[p] != nil {
			return identity.Refuse(identity.Invalid, "fingerprint template: a finger is unnamed or given twice")
		}
		read[p] = bytes.Clone(all[:size])
		all = all[size:]
	}
	*t = read
	return nil
}

// prepare makes every finger ready for comparison.
func (t Templates) prepare() (map[Position]*minutiae.Prepared, error) {
	ready := make(map[Position]*minutiae.Prepared, len(t))
	for p, record := range t {
		parsed, err := minutiae.Parse(record)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		ready[p] = minutiae.Prepare(parsed)
	}
	return ready, nil
}

// ExtractPNG makes the template of the one finger in a grey PNG picture at 500
// dpi, ridges dark. It refuses what is no such picture; a poor finger gives a poor
// template, which JudgeFingers is for. The record names no finger.
func ExtractPNG(picture []byte) ([]byte, error) {
	g, err := decodeFinger(picture)
	if err != nil {
		return nil, err
	}
	t := ridges.Read(g).Template
	if len(t.Minutiae) > 255 {
		t.Minutiae = t.Minutiae[:255] // more than any finger has: a picture of something else
		t.Quality = 0
	}
	record, err := minutiae.Encode(t)
	if err != nil {
		return nil, fmt.Errorf("write fingerprint template: %w", err)
	}
	return record, nil
}

// CheckFinger refuses what ExtractPNG could not read, and extracts nothing: for the
// picture of a finger that came with its template.
func CheckFinger(picture []byte) error {
	_, err := decodeFinger(picture)
	return err
}

// decodeFinger reads the picture of a finger, its size first.
func decodeFinger(picture []byte) (*image.Gray, error) {
	config, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return nil, identity.Refuse(identity.Invalid, "the picture of a finger is no PNG, or its header is damaged")
	}
	if s := min(config.Width, config.Height); s < ridges.MinSide || max(config.Width, config.Height) > ridges.MaxSide {
		return nil, identity.Refuse(identity.Invalid,
			"the picture of a finger is %d x %d pixels; %d to %d a side are accepted, one finger at 500 dpi",
			config.Width, config.Height, ridges.MinSide, ridges.MaxSide)
	}
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, identity.Refuse(identity.Invalid, "the picture of a finger is damaged or truncated")
	}
	if g, ok := decoded.(*image.Gray); ok {
		return g, nil
	}
	g := image.NewGray(decoded.Bounds())
	draw.Draw(g, g.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return g, nil
}
