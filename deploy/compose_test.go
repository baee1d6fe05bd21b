// Package deploy_test checks docker-compose.yml, the Dockerfile and the files of this
// folder against each other and against the programs' settings.
package deploy_test

import (
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/config"
)

type service struct {
	Image       string               `yaml:"image"`
	Build       any                  `yaml:"build"`
	User        string               `yaml:"user"`
	Restart     string               `yaml:"restart"`
	Command     any                  `yaml:"command"`
	Environment map[string]string    `yaml:"environment"`
	Secrets     []string             `yaml:"secrets"`
	Ports       []string             `yaml:"ports"`
	Volumes     []string             `yaml:"volumes"`
	DependsOn   map[string]condition `yaml:"depends_on"`
	Healthcheck map[string]any       `yaml:"healthcheck"`
	ReadOnly    bool                 `yaml:"read_only"`
	CapDrop     []string             `yaml:"cap_drop"`
}

type condition struct {
	Condition string `yaml:"condition"`
}

type compose struct {
	Services map[string]service           `yaml:"services"`
	Volumes  map[string]any               `yaml:"volumes"`
	Secrets  map[string]map[string]string `yaml:"secrets"`
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	return string(b)
}

func parse[T any](t *testing.T, name string) T {
	t.Helper()
	var v T
	require.NoError(t, yaml.Unmarshal([]byte(read(t, name)), &v))
	return v
}

// jobs run once; starter is started by hand.
var jobs = []string{"postgresql-roles", "migrate", "temporal-schema", "temporal-namespace", "starter", "found"}

func TestCompose_HasEveryPartPinnedAndWatched(t *testing.T) {
	t.Parallel()
	c := parse[compose](t, "docker-compose.yml")
	require.Subset(t, slices.Collect(maps.Keys(c.Services)), []string{
		"postgresql", "postgresql-roles", "migrate", "temporal-postgresql", "temporal-schema", "temporal-namespace", "temporal", "temporal-ui",
		"pipeline", "station-px-01", "gateway", "prometheus", "grafana", "starter",
	})
	pinned := regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?(-\w+)?$`)
	for name, s := range c.Services {
		if s.Build == nil {
			require.Regexp(t, pinned, s.Image, name)
		}
		require.NotContains(t, s.Image, "auto-setup", name)
		if !slices.Contains(jobs, name) && name != "temporal-ui" { // the UI's image has no program that could check it
			require.NotEmpty(t, s.Healthcheck["test"], name)
			require.Equal(t, "unless-stopped", s.Restart, name)
		}
		for needed := range s.DependsOn {
			require.Contains(t, c.Services, needed, name)
		}
		for _, port := range s.Ports {
			require.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s: %s is open to the network", name, port)
		}
	}
	require.Equal(t, "service_completed_successfully", c.Services["temporal"].DependsOn["temporal-schema"].Condition)
}

// Programs start when the database is migrated, and none of them has the password of a
// role that owns it.
func TestCompose_MigratesApart(t *testing.T) {
	t.Parallel()
	c := parse[compose](t, "docker-compose.yml")
	require.Equal(t, "service_completed_successfully", c.Services["migrate"].DependsOn["postgresql-roles"].Condition)
	for _, name := range []string{"pipeline", "station-px-01", "gateway", "starter"} {
		s := c.Services[name]
		require.Equal(t, "service_completed_successfully", s.DependsOn["migrate"].Condition, name)
		require.Contains(t, s.Secrets, "database_url", name)
		for _, secret := range []string{"database_password", "owner_password", "owner_url"} {
			require.NotContains(t, s.Secrets, secret, name)
		}
	}
	require.Equal(t, []string{"owner_url", "vault_key"}, c.Services["migrate"].Secrets)
	require.Equal(t, []string{"owner_url"}, c.Services["found"].Secrets)
}

func TestCompose_KeepsSecretsInFiles(t *testing.T) {
	t.Parallel()
	c := parse[compose](t, "docker-compose.yml")
	made := read(t, "deploy/secrets.sh")
	for name, secret := range c.Secrets {
		require.Equal(t, "deploy/secrets/"+name, secret["file"])
		require.Contains(t, made, "make_secret "+name+" ")
	}
	word := regexp.MustCompile(`(?i)password|pwd|secret|token|://[^/]*@`)
	for name, s := range c.Services {
		for _, secret := range s.Secrets {
			require.Contains(t, c.Secrets, secret, name)
		}
		for key, value := range s.Environment {
			if !strings.HasPrefix(value, "/run/secrets/") {
				require.NotRegexp(t, word, key+"="+value, name)
				continue
			}
			require.Contains(t, s.Secrets, strings.TrimPrefix(value, "/run/secrets/"), name)
		}
	}
	require.Equal(t, "*\n!.gitignore\n", read(t, "deploy/secrets/.gitignore"))
}

func TestCompose_OurProgramsRunUnprivileged(t *testing.T) {
	t.Parallel()
	c := parse[compose](t, "docker-compose.yml")
	for _, name := range []string{"migrate", "pipeline", "station-px-01", "gateway", "starter", "found"} {
		s := c.Services[name]
		require.Equal(t, "10001:10001", s.User, name)
		require.True(t, s.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, s.CapDrop, name)
	}
	dockerfile := read(t, "Dockerfile")
	_, final, found := strings.Cut(dockerfile, "\nFROM debian:")
	require.True(t, found)
	require.Contains(t, final, "\nUSER 10001:10001\n")
	require.Contains(t, dockerfile, "./worker ./starter ./gateway")
}

// Every CANCUOC_ variable is a setting with a valid value.
func TestCompose_SettingsLoad(t *testing.T) {
	c := parse[compose](t, "docker-compose.yml")
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("postgres://h/d"), 0o600))
	for _, name := range []string{"pipeline", "station-px-01", "gateway", "starter"} {
		t.Run(name, func(t *testing.T) {
			for key, value := range c.Services[name].Environment {
				if strings.HasPrefix(value, "/run/secrets/") {
					value = secret
				}
				t.Setenv(key, value)
			}
			settings, err := config.Load("")
			require.NoError(t, err)
			require.Contains(t, c.Services, host(t, settings.Temporal.Address))
		})
	}
	// In its own container the command line finds the gateway by its name.
	require.Equal(t, "http://gateway:8090", c.Services["starter"].Environment["CANCUOC_CLIENT_GATEWAY"])
	require.Equal(t, "0.0.0.0:8090", c.Services["gateway"].Environment["CANCUOC_GATEWAY_LISTEN"])
}

func TestProductionSettingsLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("postgres://h/d"), 0o600))
	text := regexp.MustCompile(`/(run/secrets|usr/lib|etc)/\S+`).ReplaceAllString(read(t, "deploy/production.yaml"), secret)
	name := filepath.Join(dir, "production.yaml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))

	c, err := config.Load(name)

	require.NoError(t, err)
	require.True(t, c.Production())
}

// What development runs and what compose runs differ as docs/first-steps.md says.
func TestVersions_AreSaid(t *testing.T) {
	t.Parallel()
	page, c := strings.Join(strings.Fields(read(t, "docs/first-steps.md")), " "), parse[compose](t, "docker-compose.yml")
	required := func(module, of string) string {
		found := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(module) + ` v(\S+)`).FindStringSubmatch(read(t, "internal/tools/"+of+"/go.mod"))
		require.NotNil(t, found, module)
		return found[1]
	}
	tag := func(service string) string {
		return regexp.MustCompile(`:(\S+)$`).FindStringSubmatch(c.Services[service].Image)[1]
	}

	require.Contains(t, page, "server "+required("go.temporal.io/server", "temporal")+", and its UI "+required("github.com/temporalio/ui-server/v2", "temporal")+",")
	require.Equal(t, required("go.temporal.io/server", "temporal"), required("go.temporal.io/server", "temporal-server"))
	require.Contains(t, page, "compose runs server "+tag("temporal")+" and UI "+tag("temporal-ui"))
	require.Equal(t, tag("temporal"), tag("temporal-schema"), "a server's schema is of its version")
}

// The production-like server has fairness on, as the development server does.
func TestDynamicConfig_HasFairnessOn(t *testing.T) {
	t.Parallel()
	type setting struct {
		Value       any               `yaml:"value"`
		Constraints map[string]string `yaml:"constraints"`
	}
	settings := parse[map[string][]setting](t, "deploy/temporal/dynamicconfig.yaml")
	require.Equal(t, []setting{{Value: true}}, settings["matching.enableFairness"])
	mounted := parse[compose](t, "docker-compose.yml").Services["temporal"]
	require.Contains(t, mounted.Volumes, "./deploy/temporal:/etc/temporal/config/dynamicconfig:ro")
	require.Equal(t, "/etc/temporal/config/dynamicconfig/dynamicconfig.yaml", mounted.Environment["DYNAMIC_CONFIG_FILE_PATH"])
	require.Contains(t, read(t, "internal/devserver/temporal.go"), "matching.enableFairness=true")
}

func TestPrometheus_ScrapesServicesThatExist(t *testing.T) {
	t.Parallel()
	c := parse[compose](t, "docker-compose.yml")
	p := parse[struct {
		Scrapes []struct {
			Static []struct {
				Targets []string `yaml:"targets"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}](t, "deploy/prometheus/prometheus.yml")
	asked := 0
	for _, scrape := range p.Scrapes {
		for _, static := range scrape.Static {
			for _, target := range static.Targets {
				require.Contains(t, c.Services, host(t, target))
				asked++
			}
		}
	}
	require.Equal(t, 4, asked)
	rules := parse[map[string]any](t, "deploy/prometheus/rules.yml")
	require.NotEmpty(t, rules["groups"])
}

func TestScripts_AreShell(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"secrets.sh", "temporal/schema.sh", "temporal/namespace.sh", "../internal/tools/bin.sh"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-n", script).CombinedOutput()
		require.NoError(t, err, "%s: %s", script, out)
	}
}

// Docker accepts the file too, where it is installed.
func TestCompose_DockerAccepts(t *testing.T) {
	t.Parallel()
	if exec.CommandContext(t.Context(), "docker", "compose", "version").Run() != nil {
		t.Skip("docker compose is not installed")
	}
	out, err := exec.CommandContext(t.Context(), "docker", "compose", "-f", "../docker-compose.yml", "--profile", "tools", "config", "--quiet").CombinedOutput()
	require.NoError(t, err, string(out))
}

func host(t *testing.T, address string) string {
	t.Helper()
	name, _, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return name
}
