package engine

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"example.org/cancuoc/internal/durable"
)

// Keys is a ring of payload keys: the last one encrypts, all decrypt. A new key is put
// above the last one until every program has it, and then below it; an old one may be
// removed when no workflow runs that was begun under it (docs/operations.md). One key may encrypt 2^32 payloads (NIST SP
// 800-38D, 8.3, for random nonces).
type Keys struct {
	byID map[string]cipher.AEAD
	last string
}

// String names the ring without its keys.
func (*Keys) String() string { return "[payload keys]" }

// GoString names the ring without its keys.
func (*Keys) GoString() string { return "[payload keys]" }

// LogValue names the ring without its keys.
func (*Keys) LogValue() slog.Value { return slog.StringValue("[payload keys]") }

// OpenKeys reads a key file of mode 0600 with one key in each line, the newest last: an
// identifier and 32 bytes in base64. If create is set, which is for development only, a
// missing file is made with one key; if two processes make it at once, one file stays.
func OpenKeys(name string, create bool) (*Keys, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && create {
		b, err = makeKeys(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read payload keys: %w", err)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read payload keys: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("payload keys: %s can be read by others than its owner; set its mode to 0600", filepath.Base(name))
	}
	return ParseKeys(string(b))
}

// ParseKeys reads the text of a key file. It skips lines that are empty or begin with
// #.
func ParseKeys(text string) (*Keys, error) {
	keys := &Keys{byID: make(map[string]cipher.AEAD)}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("payload keys: line %d is not an identifier and a key", n)
		}
		if _, ok := keys.byID[fields[0]]; ok {
			return nil, fmt.Errorf("payload keys: line %d repeats an identifier", n)
		}
		raw, err := base64.StdEncoding.DecodeString(fields[1])
		if err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("payload keys: line %d has no key of 32 bytes in base64", n)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("payload keys: line %d: %w", n, err)
		}
		if keys.byID[fields[0]], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("payload keys: line %d: %w", n, err)
		}
		keys.last = fields[0]
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("payload keys: %w", err)
	}
	if keys.last == "" {
		return nil, errors.New("payload keys: the file holds none")
	}
	return keys, nil
}

func makeKeys(name string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	var random [36]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	line := hex.EncodeToString(random[32:]) + " " + base64.StdEncoding.EncodeToString(random[:32]) + "\n"
	if err := durable.Create(name, []byte(line)); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(name)
}
