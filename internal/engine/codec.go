package engine

import (
	"crypto/rand"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

const (
	encodingEncrypted = "binary/encrypted"
	metadataEncoding  = "encoding"
	metadataKey       = "key-id"
)

// Codec encrypts every payload, with its metadata, by AES-256-GCM. The key's identifier
// stands beside it, unencrypted and authenticated.
type Codec struct{ Keys *Keys }

var _ converter.PayloadCodec = (*Codec)(nil)

// missingKeyError is the error of a payload whose key this program does not have.
type missingKeyError struct{ id string }

func (e *missingKeyError) Error() string {
	return fmt.Sprintf("decrypt payload: the key ring has no key %q", e.id)
}

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

// Decode implements converter.PayloadCodec. It passes through a payload that is not
// encrypted, since the Temporal UI sends such payloads.
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
			return nil, &missingKeyError{id}
		}
		data := p.GetData()
		if len(data) < key.NonceSize() {
			return nil, errors.New("decrypt payload: too short")
		}
		plaintext, err := key.Open(nil, data[:key.NonceSize()], data[key.NonceSize():], []byte(id))
		if err != nil {
			return nil, errors.New("decrypt payload: altered")
		}
		out[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(plaintext, out[i]); err != nil {
			return nil, fmt.Errorf("decrypt payload: %w", err)
		}
	}
	return out, nil
}
