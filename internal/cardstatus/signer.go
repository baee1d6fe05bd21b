// Package cardstatus tells verifiers (banks, the traffic police) whether cards are valid: one
// card, by an answer that is signed; and all of them, by status lists (draft-ietf-oauth-
// status-list: Token Status List), which can be looked up without asking about anybody.
package cardstatus

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/durable"
)

// Signer signs what is said of cards, by Ed25519 (RFC 8037), as compact JWS.
type Signer struct {
	key    ed25519.PrivateKey
	public jose.JSONWebKey

	answers, lists string // encoded headers
}

// The types of what is signed.
const (
	typeAnswer = "card-status+jwt"
	typeList   = "statuslist+jwt"
)

// OpenSigner reads the key, and makes it if that is asked for.
func OpenSigner(file string, create bool) (*Signer, error) {
	seed, err := durable.ReadKey(file, create)
	if err != nil {
		return nil, fmt.Errorf("read key of card status: %w", err)
	}
	return NewSigner(seed)
}

// NewSigner signs by the key of a seed of 32 bytes.
func NewSigner(seed []byte) (*Signer, error) {
	key := ed25519.NewKeyFromSeed(seed)
	public := jose.JSONWebKey{Key: key.Public(), Algorithm: string(jose.EdDSA), Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("name key of card status: %w", err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	s := &Signer{key: key, public: public}
	if s.answers, err = s.header(typeAnswer); err != nil {
		return nil, err
	}
	if s.lists, err = s.header(typeList); err != nil {
		return nil, err
	}
	return s, nil
}

// Keys is what verifiers need to check what is signed (RFC 7517).
func (s *Signer) Keys() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{s.public}}
}

// KeyID is the key's thumbprint (RFC 7638), by which a verifier knows it again.
func (s *Signer) KeyID() string { return s.public.KeyID }

// Sign signs claims of another type.
func (s *Signer) Sign(typ string, claims any) ([]byte, error) {
	header, err := s.header(typ)
	if err != nil {
		return nil, err
	}
	return s.sign(header, claims)
}

// header gives the encoded header of a type.
func (s *Signer) header(typ string) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": string(jose.EdDSA), "kid": s.public.KeyID, "typ": typ}, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("write header: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(header), nil
}

// sign gives claims as compact JWS (RFC 7515). The header is the same for all, so nothing
// of it is made anew for each answer.
func (s *Signer) sign(header string, claims any) ([]byte, error) {
	payload, err := json.Marshal(claims, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write claims: %w", err)
	}
	b := make([]byte, 0, len(header)+base64.RawURLEncoding.EncodedLen(len(payload))+88)
	b = append(append(b, header...), '.')
	b = base64.RawURLEncoding.AppendEncode(b, payload)
	signature := ed25519.Sign(s.key, b)
	return base64.RawURLEncoding.AppendEncode(append(b, '.'), signature), nil
}
