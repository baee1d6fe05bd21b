package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/des"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// Errors of a ceremony, for errors.Is.
var (
	ErrCheckValue = errors.New("the key is not what its key check value says")
	ErrWrapped    = errors.New("the wrapped key was changed, or is not under this key-encryption key")
	ErrComponents = errors.New("the components of a key-encryption key are from two custodians or more, of one length of 16, 24 or 32 bytes, no two the same")
)

// Wrapped is a master key on its way into a store.
type Wrapped struct {
	Key   []byte // by AES key wrap, RFC 3394
	Under []byte // the key-encryption key
	Check []byte // key check value, as GlobalPlatform has it
}

// LogValue hides the keys.
func (Wrapped) LogValue() slog.Value { return slog.StringValue("[wrapped key]") }

// String hides the keys.
func (Wrapped) String() string { return "[wrapped key]" }

// GoString hides the keys.
func (Wrapped) GoString() string { return "[wrapped key]" }

// Component is a custodian's part of a key-encryption key.
type Component struct{ Value, Check []byte }

// LogValue hides the component.
func (Component) LogValue() slog.Value { return slog.StringValue("[component]") }

// String hides the component.
func (Component) String() string { return "[component]" }

// GoString hides the component.
func (Component) GoString() string { return "[component]" }

// Combine makes the key-encryption key of the components of its custodians: what is different
// in an odd number of them. None of them knows anything of it.
func Combine(components ...Component) ([]byte, error) {
	if len(components) < 2 {
		return nil, ErrComponents
	}
	key := make([]byte, len(components[0].Value))
	for i, c := range components {
		check, err := securechannel.CheckValue(c.Value)
		same := slices.ContainsFunc(components[:i], func(o Component) bool { return bytes.Equal(o.Value, c.Value) })
		if err != nil || same || len(c.Value) != len(key) {
			return nil, ErrComponents
		}
		if !bytes.Equal(check, c.Check) {
			return nil, fmt.Errorf("component %d: %w", i+1, ErrCheckValue)
		}
		subtle.XORBytes(key, key, c.Value)
	}
	return key, nil
}

// masterSizes are the lengths of a master key, in bytes.
func masterSizes(by identity.Diversification) []int {
	if by == identity.ByEMV {
		return []int{16, 24}
	}
	return []int{16, 24, 32}
}

// wrapping is by how many bytes a wrapped key is longer than the key.
const wrapping = aes.BlockSize / 2

// checkSize refuses what is no wrapped master key by its length alone.
func (w Wrapped) checkSize(by identity.Diversification) error {
	if size := len(w.Key) - wrapping; !slices.Contains(masterSizes(by), size) {
		return fmt.Errorf("%w: a master key for %s has one of %v bytes, not %d", ErrWrapped, by, masterSizes(by), max(size, 0))
	}
	return nil
}

// unwrap opens a wrapped key, and compares it with its check value.
func (w Wrapped) unwrap(by identity.Diversification) ([]byte, error) {
	if err := w.checkSize(by); err != nil {
		return nil, err
	}
	key, err := unwrapAES(w.Under, w.Key)
	if err != nil {
		return nil, err
	}
	check, err := checkValue(by, key)
	if err == nil && !bytes.Equal(check, w.Check) {
		err = ErrCheckValue
	}
	return key, err
}

// checkValue is the key check value of a master key, as GlobalPlatform has it: the first three
// bytes of the encryption of a block of 01 with AES, or of 00 with 3DES.
func checkValue(by identity.Diversification, key []byte) ([]byte, error) {
	if by != identity.ByEMV {
		return securechannel.CheckValue(key)
	}
	out, err := encryptDES(key, make([]byte, des.BlockSize))
	if err != nil {
		return nil, err
	}
	return out[:3], nil
}

// encryptDES encrypts blocks with 3DES of two or three keys, in ECB mode.
func encryptDES(key, blocks []byte) ([]byte, error) {
	if len(key) == 16 {
		key = slices.Concat(key, key[:8])
	}
	c, err := des.NewTripleDESCipher(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(blocks))
	for at := 0; at+des.BlockSize <= len(blocks); at += des.BlockSize {
		c.Encrypt(out[at:], blocks[at:])
	}
	return out, nil
}

// unwrapAES is the AES key unwrap of RFC 3394, 2.2.2, with the default initial value.
func unwrapAES(under, wrapped []byte) ([]byte, error) {
	const half = wrapping
	c, err := aes.NewCipher(under)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	n := len(wrapped)/half - 1
	a, r := slices.Clone(wrapped[:half]), slices.Clone(wrapped[half:])
	var block [aes.BlockSize]byte
	for t := 6 * n; t > 0; t-- {
		i := (t - 1) % n * half
		binary.BigEndian.PutUint64(block[:], binary.BigEndian.Uint64(a)^uint64(t))
		copy(block[half:], r[i:i+half])
		c.Decrypt(block[:], block[:])
		copy(a, block[:half])
		copy(r[i:], block[half:])
	}
	if subtle.ConstantTimeCompare(a, bytes.Repeat([]byte{0xA6}, half)) != 1 {
		return nil, ErrWrapped
	}
	return r, nil
}
