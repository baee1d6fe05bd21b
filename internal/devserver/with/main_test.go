package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/devserver/devservertest"
)

func TestRun_GivesServersAndTheCommandsExitCode(t *testing.T) {
	devservertest.NeedPostgres(t)
	devservertest.NeedTemporal(t)
	t.Setenv("TMPDIR", t.TempDir())
	require.NoError(t, os.Chmod(filepath.Dir(os.TempDir()), 0o711))
	t.Setenv(devservertest.DatabaseURL, "")
	t.Setenv(devservertest.TemporalAddress, "")

	code, err := run(t.Context(), []string{"--", "sh", "-c", `test -n "$TEST_DATABASE_URL" && test -n "$TEST_TEMPORAL_ADDRESS" && test -x "$TEMPORAL_CLI" && exit 7`})

	require.NoError(t, err)
	require.Equal(t, 7, code)
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestRun_UsesServersThatAreGiven(t *testing.T) {
	devservertest.NeedTemporal(t)
	t.Setenv(devservertest.DatabaseURL, "postgres://given")
	t.Setenv(devservertest.TemporalAddress, "given:7233")

	code, err := run(t.Context(), []string{"sh", "-c", `test "$TEST_DATABASE_URL $TEST_TEMPORAL_ADDRESS" = "postgres://given given:7233"`})

	require.NoError(t, err)
	require.Zero(t, code)
}

func TestRun_RefusesNoCommand(t *testing.T) {
	t.Parallel()
	code, err := run(t.Context(), []string{"--"})
	require.ErrorContains(t, err, "which command?")
	require.Equal(t, 2, code)
	code, err = command(t.Context(), nil, []string{"no-such-program"})
	require.Error(t, err)
	require.Equal(t, 1, code)
}
