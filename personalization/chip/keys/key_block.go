package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// ErrBlock means what is no key block of a master key of chips. What wraps it says why.
var ErrBlock = errors.New("the key block cannot be taken in")

// The parts of a key block of version D (ANSI X9.143-2022, which was ASC X9 TR 31), in characters:
// a header, optional blocks, the encrypted key and its authentication code, hexadecimal.
const (
	blockHeader = 16
	blockCode   = 2 * aes.BlockSize
	maxBlock    = 9992 // the length has four digits, and is a multiple of eight
)

// forChips are the usages of keys of which those of chips may come: to derive others, of chip
// cards, to encrypt keys or data, and those that sender and receiver agreed upon.
var forChips = regexp.MustCompile(`^(B[0-3]|E[0-7]|K[0-4]|D0|[0-9]{2})$`)

// OpenBlock opens a key block of version D that protects a master key for that diversification,
// and wraps the key anew under the same key-encryption key: stores take it in so. Errors wrap
// ErrBlock, ErrWrapped where the block was changed or is under another key, or ErrCheckValue.
func OpenBlock(block string, by identity.Diversification, under, check []byte) (Wrapped, error) {
	header, sealed, err := splitBlock(block)
	if err != nil {
		return Wrapped{}, err
	}
	want := "A"
	if by == identity.ByEMV {
		want = "T"
	}
	switch usage, algorithm := header[5:7], header[7:8]; {
	case !forChips.MatchString(usage):
		return Wrapped{}, fmt.Errorf("%w: it binds its key to another use, %s", ErrBlock, usage)
	case algorithm != want:
		return Wrapped{}, fmt.Errorf("%w: it is of a key of algorithm %s, and %s is with one of %s", ErrBlock, algorithm, by, want)
	}
	key, err := unsealBlock(header, sealed, under)
	switch {
	case err != nil:
		return Wrapped{}, err
	case !slices.Contains(masterSizes(by), len(key)):
		return Wrapped{}, fmt.Errorf("%w: a master key for %s has one of %v bytes, not %d", ErrBlock, by, masterSizes(by), len(key))
	}
	if err := checkMaster(by, key, check); err != nil {
		return Wrapped{}, err
	}
	wrapped, err := wrapAES(under, key)
	return Wrapped{Key: wrapped, Under: under, Check: check}, err
}

// splitBlock reads a key block: its header with the optional blocks, and what is sealed.
func splitBlock(block string) (header string, sealed []byte, err error) {
	if len(block) < blockHeader+2*blockCode || len(block) > maxBlock || block[0] != 'D' {
		return "", nil, fmt.Errorf("%w: it is none of version D, which is for AES", ErrBlock)
	}
	if length, err := strconv.ParseUint(block[1:5], 10, 16); err != nil || int(length) != len(block) {
		return "", nil, fmt.Errorf("%w: it has another length than its header says", ErrBlock)
	}
	end, err := optionalBlocks(block)
	if err != nil {
		return "", nil, err
	}
	sealed, err = hex.DecodeString(block[end:])
	if err != nil || len(sealed) < 2*aes.BlockSize || len(sealed)%aes.BlockSize != 0 {
		return "", nil, fmt.Errorf("%w: what follows its header is not hexadecimal, or not whole", ErrBlock)
	}
	return block[:end], sealed, nil
}

// optionalBlocks finds where the optional blocks end. Each begins with two characters of its
// kind and two hexadecimal digits of its length; 00 announces a longer length, and how many
// digits that has. What they say is protected with the key, and nothing of it is needed here.
func optionalBlocks(block string) (end int, err error) {
	malformed := fmt.Errorf("%w: its optional blocks are malformed", ErrBlock)
	n, err := strconv.ParseUint(block[12:14], 10, 8)
	if err != nil {
		return 0, malformed
	}
	digits := func(at, count int) (int, bool) {
		if at+count > len(block) || count == 0 || count > 4 {
			return 0, false
		}
		v, err := strconv.ParseUint(block[at:at+count], 16, 16)
		return int(v), err == nil
	}
	end = blockHeader
	for range n {
		least := 4
		length, ok := digits(end+2, 2)
		if ok && length == 0 {
			var count int
			if count, ok = digits(end+4, 2); ok {
				length, ok = digits(end+6, count)
			}
			least = 6 + count
		}
		if !ok || length < least || length > len(block)-end {
			return 0, malformed
		}
		end += length
	}
	return end, nil
}

// unsealBlock decrypts and authenticates the key in a block. Its authentication code is computed
// over all of it in plain, and is the initial value of the encryption.
func unsealBlock(header string, sealed, under []byte) ([]byte, error) {
	encryption, err := blockKey(under, 0)
	if err != nil {
		return nil, err
	}
	authentication, err := blockKey(under, 1)
	if err != nil {
		return nil, err
	}
	c, err := aes.NewCipher(encryption)
	if err != nil {
		return nil, err
	}
	at := len(sealed) - aes.BlockSize
	plain, code := slices.Clone(sealed[:at]), sealed[at:]
	cipher.NewCBCDecrypter(c, code).CryptBlocks(plain, plain)
	mac, err := securechannel.AESCMAC(authentication)
	if err != nil {
		return nil, err
	}
	right, err := mac(append([]byte(header), plain...))
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(right, code) != 1 {
		return nil, ErrWrapped
	}
	bits := int(binary.BigEndian.Uint16(plain))
	if bits%8 != 0 || bits/8 > len(plain)-2 {
		return nil, fmt.Errorf("%w: its key is of a length that cannot be", ErrBlock)
	}
	return plain[2 : 2+bits/8], nil
}

// blockKey derives a key of a key block from the key-encryption key: 0 encrypts, 1 authenticates
// (X9.143, 7.2.2.2). It is as long as that, of as many AES-CMACs as that takes.
func blockKey(under []byte, purpose byte) ([]byte, error) {
	mac, err := securechannel.AESCMAC(under)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	const aes128, fewest = 2, 16
	algorithm := byte(aes128 + (len(under)-fewest)/8)
	var key []byte
	for counter := byte(1); len(key) < len(under); counter++ {
		input := []byte{counter, 0, purpose, 0, 0, algorithm}
		part, err := mac(binary.BigEndian.AppendUint16(input, uint16(8*len(under))))
		if err != nil {
			return nil, err
		}
		key = append(key, part...)
	}
	return key[:len(under)], nil
}
