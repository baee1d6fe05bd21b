package devserver

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

// TemporalServerOptions of a Temporal server as production runs it.
type TemporalServerOptions struct {
	Dir      string // log and settings
	Database string // URL of a PostgreSQL cluster, whose user may make databases
	Shards   int    // of the history; 0: as many as docker-compose.yml has. The first start fixes them
	// SearchAttributes are those that the default namespace knows from the start.
	SearchAttributes []temporal.SearchAttributeKey
}

// composeShards are those of docker-compose.yml.
const composeShards = 512

// StartTemporalServer starts a server as production runs it, with its state in
// PostgreSQL, and waits until it answers. It makes the databases "temporal" and
// "temporal_visibility", their schemas and the default namespace where they are
// lacking. The settings of task queues are those of the development server, and a
// later start in the same folder takes the same ports if they are free.
//
// internal/tools builds the server once, from the module of its source.
func StartTemporalServer(ctx context.Context, o TemporalServerOptions, say Say) (*Temporal, error) {
	database, err := url.Parse(o.Database)
	if err != nil {
		return nil, errors.New("start Temporal: the database URL cannot be read") // the cause may hold the password
	}
	server, err := tool(ctx, "temporal-server", say)
	if err != nil {
		return nil, err
	}
	schemaTool, err := tool(ctx, "temporal-sql-tool", say)
	if err != nil {
		return nil, err
	}
	return holdTemporal(ctx, o.Dir, func(ctx context.Context, dir string) (*Temporal, error) {
		if err := prepareTemporalDatabases(ctx, schemaTool, database); err != nil {
			return nil, err
		}
		s, err := newServerSettings(ctx, dir, database, o.Shards)
		if err != nil {
			return nil, err
		}
		say.say("Starting the Temporal server at %s ...", s.address())
		return s.run(ctx, server, o.SearchAttributes)
	})
}

// prepareTemporalDatabases makes Temporal's databases and brings their schemas up
// to the server's version, as deploy/temporal/schema.sh does.
func prepareTemporalDatabases(ctx context.Context, schemaTool string, database *url.URL) error {
	password, _ := database.User.Password() // "": the cluster asks for none
	for name, schema := range map[string]string{"temporal": "temporal", "temporal_visibility": "visibility"} {
		for _, args := range [][]string{
			{"create-database"},
			{"setup-schema", "-v", "0.0"},
			{"update-schema", "--schema-name", "postgresql/v12/" + schema},
		} {
			cmd := exec.CommandContext(ctx, schemaTool, append([]string{
				"--plugin", "postgres12", "--endpoint", database.Hostname(), "--port", database.Port(), "--user", database.User.Username(), "--database", name,
			}, args...)...)
			cmd.Env = append(os.Environ(), "SQL_PASSWORD="+password)
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("prepare Temporal's database %s: %s: %w\n%s", name, args[0], err, out)
			}
		}
	}
	return nil
}

// serverSettings fill in temporal-server.yaml.
type serverSettings struct {
	Dir           string
	Database      *url.URL
	Password      string
	Shards        int
	DynamicConfig string // file
	Ports         []int  // see the template
}

//go:embed temporal-server.yaml
var serverTemplate string

// serverPorts is how many ports the server listens on: two for each of its four
// services, and one for metrics.
const serverPorts = 9

// newServerSettings writes the server's settings into its folder.
func newServerSettings(ctx context.Context, dir string, database *url.URL, shards int) (*serverSettings, error) {
	s := &serverSettings{Dir: dir, Database: database, Shards: shards, DynamicConfig: filepath.Join(dir, "dynamic.yaml")}
	if s.Shards == 0 {
		s.Shards = composeShards
	}
	s.Password, _ = database.User.Password() // "": the cluster asks for none
	var err error
	if s.Ports, err = rememberedPorts(ctx, filepath.Join(dir, "ports"), serverPorts); err != nil {
		return nil, err
	}
	parsed, err := template.New("settings").Parse(serverTemplate)
	if err != nil {
		return nil, fmt.Errorf("write Temporal's settings: %w", err)
	}
	var settings, dynamic bytes.Buffer
	if err := parsed.Execute(&settings, s); err != nil {
		return nil, fmt.Errorf("write Temporal's settings: %w", err)
	}
	for _, setting := range dynamicConfig {
		key, value, _ := strings.Cut(setting, "=")
		fmt.Fprintf(&dynamic, "%s:\n  - value: %s\n", key, value)
	}
	for file, content := range map[string][]byte{filepath.Join(dir, "base.yaml"): settings.Bytes(), s.DynamicConfig: dynamic.Bytes()} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return nil, fmt.Errorf("write Temporal's settings: %w", err)
		}
	}
	return s, nil
}

func (s *serverSettings) address() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Ports[0]))
}

// run starts the server and waits until the default namespace can be used.
func (s *serverSettings) run(ctx context.Context, server string, attributes []temporal.SearchAttributeKey) (*Temporal, error) {
	process, err := spawn(command{
		name: server, args: []string{"--root", s.Dir, "--config", ".", "--allow-no-auth", "start"},
		dir: s.Dir, log: filepath.Join(s.Dir, "temporal.log"), quit: syscall.SIGTERM,
	})
	if err != nil {
		return nil, err
	}
	t := &Temporal{Process: process, Address: s.address(), attributes: attributes}
	err = t.await(ctx, "Temporal", func(ctx context.Context) error {
		if err := t.ensureNamespace(ctx); err != nil {
			return err
		}
		return t.ready(ctx)
	})
	if err != nil {
		process.Stop()
		return nil, err
	}
	return t, nil
}

// ensureNamespace makes the default namespace, with the retention of
// deploy/temporal/namespace.sh.
func (t *Temporal) ensureNamespace(ctx context.Context) error {
	c, err := client.NewNamespaceClient(client.Options{HostPort: t.Address})
	if err != nil {
		return err
	}
	defer c.Close()
	err = c.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: client.DefaultNamespace, WorkflowExecutionRetentionPeriod: durationpb.New(90 * 24 * time.Hour),
	})
	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); exists {
		return nil
	}
	return err
}

// rememberedPorts gives free ports, those in the file if they still are, and notes
// them there. Temporal's schema has no room for a port above 32767.
func rememberedPorts(ctx context.Context, file string, n int) ([]int, error) {
	const low, high = 20_000, 32_767
	var listen net.ListenConfig
	before, _ := os.ReadFile(file) // none at the first start
	wanted := strings.Fields(string(before))
	for i := range high - low { // processes that start at once begin in different places
		wanted = append(wanted, strconv.Itoa(low+(os.Getpid()*n+i)%(high-low)))
	}
	var ports []int
	for _, port := range wanted {
		l, err := listen.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			continue
		}
		defer l.Close() // all at once, so that none is given twice
		number, err := strconv.Atoi(port)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		if ports = append(ports, number); len(ports) == n {
			break
		}
	}
	if len(ports) < n {
		return nil, fmt.Errorf("find a free port: none of %d to %d is", low, high)
	}
	note := strings.Trim(fmt.Sprint(ports), "[]")
	if err := os.WriteFile(file, []byte(note+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("note ports: %w", err)
	}
	return ports, nil
}
