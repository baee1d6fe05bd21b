package packet

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"example.org/cancuoc/internal/identity"
)

// KeyFiles is the folder in which an enrollment station keeps its signing key: a
// PKCS #8 PEM file (RFC 5958) named after the station, of mode 0600.
type KeyFiles string

func (f KeyFiles) name(station identity.StationID) string {
	return filepath.Join(string(f), filepath.Base(string(station))+".pem")
}

// Key reads the signing key of a station. It refuses with Forbidden where there is
// none.
func (f KeyFiles) Key(station identity.StationID) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(f.name(station))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, identity.RefuseField(identity.Forbidden, "station", "there is no signing key here for that station; register it (starter register station), or submit a signed packet")
	}
	if err != nil {
		return nil, fmt.Errorf("read station key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("read station key %s: not a PEM file", station)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read station key %s: %w", station, err)
	}
	signer, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read station key %s: not an Ed25519 key", station)
	}
	return signer, nil
}

// Ensure makes the signing key of a station unless there is one, and gives its public
// half, to be registered.
func (f KeyFiles) Ensure(station identity.StationID) (ed25519.PublicKey, error) {
	key, err := f.Key(station)
	if err == nil {
		return key.Public().(ed25519.PublicKey), nil
	}
	if !identity.Refused(err, identity.Forbidden) {
		return nil, err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make station key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("write station key: %w", err)
	}
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, fmt.Errorf("write station key: %w", err)
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(f.name(station), b, 0o600); err != nil {
		return nil, fmt.Errorf("write station key: %w", err)
	}
	return public, nil
}
