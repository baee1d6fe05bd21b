package curve_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/curve"
)

func curves() []elliptic.Curve {
	return []elliptic.Curve{
		curve.P256(), curve.BrainpoolP256r1(), curve.P384(), curve.BrainpoolP384r1(), elliptic.P521(),
	}
}

func TestKeys_ComeBackFromBothForms(t *testing.T) {
	t.Parallel()
	for _, c := range curves() {
		for _, form := range []curve.Form{curve.Explicit, curve.Named} {
			t.Run(c.Params().Name+"/"+form.String(), func(t *testing.T) {
				t.Parallel()
				key, err := curve.GenerateKey(c, rand.Reader)
				require.NoError(t, err)

				public, err := curve.MarshalPublicKey(&key.PublicKey, form)
				require.NoError(t, err)
				private, err := curve.MarshalPrivateKey(key, form)
				require.NoError(t, err)

				gotPublic, gotForm, err := curve.ParsePublicKey(public)
				require.NoError(t, err)
				require.Equal(t, form, gotForm)
				require.True(t, key.PublicKey.Equal(gotPublic))
				gotPrivate, err := curve.ParsePrivateKey(private)
				require.NoError(t, err)
				require.True(t, key.Equal(gotPrivate))
			})
		}
	}
}

func TestKeys_NamedFormIsThatOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	key, err := curve.GenerateKey(curve.P256(), rand.Reader)
	require.NoError(t, err)

	public, err := curve.MarshalPublicKey(&key.PublicKey, curve.Named)
	require.NoError(t, err)
	private, err := curve.MarshalPrivateKey(key, curve.Named)
	require.NoError(t, err)

	want, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	require.Equal(t, want, public)
	parsed, err := x509.ParsePKCS8PrivateKey(private)
	require.NoError(t, err)
	require.True(t, key.Equal(parsed))
}

func TestKeys_OpenSSLReadsThemAndWritesTheSame(t *testing.T) {
	t.Parallel()
	openssl := program(t, "openssl")
	for _, c := range curves() {
		t.Run(c.Params().Name, func(t *testing.T) {
			t.Parallel()
			key, err := curve.GenerateKey(c, rand.Reader)
			require.NoError(t, err)
			private, err := curve.MarshalPrivateKey(key, curve.Named)
			require.NoError(t, err)
			file := filepath.Join(t.TempDir(), "key.der")
			require.NoError(t, os.WriteFile(file, private, 0o600))

			out, err := exec.CommandContext(t.Context(), openssl, "pkey", "-inform", "DER", "-in", file, "-pubout",
				"-outform", "DER", "-ec_param_enc", "explicit").Output()

			require.NoError(t, err)
			got, form, err := curve.ParsePublicKey(out)
			require.NoError(t, err)
			require.Equal(t, curve.Explicit, form)
			require.True(t, key.PublicKey.Equal(got))
			if c.Params().Name[:5] == "brain" { // OpenSSL adds the seed to the others
				ours, err := curve.MarshalPublicKey(&key.PublicKey, curve.Explicit)
				require.NoError(t, err)
				require.Equal(t, out, ours)
			}
		})
	}
}

func TestParsePublicKey_RefusesAnotherGenerator(t *testing.T) {
	t.Parallel()
	key, err := curve.GenerateKey(curve.BrainpoolP256r1(), rand.Reader)
	require.NoError(t, err)
	der, err := curve.MarshalPublicKey(&key.PublicKey, curve.Explicit)
	require.NoError(t, err)
	g := curve.BrainpoolP256r1().Params().Gx.Bytes()
	at := bytes.Index(der, g)
	require.Positive(t, at)

	der[at+5] ^= 1 // another generator: CVE-2020-0601

	_, _, err = curve.ParsePublicKey(der)
	require.ErrorIs(t, err, curve.ErrUnknown)
}

func TestParsePoint_RefusesWhatIsNotOnTheCurve(t *testing.T) {
	t.Parallel()
	for _, c := range curves() {
		key, err := curve.GenerateKey(c, rand.Reader)
		require.NoError(t, err)
		b, err := curve.MarshalPoint(&key.PublicKey)
		require.NoError(t, err)

		b[len(b)-1] ^= 1
		_, err = curve.ParsePoint(c, b)
		require.ErrorIs(t, err, curve.ErrPoint)
		_, err = curve.ParsePoint(c, b[:len(b)-1])
		require.ErrorIs(t, err, curve.ErrMalformed)
		_, err = curve.ParsePoint(c, append([]byte{4}, make([]byte, len(b)-1)...))
		require.ErrorIs(t, err, curve.ErrPoint)
	}
}

func TestECDH_BothSidesAgree(t *testing.T) {
	t.Parallel()
	for _, c := range curves() {
		a, err := curve.GenerateKey(c, rand.Reader)
		require.NoError(t, err)
		b, err := curve.GenerateKey(c, rand.Reader)
		require.NoError(t, err)

		one, err := curve.ECDH(a, &b.PublicKey)
		require.NoError(t, err)
		other, err := curve.ECDH(b, &a.PublicKey)

		require.NoError(t, err)
		require.Equal(t, one, other)
		require.Len(t, one, curve.Size(c))
	}
}

func TestSignPlain_IsVerifiedAndAnyChangeRefused(t *testing.T) {
	t.Parallel()
	for _, c := range curves() {
		key, err := curve.GenerateKey(c, rand.Reader)
		require.NoError(t, err)
		digest := sha256.Sum256([]byte("challenge"))

		plain, err := curve.SignPlain(rand.Reader, key, digest[:], crypto.SHA256)

		require.NoError(t, err)
		require.NoError(t, curve.VerifyPlain(&key.PublicKey, digest[:], plain))
		plain[3] ^= 1
		require.ErrorIs(t, curve.VerifyPlain(&key.PublicKey, digest[:], plain), curve.ErrSignature)
		require.ErrorIs(t, curve.VerifyPlain(&key.PublicKey, digest[:], plain[1:]), curve.ErrSignature)
	}
}

// Key agreement on brainpoolP256r1 and brainpoolP384r1 with the keys of RFC 7027,
// appendix A.
func TestECDH_WorkedExamplesOfRFC7027(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, secretA, secretB, publicBx, shared string }{
		{
			"brainpoolP256r1",
			"81DB1EE100150FF2EA338D708271BE38300CB54241D79950F77B063039804F1D",
			"55E40BC41E37E3E2AD25C3C6654511FFA8474A91A0032087593852D3E7D76BD3",
			"8D2D688C6CF93E1160AD04CC4429117DC2C41825E1E9FCA0ADDD34E6F1B39F7B",
			"89AFC39D41D3B327814B80940B042590F96556EC91E6AE7939BCE31F3A18BF2B",
		},
		{
			"brainpoolP384r1",
			"1E20F5E048A5886F1F157C74E91BDE2B98C8B52D58E5003D57053FC4B0BD65D6F15EB5D1EE1610DF870795143627D042",
			"032640BC6003C59260F7250C3DB58CE647F98E1260ACCE4ACDA3DD869F74E01F8BA5E0324309DB6A9831497ABAC96670",
			"4D44326F269A597A5B58BBA565DA5556ED7FD9A8A9EB76C25F46DB69D19DC8CE6AD18E404B15738B2086DF37E71D1EB4",
			"0BD9D3A7EA0B3D519D09D8E48D0785FB744A6B355E6304BC51C229FBBCE239BBADF6403715C35D4FB2A5444F575D4F42",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			on, err := curve.ByName(c.name)
			require.NoError(t, err)
			a, err := curve.GenerateKey(on, bytes.NewReader(unhex(c.secretA)))
			require.NoError(t, err)
			b, err := curve.GenerateKey(on, bytes.NewReader(unhex(c.secretB)))
			require.NoError(t, err)

			shared, err := curve.ECDH(a, &b.PublicKey)

			require.NoError(t, err)
			require.Equal(t, unhex(c.publicBx), curve.Coordinate(&b.PublicKey))
			require.Equal(t, unhex(c.shared), shared)
		})
	}
}

func unhex(s string) []byte {
	n, _ := new(big.Int).SetString(s, 16)
	return n.FillBytes(make([]byte, len(s)/2))
}

func TestByParameterID_KnowsTheStandardizedDomainParameters(t *testing.T) {
	t.Parallel()
	for id, want := range map[int]string{
		12: "P-256", 13: "brainpoolP256r1", 15: "P-384", 16: "brainpoolP384r1", 18: "P-521",
	} {
		c, err := curve.ByParameterID(id)
		require.NoError(t, err)
		require.Equal(t, want, c.Params().Name)
		oid, err := curve.OID(c)
		require.NoError(t, err)
		again, err := curve.ByOID(oid)
		require.NoError(t, err)
		require.Equal(t, c, again)
	}
	_, err := curve.ByParameterID(0)
	require.ErrorIs(t, err, curve.ErrUnknown)
	_, err = curve.ByOID(asn1.ObjectIdentifier{1, 2})
	require.ErrorIs(t, err, curve.ErrUnknown)
}

func FuzzParsePublicKey(f *testing.F) {
	for _, c := range curves() {
		params := c.Params()
		key, err := curve.ParsePoint(c, append(append([]byte{4},
			params.Gx.FillBytes(make([]byte, curve.Size(c)))...), params.Gy.FillBytes(make([]byte, curve.Size(c)))...))
		require.NoError(f, err)
		for _, form := range []curve.Form{curve.Explicit, curve.Named} {
			der, err := curve.MarshalPublicKey(key, form)
			require.NoError(f, err)
			f.Add(der)
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		pub, form, err := curve.ParsePublicKey(der)
		if err != nil {
			return
		}
		again, err := curve.MarshalPublicKey(pub, form)
		require.NoError(t, err)
		got, _, err := curve.ParsePublicKey(again)
		require.NoError(t, err)
		require.True(t, pub.Equal(got))
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
