package registry_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// pgbouncer starts a pooler before a database, and gives the database's URL behind it.
func pgbouncer(t *testing.T, database, mode string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("pgbouncer is not installed (Debian: pgbouncer)")
	}
	u, err := url.Parse(database)
	require.NoError(t, err)
	password, _ := u.User.Password()
	host, port, _ := strings.Cut(u.Host, ":")
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	dir, err := os.MkdirTemp("/tmp", "pgbouncer") //nolint:usetesting // where a pooler, which is not run by root, may read it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	file := filepath.Join(dir, "pgbouncer.ini")
	settings := fmt.Sprintf(`[databases]
%s = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
auth_type = any
pool_mode = %s
ignore_startup_parameters = search_path
unix_socket_dir =
`, strings.TrimPrefix(u.Path, "/"), host, port, u.User.Username(), password, address[strings.LastIndex(address, ":")+1:], mode)
	require.NoError(t, os.WriteFile(file, []byte(settings), 0o644))
	command := exec.CommandContext(t.Context(), program, "-u", "nobody", file)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	require.Eventually(t, func() bool {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	u.Host = address
	return u.String()
}

func TestOpen_RefusesAPoolerThatSharesSessions(t *testing.T) {
	t.Parallel()
	database := registrytest.URL(t)
	_, err := registry.Open(t.Context(), pgbouncer(t, database, "transaction"), registry.Options{})
	require.ErrorIs(t, err, registry.ErrPooled)
	r, err := registry.Open(t.Context(), pgbouncer(t, database, "session"), registry.Options{})
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, r.Ping(t.Context()))
}

// Whatever a login's sessions begin with, which the login itself may change, programs read, write
// and wait for the disk as they have to.
func TestOpen_SetsWhatItRestsOn(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(registrytest.URL(t))
	require.NoError(t, err)
	query := u.Query()
	for name, value := range map[string]string{"synchronous_commit": "off", "default_transaction_read_only": "on", "datestyle": "German", "statement_timeout": "1ms"} {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	r, err := registry.Open(t.Context(), u.String(), registry.Options{})
	require.NoError(t, err)
	defer r.Close()

	for name, want := range map[string]string{"synchronous_commit": "on", "default_transaction_read_only": "off", "DateStyle": "ISO, MDY", "statement_timeout": "0"} {
		value, err := registry.Setting(t.Context(), r, name)
		require.NoError(t, err)
		require.Equal(t, want, value, name)
	}
	require.NoError(t, r.Ping(t.Context()))
}

// TestOpen_WantsAURL: what is not a URL is read as words, and dials what the
// environment or a local socket offers.
func TestOpen_WantsAURL(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"", "\ufeffpostgres://u:geheim@127.0.0.1/x", "host=127.0.0.1 password=geheim", "mysql://127.0.0.1/x", "postgres:/x", "postgres://u:geheim@127.0.0.1:port/x"} {
		_, err := registry.Open(t.Context(), given, registry.Options{})
		require.EqualError(t, err, "the database URL cannot be read: it has to begin with postgres:// or postgresql://", "%q", given)
		_, again := registry.Migrate(t.Context(), given, nil)
		require.Equal(t, err, again, "%q", given)
	}
}
