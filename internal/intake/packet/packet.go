// Package packet is what an enrollment station sends: an application with its
// images, in JSON, signed by the officer who enrolled and with the station's key.
// docs/packet.md describes it.
//
// Start at Submission and Sign.
package packet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// contentType is the media type in a packet's protected header.
const contentType = "application/vnd.cancuoc.application+json"

// enrolled is the member of the header with the enrolling officer's statement.
const enrolled = "enrolled"

// enrollment is that member: the statement of [identity.Enroll], signed.
type enrollment struct {
	Statement []byte `json:"statement"`
	Key       []byte `json:"key"`
	Signature []byte `json:"signature"`
}

// A Statesman states an act, signed by all who do it.
type Statesman func(act identity.Act, subject, id string) (statement.Signed, error)

// Sign makes a packet: the submission as the payload of a JSON Web Signature (RFC
// 7515, compact form) with the station's Ed25519 key, the station named in kid, and in the
// header what its officer states of the payload. The submission must carry its images.
func Sign(s Submission, key ed25519.PrivateKey, state Statesman) ([]byte, error) {
	payload, err := s.canonical()
	if err != nil {
		return nil, err
	}
	return sign(payload, s, key, state)
}

// Unread is the member of a packet of which something could not be read. No office takes it
// in, since an application has no such field.
const Unread = "unread"

// SignUnread makes a packet of what of a submission could be read, for the office to say
// what else is wrong with it.
func SignUnread(s Submission, key ed25519.PrivateKey, state Statesman) ([]byte, error) {
	payload, err := json.Marshal(struct {
		Submission

		Unread bool `json:"unread"`
	}{s, true}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write submission: %w", err)
	}
	return sign(payload, s, key, state)
}

// sign signs a payload as the station and the officer of its submission.
func sign(payload []byte, s Submission, key ed25519.PrivateKey, state Statesman) ([]byte, error) {
	sum := sha256.Sum256(payload)
	now := time.Now().UTC().Truncate(time.Second) //nolint:forbidigo // the officer's clock; the office compares it with its own
	act := identity.Enroll{Officer: identity.OfficerID(s.Officer), Payload: sum[:], SignedAt: now}
	signed, err := state(act, statement.Station(identity.StationID(s.Station)), statement.NewID())
	if err != nil {
		return nil, err
	}
	g := signed.Signatures[0]
	options := (&jose.SignerOptions{}).WithContentType(contentType).WithHeader("kid", s.Station).
		WithHeader(enrolled, enrollment{signed.Statement, g.Key, g.Value})
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
	Station   identity.StationID // as the header names it
	header    []byte             // in base64url
	signed    []byte             // header and payload as they came, which is what is signed
	payload   []byte             // in base64url
	signature []byte
}

// Parse reads a packet without checking its signature, and refuses one whose header
// names no station. A packet may be large, so nothing of it is copied.
func Parse(b []byte) (Packet, error) {
	station, err := ParseHeader(b)
	if err != nil {
		return Packet{}, err
	}
	parts := bytes.SplitN(b, dot, 4)
	if len(parts) != 3 {
		return Packet{}, refuseForm("has %d parts; header, payload and signature are accepted, joined by dots", len(parts))
	}
	p := Packet{Station: station, header: parts[0], signed: b[:len(parts[0])+len(dot)+len(parts[1])], payload: parts[1]}
	if p.signature, err = base64url.AppendDecode(nil, bytes.TrimRight(parts[2], "\r\n")); err != nil || len(p.signature) != ed25519.SignatureSize {
		return Packet{}, refuseForm("has a third part that is not an Ed25519 signature in base64url")
	}
	return p, nil
}

// ParseHeader reads the station from a packet, or from its beginning.
func ParseHeader(b []byte) (identity.StationID, error) {
	header, _, found := bytes.Cut(b[:min(len(b), maxHeader)], dot)
	if !found {
		return "", refuseForm("has no header within its first %d bytes", maxHeader)
	}
	jws, err := jose.ParseSignedCompact(string(header)+"..", []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(jws.Signatures) != 1 {
		return "", refuseForm("has a header that is not base64url of a JSON object with alg EdDSA")
	}
	protected := jws.Signatures[0].Protected
	if _, critical := protected.ExtraHeaders["crit"]; critical {
		return "", refuseForm("has a header with crit; nothing that would be critical is known here")
	}
	return identity.ParseStationID(protected.KeyID)
}

// maxHeader is how long the header may be, in bytes.
const maxHeader = 2 << 10

var (
	dot       = []byte(".")
	base64url = base64.RawURLEncoding.Strict()
)

// refuseForm says in what the packet is not what a station sends.
func refuseForm(format string, args ...any) error {
	return identity.RefuseField(identity.Invalid, "signature", "the packet is not a JSON Web Signature in compact form with EdDSA (RFC 7515, RFC 8037): it "+format, args...)
}

// Open checks the signature and gives the payload.
func (p Packet) Open(key ed25519.PublicKey) ([]byte, error) {
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, p.signed, p.signature) {
		return nil, identity.RefuseField(identity.Invalid, "signature", "does not verify with the key registered for station %s; the packet was altered, or signed with another key", p.Station)
	}
	return p.Payload()
}

// Payload gives the payload, whoever signed it.
func (p Packet) Payload() ([]byte, error) {
	payload, err := base64url.AppendDecode(nil, p.payload)
	if err != nil {
		return nil, refuseForm("has a payload that is not base64url")
	}
	return payload, nil
}

// Enrolled checks what the officer states of the payload, and who signed it. Whose the key
// is, and what its owner may do, is for the registry. What it refuses comes with the
// statement, as far as it could be read.
func (p Packet) Enrolled(payload []byte) (identity.Enroll, statement.Signed, error) {
	var none identity.Enroll
	header, err := base64url.AppendDecode(nil, p.header)
	var members struct {
		Enrolled *enrollment `json:"enrolled"`
	}
	if err != nil || json.Unmarshal(header, &members) != nil {
		return none, statement.Signed{}, identity.RefuseField(identity.Invalid, enrolled, "in the packet's header is not an object with statement, key and signature in base64")
	}
	if members.Enrolled == nil {
		return none, statement.Signed{}, identity.RefuseField(identity.Forbidden, "officer", "did not sign the packet: its header has no %s; use starter sign or starter submit where the officer's key is", enrolled)
	}
	e := members.Enrolled
	signed := statement.Signed{Statement: e.Statement, Signatures: []statement.Signature{{Key: e.Key, Value: e.Signature}}}
	said, err := signed.Read()
	if err != nil {
		return none, signed, identity.InField(enrolled, err)
	}
	act, err := said.Does()
	if err != nil {
		return none, signed, identity.InField(enrolled, err)
	}
	enroll, is := act.(identity.Enroll)
	if !is {
		return none, signed, identity.RefuseField(identity.Forbidden, enrolled, "is the statement of another act: %s", said.Act)
	}
	signed.Signatures[0].Officer = enroll.Officer
	sum := sha256.Sum256(payload)
	if !bytes.Equal(enroll.Payload, sum[:]) {
		return none, signed, identity.RefuseField(identity.Forbidden, enrolled, "is of another application: the payload is not what the officer signed")
	}
	err = errors.Join(signed.Verify(), signed.Says(enroll, statement.Station(p.Station), said.ID))
	return enroll, signed, identity.InField(enrolled, err)
}
