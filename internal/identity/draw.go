package identity

import (
	"fmt"
	"io"
	"strings"
)

// draw gives n values below limit (at most 128), uniform: bytes that would favour
// some are thrown away.
func draw(random io.Reader, n, limit int) ([]byte, error) {
	bound := 256 - 256%limit
	out := make([]byte, 0, n)
	var b [1]byte
	for len(out) < n {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, fmt.Errorf("draw at random: %w", err)
		}
		if int(b[0]) < bound {
			out = append(out, b[0]%byte(limit))
		}
	}
	return out, nil
}

func drawDigits(random io.Reader, n int) (string, error) {
	return drawFrom(random, n, "0123456789")
}

// drawFrom gives n characters of the alphabet.
func drawFrom(random io.Reader, n int, alphabet string) (string, error) {
	values, err := draw(random, n, len(alphabet))
	if err != nil {
		return "", err
	}
	var s strings.Builder
	for _, v := range values {
		s.WriteByte(alphabet[v])
	}
	return s.String(), nil
}
