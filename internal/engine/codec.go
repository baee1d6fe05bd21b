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

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"example.org/cancuoc/internal/durable"
)

const (
	encodingEncrypted = "binary/encrypted"
	metadataEncoding  = "encoding"
	metadataKey       = "key-id"
)

// Keys is a ring of payload keys: the last encrypts, all decrypt. To change the
// key, a line is added to the ring and every program started again; an old line
// may go when no history that it encrypted is kept any more. A key is good for
// 2^32 payloads (NIST SP 800-38D, 8.3: the nonces are random).
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

// OpenKeys reads a key file of mode 0600: a line each, an identifier and 32
// bytes in base64, the newest last. A file that is not there is made, with one
// key, if create is set, as it is in development only; of two processes that
// make it at once, one's stays.
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
		return nil, fmt.Errorf("payload keys: %s may be read by others than its owner; mode 0600 is wanted", filepath.Base(name))
	}
	return ParseKeys(string(b))
}

// ParseKeys reads the text of a key file. Lines that are empty or begin with #
// are passed over.
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
		return nil, errors.New("payload keys: there is none")
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

// Codec encrypts every payload, its metadata included, by AES-256-GCM. The key's
// identifier stands beside it in the clear, and is authenticated.
type Codec struct{ Keys *Keys }

var _ converter.PayloadCodec = (*Codec)(nil)

// Encode implements converter.PayloadCodec.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	key := c.Keys.byID[c.Keys.last]
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plaintext, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encrypt payload: %w", err)
		}
		nonce := make([]byte, key.NonceSize(), key.NonceSize()+len(plaintext)+key.Overhead())
		if _, err := rand.Read(nonce); err != nil {
			return nil, fmt.Errorf("encrypt payload: %w", err)
		}
		out[i] = &commonpb.Payload{
			Metadata: map[string][]byte{metadataEncoding: []byte(encodingEncrypted), metadataKey: []byte(c.Keys.last)},
			Data:     key.Seal(nonce, nonce, plaintext, []byte(c.Keys.last)),
		}
	}
	return out, nil
}

// Decode implements converter.PayloadCodec. A payload that is not encrypted is
// passed through: the UI sends such.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[metadataEncoding]) != encodingEncrypted {
			out[i] = p
			continue
		}
		id := string(p.GetMetadata()[metadataKey])
		key, ok := c.Keys.byID[id]
		if !ok {
			return nil, fmt.Errorf("decrypt payload: the key ring has no key %q", id)
		}
		data := p.GetData()
		if len(data) < key.NonceSize() {
			return nil, errors.New("decrypt payload: it is cut short")
		}
		plaintext, err := key.Open(nil, data[:key.NonceSize()], data[key.NonceSize():], []byte(id))
		if err != nil {
			return nil, errors.New("decrypt payload: it was altered")
		}
		out[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(plaintext, out[i]); err != nil {
			return nil, fmt.Errorf("decrypt payload: %w", err)
		}
	}
	return out, nil
}
