package cardstatus_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cardstatus"
	"example.org/cancuoc/internal/durable"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/pki"
)

var at = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

// keyRing is a place with status keys and an authority that certifies them.
type keyRing struct {
	dir, certificates string
	authority         *pki.Authority
	now               time.Time
}

func newKeyRing(t *testing.T) *keyRing {
	t.Helper()
	dir := t.TempDir()
	authority, err := pki.OpenDev(filepath.Join(dir, "pki"), pki.Options{CSCACurve: "P-256", SignerCurve: "P-256", Clock: func() time.Time { return at }})
	require.NoError(t, err)
	return &keyRing{dir: dir, certificates: filepath.Join(dir, "status.pem"), authority: authority, now: at}
}

// open opens the key of a name, made if it is not there.
func (k *keyRing) open(t *testing.T, name string) (*cardstatus.Signer, error) {
	t.Helper()
	return cardstatus.OpenSigner(filepath.Join(k.dir, name), k.certificates, true, func() time.Time { return k.now })
}

func (k *keyRing) certify(t *testing.T, name string) {
	t.Helper()
	seed, err := durable.ReadKey(filepath.Join(k.dir, name), true)
	require.NoError(t, err)
	issued, err := k.authority.CertifyStatus(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey), k.now)
	require.NoError(t, err)
	content, err := cardstatus.Certify(k.certificates, issued)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(k.certificates, content, 0o600))
}

// verify verifies a token as a verifier does who was given the CA alone, by what the token brings
// along, and by crypto/x509.
func (k *keyRing) verify(t *testing.T, token []byte, when time.Time) error {
	t.Helper()
	published, err := os.ReadFile(filepath.Join(k.dir, "pki", "status-ca.pem"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(published))
	signed, err := jose.ParseSignedCompact(string(token), []jose.SignatureAlgorithm{jose.EdDSA})
	require.NoError(t, err)
	chains, err := signed.Signatures[0].Header.Certificates(x509.VerifyOptions{Roots: roots, CurrentTime: when, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return err
	}
	_, err = signed.Verify(chains[0][0].PublicKey)
	return err
}

// What a key signed is verified by its chain alone, until its certificate ends; with a new key in
// use, too, and the key is published as long.
func TestSigner_KeysThatSignedBeforeAreVerifiedUntilTheirEnd(t *testing.T) {
	t.Parallel()
	k := newKeyRing(t)
	bare, err := k.open(t, "first.key")
	require.NoError(t, err, "in development there may be no certificate")
	require.Len(t, bare.Keys().Keys, 1)
	require.Zero(t, bare.Ends())
	k.certify(t, "first.key")
	first, err := k.open(t, "first.key")
	require.NoError(t, err)
	require.Equal(t, bare.KeyID(), first.KeyID())
	signed, err := first.Sign("card-status+jwt", map[string]string{"card_status": "VALID"})
	require.NoError(t, err)

	k.now = at.AddDate(1, 0, 0)
	_, err = k.open(t, "second.key")
	require.ErrorContains(t, err, "has no certificate of the key in")
	k.certify(t, "second.key")
	k.certify(t, "second.key") // again: another certificate of the same key
	second, err := k.open(t, "second.key")
	require.NoError(t, err)
	later, err := second.Sign("card-status+jwt", map[string]string{"card_status": "INVALID"})
	require.NoError(t, err)

	keys := second.Keys().Keys
	require.Len(t, keys, 2)
	require.Equal(t, []string{second.KeyID(), first.KeyID()}, []string{keys[0].KeyID, keys[1].KeyID})
	written, err := json.Marshal(second.Keys())
	require.NoError(t, err)
	var read jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(written, &read), "as verifiers read it, with their certificates")
	require.Len(t, read.Keys[1].Certificates, 2)
	require.NoError(t, k.verify(t, signed, k.now))
	require.NoError(t, k.verify(t, later, k.now))
	require.Error(t, k.verify(t, signed, at.AddDate(3, 0, 1)))
	require.NoError(t, k.verify(t, later, at.AddDate(3, 0, 1)))
	k.now = at.AddDate(3, 0, 1)
	require.Len(t, second.Keys().Keys, 1)
	require.False(t, second.Ended())
	require.True(t, first.Ended())
	require.True(t, second.Ends().After(k.now))
}

// No key of another CA of the office passes for one that says which cards are valid.
func TestSigner_OnlyTheCAOfStatusKeysCertifiesThem(t *testing.T) {
	t.Parallel()
	k := newKeyRing(t)
	k.certify(t, "first.key")
	ca, err := k.authority.MakeSignatureCA(at)
	require.NoError(t, err)
	key, err := curve.GenerateKey(curve.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := curve.MarshalPoint(&key.PublicKey)
	require.NoError(t, err)
	holders, err := ca.Certify(pki.Holder{Name: "ĐẶNG THỊ NGỌC ƯỚC", Number: "001199999990"}, point, at)
	require.NoError(t, err)
	published, err := os.ReadFile(filepath.Join(k.dir, "pki", "status-ca.pem"))
	require.NoError(t, err)
	block, _ := pem.Decode(published)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	made, err := x509.ParseCertificate(holders)
	require.NoError(t, err)
	require.Error(t, made.CheckSignatureFrom(certificate))
	require.NotEqual(t, sha256.Sum256(certificate.Raw), sha256.Sum256(ca.Certificate()))

	for name, content := range map[string][]byte{
		"of no CA whose certificate is there": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf(t, k)}),
		"of another key than Ed25519":         pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: holders}),
		"only certificates are accepted":      pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: holders}),
		"after the last certificate":          append(published, "tail"...),
		"more than 1048576 bytes":             make([]byte, 1<<20+1),
	} {
		require.NoError(t, os.WriteFile(k.certificates, content, 0o600))
		_, err := k.open(t, "first.key")
		require.ErrorContains(t, err, name)
	}
}

// leaf is the certificate of a new key.
func leaf(t *testing.T, k *keyRing) []byte {
	t.Helper()
	key, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	issued, err := k.authority.CertifyStatus(key, at)
	require.NoError(t, err)
	return issued[0]
}

// Whatever is in the file of certificates, it is read or refused.
func FuzzCertificates(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		file := filepath.Join(dir, "status.pem")
		require.NoError(t, os.WriteFile(file, content, 0o600))
		_, _ = cardstatus.Certify(file, nil)
	})
}
