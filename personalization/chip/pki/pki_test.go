package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/pki"
)

// now is when these tests happen.
func now() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

const day = 24 * time.Hour

// open opens an authority in a directory, as a start of the program does.
func open(tb testing.TB, dir string, o pki.Options) *pki.Authority {
	tb.Helper()
	if o.Clock == nil {
		o.Clock = now
	}
	if o.CSCACurve == "" {
		o.CSCACurve, o.SignerCurve = "P-256", "P-256"
	}
	a, err := pki.OpenDev(dir, o)
	require.NoError(tb, err)
	return a
}

func list(tb testing.TB, a *pki.Authority) pki.Listing {
	tb.Helper()
	l, err := a.List()
	require.NoError(tb, err)
	return l
}

func TestOpenDev_FirstStartMakesEverythingAndTheSecondNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()

	first := list(t, open(t, dir, pki.Options{}))
	second := list(t, open(t, dir, pki.Options{}))

	require.Equal(t, first, second)
	require.Len(t, first.CSCAs, 1)
	require.Len(t, first.Signers, 1)
	require.NotNil(t, first.CRL)
	require.NoError(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := e.Info()
		require.NoError(t, err)
		if path == dir {
			return nil // the test made it
		}
		require.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))
}

// In production no CSCA is made by the way, whatever the clock says; people make it.
func TestEnsure_MakesNoCSCAInProduction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := keys.OpenFile(filepath.Join(dir, "keys"), false)
	require.NoError(t, err)
	a, err := pki.Open(dir, store, pki.Options{Production: true})
	require.NoError(t, err)

	require.ErrorIs(t, a.Ensure(time.Now()), pki.ErrNoCSCA)
	require.NoError(t, a.RollOverCSCA(time.Now()))
	require.NoError(t, a.Ensure(time.Now()))
	require.ErrorIs(t, a.Ensure(time.Now().AddDate(10, 0, 0)), pki.ErrNoCSCA)

	list, err := a.List()
	require.NoError(t, err)
	require.Len(t, list.CSCAs, 1)
}

func TestOpenDev_RefusesProduction(t *testing.T) {
	t.Parallel()

	_, err := pki.OpenDev(t.TempDir(), pki.Options{Production: true})

	require.ErrorIs(t, err, keys.ErrProduction)
}

func TestCertificates_HaveTheProfileOf9303(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"P-256", "P-384", "brainpoolP256r1", "brainpoolP384r1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := list(t, open(t, t.TempDir(), pki.Options{CSCACurve: name, SignerCurve: name}))
			csca, ds := l.CSCAs[0].Certificate, l.Signers[0].Certificate

			require.Equal(t, "VN", csca.Country)
			require.Equal(t, pki.CertSign|pki.CRLSign, csca.Usage)
			require.True(t, csca.IsCA)
			require.Zero(t, csca.MaxPath)
			require.Equal(t, csca.SubjectKeyID, csca.AuthorityKeyID)
			require.Nil(t, csca.DocumentTypes)
			require.Equal(t, 4*365*day, csca.PrivateKeyUsage.To.Sub(csca.PrivateKeyUsage.From))
			require.NoError(t, csca.CheckSignedBy(csca))

			require.Equal(t, "VN", ds.Country)
			require.Equal(t, pki.DigitalSignature, ds.Usage)
			require.False(t, ds.HasConstraints)
			require.False(t, ds.HasExtendedUsage)
			require.Equal(t, csca.SubjectKeyID, ds.AuthorityKeyID)
			require.Equal(t, []string{"ID"}, ds.DocumentTypes)
			require.Equal(t, 90*day, ds.PrivateKeyUsage.To.Sub(ds.PrivateKeyUsage.From))
			require.Equal(t, 25*365*day, ds.Valid.To.Sub(ds.PrivateKeyUsage.To))
			require.NoError(t, ds.CheckSignedBy(csca))
			require.False(t, csca.Valid.To.Before(ds.Valid.To))

			for _, c := range []*pki.Certificate{csca, ds} {
				require.Equal(t, 1, c.Serial.Sign())
				require.LessOrEqual(t, len(c.Serial.Bytes()), 20)
				require.Equal(t, []string{"https://csca.example.org/crl.der"}, c.CRLPoints)
				require.Empty(t, c.UnknownCritical)
				again, err := pki.ParseCertificate(c.PEM())
				require.NoError(t, err)
				require.Equal(t, c, again)
			}
		})
	}
}

func TestCertificates_OpenSSLShowsTheProfile(t *testing.T) {
	t.Parallel()
	openssl := openSSL(t)
	dir := t.TempDir()
	l := list(t, open(t, dir, pki.Options{CSCACurve: "brainpoolP384r1", SignerCurve: "brainpoolP384r1"}))
	show := func(c *pki.Certificate) string {
		cmd := exec.CommandContext(t.Context(), openssl, "x509", "-noout", "-text")
		cmd.Stdin = bytes.NewReader(c.PEM())
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.ReplaceAll(string(out), " = ", "=") // versions of OpenSSL differ
	}

	csca, ds := show(l.CSCAs[0].Certificate), show(l.Signers[0].Certificate)

	for _, want := range []string{
		"Version: 3 (0x2)", "Issuer: C=VN, O=SPECIMEN", "Field Type: prime-field", "Generator (uncompressed):",
		"X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
		"X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
		"X509v3 Private Key Usage Period", "X509v3 Subject Alternative Name", "X509v3 Issuer Alternative Name",
		"L=VNM", "URI:https://csca.example.org/", "X509v3 CRL Distribution Points",
		"X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier", "ecdsa-with-SHA384",
	} {
		require.Contains(t, csca, want)
	}
	for _, want := range []string{
		"CN=Document Signer", "X509v3 Key Usage: critical\n                Digital Signature", "2.23.136.1.1.6.2",
	} {
		require.Contains(t, ds, want)
	}
	require.NotContains(t, ds, "Basic Constraints")
	require.NotContains(t, ds, "Extended Key Usage")
}

func TestCRLAndMasterList_OpenSSLReadsThem(t *testing.T) {
	t.Parallel()
	openssl := openSSL(t)
	dir := t.TempDir()
	a := open(t, dir, pki.Options{CSCACurve: "P-256", SignerCurve: "P-256", NamedCurves: true})
	require.NoError(t, a.Revoke(list(t, a).Signers[0].Certificate.Serial, 4, now()))

	crl, err := exec.CommandContext(t.Context(), openssl, "crl", "-inform", "DER", "-in", filepath.Join(dir, "crl.der"),
		"-noout", "-text", "-CAfile", filepath.Join(dir, "csca.pem")).CombinedOutput()
	require.NoError(t, err, "%s", crl)
	require.Contains(t, string(crl), "verify OK")
	require.Contains(t, string(crl), "Superseded")
	require.Contains(t, string(crl), "X509v3 CRL Number")

	out, err := exec.CommandContext(t.Context(), openssl, "cms", "-verify", "-purpose", "any", "-inform", "DER",
		"-in", filepath.Join(dir, "masterlist.der"), "-CAfile", filepath.Join(dir, "csca.pem"),
		"-attime", big.NewInt(now().Unix()).String(), "-out", os.DevNull).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestSigners_RollOverWhenTheCountOfSignaturesEnds(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{MaxSignatures: 25, Reserve: 10})
	signers := a.Signers()
	trust, err := a.TrustStore()
	require.NoError(t, err)
	count := map[string]int{}

	for range 60 {
		require.NoError(t, signers.Prove(now()), "to ask uses no signature up")
		c, key, err := signers.Signer(now())
		require.NoError(t, err)
		require.Equal(t, c.PublicKey, key.Public())
		require.NoError(t, trust.CheckSigner(c, now()))
		count[c.Serial.String()]++
	}

	require.Len(t, count, 3)
	for _, n := range count {
		require.LessOrEqual(t, n, 25)
	}
	require.Len(t, list(t, a).Signers, 3)
}

// faulty is an HSM that computes wrongly.
type faulty struct{ keys.Store }

func (s faulty) Signer(label string) (crypto.Signer, error) {
	key, err := s.Store.Signer(label)
	return faultyKey{key}, err
}

type faultyKey struct{ crypto.Signer }

func (k faultyKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	digest = bytes.Clone(digest)
	digest[0] ^= 1
	return k.Signer.Sign(random, digest, opts)
}

func TestSigners_AnHSMThatComputesWronglyIsFoundAtTheFirstSignature(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir, pki.Options{})
	store, err := keys.OpenFile(filepath.Join(dir, "keys"), false)
	require.NoError(t, err)
	a, err := pki.Open(dir, faulty{store}, pki.Options{CSCACurve: "P-256", SignerCurve: "P-256", Clock: now})
	require.NoError(t, err)
	_, key, err := a.Signers().Signer(now())
	require.NoError(t, err)

	for range 2 { // and at the next try
		_, err = key.Sign(rand.Reader, make([]byte, 32), crypto.SHA256)
		require.ErrorIs(t, err, curve.ErrSignature)
	}
}

// A station verifies the same document signer for every card.
func TestTrustStore_ADocumentSignerThatWasSeenIsStillChecked(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{CSCACurve: "brainpoolP256r1", SignerCurve: "brainpoolP256r1"})
	ds, key, err := a.Signers().Signer(now())
	require.NoError(t, err)
	trust, err := a.TrustStore()
	require.NoError(t, err)
	digest := make([]byte, 32)
	signature, err := key.Sign(rand.Reader, digest, crypto.SHA256)
	require.NoError(t, err)
	verify := func(digest []byte) error {
		public, ok := trust.VerificationKey(ds).(*ecdsa.PublicKey)
		require.True(t, ok)
		return curve.Verify(public, digest, signature)
	}

	for range 3 {
		require.NoError(t, verify(digest))
		require.Error(t, verify(append([]byte{1}, digest[1:]...)))
		require.NoError(t, trust.CheckSigner(ds, now()))
		require.ErrorContains(t, trust.CheckSigner(ds, ds.Valid.To.Add(day)), "expired")
		changed := bytes.Clone(ds.Raw)
		changed[len(changed)-1] ^= 1
		c, err := pki.ParseCertificate(changed)
		require.NoError(t, err)
		require.ErrorIs(t, trust.CheckSigner(c, now()), pki.ErrUntrusted)
	}
	require.NoError(t, a.Revoke(ds.Serial, 1, now()))
	crl := list(t, a).CRL
	revoked, err := trust.WithCRL(crl)
	require.NoError(t, err)
	require.ErrorContains(t, revoked.CheckSigner(ds, now()), "revoked")
}

func TestTrustStore_KeepsFewDocumentSigners(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{})
	trust, err := a.TrustStore()
	require.NoError(t, err)

	for range 40 {
		require.NoError(t, a.RollOver(now()))
	}

	for range 2 {
		for _, ds := range list(t, a).Signers {
			require.NoError(t, trust.CheckSigner(ds.Certificate, now()))
			require.Equal(t, ds.Certificate.PublicKey, trust.VerificationKey(ds.Certificate))
		}
	}
}

func TestSigners_RollOverWhenTheUsagePeriodEnds(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{})
	signers := a.Signers()

	for days := range 200 {
		at := now().Add(time.Duration(days) * day)
		c, _, err := signers.Signer(at)
		require.NoError(t, err)
		require.True(t, c.PrivateKeyUsage.Contains(at))
	}

	require.Len(t, list(t, a).Signers, 3)
}

// A signer that was rolled over or revoked by another process signs no card more: it would be
// refused at borders, and spoil a blank.
func TestSigners_GoOnAfterARollOverByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := open(t, dir, pki.Options{})
	signers := a.Signers()
	before, _, err := signers.Signer(now())
	require.NoError(t, err)

	require.NoError(t, open(t, dir, pki.Options{}).RollOver(now())) // another process

	after, _, err := signers.Signer(now())
	require.NoError(t, err)
	require.NotEqual(t, before.Serial, after.Serial)
	l := list(t, a)
	require.True(t, l.Signers[0].Retired)
	require.False(t, l.Signers[1].Retired)

	same, _, err := signers.Signer(now())
	require.NoError(t, err)
	require.Equal(t, after.Serial, same.Serial)
	require.NoError(t, open(t, dir, pki.Options{}).Revoke(after.Serial, 1, now()))
	next, _, err := signers.Signer(now())
	require.NoError(t, err)
	require.NotEqual(t, after.Serial, next.Serial)
}

func TestRollOverCSCA_TheOldOneCertifiesTheNew(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{Reserve: 1})
	signers := a.Signers()
	old, _, err := signers.Signer(now())
	require.NoError(t, err)
	oldTrust, err := a.TrustStore()
	require.NoError(t, err)

	later := now().Add(30 * day)
	require.NoError(t, a.RollOverCSCA(later))
	require.NoError(t, a.RollOver(later))

	l := list(t, a)
	require.Len(t, l.CSCAs, 2)
	link, fresh := l.CSCAs[1].Link, l.CSCAs[1].Certificate
	require.NoError(t, link.CheckSignedBy(l.CSCAs[0].Certificate))
	require.Equal(t, fresh.PublicKey, link.PublicKey)
	require.Equal(t, fresh.Subject, link.Issuer)
	require.Equal(t, l.CSCAs[0].Certificate.SubjectKeyID, link.AuthorityKeyID)

	made, _, err := signers.Signer(later)
	require.NoError(t, err)
	trust, err := a.TrustStore()
	require.NoError(t, err)
	trust.RequireCRL = true
	require.NoError(t, trust.CheckSigner(made, later))
	require.NoError(t, trust.CheckSigner(old, later))
	require.ErrorIs(t, oldTrust.CheckSigner(made, later), pki.ErrUntrusted)
	linked, err := pki.NewTrustStore(append(oldTrust.CSCAs(), link), nil)
	require.NoError(t, err)
	require.NoError(t, linked.CheckSigner(made, later))
	_, err = pki.NewTrustStore([]*pki.Certificate{link}, nil)
	require.ErrorIs(t, err, pki.ErrUntrusted)
}

func TestSigners_TheCSCARollsOverByItselfAfterItsUsage(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{})
	later := now().AddDate(5, 0, 0)

	c, _, err := a.Signers().Signer(later)

	require.NoError(t, err)
	trust, err := a.TrustStore()
	require.NoError(t, err)
	require.NoError(t, trust.CheckSigner(c, later))
	require.Len(t, list(t, a).CSCAs, 2)
}

func TestOpenDev_ManyProcessesStartAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const processes, signatures = 8, 40
	var group sync.WaitGroup
	var mu sync.Mutex
	count := map[string]int{}
	for range processes {
		group.Go(func() {
			a, err := pki.OpenDev(dir, pki.Options{CSCACurve: "P-256", SignerCurve: "P-256", MaxSignatures: 100, Reserve: 7, Clock: now})
			if err != nil {
				t.Error(err)
				return
			}
			signers := a.Signers()
			for range signatures {
				c, _, err := signers.Signer(now())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				count[c.Serial.String()]++
				mu.Unlock()
			}
		})
	}
	group.Wait()

	require.Len(t, list(t, open(t, dir, pki.Options{})).CSCAs, 1)
	total := 0
	for _, n := range count {
		require.LessOrEqual(t, n, 100)
		total += n
	}
	require.Equal(t, processes*signatures, total)
}

func TestOpenDev_ContinuesAfterACrashBetweenKeyAndState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := open(t, dir, pki.Options{})
	made := list(t, whole).Signers[0].Certificate
	require.NoError(t, os.Remove(filepath.Join(dir, "state.json"))) // the keys were made, the state never written

	a := open(t, dir, pki.Options{})

	require.Equal(t, made.PublicKey, list(t, a).Signers[0].Certificate.PublicKey)
	_, _, err := a.Signers().Signer(now())
	require.NoError(t, err)
}

func TestOpenDev_RefusesAStateItCannotRead(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"{", `{"version":2}`, `{"version":1,"cscas":[{"number":1}]}`, `{"version":1,"crl":"AAAA"}`} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte(state), 0o600))

		_, err := pki.OpenDev(dir, pki.Options{})

		require.ErrorIs(t, err, pki.ErrState, state)
		kept, err := os.ReadFile(filepath.Join(dir, "state.json"))
		require.NoError(t, err)
		require.Equal(t, state, string(kept))
	}
}

func TestMasterList_IsTrustedAndListsEveryCSCA(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{})
	require.NoError(t, a.RollOverCSCA(now()))
	der, err := a.IssueMasterList(now())
	require.NoError(t, err)
	trust, err := a.TrustStore()
	require.NoError(t, err)

	m, err := pki.ParseMasterList(der)

	require.NoError(t, err)
	require.Len(t, m.CSCAs, 3) // two and a link
	require.NoError(t, trust.CheckMasterList(m, now()))
	require.ErrorContains(t, trust.CheckSigner(m.Signer, now()), "another use")
	der[len(der)-1] ^= 1
	_, err = pki.ParseMasterList(der)
	require.Error(t, err)
}

func TestCRL_OfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	a, other := open(t, t.TempDir(), pki.Options{}), open(t, t.TempDir(), pki.Options{})
	trust, err := a.TrustStore()
	require.NoError(t, err)
	foreign, err := other.IssueCRL(now())
	require.NoError(t, err)
	own, err := a.IssueCRL(now())
	require.NoError(t, err)

	_, err = trust.WithCRL(foreign)
	require.ErrorIs(t, err, pki.ErrUntrusted)
	more, err := trust.WithCRL(own)
	require.NoError(t, err)
	require.Len(t, more.CRLs(), 2)
	require.Equal(t, int64(2), own.Number.Int64())
}

func TestParseCertificate_AnyChangedByteIsRefused(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{})
	ds := list(t, a).Signers[0].Certificate
	trust, err := a.TrustStore()
	require.NoError(t, err)

	for i := range ds.Raw {
		changed := bytes.Clone(ds.Raw)
		changed[i] ^= 1
		c, err := pki.ParseCertificate(changed)
		if err == nil {
			err = trust.CheckSigner(c, now())
		}
		require.Error(t, err, "byte %d", i)
	}
}

func TestCertificates_OfOpenSSLAreRead(t *testing.T) {
	t.Parallel()
	openssl := openSSL(t)
	for _, algorithm := range []string{"rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-384", "ec -pkeyopt ec_paramgen_curve:brainpoolP256r1 -pkeyopt ec_param_enc:explicit"} {
		out, err := exec.CommandContext(t.Context(), openssl, append(strings.Fields("req -x509 -nodes -keyout /dev/null -subj /C=VN/CN=Test -days 10 -newkey"), strings.Fields(algorithm)...)...).Output()
		require.NoError(t, err)

		c, err := pki.ParseCertificate(out)

		require.NoError(t, err, algorithm)
		require.NoError(t, c.CheckSignedBy(c), algorithm)
		require.Equal(t, "VN", c.Country)
	}
}

func FuzzParse(f *testing.F) {
	l := list(f, open(f, f.TempDir(), pki.Options{CSCACurve: "brainpoolP256r1", SignerCurve: "P-256"}))
	f.Add(l.CSCAs[0].Certificate.Raw)
	f.Add(l.Signers[0].Certificate.Raw)
	f.Add(l.CRL.Raw)
	f.Add(l.MasterList)
	f.Fuzz(func(_ *testing.T, b []byte) {
		if c, err := pki.ParseCertificate(b); err == nil {
			_ = c.CheckSignedBy(c)
		}
		_, _ = pki.ParseCRL(b)
		_, _ = pki.ParseMasterList(b)
	})
}

// openSSL finds OpenSSL, or skips the test; if CI is set it must exist.
func openSSL(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("openssl is not installed")
	}
	require.NoError(t, err)
	return path
}
