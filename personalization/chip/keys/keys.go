// Package keys is where secret keys live: those that sign for the country, and
// the master key from which every chip's keys come. In production they live in
// an HSM and never leave it (PKCS#11); in development in files of mode 0600.
//
// A chip's keys are the master key's, diversified by the chip's serial with the
// key derivation of NIST SP 800-108r1 in counter mode over AES-CMAC. The exact
// input is at [Derive], and worked examples are in the tests, because tools in
// wide use disagree about it.
package keys

import (
	"crypto"
	"crypto/elliptic"
	"errors"
	"fmt"
	"log/slog"
)

// Errors of stores, for errors.Is.
var (
	ErrNotFound   = errors.New("there is no such key")
	ErrExists     = errors.New("there is a key of that name already")
	ErrLabel      = errors.New("a key's label has 1 to 64 of a-z, 0-9, dot and hyphen")
	ErrProduction = errors.New("key files are for development only; production keys live in an HSM")
)

// Store keeps keys by label. Its methods may be called concurrently.
type Store interface {
	// Signer gives the signing key of that label. The error is ErrNotFound.
	Signer(label string) (crypto.Signer, error)
	// Generate makes a signing key, which never leaves the store. The error is
	// ErrExists where the label is taken.
	Generate(label string, c elliptic.Curve) (crypto.Signer, error)
	// EnsureMaster makes an AES-256 master key of that label unless there is one.
	EnsureMaster(label string) error
	// CardKeys derives a chip's keys from the master key of that label. The
	// error is ErrNotFound where there is none.
	CardKeys(master string, serial []byte, bits int) (CardKeys, error)
	// Close gives back what the store holds: sessions, handles.
	Close() error
}

// CardKeys are the static keys of one chip's security domain (GlobalPlatform
// Amendment D), all of one length. They never appear in a log line.
type CardKeys struct{ ENC, MAC, DEK []byte }

// LogValue hides the keys.
func (CardKeys) LogValue() slog.Value { return slog.StringValue("[card keys]") }

// String hides the keys.
func (CardKeys) String() string { return "[card keys]" }

// GoString hides the keys.
func (CardKeys) GoString() string { return "[card keys]" }

// checkLabel refuses labels that are no file names everywhere.
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

// about wraps an error with the key that it is about.
func about(label string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("key %s: %w", label, err)
}
