package identity

import (
	"fmt"
	"io"
	"strings"
)

func drawDigits(random io.Reader, n int) (string, error) {
	return drawFrom(random, n, "0123456789")
}

// drawFrom gives n characters of the alphabet, uniformly distributed: a byte that
// would favor some characters is drawn again.
func drawFrom(random io.Reader, n int, alphabet string) (string, error) {
	fair := 256 - 256%len(alphabet) // bytes below it fall on each character equally often
	var s strings.Builder
	var b [1]byte
	for s.Len() < n {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("draw at random: %w", err)
		}
		if v := int(b[0]); v < fair {
			s.WriteByte(alphabet[v%len(alphabet)])
		}
	}
	return s.String(), nil
}
