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
	"example.org/cancuoc/personalization/profile"
)

// content is everything that is written to a card, by the names in the table of
// card applications.
func (s *Station) content(image *chip.Image) profile.Content {
	content := profile.Content(image.Content())
	for name, b := range s.Content {
		if _, own := content[name]; !own {
			content[name] = b
		}
	}
	return content
}

// referenceOf is a digest of everything that will be written, in hexadecimal. Two
// cards have the same one only if they are the same.
func referenceOf(content profile.Content, applications []string) string {
	h := sha256.New()
	field := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	for _, name := range slices.Sorted(maps.Keys(content)) {
		field([]byte(name))
		field(content[name])
	}
	for _, name := range applications {
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
