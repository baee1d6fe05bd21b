package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"example.org/cancuoc/internal/durable"
)

// FileWrapper wraps with a master key from a file: made at first start in
// development, given as a secret in production.
type FileWrapper struct{ master []byte }

// OpenFile reads the master key (32 bytes) from a file that only its owner can
// read (mode 0600 or 0400). With create, a missing file is made; processes that
// make it at the same time get the same key.
func OpenFile(name string, create bool) (*FileWrapper, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && create {
		b, err = makeKeyFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("master key %s can be read by others than its owner; mode 0600 is required", filepath.Base(name))
	}
	if len(b) != 32 {
		return nil, fmt.Errorf("master key %s has %d bytes; 32 are required", filepath.Base(name), len(b))
	}
	if bytes.Count(b, b[:1]) == len(b) {
		return nil, fmt.Errorf("master key %s is one byte repeated; 32 random ones are required", filepath.Base(name))
	}
	return &FileWrapper{master: b}, nil
}

func makeKeyFile(name string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	if err := durable.Create(name, key); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(name)
}

// Wrap implements Wrapper by AES-256-GCM, bound to the application.
func (f *FileWrapper) Wrap(application string, key []byte) ([]byte, error) {
	a, err := aead(f.master)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, a.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return a.Seal(nonce, nonce, key, []byte(application)), nil
}

// Unwrap implements Wrapper.
func (f *FileWrapper) Unwrap(application string, wrapped []byte) ([]byte, error) {
	a, err := aead(f.master)
	if err != nil {
		return nil, err
	}
	if len(wrapped) < a.NonceSize() {
		return nil, errors.New("the wrapped key is truncated")
	}
	return a.Open(nil, wrapped[:a.NonceSize()], wrapped[a.NonceSize():], []byte(application))
}
