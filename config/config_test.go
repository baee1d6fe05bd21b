package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
)

// file writes a settings file.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "cancuoc.yaml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestLoad_DefaultsAreADevelopmentOffice(t *testing.T) {
	t.Parallel()

	c, err := config.Load("")

	require.NoError(t, err)
	require.False(t, c.Production())
	require.True(t, c.Forms.Specimen)
	require.Equal(t, ".data/keys/codec.keys", c.Temporal.CodecKeyFile)
	require.Equal(t, ".data/pki", c.PKI.Dir)
	require.Equal(t, 720*time.Hour, c.Office.Recapture)
	require.Empty(t, c.Gateway.CodecOrigins)
}

func TestLoad_FileOverridesDefaultsAndEnvironmentOverridesFile(t *testing.T) {
	t.Setenv("CANCUOC_CONFIG", file(t, "worker: {slots: 3, sweep: 1m}\ngateway: {codec_origins: [http://a]}\n"))
	t.Setenv("CANCUOC_WORKER_SLOTS", "4")
	t.Setenv("CANCUOC_LOG_LEVEL", "debug")
	t.Setenv("CANCUOC_GATEWAY_CODEC_ORIGINS", "http://a,http://b")
	t.Setenv("CANCUOC_DATABASE_URL", "postgres://u:hidden@h/d")

	c, err := config.Load("")

	require.NoError(t, err)
	require.Equal(t, 4, c.Worker.Slots)
	require.Equal(t, time.Minute, c.Worker.Sweep)
	require.Equal(t, slog.LevelDebug, c.Log.Level)
	require.Equal(t, []string{"http://a", "http://b"}, c.Gateway.CodecOrigins)
	require.Equal(t, "postgres://u:hidden@h/d", string(c.Database.URL))
}

func TestLoad_SecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	url := file(t, "postgres://u:hidden@h/d\n")

	c, err := config.Load(file(t, "database: {url_file: "+url+"}"))

	require.NoError(t, err)
	require.Equal(t, "postgres://u:hidden@h/d", string(c.Database.URL))
	asJSON, err := json.Marshal(c)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("Loaded", "config", c, "url", c.Database.URL)
	for _, printed := range []string{fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.Database.URL, c.Database.URL), string(asJSON), log.String()} {
		require.NotContains(t, printed, "hidden")
		require.Contains(t, printed, "[secret]")
	}
}

func TestLoad_RefusesWhatIsNoSetting(t *testing.T) {
	t.Run("InTheFile", func(t *testing.T) {
		_, err := config.Load(file(t, "worker: {slotz: 3}"))
		require.ErrorContains(t, err, "slotz")
	})
	t.Run("InTheEnvironment", func(t *testing.T) {
		t.Setenv("CANCUOC_WORKER_SLOTZ", "3")
		_, err := config.Load("")
		require.EqualError(t, err, "environment: CANCUOC_WORKER_SLOTZ is no setting")
	})
	t.Run("OfAnotherType", func(t *testing.T) {
		_, err := config.Load(file(t, "worker: {slots: many}"))
		require.ErrorContains(t, err, "slots")
	})
	t.Run("NoSuchFile", func(t *testing.T) {
		_, err := config.Load(filepath.Join(t.TempDir(), "absent.yaml"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestLoad_TellsEveryFaultAtOnce(t *testing.T) {
	t.Parallel()

	_, err := config.Load(file(t, `
profile: test
data_dir: ""
log: {format: xml}
temporal: {address: nowhere, namespace: "", ui_address: ftp://x, tls_cert_file: a}
database: {max_conns: 0, url: a, url_file: b}
keys: {pkcs11: {module: x.so, sessions: 0}}
gateway: {listen: "8090", public_url: citizens, codec_origins: [x]}
worker: {role: some, station: "", slots: 0, concurrency: -1, sweep: 0s, listen: x}
station: {driver: tcp, write_time: -1s, print_time: -1s, spoil_first: -1}
printing: {driver: ipp, uri: x, dpi: 0}
personalization: {profile: other}
intake: {document_bytes: 0, portrait_bytes: 0, finger_bytes: 0, packet_bytes: 0}
office:
  {recapture: 0, resolution: 0, collect: 0, at_risk: 0, station_wait: 0, restock: 0, cards: 0, consignment_size: 0, consignment_cut_off: 0}
`))

	require.Error(t, err)
	faults := strings.Split(err.Error(), "\n")
	require.Len(t, faults, 41)
}

func TestLoad_ProductionPretendsNothing(t *testing.T) {
	t.Parallel()

	_, err := config.Load(file(t, "profile: production"))

	for _, want := range []string{
		"gateway.public_url is no address that begins with https://",
		"temporal.address is empty", "temporal.codec_key_file is empty", "database.url is empty", "vault.key_file is empty",
		"pki.dir is empty", "keys.pkcs11.module is empty", "forms.specimen is on", "station.driver is simulated", "station.journal is empty",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestLoad_ProductionTakesWhatIsGiven(t *testing.T) {
	t.Parallel()
	there := file(t, "secret\n")
	text := fmt.Sprintf(`
profile: production
temporal: {address: temporal:7233, codec_key_file: %[1]s}
database: {url_file: %[1]s}
vault: {key_file: %[1]s}
pki: {dir: /var/lib/cancuoc/pki}
keys: {pkcs11: {module: %[1]s, token: cancuoc, pin_file: %[1]s}}
gateway: {public_url: https://cancuoc.example.org}
forms: {specimen: false}
worker: {role: pipeline}
`, there)

	c, err := config.Load(file(t, text))

	require.NoError(t, err)
	require.True(t, c.Production())
	require.Empty(t, c.Station.Magazine, "production makes up no paths")
	pin, err := c.Keys.PKCS11.PIN()
	require.NoError(t, err)
	require.Equal(t, "secret", string(pin))
	_, err = config.Load(file(t, strings.ReplaceAll(text, there, "/absent")))
	require.ErrorContains(t, err, "vault.key_file names a file that cannot be found; production makes none")
}
