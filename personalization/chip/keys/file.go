package keys

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"example.org/cancuoc/internal/durable"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// The kinds of PEM blocks in key files.
const (
	pemPrivate = "PRIVATE KEY"
	pemMaster  = "CARD MASTER KEY"
)

// masterSize is a master key's length in bytes: AES-256.
const masterSize = 32

// File keeps each key in a file of mode 0600 in one directory. It is for
// development: whoever reads the directory has the keys.
type File struct {
	dir string

	mu      sync.Mutex
	signers map[string]*ecdsa.PrivateKey
	masters map[string]secret
}

// OpenFile opens a directory of key files, and makes it where there is none. In
// production the error is ErrProduction.
func OpenFile(dir string, production bool) (*File, error) {
	if production {
		return nil, ErrProduction
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open key files: %w", err)
	}
	return &File{dir: dir, signers: make(map[string]*ecdsa.PrivateKey), masters: make(map[string]secret)}, nil
}

// Signer gives the signing key with that label.
func (f *File) Signer(label string) (crypto.Signer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if key, ok := f.signers[label]; ok {
		return key, nil
	}
	der, err := f.read(label, pemPrivate)
	if err != nil {
		return nil, about(label, err)
	}
	key, err := curve.ParsePrivateKey(der)
	if err != nil {
		return nil, about(label, err)
	}
	f.signers[label] = key
	return key, nil
}

// Generate makes a signing key.
func (f *File) Generate(label string, c elliptic.Curve) (crypto.Signer, error) {
	key, err := curve.GenerateKey(c, rand.Reader)
	if err != nil {
		return nil, about(label, err)
	}
	der, err := curve.MarshalPrivateKey(key, curve.Named)
	if err != nil {
		return nil, about(label, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.write(label, pemPrivate, der); err != nil {
		return nil, about(label, err)
	}
	f.signers[label] = key
	return key, nil
}

// EnsureMaster makes a master key with that label unless there is one.
func (f *File) EnsureMaster(label string) error {
	secret := make([]byte, masterSize)
	_, _ = rand.Read(secret) // never fails
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.write(label, pemMaster, secret); err != nil && !errors.Is(err, ErrExists) {
		return about(label, err)
	}
	return nil
}

// Import unwraps a master key, and keeps it.
func (f *File) Import(label string, by identity.Diversification, k Wrapped) error {
	key, err := k.unwrap(by)
	if err != nil {
		return about(label, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	err = f.write(label, pemMaster, key)
	if errors.Is(err, ErrExists) {
		if there, reading := f.read(label, pemMaster); reading == nil && bytes.Equal(there, key) {
			return nil
		}
	}
	return about(label, err)
}

// CheckValue shows which master key there is.
func (f *File) CheckValue(label string) ([]byte, error) {
	key, err := f.master(label)
	if err != nil {
		return nil, about(label, err)
	}
	mac, err := key.mac(make([]byte, aes.BlockSize))
	if err != nil {
		return nil, about(label, err)
	}
	return mac[:3], nil
}

// CardKeys derives a chip's key set.
func (f *File) CardKeys(master string, of identity.ChipKey, serial []byte) (securechannel.KeySet, error) {
	key, err := f.master(master)
	if err != nil {
		return securechannel.KeySet{}, about(master, err)
	}
	k, err := key.keySet(of, serial)
	return k, about(master, err)
}

// master is the master key with that label.
func (f *File) master(label string) (secret, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if key, ok := f.masters[label]; ok {
		return key, nil
	}
	value, err := f.read(label, pemMaster)
	if err != nil {
		return secret{}, err
	}
	mac, err := securechannel.AESCMAC(value)
	if err != nil {
		return secret{}, err
	}
	key := secret{
		mac:     mac,
		encrypt: func(blocks []byte) ([]byte, error) { return encryptDES(value, blocks) },
		value:   func() ([]byte, error) { return bytes.Clone(value), nil },
	}
	f.masters[label] = key
	return key, nil
}

// Close does nothing: no file is kept open.
func (*File) Close() error { return nil }

// path is a key's file.
func (f *File) path(label string) (string, error) {
	if err := checkLabel(label); err != nil {
		return "", err
	}
	return filepath.Join(f.dir, label+".pem"), nil
}

// read reads the key file with that label, whose PEM block must be of that kind.
func (f *File) read(label, kind string) ([]byte, error) {
	path, err := f.path(label)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("its file does not hold a %s", kind)
	}
	return block.Bytes, nil
}

// write makes a key file, whole or not at all, and never replaces another.
func (f *File) write(label, kind string, content []byte) error {
	path, err := f.path(label)
	if err != nil {
		return err
	}
	err = durable.Create(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	return err
}
