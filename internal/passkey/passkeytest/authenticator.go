// Package passkeytest is an authenticator in software, which tests can have answer as no
// browser would.
package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/statement"
)

// The flags of authenticator data (Web Authentication level 3, section 6.1).
const (
	Present        = 1 << 0
	Verified       = 1 << 2
	BackupEligible = 1 << 3
	attested       = 1 << 6
)

// Authenticator holds one passkey. What it says of itself and of who asks can be changed.
type Authenticator struct {
	ID      []byte // the passkey's
	Site    string // for which it was made
	Origin  string // of the page that asks, as the browser says
	Frame   bool   // the page is in another site's
	Flags   byte
	Counter uint32 // signatures so far; none: it does not count

	key crypto.Signer
}

// New makes an authenticator with a passkey for a site: an ECDSA key on P-256.
func New(tb testing.TB, site passkey.Site) *Authenticator {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	return with(site, key)
}

// NewEd25519 is New with an Ed25519 key.
func NewEd25519(tb testing.TB, site passkey.Site) *Authenticator {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(tb, err)
	return with(site, key)
}

func with(site passkey.Site, key crypto.Signer) *Authenticator {
	return &Authenticator{ID: []byte(rand.Text()), Site: site.ID(), Origin: string(site), Flags: Present | Verified, key: key}
}

// Key is the public key as the registry holds it.
func (a *Authenticator) Key(tb testing.TB) []byte {
	tb.Helper()
	key, err := x509.MarshalPKIXPublicKey(a.key.Public())
	require.NoError(tb, err)
	return key
}

// Make answers a page that has a passkey made.
func (a *Authenticator) Make(tb testing.TB, challenge []byte) passkey.Creation {
	tb.Helper()
	data := a.data(a.Flags | attested)
	data = append(data, make([]byte, 16)...) // no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.ID)))
	data = append(append(data, a.ID...), a.cose(tb)...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	require.NoError(tb, err)
	return passkey.Creation{ID: a.ID, Attestation: object, ClientData: a.client(tb, "webauthn.create", challenge)}
}

// Answer is what Sign gives.
type Answer struct {
	statement.Passkey

	Signature []byte
}

// Sign answers a page that has a challenge signed.
func (a *Authenticator) Sign(tb testing.TB, challenge []byte) Answer {
	tb.Helper()
	answer := Answer{Passkey: statement.Passkey{AuthenticatorData: a.data(a.Flags), ClientData: a.client(tb, "webauthn.get", challenge)}}
	hash := sha256.Sum256(answer.ClientData)
	message, options := append(append([]byte{}, answer.AuthenticatorData...), hash[:]...), crypto.Hash(0)
	if _, is := a.key.(*ecdsa.PrivateKey); is {
		sum := sha256.Sum256(message)
		message, options = sum[:], crypto.SHA256
	}
	var err error
	answer.Signature, err = a.key.Sign(rand.Reader, message, options)
	require.NoError(tb, err)
	return answer
}

func (a *Authenticator) data(flags byte) []byte {
	site := sha256.Sum256([]byte(a.Site))
	return binary.BigEndian.AppendUint32(append(site[:], flags), a.Counter)
}

func (a *Authenticator) client(tb testing.TB, what string, challenge []byte) []byte {
	tb.Helper()
	client, err := json.Marshal(map[string]any{
		"type": what, "challenge": base64.RawURLEncoding.EncodeToString(challenge), "origin": a.Origin, "crossOrigin": a.Frame,
	})
	require.NoError(tb, err)
	return client
}

// cose is the public key as authenticators give it (RFC 9052).
func (a *Authenticator) cose(tb testing.TB) []byte {
	tb.Helper()
	var key any
	switch public := a.key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		require.NoError(tb, err)
		key = webauthncose.EC2PublicKeyData{
			PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
			Curve:         int64(webauthncose.P256), XCoord: point[1:33], YCoord: point[33:],
		}
	case ed25519.PublicKey:
		key = webauthncose.OKPPublicKeyData{
			PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.OctetKey), Algorithm: int64(webauthncose.AlgEdDSA)},
			Curve:         int64(webauthncose.Ed25519), XCoord: public,
		}
	}
	encoded, err := webauthncbor.Marshal(key)
	require.NoError(tb, err)
	return encoded
}
