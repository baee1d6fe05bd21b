package cms_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/cms"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/tlv"
)

// signing is a valid Signing, in which each test changes one thing.
func signing(tb testing.TB, name string) cms.Signing {
	tb.Helper()
	on, err := curve.ByName(name)
	require.NoError(tb, err)
	key, err := curve.GenerateKey(on, rand.Reader)
	require.NoError(tb, err)
	return cms.Signing{
		ContentType:  asn1.ObjectIdentifier{2, 23, 136, 1, 1, 1},
		Content:      []byte("content"),
		Certificates: [][]byte{tlv.Encode(0x30, []byte{0x02, 0x01, 0x05})},
		Issuer:       tlv.Encode(0x30),
		Serial:       big.NewInt(200),
		Key:          key,
		Hash:         crypto.SHA256,
	}
}

func TestSign_ComesBackAndIsVerified(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1"} {
		for _, hash := range []crypto.Hash{crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			s := signing(t, name)
			s.Hash = hash
			s.At = time.Date(2055, 1, 2, 3, 4, 5, 0, time.UTC)

			der, err := cms.Sign(rand.Reader, s)
			require.NoError(t, err)
			data, err := cms.Parse(der)

			require.NoError(t, err)
			require.NoError(t, data.CheckSignature(s.Key.Public()))
			require.Equal(t, 3, data.Version)
			require.Equal(t, s.Content, data.Content)
			require.Equal(t, s.Certificates, data.Certificates)
			require.Equal(t, s.Issuer, data.Signer.Issuer)
			require.Equal(t, s.Serial, data.Signer.Serial)
			require.Equal(t, s.At, data.Signer.At)
			require.ErrorIs(t, data.CheckSignature(signing(t, name).Key.Public()), cms.ErrSignature)
			data.Content = []byte("contend")
			require.ErrorIs(t, data.CheckSignature(s.Key.Public()), cms.ErrDigest)
		}
	}
}

func TestSign_SignedAttributesAreInTheOrderOfDER(t *testing.T) {
	t.Parallel()
	s := signing(t, "P-256")
	s.At = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	der, err := cms.Sign(rand.Reader, s)
	require.NoError(t, err)

	info, err := tlv.Find(der, 0x30, 0xA0, 0x30, 0x31)
	require.NoError(t, err)
	require.NotEmpty(t, info.Value) // digest algorithms; the signers are the last
	all, err := tlv.Find(der, 0x30, 0xA0, 0x30)
	require.NoError(t, err)
	nodes, err := all.Children()
	require.NoError(t, err)
	attributes, err := tlv.Find(nodes[len(nodes)-1].Value, 0x30, 0xA0)
	require.NoError(t, err)
	list, err := attributes.Children()
	require.NoError(t, err)

	require.Len(t, list, 3)
	for i := 1; i < len(list); i++ {
		require.Negative(t, bytes.Compare(list[i-1].Raw, list[i].Raw))
	}
}

func TestSign_RefusesWeakHashes(t *testing.T) {
	t.Parallel()
	s := signing(t, "P-256")
	s.Hash = crypto.SHA1

	_, err := cms.Sign(rand.Reader, s)

	require.ErrorIs(t, err, cms.ErrAlgorithm)
}

func TestParse_RefusesWhatIsCutShort(t *testing.T) {
	t.Parallel()
	der, err := cms.Sign(rand.Reader, signing(t, "P-256"))
	require.NoError(t, err)

	for i := range der {
		_, err := cms.Parse(der[:i])
		require.ErrorIs(t, err, cms.ErrMalformed)
	}
	_, err = cms.Parse(append(der, 0))
	require.ErrorIs(t, err, cms.ErrMalformed)
}

func FuzzParse(f *testing.F) {
	s := signing(f, "P-256")
	der, err := cms.Sign(rand.Reader, s)
	require.NoError(f, err)
	f.Add(der)
	f.Fuzz(func(_ *testing.T, b []byte) {
		if data, err := cms.Parse(b); err == nil {
			_ = data.CheckSignature(s.Key.Public())
		}
	})
}
