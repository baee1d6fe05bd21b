// Package keys is where secret keys are kept: those that sign for the country,
// and the master key from which every chip's keys are derived. In production they
// are in an HSM and never leave it (PKCS#11); in development they are in files of
// mode 0600.
//
// A chip's key set is diversified from the master key by the chip's serial: those of
// cards by the key derivation of NIST SP 800-108r1 in counter mode over AES-CMAC, those of
// makers as they say. Tools in wide use disagree about its exact input: it is given at
// [securechannel.Derive], and worked examples are in the tests.
package keys

import (
	"crypto"
	"crypto/elliptic"
	"errors"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// Errors of stores, for errors.Is.
var (
	ErrNotFound   = errors.New("there is no such key")
	ErrExists     = errors.New("there is a key with this label already")
	ErrLabel      = errors.New("a key's label must be 1 to 64 of a-z, 0-9, dot and hyphen, and not begin with a dot")
	ErrProduction = errors.New("key files are for development only; production keys are kept in an HSM")
)

// Store keeps keys by label. Its methods may be called concurrently.
type Store interface {
	// Signer gives the signing key with that label. The error is ErrNotFound where
	// there is none.
	Signer(label string) (crypto.Signer, error)
	// Generate makes a signing key, which never leaves the store. The error is
	// ErrExists where the label is taken.
	Generate(label string, c elliptic.Curve) (crypto.Signer, error)
	// EnsureMaster makes an AES-256 master key with that label unless there is one.
	EnsureMaster(label string) error
	// Import brings in a master key that came wrapped, to be used with that diversification.
	// The same again changes nothing. The error is ErrExists where the label is taken by
	// another, ErrCheckValue where the key is not what its check value says.
	Import(label string, by identity.Diversification, k Wrapped) error
	// CheckValue shows which master key, of those made by EnsureMaster, is in the store: the
	// first three bytes of AES-CMAC over sixteen bytes 00 (ANSI X9.24-1).
	CheckValue(label string) ([]byte, error)
	// CardKeys derives the key set of the chip with that serial, of the key version number
	// and as the description of the master key with that label says.
	// The error is ErrNotFound where there is no such master key.
	CardKeys(master string, of identity.ChipKey, serial []byte) (securechannel.KeySet, error)
	// Close gives back what the store holds: sessions, handles.
	Close() error
}

// checkLabel refuses labels that are not file names on every system.
func checkLabel(label string) error {
	if label == "" || len(label) > 64 || label[0] == '.' {
		return ErrLabel
	}
	for _, c := range label {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return ErrLabel
		}
	}
	return nil
}

// about wraps an error with the label of the key that it is about.
func about(label string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("key %s: %w", label, err)
}
