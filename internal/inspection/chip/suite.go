package chip

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"fmt"
	"hash"

	"github.com/aead/cmac"
)

// suite is the cipher and the MAC of a session. It must not be used concurrently.
type suite interface {
	blockSize() int
	encrypt(ssc, padded []byte) []byte              // in place
	decrypt(ssc, cryptogram []byte) ([]byte, error) // in place, and unpadded
	mac(parts ...[]byte) []byte                     // 8 bytes, over parts that are padded
}

// aesSuite is AES with CMAC (ICAO Doc 9303-11 section 9.8.6.1).
type aesSuite struct {
	block cipher.Block
	cmac  hash.Hash
}

// newAESSuite derives the session keys, of size bytes, from a shared secret.
func newAESSuite(secret []byte, size int) (*aesSuite, error) {
	block, err := aes.NewCipher(derive(secret, forEncryption, size))
	if err != nil {
		return nil, fmt.Errorf("session key: %w", err)
	}
	macKey, err := aes.NewCipher(derive(secret, forMAC, size))
	if err != nil {
		return nil, fmt.Errorf("session key: %w", err)
	}
	sum, err := cmac.NewWithTagSize(macKey, macSize)
	if err != nil {
		return nil, fmt.Errorf("session key: %w", err)
	}
	return &aesSuite{block, sum}, nil
}

func (a *aesSuite) blockSize() int { return aes.BlockSize }

// iv is the encrypted send sequence counter.
func (a *aesSuite) iv(ssc []byte) []byte {
	iv := make([]byte, aes.BlockSize)
	a.block.Encrypt(iv, ssc)
	return iv
}

func (a *aesSuite) encrypt(ssc, padded []byte) []byte {
	cipher.NewCBCEncrypter(a.block, a.iv(ssc)).CryptBlocks(padded, padded)
	return padded
}

func (a *aesSuite) decrypt(ssc, cryptogram []byte) ([]byte, error) {
	return decryptCBC(a.block, a.iv(ssc), cryptogram)
}

// mac is AES-CMAC cut to 8 bytes.
func (a *aesSuite) mac(parts ...[]byte) []byte {
	a.cmac.Reset()
	for _, part := range parts {
		a.cmac.Write(part)
	}
	return a.cmac.Sum(nil)
}

// desSuite is two-key triple DES with the retail MAC (ICAO Doc 9303-11 section
// 9.8.6.2).
type desSuite struct {
	block       cipher.Block
	first, both cipher.Block // single DES by the first half of the MAC key; triple DES
}

// newDESSuite derives the keys from a seed: that of the MRZ or of a session.
func newDESSuite(secret []byte) (*desSuite, error) {
	block, err := des.NewTripleDESCipher(desKey(derive(secret, forEncryption, 16)))
	if err != nil {
		return nil, fmt.Errorf("3DES key: %w", err)
	}
	key := desKey(derive(secret, forMAC, 16))
	first, err := des.NewCipher(key[:8])
	if err != nil {
		return nil, fmt.Errorf("3DES key: %w", err)
	}
	both, err := des.NewTripleDESCipher(key)
	if err != nil {
		return nil, fmt.Errorf("3DES key: %w", err)
	}
	return &desSuite{block, first, both}, nil
}

func (d *desSuite) blockSize() int { return des.BlockSize }

func (d *desSuite) encrypt(_, padded []byte) []byte {
	cipher.NewCBCEncrypter(d.block, make([]byte, des.BlockSize)).CryptBlocks(padded, padded)
	return padded
}

func (d *desSuite) decrypt(_, cryptogram []byte) ([]byte, error) {
	return decryptCBC(d.block, make([]byte, des.BlockSize), cryptogram)
}

// mac is MAC algorithm 3 of ISO/IEC 9797-1: DES for each block, triple DES for the
// last.
func (d *desSuite) mac(parts ...[]byte) []byte {
	state := make([]byte, des.BlockSize)
	filled := 0
	for _, part := range parts {
		for _, b := range part {
			if filled == des.BlockSize {
				d.first.Encrypt(state, state)
				filled = 0
			}
			state[filled] ^= b
			filled++
		}
	}
	d.both.Encrypt(state, state)
	return state
}
