//go:build pkcs11

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// An officer's key that is in a token signs there, and is in no file.
func TestKeyring_SignsInAToken(t *testing.T) {
	util, err := exec.LookPath("softhsm2-util")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("softhsm2 is not installed")
	}
	require.NoError(t, err)
	module := ""
	for _, path := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"} {
		if _, err := os.Stat(path); err == nil {
			module = path
		}
	}
	dir, tokens := t.TempDir(), t.TempDir()
	conf, pin := filepath.Join(tokens, "softhsm2.conf"), filepath.Join(dir, "pin")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "directories.tokendir = %s\nobjectstore.backend = file\n", tokens), 0o600))
	require.NoError(t, os.WriteFile(pin, []byte("1234\n"), 0o600))
	t.Setenv("SOFTHSM2_CONF", conf)
	out, err := exec.CommandContext(t.Context(), util, "--init-token", "--free", "--label", "officers", "--so-pin", "11111111", "--pin", "1234").CombinedOutput()
	require.NoError(t, err, "%s", out)
	a := &app{}
	defer a.close()
	k := a.keyring(config.Client{Keys: filepath.Join(dir, "keys"), PKCS11: config.Token{Module: module, Token: "officers", PINFile: pin}})
	const officer = identity.OfficerID("PD-001-0001")
	act := identity.Approve{Officer: officer}
	_, err = k.sign(act, statement.Office, "1")
	require.ErrorContains(t, err, "neither in "+k.dir+" nor in its token")

	public, err := k.ensure(officer)
	require.NoError(t, err)
	again, err := k.ensure(officer)
	require.NoError(t, err)
	signed, err := k.sign(act, statement.Office, "1")

	require.NoError(t, err)
	require.NoError(t, signed.Verify())
	require.Equal(t, public, again)
	require.Equal(t, public, signed.Signatures[0].Key)
	key, err := x509.ParsePKIXPublicKey(public)
	require.NoError(t, err)
	require.Equal(t, elliptic.P256(), key.(*ecdsa.PublicKey).Curve)
	require.NoDirExists(t, k.dir)
}
