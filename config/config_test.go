package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
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

// Every setting is in default.yaml, with a comment: the environment reaches only
// what stands there.
func TestDefaults_NameAndExplainEverySetting(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("default.yaml")
	require.NoError(t, err)
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(b, &document))
	explained := []string{"temporal.tls_key_file"} // with the line before
	known := []string{"temporal.namespace", "gateway.listen"}

	keys := leaves("", document.Content[0])

	require.ElementsMatch(t, settings("", reflect.TypeFor[config.Config]()), slices.Sorted(maps.Keys(keys)))
	for key, comment := range keys {
		if !slices.Contains(slices.Concat(explained, known), key) {
			require.NotEmpty(t, comment, key)
		}
	}
}

// settings are the keys that the struct's fields are read from.
func settings(prefix string, t reflect.Type) []string {
	var keys []string
	for field := range t.Fields() {
		key := prefix + field.Tag.Get("mapstructure")
		if field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[identity.Date]() {
			keys = append(keys, settings(key+".", field.Type)...)
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

// leaves are the keys of a document with the comments that explain them.
func leaves(prefix string, mapping *yaml.Node) map[string]string {
	keys := make(map[string]string)
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if value.Kind == yaml.MappingNode {
			maps.Copy(keys, leaves(prefix+key.Value+".", value))
			continue
		}
		keys[prefix+key.Value] = key.HeadComment + value.LineComment + key.LineComment
	}
	return keys
}

func TestLoad_FileOverridesDefaultsAndEnvironmentOverridesFile(t *testing.T) {
	t.Setenv("CANCUOC_CONFIG", file(t, "worker: {slots: 3, reconcile: 1m}\ngateway: {codec_origins: [http://a]}\n"))
	t.Setenv("CANCUOC_WORKER_SLOTS", "4")
	t.Setenv("CANCUOC_LOG_LEVEL", "debug")
	t.Setenv("CANCUOC_GATEWAY_CODEC_ORIGINS", "http://a,http://b")
	t.Setenv("CANCUOC_DATABASE_URL", "postgres://u:hidden@h/d")

	c, err := config.Load("")

	require.NoError(t, err)
	require.Equal(t, 4, c.Worker.Slots)
	require.Equal(t, time.Minute, c.Worker.Reconcile)
	require.Equal(t, slog.LevelDebug, c.Log.Level)
	require.Equal(t, []string{"http://a", "http://b"}, c.Gateway.CodecOrigins)
	require.Equal(t, "postgres://u:hidden@h/d", string(c.Database.URL))
}

// Every setting can be given in the environment, lists of groups too.
func TestLoad_ReadsListsOfGroupsFromTheEnvironment(t *testing.T) {
	t.Setenv("CANCUOC_NOTIFICATIONS_RECEIVERS", `[{"name": "portal", "url": "http://127.0.0.1:1/events", "secret_file": "/run/secrets/portal", "events": ["ready"]}]`)
	c, err := config.Load("")
	require.NoError(t, err)
	require.Equal(t, []config.Receiver{{Name: "portal", URL: "http://127.0.0.1:1/events", SecretFile: "/run/secrets/portal", Events: []identity.EventKind{identity.EventReady}}}, c.Notifications.Receivers)

	written, err := config.Settings("")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "office.yaml")
	require.NoError(t, os.WriteFile(file, written, 0o600))
	require.NoError(t, os.Unsetenv("CANCUOC_NOTIFICATIONS_RECEIVERS"))
	again, err := config.Load(file)
	require.NoError(t, err)
	require.Equal(t, c.Notifications, again.Notifications)

	for _, wrong := range []string{"portal", `{"name": "portal"}`, `[{"nome": "portal"}]`, `["portal"]`} {
		t.Setenv("CANCUOC_NOTIFICATIONS_RECEIVERS", wrong)
		_, err = config.Load("")
		require.ErrorContains(t, err, "notifications.receivers", wrong)
	}
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

func TestLoad_RefusesUnknownSettings(t *testing.T) {
	t.Run("InTheFile", func(t *testing.T) {
		_, err := config.Load(file(t, "worker: {slotz: 3}"))
		require.ErrorContains(t, err, "slotz")
	})
	t.Run("InTheEnvironment", func(t *testing.T) {
		t.Setenv("CANCUOC_WORKER_SLOTZ", "3")
		_, err := config.Load("")
		require.EqualError(t, err, "environment: CANCUOC_WORKER_SLOTZ is not a setting")
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

func TestLoad_ReportsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()

	_, err := config.Load(file(t, `
profile: test
data_dir: ""
log: {format: xml}
tracing: {url: collector, share: 2}
temporal: {address: nowhere, namespace: "", ui_address: ftp://x, tls_cert_file: a}
database: {max_conns: 0, url: a, url_file: b}
audit: {anchor: 0s}
notifications:
  {receivers: [{name: A b, url: ftp://x, events: [born], by: post}, {name: a, url: "http://u@x", secret_file: s, by: sms, reference: true}, {name: a, url: http://x, secret_file: s}],
  timeout: 0s, at_once: 0, retry_first: 0s, retry_most: -1s, give_up: 0s, remind: 0s}
keys: {pkcs11: {module: x.so, sessions: 0}}
gateway:
  {listen: "8090", citizens_listen: "8090", vneid_url: "javascript:alert(1)//{receipt}", public_url: citizens, officers_url: http://127.0.0.1:8090, codec_origins: [x], connections: 1, memory_bytes: 1, tls_key_file: a,
  tls_client_ca_file: a, header_timeout: 0, read_timeout: 0, write_timeout: 0, idle_timeout: 0, stop_timeout: 0}
worker: {role: some, station: "", slots: 0, concurrency: -1, reconcile: 0s, listen: x}
station: {driver: tcp, write_time: -1s, print_time: -1s, spoil_first: -1}
printing: {driver: ipp, uri: x@y, sides: one, silence: 0s, dpi: 0}
camera: {driver: other, wait: 0s, dpi: 0}
personalization: {profile: other}
intake: {document_bytes: 0, portrait_bytes: 0, finger_bytes: 0, packet_bytes: 0}
office:
  {recapture: 0, resolution: 0, collect: 0, at_risk_days: -1, station_wait: 0, cards: 0, consignment_size: 0, consignment_cut_off: 0, start: "2026", late_after: -1}
`))

	require.Error(t, err)
	faults := strings.Split(err.Error(), "\n")
	require.Len(t, faults, 79)
}

// A password in a URL would be in logs.
func TestLoad_WantsNoPasswordInThePrintersURL(t *testing.T) {
	t.Parallel()
	_, err := config.Load(file(t, "printing: {driver: ipp, uri: 'ipp://station:s3cret@printer/ipp/print'}"))
	require.EqualError(t, err, "printing.uri holds a user; give printing.user and printing.password_file instead")
}

// TestLoad_WantsADatabaseURL: anything else is words to PostgreSQL's clients, which then
// dial whatever the environment or the local socket offers.
func TestLoad_WantsADatabaseURL(t *testing.T) {
	t.Parallel()
	for content, told := range map[string]string{
		"\ufeffpostgres://office@db/cancuoc\n": "what database.url_file holds begins with a byte order mark; it must begin with postgres:// or postgresql://",
		"host=db":                              "what database.url_file holds does not begin with postgres:// or postgresql://",
		"\n":                                   "database.url_file names an empty file",
		"postgresql://office@db/cancuoc\r\n":   "",
	} {
		_, err := config.Load(file(t, "database: {url_file: "+file(t, content)+"}"))
		if told == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, told)
	}
}

func TestLoad_ProductionSimulatesNothing(t *testing.T) {
	t.Parallel()

	_, err := config.Load(file(t, "profile: production"))

	for _, want := range []string{
		"gateway.public_url is not a URL that begins with https://", "gateway.officers_url is not a URL that begins with https://",
		"temporal.address is empty", "temporal.codec_key_file is empty", "database.url is empty", "vault.key_file is empty",
		"pki.dir is empty", "keys.pkcs11.module is empty", "forms.specimen is on", "station.driver is simulated", "camera.driver is simulated", "station.journal is empty",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestLoad_ProductionAcceptsRealDevices(t *testing.T) {
	t.Parallel()
	there, database := file(t, "secret\n"), file(t, "postgresql://office@db/cancuoc\n")
	text := fmt.Sprintf(`
profile: production
temporal: {address: temporal:7233, codec_key_file: %[1]s}
database: {url_file: %[2]s}
vault: {key_file: %[1]s}
audit: {log_dir: /var/lib/cancuoc-audit, key_file: %[1]s, checkpoint_file: /var/lib/cancuoc/audit-checkpoint}
pki: {dir: /var/lib/cancuoc/pki}
keys: {pkcs11: {module: %[1]s, token: cancuoc, pin_file: %[1]s}}
gateway: {public_url: https://cancuoc.example.org, officers_url: https://officers.cancuoc.example.org}
forms: {specimen: false}
worker: {role: pipeline}
`, there, database)

	c, err := config.Load(file(t, text))

	require.NoError(t, err)
	require.True(t, c.Production())
	require.Empty(t, c.Station.Magazine, "production does not invent paths")
	pin, err := c.Keys.PKCS11.PIN()
	require.NoError(t, err)
	require.Equal(t, "secret", string(pin))
	_, err = config.Load(file(t, strings.ReplaceAll(text, there, "/absent")))
	require.ErrorContains(t, err, "vault.key_file names a file that cannot be found; production does not make it")
	require.ErrorContains(t, err, "audit.key_file names a file that cannot be found; production does not make it")
	_, err = config.Load(file(t, text+"notifications: {receivers: [{name: portal, url: http://portal, secret_file: s}]}\n"))
	require.EqualError(t, err, "notifications.receivers[0].url is not a URL that begins with https://")
	_, err = config.Load(file(t, text+"tracing: {url: http://collector:4318/v1/traces}\n"))
	require.EqualError(t, err, "tracing.url is not a URL that begins with https://, nor of a collector on this machine")
}
