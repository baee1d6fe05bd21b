package finger

import (
	"fmt"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/minutiae"
)

// Hand is one capture of both index fingers of a person, strewn. Captures of one
// person are of the same fingers; there are up to 100.
func Hand(person, capture uint64) (fingerprint.Templates, error) {
	h := make(fingerprint.Templates)
	for i, position := range []fingerprint.Position{fingerprint.LeftIndex, fingerprint.RightIndex} {
		seed := 2*person + uint64(i)
		record, err := minutiae.Encode(Strew(seed).Impression(100*seed + capture))
		if err != nil {
			return nil, fmt.Errorf("write template: %w", err)
		}
		h[position] = record
	}
	return h, nil
}
