package keys

import (
	"crypto"
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
	masters map[string]securechannel.PRF
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
	return &File{dir: dir, signers: make(map[string]*ecdsa.PrivateKey), masters: make(map[string]securechannel.PRF)}, nil
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

// CardKeys derives a chip's key set.
func (f *File) CardKeys(master string, version byte, serial []byte, bits int) (securechannel.KeySet, error) {
	prf, err := f.master(master)
	if err != nil {
		return securechannel.KeySet{}, about(master, err)
	}
	return DeriveCardKeys(prf, version, serial, bits)
}

// master is the pseudo-random function of a master key.
func (f *File) master(label string) (securechannel.PRF, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if prf, ok := f.masters[label]; ok {
		return prf, nil
	}
	secret, err := f.read(label, pemMaster)
	if err != nil {
		return nil, err
	}
	prf, err := securechannel.AESCMAC(secret)
	if err != nil {
		return nil, err
	}
	f.masters[label] = prf
	return prf, nil
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
