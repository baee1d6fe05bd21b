package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"example.org/cancuoc/internal/durable"
)

// FileWrapper wraps with a master key from a file: made at first start in
// development, given as a secret in production.
type FileWrapper struct{ master []byte }

// OpenFile reads the master key (32 bytes) from a file that only its owner can
// read (mode 0600 or 0400). With create, a missing file is made; processes that
// make it at the same time get the same key.
func OpenFile(name string, create bool) (*FileWrapper, error) {
	master, err := durable.ReadKey(name, create)
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	return &FileWrapper{master: master}, nil
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

// Digest implements Wrapper by HMAC-SHA-256, with a key of its own.
func (f *FileWrapper) Digest(content []byte) ([]byte, error) {
	key, err := hkdf.Expand(sha256.New, f.master, "cancuoc digest", sha256.Size)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(content)
	return mac.Sum(nil), nil
}
