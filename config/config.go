// Package config loads the settings: the embedded default.yaml names and explains
// every key, a file and the environment override it. Programs get a struct, and
// viper ends here.
package config

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

//go:embed default.yaml
var defaults []byte

// Config is every setting; default.yaml says what each means.
type Config struct {
	Profile         string          `mapstructure:"profile"`
	DataDir         string          `mapstructure:"data_dir"`
	Log             Log             `mapstructure:"log"`
	Temporal        Temporal        `mapstructure:"temporal"`
	Database        Database        `mapstructure:"database"`
	Vault           Vault           `mapstructure:"vault"`
	PKI             PKI             `mapstructure:"pki"`
	Gateway         Gateway         `mapstructure:"gateway"`
	Worker          Worker          `mapstructure:"worker"`
	Station         Station         `mapstructure:"station"`
	Printing        Printing        `mapstructure:"printing"`
	Personalization Personalization `mapstructure:"personalization"`
	Forms           Forms           `mapstructure:"forms"`
	Intake          Intake          `mapstructure:"intake"`
	Office          Office          `mapstructure:"office"`
}

// Log is how programs log.
type Log struct {
	Level  slog.Level `mapstructure:"level"`
	Format string     `mapstructure:"format"`
}

// Temporal is where the engine runs.
type Temporal struct {
	Address      string `mapstructure:"address"`
	Namespace    string `mapstructure:"namespace"`
	CodecKeyFile string `mapstructure:"codec_key_file"`
	TLS          bool   `mapstructure:"tls"`
}

// Database is the system of record.
type Database struct {
	URL      Secret `mapstructure:"url"`
	MaxConns int    `mapstructure:"max_conns"`
}

// Vault is how blobs are encrypted.
type Vault struct {
	KeyFile string `mapstructure:"key_file"`
}

// PKI is where certificates and signing keys are.
type PKI struct {
	Dir      string `mapstructure:"dir"`
	Stations string `mapstructure:"stations"`
}

// Gateway is the office's window.
type Gateway struct {
	Listen    string `mapstructure:"listen"`
	PublicURL string `mapstructure:"public_url"`
}

// Worker is what one worker process does.
type Worker struct {
	Role        string        `mapstructure:"role"`
	Station     string        `mapstructure:"station"`
	Slots       int           `mapstructure:"slots"`
	Concurrency int           `mapstructure:"concurrency"`
	Sweep       time.Duration `mapstructure:"sweep"`
}

// Station is a personalization station's devices.
type Station struct {
	Driver     string        `mapstructure:"driver"`
	Address    string        `mapstructure:"address"`
	Magazine   string        `mapstructure:"magazine"`
	Journal    string        `mapstructure:"journal"`
	WriteTime  time.Duration `mapstructure:"write_time"`
	PrintTime  time.Duration `mapstructure:"print_time"`
	SpoilFirst int           `mapstructure:"spoil_first"`
}

// Printing is where printed sides go.
type Printing struct {
	Spool string `mapstructure:"spool"`
	DPI   int    `mapstructure:"dpi"`
}

// Personalization names the chip's profile.
type Personalization struct {
	Profile string `mapstructure:"profile"`
}

// Forms says how cards are marked.
type Forms struct {
	Specimen bool `mapstructure:"specimen"`
}

// Intake bounds what a submission may bring, in bytes.
type Intake struct {
	DocumentBytes int64 `mapstructure:"document_bytes"`
	PortraitBytes int64 `mapstructure:"portrait_bytes"`
	FingerBytes   int64 `mapstructure:"finger_bytes"`
	PacketBytes   int64 `mapstructure:"packet_bytes"`
}

// Office is the limits that bind applications.
type Office struct {
	Recapture         time.Duration `mapstructure:"recapture"`
	Resolution        time.Duration `mapstructure:"resolution"`
	Collect           time.Duration `mapstructure:"collect"`
	AtRisk            time.Duration `mapstructure:"at_risk"`
	StationWait       time.Duration `mapstructure:"station_wait"`
	Restock           time.Duration `mapstructure:"restock"`
	Cards             int           `mapstructure:"cards"`
	ConsignmentSize   int           `mapstructure:"consignment_size"`
	ConsignmentCutOff time.Duration `mapstructure:"consignment_cut_off"`
}

// Secret prints as [secret]; string(s) gives it.
type Secret string

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret.
func (Secret) GoString() string { return "[secret]" }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Production reports whether the office makes real cards.
func (c Config) Production() bool { return c.Profile == "production" }

// Load reads the defaults, then the file (none when path is empty), then the
// environment, and tells every fault at once.
func Load(path string) (Config, error) {
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(defaults)); err != nil {
		return Config{}, fmt.Errorf("read built-in settings: %w", err)
	}
	if path == "" {
		path = os.Getenv("CANCUOC_CONFIG")
	}
	if path != "" {
		v.SetConfigFile(path)
		if err := v.MergeInConfig(); err != nil {
			return Config{}, fmt.Errorf("read settings: %w", err)
		}
	}
	v.SetEnvPrefix("cancuoc")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv() // reaches every key, because default.yaml names every key
	var c Config
	hooks := mapstructure.ComposeDecodeHookFunc(mapstructure.StringToTimeDurationHookFunc(), mapstructure.TextUnmarshallerHookFunc())
	if err := v.UnmarshalExact(&c, viper.DecodeHook(hooks)); err != nil {
		return Config{}, fmt.Errorf("read settings: %w", err)
	}
	c.fill()
	return c, c.validate()
}

// fill gives paths that were left empty their place in the data folder.
func (c *Config) fill() {
	for _, p := range []struct {
		path *string
		in   []string
	}{
		{&c.Temporal.CodecKeyFile, []string{"keys", "codec.keys"}},
		{&c.Vault.KeyFile, []string{"keys", "vault.key"}},
		{&c.PKI.Dir, []string{"pki"}},
		{&c.PKI.Stations, []string{"keys", "stations"}},
		{&c.Station.Magazine, []string{"magazine"}},
		{&c.Station.Journal, []string{"journal"}},
		{&c.Printing.Spool, []string{"out", "prints"}},
	} {
		if *p.path == "" && !c.Production() {
			*p.path = filepath.Join(append([]string{c.DataDir}, p.in...)...)
		}
	}
}

// validate tells everything that is wrong.
func (c Config) validate() error {
	var faults []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	one := func(key, value string, of ...string) {
		wrong(!slices.Contains(of, value), "%s is %q; one of %s is wanted", key, value, strings.Join(of, ", "))
	}
	one("profile", c.Profile, "dev", "production")
	one("log.format", c.Log.Format, "text", "json")
	one("worker.role", c.Worker.Role, "all", "pipeline", "station")
	one("station.driver", c.Station.Driver, "simulated", "tcp")
	one("personalization.profile", c.Personalization.Profile, "vn-as-observed", "nist")
	for key, n := range map[string]int{
		"worker.slots": c.Worker.Slots, "worker.concurrency": c.Worker.Concurrency, "office.cards": c.Office.Cards,
		"office.consignment_size": c.Office.ConsignmentSize, "printing.dpi": c.Printing.DPI, "database.max_conns": c.Database.MaxConns,
	} {
		wrong(n < 1, "%s is %d; 1 or more is wanted", key, n)
	}
	if c.Production() {
		for key, value := range map[string]string{
			"temporal.address": c.Temporal.Address, "temporal.codec_key_file": c.Temporal.CodecKeyFile,
			"database.url": string(c.Database.URL), "vault.key_file": c.Vault.KeyFile, "pki.dir": c.PKI.Dir,
		} {
			wrong(value == "", "%s is empty; production needs it", key)
		}
		wrong(c.Forms.Specimen, "forms.specimen is on; production makes real cards")
		wrong(c.Station.Driver == "simulated" && c.Worker.Role != "pipeline", "station.driver is simulated; production makes real cards")
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(faults...)
}

// Logger makes the program's logger.
func (l Log) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: l.Level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
