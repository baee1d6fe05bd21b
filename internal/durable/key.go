package durable

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeySize is how many random bytes a key file holds.
const KeySize = 32

// ReadKey reads a key of KeySize bytes from a file that only its owner can read (mode
// 0600 or 0400). With create, a missing file is made; processes that make it at the
// same time get the same key.
func ReadKey(name string, create bool) ([]byte, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && create {
		b, err = makeKey(name)
	}
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others than its owner; mode 0600 is required", filepath.Base(name))
	}
	if len(b) != KeySize {
		return nil, fmt.Errorf("%s has %d bytes; %d are required", filepath.Base(name), len(b), KeySize)
	}
	if bytes.Count(b, b[:1]) == len(b) {
		return nil, fmt.Errorf("%s is one byte repeated; %d random ones are required", filepath.Base(name), KeySize)
	}
	return b, nil
}

func makeKey(name string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	if err := Create(name, key); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(name)
}
