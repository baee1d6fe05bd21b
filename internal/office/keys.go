package office

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

// stationKeyFile is where the signing key of an enrolment station is kept, on that
// station.
func (o *Office) stationKeyFile(id identity.StationID) string {
	return filepath.Join(o.config.PKI.Stations, filepath.Base(string(id))+".pem")
}

// StationKey reads the signing key of an enrolment station.
func (o *Office) StationKey(id identity.StationID) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(o.stationKeyFile(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, identity.RefuseField(identity.Forbidden, "station", "there is no signing key here for that station; register it (starter register station), or submit a signed packet")
	}
	if err != nil {
		return nil, fmt.Errorf("read station key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("read station key %s: it is no PEM file", id)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read station key %s: %w", id, err)
	}
	signer, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read station key %s: it is no Ed25519 key", id)
	}
	return signer, nil
}

// NewStationKey makes the signing key of a station unless there is one, and gives
// its public half, to be registered.
func (o *Office) NewStationKey(id identity.StationID) (ed25519.PublicKey, error) {
	key, err := o.StationKey(id)
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
	if err := os.MkdirAll(o.config.PKI.Stations, 0o700); err != nil {
		return nil, fmt.Errorf("write station key: %w", err)
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(o.stationKeyFile(id), b, 0o600); err != nil {
		return nil, fmt.Errorf("write station key: %w", err)
	}
	return public, nil
}
