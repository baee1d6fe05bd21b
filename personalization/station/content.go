package station

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"maps"
	"slices"

	"example.org/cancuoc/personalization/chip"
)

// referenceOf is a digest of what will be written, in hexadecimal. Two cards have the same
// one only if they are the same. A PIN, of which there are few, is not in it.
func referenceOf(image *chip.Image) string {
	content := image.Content()
	delete(content, chip.TransportPIN)
	h := sha256.New()
	field := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	for _, name := range slices.Sorted(maps.Keys(content)) {
		field([]byte(name))
		field(content[name])
	}
	for _, name := range image.Applications {
		field([]byte(name))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// random is where random bytes are drawn from.
func (s *Station) random() io.Reader {
	if s.Random == nil {
		return rand.Reader
	}
	return s.Random
}
