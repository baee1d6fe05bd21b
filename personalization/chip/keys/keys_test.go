package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/securechannel"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(tb, err)
	return b
}

// Our own published vectors: another implementation of DeriveCardKeys has to
// give these. Each can be recomputed with
//
//	printf %s 0000000000000000000000010000800100112233445566778899 | xxd -r -p |
//	openssl mac -cipher AES-256-CBC -macopt hexkey:<master> CMAC
func TestDeriveCardKeys_PublishedVectors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, master, serial string
		bits                 int
		enc, mac, dek        string
	}{
		{
			"AES256MasterAES128Keys", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899", 128,
			"aada3c55b62c063fc9a1b7b48871eab2",
			"9f5f24d5f051001c10243c481dd104b0",
			"7d181f3a118c54c5982954506c9ede60",
		},
		{
			"AES256MasterAES256Keys", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899", 256,
			"337a76a1ded6eefa4d5813a39b7d00d2ad5b71759b4ef6a327264878124ef86d",
			"6b572b1618964ab8fe297e16baee73fd60d55691c69166d3555b471f1d43e6b6",
			"e121a4c8cd8af18874b1f8f671de0bbd788012746d601afa2904e1ea05fd56c2",
		},
		{
			"AES128Master", "404142434445464748494a4b4c4d4e4f", "0123456789abcdef", 128,
			"87eeb77e21454c46f0df384a9198721a",
			"d489ac4994dabe0a3c172cc449e6b16c",
			"462d451bcf52925a57a4b0793e8eaad1",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			prf, err := securechannel.AESCMAC(unhex(t, c.master))
			require.NoError(t, err)

			got, err := keys.DeriveCardKeys(prf, 0x21, unhex(t, c.serial), c.bits)

			require.NoError(t, err)
			require.Equal(t, byte(0x21), got.Version)
			require.Equal(t, []string{c.enc, c.mac, c.dek},
				[]string{hex.EncodeToString(got.ENC), hex.EncodeToString(got.MAC), hex.EncodeToString(got.DEK)})
		})
	}
}

func TestDeriveCardKeys_RefusesWhatNoChipHas(t *testing.T) {
	t.Parallel()
	prf, err := securechannel.AESCMAC(make([]byte, 32))
	require.NoError(t, err)

	for _, c := range []struct {
		serial []byte
		bits   int
	}{{nil, 128}, {make([]byte, 33), 128}, {[]byte{1}, 192}} {
		_, err := keys.DeriveCardKeys(prf, 1, c.serial, c.bits)
		require.Error(t, err)
	}
}

// checkStore checks what every store does; the test of the HSM calls it too.
func checkStore(t *testing.T, s keys.Store) {
	t.Helper()
	_, err := s.Signer("nobody")
	require.ErrorIs(t, err, keys.ErrNotFound)
	_, err = s.CardKeys("no-master", described(identity.BySP800108, 128), []byte{1})
	require.ErrorIs(t, err, keys.ErrNotFound)
	for _, label := range []string{"", "../x", "UPPER", ".hidden", string(make([]byte, 65))} {
		_, err := s.Generate(label, curve.P256())
		require.ErrorIs(t, err, keys.ErrLabel)
	}
	for i, c := range []string{"P-256", "P-384", "brainpoolP256r1", "brainpoolP384r1"} {
		label := fmt.Sprintf("key-%d", i)
		on, err := curve.ByName(c)
		require.NoError(t, err)
		made, err := s.Generate(label, on)
		require.NoError(t, err)
		_, err = s.Generate(label, on)
		require.ErrorIs(t, err, keys.ErrExists)
		found, err := s.Signer(label)
		require.NoError(t, err)
		require.Equal(t, made.Public(), found.Public())
		digest := sha256.Sum256([]byte(label))
		signature, err := found.Sign(rand.Reader, digest[:], crypto.SHA256)
		require.NoError(t, err)
		pub, ok := made.Public().(*ecdsa.PublicKey)
		require.True(t, ok)
		require.NoError(t, curve.Verify(pub, digest[:], signature))
	}
	require.NoError(t, s.EnsureMaster("master"))
	one, err := s.CardKeys("master", described(identity.BySP800108, 256), []byte{1, 2, 3})
	require.NoError(t, err)
	require.NoError(t, s.EnsureMaster("master")) // changes nothing
	again, err := s.CardKeys("master", described(identity.BySP800108, 256), []byte{1, 2, 3})
	require.NoError(t, err)
	other, err := s.CardKeys("master", described(identity.BySP800108, 256), []byte{1, 2, 4})
	require.NoError(t, err)
	require.Equal(t, one, again)
	require.NotEqual(t, one, other)
	require.NotEqual(t, one.ENC, one.MAC)
	require.Len(t, one.DEK, 32)
	check, err := s.CheckValue("master")
	require.NoError(t, err)
	require.Len(t, check, 3)
	checkCeremony(t, s)
}

func TestFile_IsAStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := keys.OpenFile(dir, false)
	require.NoError(t, err)

	checkStore(t, s)

	require.NoError(t, s.Close())
	again, err := keys.OpenFile(dir, false) // another start finds the keys
	require.NoError(t, err)
	_, err = again.Signer("key-3")
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 5+3)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestFile_RefusesProduction(t *testing.T) {
	t.Parallel()

	_, err := keys.OpenFile(t.TempDir(), true)

	require.ErrorIs(t, err, keys.ErrProduction)
}

func TestFile_SaysWhichFileIsNotAKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := keys.OpenFile(dir, false)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad.pem"), []byte("nothing"), 0o600))

	_, err = s.Signer("bad")
	require.ErrorContains(t, err, "key bad")
	require.NoError(t, s.EnsureMaster("master"))
	_, err = s.Signer("master") // a master key signs nothing
	require.ErrorContains(t, err, "does not hold a PRIVATE KEY")
}
