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
	"os"
	"path/filepath"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

const (
	encodingEncrypted = "binary/encrypted"
	metadataEncoding  = "encoding"
	metadataKey       = "key-id"
)

// Keys is a ring of payload keys: the last encrypts, all decrypt.
type Keys struct {
	byID map[string]cipher.AEAD
	last string
}

// OpenKeys reads a key file: a line each, an identifier and 32 bytes in base64,
// the newest last. A file that is not there is made, with one key, if make is
// set; of two processes that make it at once, one's stays.
func OpenKeys(name string, make bool) (*Keys, error) {
	b, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if errors.Is(err, fs.ErrNotExist) && make {
		b, err = makeKeys(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read payload keys: %w", err)
	}
	return ParseKeys(string(b))
}

// ParseKeys reads the text of a key file.
func ParseKeys(text string) (*Keys, error) {
	keys := &Keys{byID: make(map[string]cipher.AEAD)}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("payload keys: line %d is not an identifier and a key", n)
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
	if keys.last == "" {
		return nil, errors.New("payload keys: there is none")
	}
	return keys, lines.Err()
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
	temporary, err := os.CreateTemp(filepath.Dir(name), ".codec-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(line)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(temporary.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(name) //nolint:gosec // the operator names the file
}

// Codec encrypts every payload by AES-256-GCM, the key's identifier beside it.
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
