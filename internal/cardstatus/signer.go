// Package cardstatus tells verifiers (banks, the traffic police) whether cards are valid: one
// card, by an answer that is signed; and all of them, by status lists (draft-ietf-oauth-
// status-list: Token Status List), which can be looked up without asking about anybody.
package cardstatus

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/durable"
)

// Signer signs what is said of cards, by Ed25519 (RFC 8037), as compact JWS.
type Signer struct {
	key     ed25519.PrivateKey
	public  jose.JSONWebKey
	earlier []jose.JSONWebKey // that signed before, by their certificates
	now     func() time.Time

	answers, lists string // encoded headers
}

// The types of what is signed.
const (
	typeAnswer = "card-status+jwt"
	typeList   = "statuslist+jwt"
)

// OpenSigner reads the key, and makes it if that is asked for; and certificates, of it and of keys
// before it, from a PEM file, which is there or may be made.
func OpenSigner(file, certificates string, create bool, now func() time.Time) (*Signer, error) {
	seed, err := durable.ReadKey(file, create)
	if err != nil {
		return nil, fmt.Errorf("read key of card status: %w", err)
	}
	if certificates == "" {
		return NewSigner(seed, nil, now)
	}
	chains, err := readChains(certificates)
	if create && errors.Is(err, fs.ErrNotExist) {
		return NewSigner(seed, nil, now)
	}
	if err != nil {
		return nil, fmt.Errorf("read certificates of card status: %w", err)
	}
	s, err := NewSigner(seed, chains, now)
	if err == nil && len(s.public.Certificates) == 0 {
		return nil, fmt.Errorf("%s has no certificate of the key in %s: make it (starter keys status)", certificates, file)
	}
	return s, err
}

// NewSigner signs by the key of a seed of 32 bytes, whose certificate may be among those.
func NewSigner(seed []byte, chains []chain, now func() time.Time) (*Signer, error) {
	key := ed25519.NewKeyFromSeed(seed)
	s := &Signer{key: key, now: now}
	var err error
	if s.public, err = publicKey(key.Public().(ed25519.PublicKey)); err != nil {
		return nil, err
	}
	for _, c := range chains {
		one, err := publicKey(c.key())
		if err != nil {
			return nil, err
		}
		one.Certificates = c
		known := func(k jose.JSONWebKey) bool { return k.KeyID == one.KeyID }
		switch {
		case one.KeyID == s.public.KeyID && s.public.Certificates == nil:
			s.public = one
		case one.KeyID != s.public.KeyID && !slices.ContainsFunc(s.earlier, known): // the first is valid longest
			s.earlier = append(s.earlier, one)
		}
	}
	if s.answers, err = s.header(typeAnswer); err != nil {
		return nil, err
	}
	if s.lists, err = s.header(typeList); err != nil {
		return nil, err
	}
	return s, nil
}

// publicKey is a key as verifiers are given it (RFC 7517).
func publicKey(key ed25519.PublicKey) (jose.JSONWebKey, error) {
	public := jose.JSONWebKey{Key: key, Algorithm: string(jose.EdDSA), Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return public, fmt.Errorf("name key of card status: %w", err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return public, nil
}

// Keys is what verifiers need to check what is signed, and what was signed by keys before this
// one whose certificates have not ended (RFC 7517).
func (s *Signer) Keys() jose.JSONWebKeySet {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{s.public}}
	for _, k := range s.earlier {
		if s.now().Before(k.Certificates[0].NotAfter) {
			set.Keys = append(set.Keys, k)
		}
	}
	return set
}

// Ends is when the certificate of the key ends; zero without one.
func (s *Signer) Ends() time.Time {
	if len(s.public.Certificates) == 0 {
		return time.Time{}
	}
	return s.public.Certificates[0].NotAfter
}

// Ended reports whether the certificate of the key has ended; without one, nothing ends.
func (s *Signer) Ended() bool { return !s.Ends().IsZero() && s.now().After(s.Ends()) }

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
	said := map[string]any{"alg": string(jose.EdDSA), "kid": s.public.KeyID, "typ": typ}
	if certificates := s.public.Certificates; len(certificates) > 0 {
		x5c := make([]string, len(certificates))
		for i, c := range certificates {
			x5c[i] = base64.StdEncoding.EncodeToString(c.Raw)
		}
		said["x5c"] = x5c // RFC 7515, 4.1.6
	}
	header, err := json.Marshal(said, json.Deterministic(true))
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
