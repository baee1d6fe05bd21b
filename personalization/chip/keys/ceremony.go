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
)

// Errors of a ceremony, for errors.Is.
var (
	ErrCheckValue = errors.New("the key is not what its key check value says")
	ErrWrapped    = errors.New("the wrapped key was changed, or is not under this key-encryption key")
	ErrComponents = errors.New("the components of a key-encryption key are from two custodians or more, of one length of 16, 24 or 32 bytes, no two the same, and none is zero or gives the whole key to who has it")
	ErrWeak       = errors.New("the key is one that everybody knows, or has two parts that are the same")
)

// Wrapped is a master key on its way into a store.
type Wrapped struct {
	Key   []byte // by AES key wrap, RFC 3394
	Under []byte // the key-encryption key
	Check []byte // key check value, as it may be (compare)
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
		_, err := aes.NewCipher(c.Value)
		same := isZero(c.Value) || slices.ContainsFunc(components[:i], func(o Component) bool { return bytes.Equal(o.Value, c.Value) })
		if err != nil || same || len(c.Value) != len(key) {
			return nil, ErrComponents
		}
		if err := checkKey(identity.Undivided, c.Value, c.Check); err != nil {
			return nil, fmt.Errorf("component %d: %w", i+1, err)
		}
		subtle.XORBytes(key, key, c.Value)
	}
	known := func(c Component) bool { return bytes.Equal(c.Value, key) }
	if isZero(key) || slices.ContainsFunc(components, known) { // the others cancel each other
		return nil, ErrComponents
	}
	return key, nil
}

// isZero reports whether a key has no bit set.
func isZero(key []byte) bool { return bytes.Count(key, []byte{0}) == len(key) }

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
	return key, checkMaster(by, key, w.Check)
}

// checkMaster compares a master key with its key check value, and refuses one of zeros, and one
// of 3DES that is no better than DES since two parts that follow each other are the same.
func checkMaster(by identity.Diversification, key, value []byte) error {
	if err := checkKey(by, key, value); err != nil {
		return err
	}
	if isZero(key) {
		return ErrWeak
	}
	for at := des.BlockSize; by == identity.ByEMV && at < len(key); at += des.BlockSize {
		if sameDES(key[at-des.BlockSize:at], key[at:at+des.BlockSize]) {
			return ErrWeak
		}
	}
	return nil
}

// sameDES reports whether two keys of DES are the same but for their parity bits.
func sameDES(a, b []byte) bool {
	for i := range a {
		if (a[i]^b[i])>>1 != 0 {
			return false
		}
	}
	return true
}

// checkKey compares a master key or a component with its key check value.
func checkKey(by identity.Diversification, key, value []byte) error {
	return compare(by, value, func(block []byte) ([]byte, error) {
		if by == identity.ByEMV {
			return encryptDES(key, block)
		}
		c, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		out := make([]byte, aes.BlockSize)
		c.Encrypt(out, block)
		return out, nil
	})
}

// compare compares a key, which encrypts a block, with a key check value of three bytes: of 3DES
// the encryption of a block of 00, and of AES what makers of chips give, the encryption of a
// block of 01 (GlobalPlatform), or what HSMs show, AES-CMAC over a block of 00 (ANSI X9.24-1).
func compare(by identity.Diversification, value []byte, encrypt func(block []byte) ([]byte, error)) error {
	const size = 3
	is := func(out []byte) bool { return len(value) == size && bytes.HasPrefix(out, value) }
	if by == identity.ByEMV {
		out, err := encrypt(make([]byte, des.BlockSize))
		if err == nil && !is(out) {
			err = ErrCheckValue
		}
		return err
	}
	out, err := encrypt(bytes.Repeat([]byte{1}, aes.BlockSize))
	if err != nil || is(out) {
		return err
	}
	// The CMAC of one block of 00 is the encryption of its first subkey (SP 800-38B, 6.1).
	subkey, err := encrypt(make([]byte, aes.BlockSize))
	if err != nil {
		return err
	}
	const reduction = 0x87
	carry := subkey[0] >> 7
	for i := range subkey {
		subkey[i] <<= 1
		if i+1 < len(subkey) {
			subkey[i] |= subkey[i+1] >> 7
		}
	}
	subkey[len(subkey)-1] ^= carry * reduction
	if out, err = encrypt(subkey); err == nil && !is(out) {
		err = ErrCheckValue
	}
	return err
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

// wrapAES is the AES key wrap of RFC 3394, 2.2.1.
func wrapAES(under, key []byte) ([]byte, error) {
	const half = wrapping
	c, err := aes.NewCipher(under)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	out := append(bytes.Repeat([]byte{0xA6}, half), key...)
	n := len(key) / half
	var block [aes.BlockSize]byte
	for t := 1; t <= 6*n; t++ {
		at := half * (1 + (t-1)%n)
		copy(block[:], out[:half])
		copy(block[half:], out[at:at+half])
		c.Encrypt(block[:], block[:])
		binary.BigEndian.PutUint64(out, binary.BigEndian.Uint64(block[:])^uint64(t))
		copy(out[at:], block[half:])
	}
	return out, nil
}
