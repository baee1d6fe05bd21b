// Package config loads the settings: the embedded default.yaml names and explains
// every key; a file, the environment and flags override it. Programs get a struct
// and know nothing of viper.
package config

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/internal/camera/fault"
	"example.org/cancuoc/internal/identity"
)

//go:embed default.yaml
var defaults []byte

// Config holds every setting; default.yaml explains each.
type Config struct {
	Profile         string          `mapstructure:"profile"`
	DataDir         string          `mapstructure:"data_dir"`
	Log             Log             `mapstructure:"log"`
	Tracing         Tracing         `mapstructure:"tracing"`
	Temporal        Temporal        `mapstructure:"temporal"`
	Database        Database        `mapstructure:"database"`
	Vault           Vault           `mapstructure:"vault"`
	Audit           Audit           `mapstructure:"audit"`
	Status          Status          `mapstructure:"status"`
	Population      Population      `mapstructure:"population"`
	Notifications   Notifications   `mapstructure:"notifications"`
	PKI             PKI             `mapstructure:"pki"`
	Keys            Keys            `mapstructure:"keys"`
	Gateway         Gateway         `mapstructure:"gateway"`
	Client          Client          `mapstructure:"client"`
	Worker          Worker          `mapstructure:"worker"`
	Station         Station         `mapstructure:"station"`
	Printing        Printing        `mapstructure:"printing"`
	Camera          Camera          `mapstructure:"camera"`
	Personalization Personalization `mapstructure:"personalization"`
	Forms           Forms           `mapstructure:"forms"`
	Intake          Intake          `mapstructure:"intake"`
	Office          Office          `mapstructure:"office"`
}

// Log says how worker and gateway log.
type Log struct {
	Level  slog.Level `mapstructure:"level"`
	Format string     `mapstructure:"format"`
}

// Tracing is where spans go.
type Tracing struct {
	URL   string  `mapstructure:"url"`
	Share float64 `mapstructure:"share"`
}

// Temporal is the connection to the Temporal server.
type Temporal struct {
	Address       string `mapstructure:"address"`
	Namespace     string `mapstructure:"namespace"`
	UIAddress     string `mapstructure:"ui_address"`
	CodecKeyFile  string `mapstructure:"codec_key_file"`
	TLS           bool   `mapstructure:"tls"`
	TLSCAFile     string `mapstructure:"tls_ca_file"`
	TLSCertFile   string `mapstructure:"tls_cert_file"`
	TLSKeyFile    string `mapstructure:"tls_key_file"`
	TLSServerName string `mapstructure:"tls_server_name"`
}

// Database is the connection to the registry. Load reads URLFile into URL.
type Database struct {
	URL          Secret `mapstructure:"url"`
	URLFile      string `mapstructure:"url_file"`
	OwnerURL     Secret `mapstructure:"owner_url"`
	OwnerURLFile string `mapstructure:"owner_url_file"`
	MaxConns     int    `mapstructure:"max_conns"`
}

// Owner is the URL of the role that migrates; "" where none is given. The file is read
// when somebody migrates: programs cannot reach it.
func (d Database) Owner() (Secret, error) {
	if d.OwnerURLFile == "" {
		return d.OwnerURL, nil
	}
	return readSecret("database.owner_url_file", d.OwnerURLFile)
}

// Vault is the key that encrypts evidence.
type Vault struct {
	KeyFile string `mapstructure:"key_file"`
}

// Audit is the transparency log of the audit trail.
type Audit struct {
	LogDir         string        `mapstructure:"log_dir"`
	KeyFile        string        `mapstructure:"key_file"`
	PublicKey      string        `mapstructure:"public_key"`
	CheckpointFile string        `mapstructure:"checkpoint_file"`
	Anchor         time.Duration `mapstructure:"anchor"`
}

// Status is what verifiers hear of cards.
type Status struct {
	KeyFile          string        `mapstructure:"key_file"`
	CertificatesFile string        `mapstructure:"certificates_file"`
	TTL              time.Duration `mapstructure:"ttl"`
}

// Population is the population register: the built-in one, or one elsewhere at URL.
type Population struct {
	URL         string        `mapstructure:"url"`
	TokenFile   string        `mapstructure:"token_file"`
	CAFile      string        `mapstructure:"ca_file"`
	CertFile    string        `mapstructure:"cert_file"`
	KeyFile     string        `mapstructure:"key_file"`
	Timeout     time.Duration `mapstructure:"timeout"`
	Connections int           `mapstructure:"connections"`
	ClientsFile string        `mapstructure:"clients_file"`
}

// Notifications are the webhooks that are told what happens.
type Notifications struct {
	Receivers  []Receiver    `mapstructure:"receivers"`
	Timeout    time.Duration `mapstructure:"timeout"`
	AtOnce     int           `mapstructure:"at_once"`
	RetryFirst time.Duration `mapstructure:"retry_first"`
	RetryMost  time.Duration `mapstructure:"retry_most"`
	GiveUp     time.Duration `mapstructure:"give_up"`
	Remind     time.Duration `mapstructure:"remind"`
}

// Receiver is one of them.
type Receiver struct {
	Name       string               `mapstructure:"name"`
	URL        string               `mapstructure:"url"`
	SecretFile string               `mapstructure:"secret_file"`
	Events     []identity.EventKind `mapstructure:"events"`
	By         identity.NotifyBy    `mapstructure:"by"`
	Reference  bool                 `mapstructure:"reference"`
	CAFile     string               `mapstructure:"ca_file"`
}

// Keys reads the keys that sign what it is sent.
func (r Receiver) Keys() (Secret, error) {
	return readSecret("notifications.receivers: secret_file of "+r.Name, r.SecretFile)
}

// PKI names the folders of certificates and signing keys.
type PKI struct {
	Dir      string `mapstructure:"dir"`
	Stations string `mapstructure:"stations"`
}

// Keys is the HSM with the signing keys and the master keys of chips.
type Keys struct {
	PKCS11 PKCS11 `mapstructure:"pkcs11"`
}

// PKCS11 is a token of a PKCS#11 module; an empty Module means that there is none.
type PKCS11 struct {
	Module   string `mapstructure:"module"`
	Token    string `mapstructure:"token"`
	PINFile  string `mapstructure:"pin_file"`
	Sessions int    `mapstructure:"sessions"`
}

// PIN reads the user's PIN.
func (p PKCS11) PIN() (Secret, error) { return readSecret("keys.pkcs11.pin_file", p.PINFile) }

// Gateway is the HTTP server: one listener for stations and officers, another for
// citizens.
type Gateway struct {
	Listen          string        `mapstructure:"listen"`
	CitizensListen  string        `mapstructure:"citizens_listen"`
	MetricsListen   string        `mapstructure:"metrics_listen"`
	PublicURL       string        `mapstructure:"public_url"`
	OfficersURL     string        `mapstructure:"officers_url"`
	TLSCertFile     string        `mapstructure:"tls_cert_file"`
	TLSKeyFile      string        `mapstructure:"tls_key_file"`
	TLSClientCAFile string        `mapstructure:"tls_client_ca_file"`
	BehindProxy     bool          `mapstructure:"behind_proxy"`
	LogInsAnHour    int           `mapstructure:"log_ins_an_hour"`
	OpenSessions    int           `mapstructure:"open_sessions"`
	LookUpTries     int           `mapstructure:"look_up_tries"`
	LookUpMisses    int           `mapstructure:"look_up_misses"`
	Contact         string        `mapstructure:"contact"`
	VNeIDURL        string        `mapstructure:"vneid_url"`
	CodecOrigins    []string      `mapstructure:"codec_origins"`
	Connections     int           `mapstructure:"connections"`
	MemoryBytes     int64         `mapstructure:"memory_bytes"`
	HeaderTimeout   time.Duration `mapstructure:"header_timeout"`
	ReadTimeout     time.Duration `mapstructure:"read_timeout"`
	WriteTimeout    time.Duration `mapstructure:"write_timeout"`
	IdleTimeout     time.Duration `mapstructure:"idle_timeout"`
	StopTimeout     time.Duration `mapstructure:"stop_timeout"`
}

// Client is how starter reaches the office, and as whom.
type Client struct {
	Gateway  string `mapstructure:"gateway"`
	CAFile   string `mapstructure:"ca_file"`
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
	Keys     string `mapstructure:"keys"`
	PKCS11   Token  `mapstructure:"pkcs11"`
	Officer  string `mapstructure:"officer"`
}

// Token is where officers' keys are on a machine of theirs; an empty Module means that there
// is none, and keys are files.
type Token struct {
	Module  string `mapstructure:"module"`
	Token   string `mapstructure:"token"`
	PINFile string `mapstructure:"pin_file"`
}

// PIN reads the user's PIN.
func (t Token) PIN() (Secret, error) { return readSecret("client.pkcs11.pin_file", t.PINFile) }

// Worker says what one worker process does.
type Worker struct {
	Role        string        `mapstructure:"role"`
	Station     string        `mapstructure:"station"`
	Slots       int           `mapstructure:"slots"`
	Concurrency int           `mapstructure:"concurrency"`
	Reconcile   time.Duration `mapstructure:"reconcile"`
	Listen      string        `mapstructure:"listen"`
	Build       string        `mapstructure:"build"`
}

// Station is the devices of a personalization station.
type Station struct {
	Driver     string        `mapstructure:"driver"`
	Address    string        `mapstructure:"address"`
	Reader     string        `mapstructure:"reader"`
	Magazine   string        `mapstructure:"magazine"`
	Journal    string        `mapstructure:"journal"`
	InsertWait time.Duration `mapstructure:"insert_wait"`
	WriteTime  time.Duration `mapstructure:"write_time"`
	PrintTime  time.Duration `mapstructure:"print_time"`
	SpoilFirst int           `mapstructure:"spoil_first"`
}

// Printing is the card printer.
type Printing struct {
	Driver       string        `mapstructure:"driver"`
	URI          string        `mapstructure:"uri"`
	CAFile       string        `mapstructure:"ca_file"`
	User         string        `mapstructure:"user"`
	PasswordFile string        `mapstructure:"password_file"`
	Media        string        `mapstructure:"media"`
	Sides        string        `mapstructure:"sides"`
	Ledger       string        `mapstructure:"ledger"`
	Spool        string        `mapstructure:"spool"`
	Keep         bool          `mapstructure:"keep"`
	Answers      bool          `mapstructure:"answers"`
	Silence      time.Duration `mapstructure:"silence"`
	DPI          int           `mapstructure:"dpi"`
}

// Password reads the printer's password; it is empty where none is given.
func (p Printing) Password() (Secret, error) {
	if p.PasswordFile == "" {
		return "", nil
	}
	return readSecret("printing.password_file", p.PasswordFile)
}

// Camera is the one that looks at printed cards.
type Camera struct {
	Driver  string        `mapstructure:"driver"`
	Dir     string        `mapstructure:"dir"`
	URL     string        `mapstructure:"url"`
	Command []string      `mapstructure:"command"`
	Wait    time.Duration `mapstructure:"wait"`
	DPI     int           `mapstructure:"dpi"`
	Faults  []fault.Fault `mapstructure:"faults"`
}

// Personalization names the chip profile.
type Personalization struct {
	Profile     string `mapstructure:"profile"`
	NamedCurves bool   `mapstructure:"named_curves"`

	LeaveOutUnknown bool     `mapstructure:"leave_out_unknown"`
	Further         []string `mapstructure:"further"`
	Applications    []string `mapstructure:"applications"`

	ActiveAuthentication string `mapstructure:"active_authentication"`
}

// Forms says what of a card is printed, and how it is marked.
type Forms struct {
	Dir      string `mapstructure:"dir"`
	Mode     string `mapstructure:"mode"`
	Specimen bool   `mapstructure:"specimen"`
}

// Intake limits the size of a submission, in bytes.
type Intake struct {
	DocumentBytes int64 `mapstructure:"document_bytes"`
	PortraitBytes int64 `mapstructure:"portrait_bytes"`
	FingerBytes   int64 `mapstructure:"finger_bytes"`
	PacketBytes   int64 `mapstructure:"packet_bytes"`
}

// Office holds the limits that bind applications.
type Office struct {
	Recapture         time.Duration `mapstructure:"recapture"`
	Resolution        time.Duration `mapstructure:"resolution"`
	Collect           time.Duration `mapstructure:"collect"`
	AtRiskDays        int           `mapstructure:"at_risk_days"`
	StationWait       time.Duration `mapstructure:"station_wait"`
	Cards             int           `mapstructure:"cards"`
	ConsignmentSize   int           `mapstructure:"consignment_size"`
	ConsignmentCutOff time.Duration `mapstructure:"consignment_cut_off"`
	Start             identity.Date `mapstructure:"start"`
	LateAfter         int           `mapstructure:"late_after"`
}

// Secret prints as [secret]; string(s) gives it.
type Secret string

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret.
func (Secret) GoString() string { return "[secret]" }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// readSecret reads what a file holds, without the line break at its end.
func readSecret(key, name string) (Secret, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return Secret(strings.TrimRight(string(b), "\r\n")), nil
}

// Production reports whether the office makes real cards.
func (c Config) Production() bool { return c.Profile == "production" }

// Setting is the value of one key, as default.yaml names it.
type Setting struct{ Key, Value string }

// Load reads the defaults, then the file (none when path is empty and
// CANCUOC_CONFIG is not set), then the environment, then what is given. Its error
// joins everything that is wrong.
func Load(path string, given ...Setting) (Config, error) {
	v, err := read(path)
	if err != nil {
		return Config{}, err
	}
	for _, setting := range given {
		v.Set(setting.Key, setting.Value)
	}
	var c Config
	hooks := mapstructure.ComposeDecodeHookFunc(
		listOfGroups, mapstructure.StringToTimeDurationHookFunc(), mapstructure.StringToSliceHookFunc(","), mapstructure.TextUnmarshallerHookFunc())
	if err := v.UnmarshalExact(&c, viper.DecodeHook(hooks)); err != nil {
		return Config{}, fmt.Errorf("read settings: %w", err)
	}
	c.fill()
	return c, errors.Join(checkVariables(v.AllKeys()), c.readSecrets(), c.validate())
}

// listOfGroups has a list of groups of settings, which a variable can only hold as text, read as
// YAML, in which JSON is written too.
func listOfGroups(from, to reflect.Type, value any) (any, error) {
	if from.Kind() != reflect.String || to.Kind() != reflect.Slice || to.Elem().Kind() != reflect.Struct ||
		reflect.PointerTo(to.Elem()).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) { // which is a word, not a group
		return value, nil
	}
	var groups []map[string]any
	if err := yaml.Unmarshal([]byte(value.(string)), &groups); err != nil {
		return nil, errors.New(`is no list of groups; YAML or JSON is accepted, as in [{"name": "portal"}]`)
	}
	return groups, nil
}

// Settings reads what Load does, as the text of a file that holds every setting, secrets
// too.
func Settings(path string) ([]byte, error) {
	v, err := read(path)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(v.AllSettings())
}

// read reads the defaults, then the file, then the environment.
func read(path string) (*viper.Viper, error) {
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(defaults)); err != nil {
		return nil, fmt.Errorf("read built-in settings: %w", err)
	}
	if path = cmp.Or(path, os.Getenv(FileVariable)); path != "" {
		v.SetConfigFile(path)
		if err := v.MergeInConfig(); err != nil {
			return nil, fmt.Errorf("read settings: %w", err)
		}
	}
	v.SetEnvPrefix("cancuoc")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv() // reaches every key, because default.yaml names every key
	return v, nil
}

// The environment: prefix of the keys' variables, and the one that names a file.
const (
	prefix       = "CANCUOC_"
	FileVariable = prefix + "CONFIG"
)

// checkVariables refuses variables that look like settings and are not.
func checkVariables(keys []string) error {
	names := map[string]bool{FileVariable: true}
	for _, key := range keys {
		names[prefix+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))] = true
	}
	var faults []error
	for _, variable := range slices.Sorted(slices.Values(os.Environ())) {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, prefix) && !names[name] {
			faults = append(faults, fmt.Errorf("environment: %s is not a setting", name))
		}
	}
	return errors.Join(faults...)
}

// readSecrets reads the files of secrets that should not stand in the environment.
func (c *Config) readSecrets() error {
	if c.Database.URLFile == "" {
		return nil
	}
	if c.Database.URL != "" {
		return errors.New("database.url and database.url_file are both given; give one of them")
	}
	var err error
	if c.Database.URL, err = readSecret("database.url_file", c.Database.URLFile); err == nil && c.Database.URL == "" {
		err = errors.New("database.url_file names an empty file")
	}
	return err
}

// After how many working days an application is entered late: stations have two to send
// what was filed (Circular 60/2021/TT-BCA). The samples of a development office are older.
const (
	lateAfter      = 2
	lateAfterInDev = 250
)

// fill gives empty paths their place in the data folder, and a client the gateway of
// this machine.
func (c *Config) fill() {
	for _, p := range []struct {
		path *string
		in   []string
	}{
		{&c.Temporal.CodecKeyFile, []string{"keys", "codec.keys"}},
		{&c.Vault.KeyFile, []string{"keys", "vault.key"}},
		{&c.Audit.LogDir, []string{"audit-log"}},
		{&c.Audit.KeyFile, []string{"keys", "audit.key"}},
		{&c.Status.KeyFile, []string{"keys", "status.key"}},
		{&c.Status.CertificatesFile, []string{"keys", "status.pem"}},
		{&c.Audit.CheckpointFile, []string{"audit-checkpoint"}},
		{&c.PKI.Dir, []string{"pki"}},
		{&c.PKI.Stations, []string{"keys", "stations"}},
		{&c.Station.Magazine, []string{"magazine"}},
		{&c.Station.Journal, []string{"journal"}},
		{&c.Printing.Spool, []string{"out", "prints"}},
		{&c.Printing.Ledger, []string{"print-jobs"}},
		{&c.Client.Keys, []string{"officers"}},
	} {
		if *p.path == "" && !c.Production() {
			*p.path = filepath.Join(append([]string{c.DataDir}, p.in...)...)
		}
	}
	if c.Office.LateAfter == 0 {
		c.Office.LateAfter = lateAfter
		if !c.Production() {
			c.Office.LateAfter = lateAfterInDev
		}
	}
	if c.Client.Gateway == "" && c.Gateway.Listen != "" && !c.Production() {
		scheme := "http"
		if c.Gateway.TLSCertFile != "" {
			scheme = "https"
		}
		c.Client.Gateway = scheme + "://" + c.Gateway.Listen
	}
}

// A check gathers everything that is wrong, so that one run tells all of it.
type check struct{ faults []error }

func (c *check) wrong(is bool, format string, args ...any) {
	if is {
		c.faults = append(c.faults, fmt.Errorf(format, args...))
	}
}

func (c *check) oneOf(key, value string, of ...string) {
	c.wrong(!slices.Contains(of, value), "%s is %q; accepted are %s", key, value, strings.Join(of, ", "))
}

func (c *check) atLeast(key string, value, least int64) {
	c.wrong(value < least, "%s is %d; must be %d or more", key, value, least)
}

func (c *check) between(key string, value, least, most int) {
	c.wrong(value < least || value > most, "%s is %d; must be %d to %d", key, value, least, most)
}

func (c *check) positive(key string, d time.Duration) {
	c.wrong(d <= 0, "%s is %s; must be more than 0", key, d)
}

func (c *check) hostPort(key, value string) {
	_, port, err := net.SplitHostPort(value)
	c.wrong(err != nil || port == "", "%s is not host:port", key)
}

func (c *check) httpURL(key, value string, schemes ...string) {
	u, err := url.Parse(value)
	c.wrong(err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme), "%s is not a URL that begins with %s://", key, strings.Join(schemes, ":// or "))
}

// name requires that the host of a URL is a name: passkeys are for names.
func (c *check) name(key, value string) {
	u, err := url.Parse(value)
	c.wrong(err == nil && net.ParseIP(u.Hostname()) != nil, "%s is at an address of the network; passkeys need a name, for example localhost", key)
}

// given requires a value and, if it names a file, that the file exists.
func (c *check) given(key, value string, file bool) {
	c.wrong(value == "", "%s is empty; production needs it", key)
	if value != "" && file {
		_, err := os.Stat(value)
		c.wrong(err != nil, "%s names a file that cannot be found; production does not make it", key)
	}
}

// validate reports everything that is wrong, in the order of default.yaml.
func (c Config) validate() error {
	var check check
	check.oneOf("profile", c.Profile, "dev", "production")
	check.wrong(c.DataDir == "", "data_dir is empty")
	check.oneOf("log.format", c.Log.Format, "text", "json")
	if t := c.Tracing; t.URL != "" {
		check.httpURL("tracing.url", t.URL, "http", "https")
		u, err := url.Parse(t.URL)
		check.wrong(err == nil && c.Production() && u.Scheme != "https" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost",
			"tracing.url is not a URL that begins with https://, nor of a collector on this machine")
	}
	check.wrong(c.Tracing.Share < 0 || c.Tracing.Share > 1, "tracing.share is %g; must be 0 to 1", c.Tracing.Share)
	c.validateServers(&check)
	c.validateWork(&check)
	check.atLeast("intake.document_bytes", c.Intake.DocumentBytes, 1)
	check.atLeast("intake.portrait_bytes", c.Intake.PortraitBytes, 1)
	check.atLeast("intake.finger_bytes", c.Intake.FingerBytes, 1)
	check.atLeast("intake.packet_bytes", c.Intake.PacketBytes, 1)
	check.positive("office.recapture", c.Office.Recapture)
	check.positive("office.resolution", c.Office.Resolution)
	check.positive("office.collect", c.Office.Collect)
	check.atLeast("office.at_risk_days", int64(c.Office.AtRiskDays), 0)
	check.positive("office.station_wait", c.Office.StationWait)
	check.atLeast("office.cards", int64(c.Office.Cards), 1)
	check.atLeast("office.consignment_size", int64(c.Office.ConsignmentSize), 1)
	check.positive("office.consignment_cut_off", c.Office.ConsignmentCutOff)
	check.atLeast("office.late_after", int64(c.Office.LateAfter), 1)
	check.wrong(!c.Office.Start.Complete(), "office.start must be a day, yyyy-mm-dd")
	if c.Production() {
		c.validateProduction(&check)
	}
	return errors.Join(check.faults...)
}

// minGatewayMemory is what a gateway needs without clients, and for one heavy packet.
const minGatewayMemory = 256 << 20

// validateDatabaseURL refuses what is not a URL. PostgreSQL's clients would read it as
// words and what they stand for, and take what is missing from the environment, or dial
// the local socket.
func (c Config) validateDatabaseURL(check *check) {
	u, key := string(c.Database.URL), "database.url"
	if c.Database.URLFile != "" {
		key = "what database.url_file holds"
	}
	isURL := strings.HasPrefix(u, "postgres://") || strings.HasPrefix(u, "postgresql://")
	marked := strings.HasPrefix(u, "\uFEFF")
	check.wrong(marked, "%s begins with a byte order mark; it must begin with postgres:// or postgresql://", key)
	check.wrong(u != "" && !isURL && !marked, "%s does not begin with postgres:// or postgresql://", key)
}

// validateServers checks the servers that we use and the one that we are.
func (c Config) validateServers(check *check) {
	if c.Temporal.Address != "" {
		check.hostPort("temporal.address", c.Temporal.Address)
	}
	check.wrong(c.Temporal.Namespace == "", "temporal.namespace is empty")
	if c.Temporal.UIAddress != "" {
		check.httpURL("temporal.ui_address", c.Temporal.UIAddress, "http", "https")
	}
	check.wrong((c.Temporal.TLSCertFile == "") != (c.Temporal.TLSKeyFile == ""), "temporal.tls_cert_file and temporal.tls_key_file must be given together")
	check.wrong(c.Database.OwnerURL != "" && c.Database.OwnerURLFile != "", "database.owner_url and database.owner_url_file are both given; give one of them")
	c.validateDatabaseURL(check)
	check.atLeast("database.max_conns", int64(c.Database.MaxConns), 1)
	check.positive("audit.anchor", c.Audit.Anchor)
	check.positive("status.ttl", c.Status.TTL)
	c.validatePopulation(check)
	c.validateNotifications(check)
	if p := c.Keys.PKCS11; p.Module != "" {
		check.wrong(p.Token == "", "keys.pkcs11.token is empty")
		check.wrong(p.PINFile == "", "keys.pkcs11.pin_file is empty")
		check.atLeast("keys.pkcs11.sessions", int64(p.Sessions), 1)
	}
	if t := c.Client.PKCS11; t.Module != "" {
		check.wrong(t.Token == "", "client.pkcs11.token is empty")
		check.wrong(t.PINFile == "", "client.pkcs11.pin_file is empty")
	}
	c.validateGateway(check)
}

// validatePopulation checks how a population register elsewhere is reached.
func (c Config) validatePopulation(check *check) {
	p := c.Population
	if p.URL != "" {
		schemes := []string{"https"}
		if !c.Production() {
			schemes = append(schemes, "http")
		}
		check.httpURL("population.url", p.URL, schemes...)
	}
	check.wrong((p.CertFile == "") != (p.KeyFile == ""), "population.cert_file and population.key_file must be given together")
	check.wrong(p.URL != "" && p.ClientsFile != "", "population.url and population.clients_file are both given; only the built-in register is served")
	check.wrong(p.Timeout < 100*time.Millisecond || p.Timeout > 25*time.Second, "population.timeout is %s; must be 100ms to 25s: a step asks again after 30s", p.Timeout)
	check.between("population.connections", p.Connections, 1, 1000)
}

var receiverName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// validateNotifications checks who is told what, and how patiently.
func (c Config) validateNotifications(check *check) {
	n := c.Notifications
	schemes := []string{"https"}
	if !c.Production() {
		schemes = append(schemes, "http")
	}
	names := make(map[string]bool)
	for i, r := range n.Receivers {
		key := fmt.Sprintf("notifications.receivers[%d].", i)
		check.wrong(!receiverName.MatchString(r.Name), "%sname is %q; small letters, digits and hyphens are accepted, at most 32", key, r.Name)
		check.wrong(names[r.Name], "%sname is %q, which another receiver has", key, r.Name)
		names[r.Name] = true
		check.httpURL(key+"url", r.URL, schemes...)
		check.wrong(strings.Contains(r.URL, "@"), "%surl holds a user; what is sent is signed instead", key)
		check.wrong(r.SecretFile == "", "%ssecret_file is empty; what is sent is signed", key)
		for _, event := range r.Events {
			check.wrong(!slices.Contains(identity.EventKinds, event), "%sevents has %q; accepted are %v", key, event, identity.EventKinds)
		}
		check.wrong(r.By != "" && !slices.Contains(identity.NotifyWays, r.By), "%sby is %q; accepted are %v", key, r.By, identity.NotifyWays)
		check.wrong(r.By != "" && r.Reference, "%sreference is on, and by is given: its texts name the receipt", key)
	}
	check.positive("notifications.timeout", n.Timeout)
	check.between("notifications.at_once", n.AtOnce, 1, 1000)
	check.positive("notifications.retry_first", n.RetryFirst)
	check.wrong(n.RetryMost < n.RetryFirst, "notifications.retry_most is %s; must be at least retry_first", n.RetryMost)
	check.positive("notifications.give_up", n.GiveUp)
	check.positive("notifications.remind", n.Remind)
}

var appScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)

// validateGateway checks how we serve, and how clients reach it.
func (c Config) validateGateway(check *check) {
	g := c.Gateway
	for _, at := range []struct{ key, address string }{{"gateway.listen", g.Listen}, {"gateway.citizens_listen", g.CitizensListen}} {
		if at.address != "" {
			check.hostPort(at.key, at.address)
		}
	}
	if g.MetricsListen != "" {
		check.hostPort("gateway.metrics_listen", g.MetricsListen)
	}
	check.wrong(g.Listen == "" && g.CitizensListen == "", "gateway.listen and gateway.citizens_listen are both empty; give one of them, or both")
	check.wrong(g.Listen != "" && g.Listen == g.CitizensListen && !strings.HasSuffix(g.Listen, ":0"), "gateway.citizens_listen is gateway.listen; citizens are served apart")
	schemes := []string{"http", "https"}
	if c.Production() {
		schemes = []string{"https"}
	}
	check.httpURL("gateway.public_url", g.PublicURL, schemes...)
	if g.VNeIDURL != "" {
		scheme, _, _ := strings.Cut(g.VNeIDURL, "://")
		check.wrong(!appScheme.MatchString(scheme) || slices.Contains([]string{"http", "javascript", "data"}, scheme) || !strings.Contains(g.VNeIDURL, "{receipt}"),
			"gateway.vneid_url must begin with https:// or an app's own scheme, and hold {receipt}")
	}
	if g.OfficersURL != "" {
		check.httpURL("gateway.officers_url", g.OfficersURL, schemes...)
		check.name("gateway.officers_url", g.OfficersURL)
	}
	check.wrong((g.TLSCertFile == "") != (g.TLSKeyFile == ""), "gateway.tls_cert_file and gateway.tls_key_file must be given together")
	check.wrong(g.TLSClientCAFile != "" && g.TLSCertFile == "", "gateway.tls_client_ca_file is given without gateway.tls_cert_file")
	check.wrong(g.BehindProxy && g.TLSCertFile != "", "gateway.behind_proxy is on, and gateway.tls_cert_file is given; one of them encrypts")
	check.atLeast("gateway.connections", int64(g.Connections), 2)
	check.atLeast("gateway.memory_bytes", g.MemoryBytes, minGatewayMemory)
	check.wrong(c.Intake.PacketBytes > g.MemoryBytes/10, "intake.packet_bytes is %d; must be at most a tenth of gateway.memory_bytes", c.Intake.PacketBytes)
	check.atLeast("gateway.log_ins_an_hour", int64(g.LogInsAnHour), 1)
	check.atLeast("gateway.open_sessions", int64(g.OpenSessions), 1)
	check.atLeast("gateway.look_up_tries", int64(g.LookUpTries), 1)
	check.atLeast("gateway.look_up_misses", int64(g.LookUpMisses), int64(g.LookUpTries))
	check.positive("gateway.header_timeout", g.HeaderTimeout)
	check.positive("gateway.read_timeout", g.ReadTimeout)
	check.positive("gateway.write_timeout", g.WriteTimeout)
	check.positive("gateway.idle_timeout", g.IdleTimeout)
	check.positive("gateway.stop_timeout", g.StopTimeout)
	for _, origin := range g.CodecOrigins {
		check.httpURL("gateway.codec_origins", origin, "http", "https")
	}
	if c.Client.Gateway != "" {
		check.httpURL("client.gateway", c.Client.Gateway, schemes...)
	}
	check.wrong((c.Client.CertFile == "") != (c.Client.KeyFile == ""), "client.cert_file and client.key_file must be given together")
}

// validateWork checks what workers do and with which devices.
func (c Config) validateWork(check *check) {
	check.oneOf("worker.role", c.Worker.Role, "all", "pipeline", "station")
	check.wrong(c.Worker.Station == "" && c.Worker.Role != "pipeline", "worker.station is empty")
	check.atLeast("worker.slots", int64(c.Worker.Slots), 1)
	check.atLeast("worker.concurrency", int64(c.Worker.Concurrency), 1)
	check.positive("worker.reconcile", c.Worker.Reconcile)
	if c.Worker.Listen != "" {
		check.hostPort("worker.listen", c.Worker.Listen)
	}
	check.oneOf("station.driver", c.Station.Driver, "simulated", "tcp", "pcsc")
	if c.Station.Driver == "tcp" {
		check.hostPort("station.address", c.Station.Address)
	}
	check.positive("station.insert_wait", c.Station.InsertWait)
	check.wrong(c.Station.WriteTime < 0, "station.write_time is %s; must be 0 or more", c.Station.WriteTime)
	check.wrong(c.Station.PrintTime < 0, "station.print_time is %s; must be 0 or more", c.Station.PrintTime)
	check.atLeast("station.spoil_first", int64(c.Station.SpoilFirst), 0)
	check.oneOf("printing.driver", c.Printing.Driver, "spool", "bitmaps", "ipp")
	if c.Printing.Driver == "ipp" {
		check.httpURL("printing.uri", c.Printing.URI, "ipp", "ipps")
		check.wrong(strings.Contains(c.Printing.URI, "@"), "printing.uri holds a user; give printing.user and printing.password_file instead")
	}
	check.wrong((c.Printing.User == "") != (c.Printing.PasswordFile == ""), "printing.user and printing.password_file need each other; give both or none")
	check.oneOf("printing.sides", c.Printing.Sides, "two-sided-long-edge", "two-sided-short-edge")
	check.positive("printing.silence", c.Printing.Silence)
	check.between("printing.dpi", c.Printing.DPI, 72, 1200)
	c.validateCamera(check)
	check.oneOf("personalization.profile", c.Personalization.Profile, "vn-as-observed", "nist")
	for i, content := range c.Personalization.Further {
		check.oneOf("personalization.further", content, "birth_registration", "blood_group", "cancelled_number")
		check.wrong(slices.Contains(c.Personalization.Further[:i], content), "personalization.further names %s twice", content)
	}
	check.oneOf("personalization.active_authentication", c.Personalization.ActiveAuthentication, "ecdsa", "rsa")
	for i, name := range c.Personalization.Applications {
		check.oneOf("personalization.applications", name, "digital-signature")
		check.wrong(slices.Contains(c.Personalization.Applications[:i], name), "personalization.applications names %s twice", name)
	}
	check.oneOf("forms.mode", c.Forms.Mode, "full", "overlay")
}

// validateCamera checks that a driver has what it needs.
func (c Config) validateCamera(check *check) {
	check.oneOf("camera.driver", c.Camera.Driver, "simulated", "folder", "http", "command")
	switch c.Camera.Driver {
	case "folder":
		check.wrong(c.Camera.Dir == "", "camera.dir is empty; the folder of the camera's pictures is needed")
	case "http":
		check.httpURL("camera.url", c.Camera.URL, "http", "https")
	case "command":
		check.wrong(len(c.Camera.Command) == 0, "camera.command is empty; the camera's program is needed")
	}
	check.positive("camera.wait", c.Camera.Wait)
	check.between("camera.dpi", c.Camera.DPI, 200, 1200)
}

// validateProduction checks that nothing is simulated and that nothing secret would
// be made automatically.
func (c Config) validateProduction(check *check) {
	check.given("temporal.address", c.Temporal.Address, false)
	check.given("temporal.codec_key_file", c.Temporal.CodecKeyFile, true)
	check.wrong(c.Database.URL == "" && c.Database.URLFile == "", "database.url is empty; production needs it, or database.url_file")
	check.given("vault.key_file", c.Vault.KeyFile, true)
	if c.Status.KeyFile != "" {
		check.given("status.key_file", c.Status.KeyFile, true)
	}
	if c.Audit.LogDir != "" {
		check.given("audit.checkpoint_file", c.Audit.CheckpointFile, false)
		if c.Audit.PublicKey == "" {
			check.given("audit.key_file", c.Audit.KeyFile, true)
		}
	}
	check.given("pki.dir", c.PKI.Dir, false)
	check.given("keys.pkcs11.module", c.Keys.PKCS11.Module, true)
	check.wrong(c.Forms.Specimen, "forms.specimen is on; production makes real cards")
	if c.Worker.Role == "pipeline" {
		return
	}
	check.wrong(c.Station.Driver == "simulated", "station.driver is simulated; production makes real cards")
	check.wrong(c.Station.SpoilFirst > 0, "station.spoil_first spoils cards; production makes real cards")
	check.wrong(c.Camera.Driver == "simulated", "camera.driver is simulated; production looks at real cards")
	check.given("station.journal", c.Station.Journal, false)
	if c.Printing.Driver == "ipp" {
		check.given("printing.ledger", c.Printing.Ledger, false)
	} else {
		check.given("printing.spool", c.Printing.Spool, false)
		check.wrong(c.Printing.Keep, "printing.keep is on; production keeps no picture of a card")
		check.wrong(!c.Printing.Answers, "printing.answers is off; production asks the printer's program what it printed")
	}
}

// Logger makes a logger that writes to w.
func (l Log) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: l.Level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
