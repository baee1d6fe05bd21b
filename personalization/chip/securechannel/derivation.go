package securechannel

import (
	"crypto/aes"
	"encoding/binary"
	"fmt"

	"github.com/aead/cmac"
)

// PRF is AES-CMAC under a key: 16 bytes. The key may be one that its store does
// not give away.
type PRF func(message []byte) ([]byte, error)

// AESCMAC is the PRF under a key of 16, 24 or 32 bytes.
func AESCMAC(key []byte) (PRF, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return func(message []byte) ([]byte, error) { return cmac.Sum(message, block, aes.BlockSize) }, nil
}

// Derive is the key derivation of NIST SP 800-108r1, 4.1, in counter mode:
//
//	K(i) = PRF(label || 00 || L || i || context),  i = 1, 2, ...
//
// with L, the length of the result in bits, in two bytes and i in one, both
// big-endian. The standard leaves the order of the fields open; this is that of
// GlobalPlatform Amendment D, 4.1.5. The result is the first bits of K(1) ||
// K(2) || ...; bits is a multiple of 8 up to 32640.
func Derive(prf PRF, label, context []byte, bits int) ([]byte, error) {
	if bits <= 0 || bits%8 != 0 || bits > 255*128 {
		return nil, fmt.Errorf("derive a key of %d bits: the number must be a multiple of 8 up to %d", bits, 255*128)
	}
	input := make([]byte, 0, len(label)+4+len(context))
	input = append(append(input, label...), 0)
	input = binary.BigEndian.AppendUint16(input, uint16(bits))
	counter := len(input)
	input = append(append(input, 0), context...)
	out := make([]byte, 0, (bits+127)/128*aes.BlockSize)
	for len(out) < bits/8 {
		input[counter]++
		block, err := prf(input)
		if err != nil {
			return nil, fmt.Errorf("derive a key: %w", err)
		}
		out = append(out, block...)
	}
	return out[:bits/8], nil
}

// Label is the label of a derivation in Amendment D: eleven bytes of zero and
// the purpose.
func Label(purpose byte) []byte { return []byte{11: purpose} }

// The purposes of derivations from a chip's static keys (Amendment D, 4.1.5).
const (
	deriveCardCryptogram byte = 0x00
	deriveHostCryptogram byte = 0x01
	deriveCardChallenge  byte = 0x02
	deriveENC            byte = 0x04
	deriveMAC            byte = 0x06
	deriveRMAC           byte = 0x07
)
