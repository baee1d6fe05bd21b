//go:build pkcs11

package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/sod"
)

// softHSM is SoftHSM2 with a new token. The module reads its settings from the
// environment once per process, so all tests that need it are in one.
func softHSM(tb testing.TB) keys.HSM {
	tb.Helper()
	util, err := exec.LookPath("softhsm2-util")
	if err != nil && os.Getenv("CI") == "" {
		tb.Skip("softhsm2 is not installed")
	}
	require.NoError(tb, err)
	module := ""
	for _, path := range []string{
		"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
		"/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
	} {
		if _, err := os.Stat(path); err == nil {
			module = path
		}
	}
	require.NotEmpty(tb, module, "softhsm2-util is installed and its module is not where it should be")
	dir := tb.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	require.NoError(tb, os.WriteFile(conf, fmt.Appendf(nil, "directories.tokendir = %s\nobjectstore.backend = file\n", dir), 0o600))
	tb.Setenv("SOFTHSM2_CONF", conf)
	out, err := exec.CommandContext(tb.Context(), util, "--init-token", "--free", "--label", "test", "--so-pin", "11111111", "--pin", "1234").CombinedOutput()
	require.NoError(tb, err, "%s", out)
	return keys.HSM{Module: module, Token: "test", PIN: "1234", Sessions: 4}
}

func TestPKCS11_SoftHSM(t *testing.T) {
	hsm := softHSM(t)
	s, err := keys.OpenPKCS11(hsm)
	require.NoError(t, err)

	t.Run("IsAStore", func(t *testing.T) { checkStore(t, s) })
	t.Run("SignsForMoreThanItHasSessions", func(t *testing.T) {
		key, err := s.Signer("key-3")
		require.NoError(t, err)
		digest := sha256.Sum256([]byte("many"))
		var group sync.WaitGroup
		for range 32 {
			group.Go(func() {
				signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
				if err == nil {
					err = curve.Verify(key.Public().(*ecdsa.PublicKey), digest[:], signature)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
	t.Run("ACountryKeepsItsKeysInIt", func(t *testing.T) {
		now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
		a, err := pki.Open(t.TempDir(), s, pki.Options{})
		require.NoError(t, err)
		require.NoError(t, a.Ensure(now))
		require.NoError(t, a.RollOver(now))
		require.NoError(t, a.RollOverCSCA(now))

		ef, err := sod.Build(map[int][]byte{1: {0x61, 0}, 2: {0x75, 0}}, a.Signers(), sod.Options{At: now})

		require.NoError(t, err)
		trust, err := a.TrustStore()
		require.NoError(t, err)
		read, err := sod.Parse(ef)
		require.NoError(t, err)
		require.NoError(t, read.Verify(trust, now))
	})
	t.Run("AWrongPINIsRefused", func(t *testing.T) {
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		_, err := s.Generate("late", curve.P256())
		require.ErrorContains(t, err, "closed")
		wrong := hsm
		wrong.PIN = "9999"
		_, err = keys.OpenPKCS11(wrong)
		require.ErrorContains(t, err, "log in")
		require.NotContains(t, err.Error(), "9999")
	})
	t.Run("AnotherStartFindsTheKeys", func(t *testing.T) {
		again, err := keys.OpenPKCS11(hsm)
		require.NoError(t, err)
		_, err = again.Signer("key-0")
		require.NoError(t, err)
		_, err = again.CardKeys("master", described(identity.BySP800108, 128), []byte{1})
		require.NoError(t, err)
		require.NoError(t, again.Close())
	})
	t.Run("AnUnknownTokenIsRefused", func(t *testing.T) {
		unknown := hsm
		unknown.Token = "elsewhere"
		_, err := keys.OpenPKCS11(unknown)
		require.ErrorContains(t, err, `no token "elsewhere"`)
	})
}

func BenchmarkPKCS11_Sign(b *testing.B) {
	s, err := keys.OpenPKCS11(softHSM(b))
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Close()) }()
	for _, c := range []string{"P-256", "brainpoolP384r1"} {
		on, err := curve.ByName(c)
		require.NoError(b, err)
		key, err := s.Generate(fmt.Sprintf("bench-%d", on.Params().BitSize), on)
		require.NoError(b, err)
		digest := sha256.Sum256(nil)
		b.Run(c, func(b *testing.B) {
			for b.Loop() {
				_, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
				require.NoError(b, err)
			}
		})
	}
}
