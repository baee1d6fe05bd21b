package statement_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// One key is one officer's: it has no second spelling. And nobody signs for a point without a
// private key.
func TestReadKey(t *testing.T) {
	t.Parallel()
	one, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	large, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	der := func(key any) []byte {
		b, err := x509.MarshalPKIXPublicKey(key)
		require.NoError(t, err)
		return b
	}
	spelled := der(&one.PublicKey)
	read, err := statement.ReadKey(spelled)
	require.NoError(t, err)
	require.True(t, one.PublicKey.Equal(read))
	other := slices.Clone(spelled)
	other[len(other)-66], other[len(other)-65] = 1, 2 // one bit of the bit string is unused, so that the point is shifted
	for i := len(other) - 65; i < len(other); i++ {
		other[i] = spelled[i] << 1
		if i+1 < len(other) {
			other[i] |= spelled[i+1] >> 7
		}
	}
	again, err := x509.ParsePKIXPublicKey(other)
	require.NoError(t, err, "it is a spelling of that key")
	require.True(t, one.PublicKey.Equal(again))

	refused := [][]byte{nil, []byte("x"), other, append(slices.Clone(spelled), 0), der(&large.PublicKey)}
	for _, y := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000", "0100000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000080", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	} {
		point, err := hex.DecodeString(y)
		require.NoError(t, err)
		refused = append(refused, der(ed25519.PublicKey(point)))
	}
	for _, key := range refused {
		_, err := statement.ReadKey(key)
		require.ErrorIs(t, err, identity.Invalid, hex.EncodeToString(key))
	}
}
