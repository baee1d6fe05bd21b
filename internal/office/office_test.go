package office_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/registry/roles"
)

// settings of an office in a folder of its own.
func settings(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "office.yaml")
	require.NoError(t, os.WriteFile(name, []byte("data_dir: "+dir+"\n"), 0o600))
	c, err := config.Load(name)
	require.NoError(t, err)
	return c
}

func TestOpen_ProductionMakesNothingSecret(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.Database.URL = config.Secret(registrytest.NewSchema(t, devservertest.Postgres(t)))
	c.Profile = "production" // the files were there when the settings were read, and are no more

	_, err := office.Open(t.Context(), c, slog.New(slog.DiscardHandler))

	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, c.Vault.KeyFile)

	c.Profile = "dev"
	opened, err := office.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer opened.Close()
	require.FileExists(t, c.Vault.KeyFile)
	require.NoFileExists(t, c.Temporal.CodecKeyFile)

	c.Profile = "production"
	inProduction, err := office.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer inProduction.Close()
	_, err = inProduction.Anchor()
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, c.Audit.KeyFile)
	_, err = inProduction.Codec([]string{"https://ui.example.org"})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, c.Temporal.CodecKeyFile)
}

func TestWarnOfCalendar(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.Database.URL = config.Secret(registrytest.NewSchema(t, devservertest.Postgres(t)))
	var log bytes.Buffer
	opened, err := office.Open(t.Context(), c, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	defer opened.Close()
	for name, tt := range map[string]struct {
		year int
		told []string
	}{
		"DecreedThisYearAndNext": {2025, nil},
		"NextByRule":             {2026, []string{"computed by rule", "year=2027"}},
		"Unknown":                {2098, []string{"No working days are known", "year=2098", "year=2099"}},
	} {
		log.Reset()

		opened.WarnOfCalendar(t.Context(), time.Date(tt.year, 6, 1, 0, 0, 0, 0, time.UTC))

		require.Equal(t, len(tt.told) > 0, strings.Contains(log.String(), "level=WARN"), name)
		for _, told := range tt.told {
			require.Contains(t, log.String(), told, name)
		}
	}
}

// In production a program does not work as a role that could change the trail.
func TestOpen_ProductionRefusesAStrongRole(t *testing.T) {
	t.Parallel()
	c := settings(t)
	programs := registrytest.NewSchema(t, devservertest.Postgres(t))
	c.Database.URL = config.Secret(registrytest.Behind(t, programs))
	opened, err := office.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	opened.Close()

	c.Profile = "production"
	_, err = office.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, office.ErrTooStrong)

	c.Database.URL = config.Secret(programs)
	opened, err = office.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	opened.Close()
}

// A program that starts before the database is migrated waits, and goes on by itself.
func TestAwait_WaitsForTheMigration(t *testing.T) {
	t.Parallel()
	c := settings(t)
	programs := registrytest.NewSchema(t, devservertest.Postgres(t))
	c.Database.URL, c.Database.OwnerURL = config.Secret(programs), config.Secret(registrytest.As(t, programs, roles.Owner))
	conn, err := pgx.Connect(t.Context(), registrytest.Behind(t, programs))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `UPDATE schema_version SET version = 30`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	_, err = office.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "run `starter migrate`")
	type result struct {
		office *office.Office
		err    error
	}
	done, waits := make(chan result), make(chan struct{}, 1)
	log := slog.New(slog.NewTextHandler(told(waits), nil))

	go func() {
		o, err := office.Await(t.Context(), c, log)
		done <- result{o, err}
	}()
	<-waits
	_, err = office.Migrate(t.Context(), c)
	require.NoError(t, err)

	r := <-done
	require.NoError(t, r.err)
	r.office.Close()
}

// told tells of what is written to it.
type told chan struct{}

func (c told) Write(b []byte) (int, error) {
	select {
	case c <- struct{}{}:
	default:
	}
	return len(b), nil
}
