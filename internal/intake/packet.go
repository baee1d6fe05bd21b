package intake

import (
	"crypto/ed25519"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"example.org/cancuoc/internal/identity"
)

// packetType is the media type in a packet's protected header.
const packetType = "application/vnd.cancuoc.application+json"

// Sign makes a packet: the submission as the payload of a JSON Web Signature
// (RFC 7515, compact) by the station's Ed25519 key, the station named in kid.
// Every image must be in the submission.
func Sign(s Submission, key ed25519.PrivateKey) ([]byte, error) {
	payload, err := s.canonical()
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{}).WithContentType(packetType).WithHeader("kid", s.Station)
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

// packet is a signed submission whose signature is not checked yet.
type packet struct {
	station identity.StationID // as its header says
	jws     *jose.JSONWebSignature
}

// parsePacket reads the outside of a packet, and refuses one that names no station
// in its header.
func parsePacket(b []byte) (packet, error) {
	jws, err := jose.ParseSignedCompact(string(b), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(jws.Signatures) != 1 {
		return packet{}, identity.RefuseField(identity.Invalid, "signature", "the packet is no JSON Web Signature in compact form by EdDSA")
	}
	station, err := identity.ParseStationID(jws.Signatures[0].Protected.KeyID)
	return packet{station: station, jws: jws}, err
}

// open checks the signature and gives the payload.
func (p packet) open(key ed25519.PublicKey) ([]byte, error) {
	payload, err := p.jws.Verify(key)
	if err != nil {
		return nil, identity.RefuseField(identity.Invalid, "signature", "does not verify with the key registered for station %s; the packet was altered or signed by another key", p.station)
	}
	return payload, nil
}
