package sod_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/cms"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/chip/tlv"
)

// now is when these tests happen.
func now() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// authority is the authority of an invented country.
func authority(tb testing.TB, o pki.Options) *pki.Authority {
	tb.Helper()
	o.Clock = now
	a, err := pki.OpenDev(tb.TempDir(), o)
	require.NoError(tb, err)
	return a
}

// groups are data groups without meaning.
func groups() map[int][]byte {
	return map[int][]byte{
		1:  tlv.Encode(0x61, []byte("one")),
		2:  tlv.Encode(0x75, make([]byte, 500)),
		13: tlv.Encode(0x6D, []byte("thirteen")),
	}
}

func build(tb testing.TB, signer sod.DocumentSigner, o sod.Options) []byte {
	tb.Helper()
	o.At = now()
	ef, err := sod.Build(groups(), signer, o)
	require.NoError(tb, err)
	return ef
}

func TestBuild_IsVerifiedUpToTheCSCA(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		curve   string
		named   bool
		options sod.Options
	}{
		{"AsObserved", "brainpoolP384r1", false, sod.Options{}},
		{"LDS18", "P-256", false, sod.Options{LDSVersion: "1.8"}},
		{"SHA384WithTime", "P-384", true, sod.Options{Hash: crypto.SHA384, ShowTime: true}},
		{"Brainpool256", "brainpoolP256r1", false, sod.Options{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := authority(t, pki.Options{CSCACurve: c.curve, SignerCurve: c.curve, NamedCurves: c.named})
			trust, err := a.TrustStore()
			require.NoError(t, err)
			trust.RequireCRL = true

			s, err := sod.Parse(build(t, a.Signers(), c.options))

			require.NoError(t, err)
			require.NoError(t, s.Verify(trust, now()))
			require.Equal(t, []int{1, 2, 13}, s.DataGroups())
			for n, content := range groups() {
				require.NoError(t, s.CheckHash(n, content))
			}
			require.ErrorIs(t, s.CheckHash(2, groups()[1]), sod.ErrHash)
			require.ErrorIs(t, s.CheckHash(14, nil), sod.ErrNotCovered)
			if c.options.LDSVersion == "1.8" {
				require.Equal(t, []string{"0108", "040000"}, []string{s.LDSVersion, s.UnicodeVersion})
			}
			require.Equal(t, c.options.ShowTime, s.SignedAt.Equal(now()))
		})
	}
}

func TestVerify_AnyChangedByteIsRefused(t *testing.T) {
	t.Parallel()
	a := authority(t, pki.Options{CSCACurve: "P-256", SignerCurve: "P-256"})
	trust, err := a.TrustStore()
	require.NoError(t, err)
	ef := build(t, a.Signers(), sod.Options{})

	for i := range ef {
		changed := bytes.Clone(ef)
		changed[i] ^= 0x01

		s, err := sod.Parse(changed)
		if err == nil {
			err = s.Verify(trust, now())
		}

		// The versions of SignedData and SignerInfo, and the second copy of the
		// hash's name, are not signed by CMS and not used.
		if err == nil {
			require.Contains(t, []string{"version", "digest algorithms"}, unsigned(t, ef, i), "byte %d of %d", i, len(ef))
		}
	}
}

// unsigned names the part of a SignedData at an offset that no signature covers.
func unsigned(t *testing.T, ef []byte, at int) string {
	t.Helper()
	data, err := tlv.Find(ef, 0x77, 0x30, 0xA0, 0x30)
	require.NoError(t, err)
	nodes, err := data.Children()
	require.NoError(t, err)
	offset := len(ef) - len(data.Value)
	names := []string{"version", "digest algorithms", "content", "certificates", "signers"}
	for i, n := range nodes {
		if at < offset {
			return "header"
		}
		if at < offset+len(n.Raw) {
			if names[i] != "signers" {
				return names[i]
			}
			info, err := tlv.Find(n.Raw, 0x31, 0x30, 0x02)
			require.NoError(t, err)
			if bytes.Index(n.Raw, info.Raw)+len(info.Raw) > at-offset {
				return "version"
			}
			return "signers"
		}
		offset += len(n.Raw)
	}
	return "end"
}

func TestVerify_SaysWhy(t *testing.T) {
	t.Parallel()
	o := pki.Options{CSCACurve: "P-256", SignerCurve: "P-256"}
	a := authority(t, o)
	s, err := sod.Parse(build(t, a.Signers(), sod.Options{}))
	require.NoError(t, err)
	trust, err := a.TrustStore()
	require.NoError(t, err)

	stranger, err := authority(t, o).TrustStore()
	require.NoError(t, err)
	require.NoError(t, a.Revoke(s.Signer.Serial, 1, now()))
	revoked, err := a.TrustStore()
	require.NoError(t, err)
	bare, err := pki.NewTrustStore(trust.CSCAs(), nil)
	require.NoError(t, err)
	bare.RequireCRL = true

	cases := []struct {
		name  string
		trust *pki.TrustStore
		at    time.Time
		want  string
	}{
		{"Good", trust, now(), ""},
		{"CSCAOfAnother", stranger, now(), "not signed by the trusted CSCA of that name"},
		{"TooEarly", trust, now().AddDate(-1, 0, 0), "not valid before 2026-11-23"},
		{"TooLate", trust, now().AddDate(40, 0, 0), "expired on"},
		{"Revoked", revoked, now(), "revoked on 2026-11-23"},
		{"NoList", bare, now(), "no current revocation list"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()

			err := s.Verify(c.trust, c.at)

			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, pki.ErrUntrusted)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// fixed is a document signer that never rolls over.
type fixed struct {
	certificate *pki.Certificate
	key         crypto.Signer
}

func (f fixed) Signer(time.Time) (*pki.Certificate, crypto.Signer, error) {
	return f.certificate, f.key, nil
}

func TestBuild_RefusesAKeyWhoseTimeIsOver(t *testing.T) {
	t.Parallel()
	certificate, key, err := authority(t, pki.Options{}).Signers().Signer(now())
	require.NoError(t, err)

	_, err = sod.Build(groups(), fixed{certificate, key}, sod.Options{At: now().AddDate(1, 0, 0)})

	require.ErrorIs(t, err, pki.ErrUntrusted)
}

func TestBuild_OpenSSLAcceptsTheSignature(t *testing.T) {
	t.Parallel()
	openssl := program(t, "openssl")
	for _, name := range []string{"P-256", "P-384", "brainpoolP256r1", "brainpoolP384r1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := authority(t, pki.Options{CSCACurve: name, SignerCurve: name})
			file := filepath.Join(t.TempDir(), "sod.der")
			ef := build(t, a.Signers(), sod.Options{})
			inner, err := tlv.ParseOnly(ef, 0x77)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, inner.Value, 0o600))

			out, err := exec.CommandContext(t.Context(), openssl, "cms", "-verify", "-noverify",
				"-inform", "DER", "-in", file, "-out", os.DevNull).CombinedOutput()

			require.NoError(t, err, "%s", out)
			ef[len(ef)-1] ^= 1
			require.NoError(t, os.WriteFile(file, inner.Value, 0o600))
			require.Error(t, exec.CommandContext(t.Context(), openssl, "cms", "-verify", "-noverify",
				"-inform", "DER", "-in", file, "-out", os.DevNull).Run())
		})
	}
}

func TestBuild_OpenSSLAcceptsTheChainOfNamedCurves(t *testing.T) {
	t.Parallel()
	openssl := program(t, "openssl")
	for _, name := range []string{"P-256", "brainpoolP384r1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			a, err := pki.OpenDev(dir, pki.Options{CSCACurve: name, SignerCurve: name, NamedCurves: true, Clock: now})
			require.NoError(t, err)
			inner, err := tlv.ParseOnly(build(t, a.Signers(), sod.Options{}), 0x77)
			require.NoError(t, err)
			file := filepath.Join(dir, "sod.der")
			require.NoError(t, os.WriteFile(file, inner.Value, 0o600))

			out, err := exec.CommandContext(t.Context(), openssl, "cms", "-verify", "-CAfile", filepath.Join(dir, "csca.pem"),
				"-purpose", "any", "-attime", big.NewInt(now().Unix()).String(),
				"-inform", "DER", "-in", file, "-out", os.DevNull).CombinedOutput()

			require.NoError(t, err, "%s", out)
		})
	}
}

func TestParse_SecurityObjectByRSAPSSOfOpenSSL(t *testing.T) {
	t.Parallel()
	openssl := program(t, "openssl")
	dir := t.TempDir()
	run := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), openssl, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	ef := build(t, authority(t, pki.Options{}).Signers(), sod.Options{})
	ours, err := cms.Parse(func() []byte { n, _ := tlv.ParseOnly(ef, 0x77); return n.Value }())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "content"), ours.Content, 0o600))
	run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/C=VN/CN=PSS",
		"-addext", "keyUsage=critical,digitalSignature")
	for _, padding := range [][]string{{}, {"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"}} {
		args := append([]string{
			"cms", "-sign", "-binary", "-nodetach", "-in", "content", "-signer", "cert.pem", "-inkey", "key.pem",
			"-md", "sha256", "-econtent_type", "2.23.136.1.1.1", "-outform", "DER", "-out", "sod.der",
		}, padding...)
		run(args...)
		der, err := os.ReadFile(filepath.Join(dir, "sod.der"))
		require.NoError(t, err)

		s, err := sod.Parse(tlv.Encode(0x77, der))

		require.NoError(t, err)
		require.NoError(t, s.CheckSignature())
		der[len(der)-1] ^= 1
		s, err = sod.Parse(tlv.Encode(0x77, der))
		require.NoError(t, err)
		require.ErrorIs(t, s.CheckSignature(), sod.ErrSignature)
	}
}

func TestParse_RefusesWhatIsNotASecurityObject(t *testing.T) {
	t.Parallel()
	certificate, key, err := authority(t, pki.Options{}).Signers().Signer(now())
	require.NoError(t, err)
	other, err := cms.Sign(rand.Reader, cms.Signing{
		ContentType: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, Content: []byte("hello"),
		Certificates: [][]byte{certificate.Raw}, Issuer: certificate.Issuer, Serial: certificate.Serial,
		Key: key, Hash: crypto.SHA256,
	})
	require.NoError(t, err)

	for name, b := range map[string][]byte{
		"Empty": {}, "NotTagged": {0x30, 0}, "EmptyFile": {0x77, 0}, "OtherContent": tlv.Encode(0x77, other),
	} {
		_, err := sod.Parse(b)
		require.ErrorIs(t, err, sod.ErrMalformed, name)
	}
}

func FuzzParse(f *testing.F) {
	for _, o := range []pki.Options{{CSCACurve: "P-256", SignerCurve: "P-256"}, {CSCACurve: "P-256", SignerCurve: "P-256", NamedCurves: true}} {
		f.Add(build(f, authority(f, o).Signers(), sod.Options{ShowTime: true}))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		s, err := sod.Parse(b)
		if err != nil {
			return
		}
		_ = s.CheckSignature()
	})
}

// program finds an independent program, or skips the test; if CI is set it must exist.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("%s is not installed", name)
	}
	require.NoError(t, err)
	return path
}
