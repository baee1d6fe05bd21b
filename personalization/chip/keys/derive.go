package keys

import (
	"crypto/aes"
	"encoding/binary"
	"fmt"

	"github.com/aead/cmac"
)

// PRF is a pseudo-random function under a key that may not leave its store:
// AES-CMAC, 16 bytes.
type PRF func(message []byte) ([]byte, error)

// AESCMAC is the PRF under a key of 16, 24 or 32 bytes that is at hand.
func AESCMAC(key []byte) (PRF, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	return func(message []byte) ([]byte, error) { return cmac.Sum(message, block, aes.BlockSize) }, nil
}

// Derive is the key derivation of NIST SP 800-108r1, 4.1, in counter mode:
//
//	K(i) = PRF(label || 00 || L || i || context),  i = 1, 2, ...
//
// with L, the length of the result in bits, in two bytes and i in one, both
// big-endian; the order of the fields, which the standard leaves open, is that
// of GlobalPlatform Amendment D, 4.1.5. The result is the first bits of K(1) ||
// K(2) || ...; bits is a multiple of 8 up to 4080.
func Derive(prf PRF, label, context []byte, bits int) ([]byte, error) {
	if bits <= 0 || bits%8 != 0 || bits > 255*128 {
		return nil, fmt.Errorf("derive a key of %d bits", bits)
	}
	input := append([]byte{}, label...)
	input = append(input, 0)
	input = binary.BigEndian.AppendUint16(input, uint16(bits))
	counter := len(input)
	input = append(input, 0)
	input = append(input, context...)
	var out []byte
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

// The labels of a chip's keys, 12 bytes as in Amendment D: eleven of 00 and the
// key's purpose, by the numbers that GlobalPlatform gives its keys.
const (
	purposeENC = 1
	purposeMAC = 2
	purposeDEK = 3
)

// DeriveCardKeys derives the keys of the chip with that serial, of 128 or 256
// bits each. The context is the serial, as bytes; a chip has 1 to 32.
func DeriveCardKeys(prf PRF, serial []byte, bits int) (CardKeys, error) {
	if bits != 128 && bits != 256 {
		return CardKeys{}, fmt.Errorf("card keys have 128 or 256 bits, not %d", bits)
	}
	if len(serial) == 0 || len(serial) > 32 {
		return CardKeys{}, fmt.Errorf("a chip's serial has 1 to 32 bytes, not %d", len(serial))
	}
	var k CardKeys
	for _, key := range []struct {
		purpose byte
		to      *[]byte
	}{{purposeENC, &k.ENC}, {purposeMAC, &k.MAC}, {purposeDEK, &k.DEK}} {
		label := make([]byte, 12)
		label[11] = key.purpose
		derived, err := Derive(prf, label, serial, bits)
		if err != nil {
			return CardKeys{}, err
		}
		*key.to = derived
	}
	return k, nil
}
