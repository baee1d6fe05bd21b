package fingerprint

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/identity"
)

// Templates are the fingers of one capture: an encoded record of ISO/IEC
// 19794-2:2005 for each finger that was taken.
type Templates map[Position][]byte

// String hides the fingers.
func (Templates) String() string { return "[fingerprints]" }

// MarshalBinary writes the records one after the other, by finger position. Each
// tells its own length and finger, so nothing else is needed. It refuses a record
// that names another finger than its key; one that names none is given its key's.
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
		return nil, refuseTemplate("%q is not a finger", string(p))
	}
	parsed, err := minutiae.Parse(t[p])
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", p, err)
	case parsed.Finger == p.Code():
		return t[p], nil
	case parsed.Finger != 0:
		return nil, refuseTemplate("the record given for %s is of %s", p, positionOf(parsed.Finger))
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
			return refuseTemplate("a finger is unnamed or given twice")
		}
		read[p] = bytes.Clone(all[:size])
		all = all[size:]
	}
	*t = read
	return nil
}

func refuseTemplate(format string, args ...any) error {
	return identity.Refuse(identity.Invalid, "fingerprint template: "+format, args...)
}

// parse reads the record of every finger.
func (t Templates) parse() (map[Position]minutiae.Record, error) {
	records := make(map[Position]minutiae.Record, len(t))
	for p, encoded := range t {
		record, err := minutiae.Parse(encoded)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		records[p] = record
	}
	return records, nil
}
