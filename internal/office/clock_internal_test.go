package office

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/registry/registrytest"
)

// A machine whose clock is days ahead, or years back, makes no certificate and prints no
// date.
func TestCheckClock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "office.yaml")
	require.NoError(t, os.WriteFile(name, []byte("data_dir: "+dir+"\n"), 0o600))
	c, err := config.Load(name)
	require.NoError(t, err)
	c.Database.URL = config.Secret(registrytest.NewSchema(t, devservertest.Postgres(t)))
	o, err := Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer o.Close()

	for _, off := range []time.Duration{0, 30 * time.Second, -30 * time.Second} {
		require.NoError(t, o.checkClock(t.Context(), func() time.Time { return time.Now().Add(off) }), off)
	}
	for _, off := range []time.Duration{3 * 24 * time.Hour, -2 * 365 * 24 * time.Hour, 90 * time.Second} {
		require.ErrorIs(t, o.checkClock(t.Context(), func() time.Time { return time.Now().Add(off) }), ErrClock, off)
	}
}
