// Package packet is what an enrollment station sends: an application with its
// images, in JSON, signed with the station's key. docs/packet.md describes it.
//
// Start at Submission and Sign.
package packet

import (
	"crypto/ed25519"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"example.org/cancuoc/internal/identity"
)

// contentType is the media type in a packet's protected header.
const contentType = "application/vnd.cancuoc.application+json"

// Sign makes a packet: the submission as the payload of a JSON Web Signature (RFC
// 7515, compact form) with the station's Ed25519 key, the station named in kid. The
// submission must carry its images.
func Sign(s Submission, key ed25519.PrivateKey) ([]byte, error) {
	payload, err := s.canonical()
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{}).WithContentType(contentType).WithHeader("kid", s.Station)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, options)
	if err != nil {
		return nil, fmt.Errorf("make signer of station %s: %w", s.Station, err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("sign packet: %w", err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("write packet: %w", err)
	}
	return []byte(compact), nil
}

// Packet is a signed submission whose signature has not been checked.
type Packet struct {
	Station identity.StationID // as the header names it
	jws     *jose.JSONWebSignature
}

// Parse reads a packet without checking its signature, and refuses one whose header
// names no station.
func Parse(b []byte) (Packet, error) {
	jws, err := jose.ParseSignedCompact(string(b), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(jws.Signatures) != 1 {
		return Packet{}, identity.RefuseField(identity.Invalid, "signature", "the packet is not a JSON Web Signature in compact form with EdDSA (RFC 7515, RFC 8037)")
	}
	station, err := identity.ParseStationID(jws.Signatures[0].Protected.KeyID)
	return Packet{Station: station, jws: jws}, err
}

// Open checks the signature and gives the payload.
func (p Packet) Open(key ed25519.PublicKey) ([]byte, error) {
	payload, err := p.jws.Verify(key)
	if err != nil {
		return nil, identity.RefuseField(identity.Invalid, "signature", "does not verify with the key registered for station %s; the packet was altered, or signed with another key", p.Station)
	}
	return payload, nil
}
