package packet_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
)

func TestKeyFiles_MakeAKeyOnceForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "stations")
	files := packet.KeyFiles(dir)
	_, err := files.Key("001-TN-01")
	require.ErrorIs(t, err, identity.Forbidden)

	public, err := files.Ensure("001-TN-01")
	require.NoError(t, err)
	again, err := files.Ensure("001-TN-01")
	require.NoError(t, err)
	key, err := files.Key("001-TN-01")

	require.NoError(t, err)
	require.Equal(t, public, again)
	require.True(t, public.Equal(key.Public()))
	info, err := os.Stat(filepath.Join(dir, "001-TN-01.pem"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestKeyFiles_RefusesWhatIsNotAKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "A.pem"), []byte("nonsense"), 0o600))

	_, err := packet.KeyFiles(dir).Ensure("A")

	require.ErrorContains(t, err, "not a PEM file")
}
