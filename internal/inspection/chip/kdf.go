package chip

import (
	"crypto/sha1"
	"crypto/sha256"
	"math/bits"
)

// The purposes of derived keys (ICAO Doc 9303-11 section 9.7.1).
const (
	forEncryption = 1
	forMAC        = 2
	forPassword   = 3
)

// derive is the key derivation function of ICAO Doc 9303-11 section 9.7.1 for a
// key of size bytes: 16 (AES-128, and 3DES before its parity is set), 24, 32.
func derive(secret []byte, purpose byte, size int) []byte {
	input := append(append(make([]byte, 0, len(secret)+4), secret...), 0, 0, 0, purpose)
	if size <= 16 {
		sum := sha1.Sum(input)
		return sum[:size]
	}
	sum := sha256.Sum256(input)
	return sum[:size]
}

// seedOf is SHA-1 of the MRZ information (ICAO Doc 9303-11 sections 9.7.2, 9.7.3).
func seedOf(mrzInformation string) []byte {
	sum := sha1.Sum([]byte(mrzInformation))
	return sum[:]
}

// desKey makes a key of two-key triple DES for the standard library: with odd parity,
// and the first half repeated at the end.
func desKey(key []byte) []byte {
	out := make([]byte, 24)
	copy(out, key[:16])
	for i, b := range out[:16] {
		if bits.OnesCount8(b)%2 == 0 {
			out[i] = b ^ 1
		}
	}
	copy(out[16:], out[:8])
	return out
}
