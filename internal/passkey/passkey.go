// Package passkey looks at what an authenticator signed (Web Authentication level 3): that
// it was asked on the officers' pages, and that it verified who uses it. That the signature
// is by its key over the statement, package statement verifies; whose the key is, the
// registry says.
package passkey

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Site is where officers sign by passkeys, by its origin: scheme, host and port. The empty
// one is none, and no passkey signs there.
type Site string

// Origin is the site of the pages at an address; of none, it is none.
func Origin(address string) Site {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	host := strings.ToLower(u.Host) // and without the scheme's own port, as browsers write it
	if own := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; own != "" {
		host = strings.TrimSuffix(host, own)
	}
	return Site(u.Scheme + "://" + host)
}

// ID is the relying party's: the host, for which the passkeys are made.
func (s Site) ID() string {
	u, err := url.Parse(string(s))
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Check refuses a statement that a passkey signed for another site, or without verifying
// who uses it. Signatures by other keys pass.
func (s Site) Check(signed statement.Signed) error {
	for _, g := range signed.Signatures {
		if g.Passkey == nil {
			continue
		}
		asked, err := g.Passkey.Asked(signed)
		if err == nil {
			err = s.check(*g.Passkey, asked)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s Site) check(p statement.Passkey, challenge []byte) error {
	if s == "" {
		return identity.RefuseField(identity.Forbidden, "passkey", "signs on the officers' pages alone, and this office has none")
	}
	var client protocol.CollectedClientData
	var authenticator protocol.AuthenticatorData
	if json.Unmarshal(p.ClientData, &client) != nil || authenticator.Unmarshal(p.AuthenticatorData) != nil {
		return identity.RefuseField(identity.Invalid, "passkey", "gave an answer that is not one of Web Authentication")
	}
	err := client.Verify(encoded(challenge), protocol.AssertCeremony, []string{string(s)}, nil, nil, protocol.TopOriginExplicitVerificationMode, false)
	if err != nil {
		return identity.RefuseField(identity.Forbidden, "passkey", "was asked elsewhere than at %s, or for something else; sign on the officers' pages, opened there", s)
	}
	return verified(authenticator, s)
}

// verified refuses an answer for another relying party, or without its user.
func verified(a protocol.AuthenticatorData, s Site) error {
	id := sha256.Sum256([]byte(s.ID()))
	if err := a.Verify(id[:], nil, true, true); err != nil {
		return identity.RefuseField(identity.Forbidden, "passkey", "is not one for %s, or did not verify who uses it (by PIN, finger or face)", s.ID())
	}
	return nil
}

func encoded(challenge []byte) string { return base64.RawURLEncoding.EncodeToString(challenge) }

// Credential is a passkey as administrators register it for its officer.
type Credential struct {
	Officer   identity.OfficerID `json:"officer"`
	Key       []byte             `json:"key"` // public, SubjectPublicKeyInfo (RFC 5280), DER
	PasskeyID []byte             `json:"passkey_id"`
}

// Fingerprint is by what people compare keys, when one reads it to another: the beginning
// of the key's SHA-256, in groups.
func (c Credential) Fingerprint() string {
	sum := sha256.Sum256(c.Key)
	var groups []string
	for i := 0; i < 16; i += 2 {
		groups = append(groups, fmt.Sprintf("%04X", binary.BigEndian.Uint16(sum[i:])))
	}
	return strings.Join(groups, " ")
}

// Creation is what an authenticator answered when it made a passkey.
type Creation struct {
	ID          []byte
	Attestation []byte // an attestation object, CBOR
	ClientData  []byte // JSON
}

// Algorithms are those of the keys that sign statements, by their COSE numbers, the
// preferred first.
func Algorithms() []webauthncose.COSEAlgorithmIdentifier {
	return []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgEdDSA, webauthncose.AlgES256}
}

// Made gives the passkey that an authenticator made for an officer, asked with that
// challenge. One that may be copied to other devices is refused. Who made the authenticator is
// not asked: two administrators look at the officer instead.
func (s Site) Made(officer identity.OfficerID, c Creation, challenge []byte) (Credential, error) {
	id := encoded(c.ID)
	var response protocol.CredentialCreationResponse
	response.ID, response.RawID, response.Type = id, c.ID, string(protocol.PublicKeyCredentialType)
	response.AttestationResponse.ClientDataJSON, response.AttestationResponse.AttestationObject = c.ClientData, c.Attestation
	made, err := response.Parse()
	if err != nil {
		return Credential{}, identity.RefuseField(identity.Invalid, "passkey", "gave an answer that is not one of Web Authentication")
	}
	var accepted []protocol.CredentialParameter
	for _, algorithm := range Algorithms() {
		accepted = append(accepted, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: algorithm})
	}
	_, err = made.Verify(encoded(challenge), s.ID(), []string{string(s)}, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, true, true, nil, accepted, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	if err != nil {
		return Credential{}, identity.RefuseField(identity.Forbidden, "passkey", "was not made for %s as asked (by a key of Ed25519, or of ECDSA on P-256; verifying who uses it by PIN, finger or face)", s)
	}
	if made.Response.AttestationObject.AuthData.Flags.HasBackupEligible() {
		return Credential{}, identity.RefuseField(identity.Forbidden, "passkey", "may be copied to other devices, and then others could sign with it; make one that stays where it is made: in a security key, or in this device alone")
	}
	key, err := public(made.Response.AttestationObject.AuthData.AttData.CredentialPublicKey)
	if err != nil {
		return Credential{}, err
	}
	return Credential{Officer: officer, Key: key, PasskeyID: c.ID}, nil
}

// public turns a COSE key (RFC 9052) into SubjectPublicKeyInfo.
func public(cose []byte) ([]byte, error) {
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return nil, identity.RefuseField(identity.Invalid, "passkey", "has a key that cannot be read")
	}
	var key crypto.PublicKey
	switch k := parsed.(type) {
	case webauthncose.OKPPublicKeyData:
		key = ed25519.PublicKey(k.XCoord)
	case webauthncose.EC2PublicKeyData:
		if key, err = k.ToECDSA(); err != nil {
			return nil, identity.RefuseField(identity.Invalid, "passkey", "has a key that cannot be read")
		}
	}
	return x509.MarshalPKIXPublicKey(key)
}
