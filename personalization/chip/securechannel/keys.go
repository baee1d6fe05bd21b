package securechannel

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
)

// ErrKeys is wrapped by errors about keys that are not an SCP03 key set.
var ErrKeys = errors.New("secure channel key set is malformed")

// KeySet is the three static keys of one key version number on one chip, all of
// the same length: 16, 24 or 32 bytes. They never appear in a log line or an
// error.
type KeySet struct {
	Version byte   // key version number, 01 to 7F
	ENC     []byte // derives the session keys for encryption
	MAC     []byte // derives the session keys for message authentication
	DEK     []byte // encrypts keys and secrets inside commands
}

// LogValue hides the keys.
func (k KeySet) LogValue() slog.Value { return slog.StringValue(k.String()) }

// String gives the key version number and hides the keys.
func (k KeySet) String() string { return fmt.Sprintf("[key set %02X]", k.Version) }

// GoString hides the keys.
func (k KeySet) GoString() string { return k.String() }

// Check reports what is wrong with a key set. The error wraps ErrKeys.
func (k KeySet) Check() error {
	n := len(k.ENC)
	if n != 16 && n != 24 && n != 32 {
		return fmt.Errorf("%w: ENC has %d bytes; AES takes 16, 24 or 32", ErrKeys, n)
	}
	if len(k.MAC) != n || len(k.DEK) != n {
		return fmt.Errorf("%w: ENC, MAC and DEK differ in length", ErrKeys)
	}
	if k.Version == 0 || k.Version > 0x7F {
		return fmt.Errorf("%w: key version number %02X is not 01 to 7F", ErrKeys, k.Version)
	}
	return nil
}

// clone copies k, so that nobody else can change it.
func (k KeySet) clone() KeySet {
	return KeySet{Version: k.Version, ENC: bytes.Clone(k.ENC), MAC: bytes.Clone(k.MAC), DEK: bytes.Clone(k.DEK)}
}

// CheckValue is the key check value of an AES key: the first three bytes of the
// encryption of sixteen bytes 01 (Amendment D, 4.1.4).
func CheckValue(key []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	out := bytes.Repeat([]byte{1}, aes.BlockSize)
	block.Encrypt(out, out)
	return out[:3], nil
}

// The parameters of PUT KEY (Card Specification 11.8, Amendment D 7.2).
const (
	firstKeyID    = 0x01
	severalKeys   = 0x80
	keyTypeAES    = 0x88
	checkValueLen = 3
)

// PutKey is the command that gives a chip the key set next, encrypted under the
// DEK of the current one. replace is the key version number to be replaced, or 0
// to add a key set. receipt is what the chip answers once it has stored the keys:
// the new key version number and the three key check values.
func PutKey(current KeySet, replace byte, next KeySet) (c apdu.Command, receipt []byte, err error) {
	if err := errors.Join(current.Check(), next.Check()); err != nil {
		return apdu.Command{}, nil, err
	}
	data, receipt := []byte{next.Version}, []byte{next.Version}
	for _, key := range [][]byte{next.ENC, next.MAC, next.DEK} {
		sealed, err := sealKey(current.DEK, key)
		if err != nil {
			return apdu.Command{}, nil, err
		}
		check, err := CheckValue(key)
		if err != nil {
			return apdu.Command{}, nil, err
		}
		data = append(data, keyTypeAES, byte((len(sealed)+1)&0xFF), byte(len(key)&0xFF))
		data = append(append(append(data, sealed...), checkValueLen), check...)
		receipt = append(receipt, check...)
	}
	return apdu.Command{
		CLA: apdu.ClassGlobalPlatform, INS: apdu.PutKey, P1: replace, P2: severalKeys | firstKeyID,
		Data: data, Le: apdu.MaxShortLe,
	}, receipt, nil
}

// ParsePutKey is the card's side of [PutKey]: it opens the data of the command
// with the DEK of the channel and checks each key against its check value.
func ParsePutKey(dek, data []byte) (KeySet, error) {
	if len(data) == 0 {
		return KeySet{}, fmt.Errorf("%w: the command has no data", ErrKeys)
	}
	k := KeySet{Version: data[0]}
	data = data[1:]
	for _, into := range []*[]byte{&k.ENC, &k.MAC, &k.DEK} {
		key, rest, err := openKey(dek, data)
		if err != nil {
			return KeySet{}, err
		}
		*into, data = key, rest
	}
	if len(data) != 0 {
		return KeySet{}, fmt.Errorf("%w: %d bytes after the third key", ErrKeys, len(data))
	}
	return k, k.Check()
}

// openKey reads the first key component of data.
func openKey(dek, data []byte) (key, rest []byte, err error) {
	if len(data) < 3 || data[0] != keyTypeAES {
		return nil, nil, fmt.Errorf("%w: a key component is not of an AES key", ErrKeys)
	}
	sealed, keyLen := int(data[1])-1, int(data[2])
	rest = data[3:]
	if sealed < keyLen || sealed%aes.BlockSize != 0 || len(rest) < sealed+1+checkValueLen || rest[sealed] != checkValueLen {
		return nil, nil, fmt.Errorf("%w: a key component has the wrong length", ErrKeys)
	}
	key, err = decryptCBC(dek, rest[:sealed])
	if err != nil {
		return nil, nil, err
	}
	key = key[:keyLen]
	check, err := CheckValue(key)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(check, rest[sealed+1:sealed+1+checkValueLen]) {
		return nil, nil, fmt.Errorf("%w: a key does not have its key check value", ErrKeys)
	}
	return key, rest[sealed+1+checkValueLen:], nil
}

// sealKey encrypts key with AES-CBC and a zero IV, padded to whole blocks with
// zeros (only AES-192 keys need it).
func sealKey(dek, key []byte) ([]byte, error) {
	padded := append(slices.Clone(key), make([]byte, -len(key)&(aes.BlockSize-1))...)
	return encryptCBC(dek, padded)
}

// SealSecret encrypts a secret for a command whose data is marked as encrypted
// (STORE DATA, Card Specification 11.11): padded as ISO/IEC 9797-1 method 2,
// AES-CBC with a zero IV under the static DEK.
func (k KeySet) SealSecret(secret []byte) ([]byte, error) {
	return encryptCBC(k.DEK, pad(slices.Clone(secret)))
}

// OpenSecret is the card's side of [KeySet.SealSecret].
func (k KeySet) OpenSecret(sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: a sealed secret has %d bytes, which is not a whole number of blocks", ErrKeys, len(sealed))
	}
	padded, err := decryptCBC(k.DEK, sealed)
	if err != nil {
		return nil, err
	}
	return unpad(padded)
}

func encryptCBC(key, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(out, plain)
	return out, nil
}

func decryptCBC(key, sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	out := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(out, sealed)
	return out, nil
}

// pad appends 80 00... up to whole AES blocks.
func pad(b []byte) []byte {
	b = append(b, 0x80)
	return append(b, make([]byte, -len(b)&(aes.BlockSize-1))...)
}

// errPadding means a decrypted field that does not end in 80 00...
var errPadding = errors.New("the padding of an encrypted field is wrong")

func unpad(b []byte) ([]byte, error) {
	for i := len(b) - 1; i >= 0 && i >= len(b)-aes.BlockSize; i-- {
		switch b[i] {
		case 0:
		case 0x80:
			return b[:i], nil
		default:
			return nil, errPadding
		}
	}
	return nil, errPadding
}
