package devserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"example.org/cancuoc/internal/engine"
)

// dynamicConfig are the settings by which both kinds of server serve task queues.
var dynamicConfig = []string{
	"matching.enableFairness=true",
	// Priority and fairness hold within a partition of a task queue: with one, the
	// order is exact, and one server needs no more.
	"matching.numTaskqueueReadPartitions=1",
	"matching.numTaskqueueWritePartitions=1",
}

// Temporal is a server of ours: of development ([StartTemporal]), or as in
// production ([StartTemporalServer]).
type Temporal struct {
	*Process

	Address   string // host:port
	UIAddress string // http://..., "" without UI

	attributes []temporal.SearchAttributeKey
	release    func()
}

// TemporalOptions of a development server.
type TemporalOptions struct {
	Dir  string // log; and, with Keep, state
	Keep bool   // state is kept in a file, else in memory
	UI   bool   // on Port+1000, or another when that is in use
	// Codec is where the UI has payloads decrypted; "": it shows them encrypted.
	Codec string
	Port  int // wanted; another is taken when it is in use, or when it is 0
	// SearchAttributes are those that the default namespace knows from the start.
	SearchAttributes []temporal.SearchAttributeKey
}

// StartTemporal starts a development server and waits until it answers.
// Task-queue fairness is on, as in deploy/temporal.
//
// The server is the CLI's (`temporal server start-dev`): the one that the
// variable TEMPORAL_CLI names, else the one on the PATH if it is new enough, else
// one that internal/tools builds, once.
func StartTemporal(ctx context.Context, o TemporalOptions, say Say) (*Temporal, error) {
	cli, err := TemporalCLI(ctx, say)
	if err != nil {
		return nil, err
	}
	return holdTemporal(ctx, o.Dir, func(ctx context.Context, dir string) (*Temporal, error) {
		o.Dir = dir
		return runTemporal(ctx, cli, o, say)
	})
}

// holdTemporal claims a folder, made if it is not there, and starts a server in it:
// once more where it ends while it starts. What a killed process left running
// there is ended first.
func holdTemporal(ctx context.Context, dir string, start func(ctx context.Context, dir string) (*Temporal, error)) (*Temporal, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start Temporal: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start Temporal: %w", err)
	}
	release, err := Claim(dir, "lock")
	if err != nil {
		return nil, err
	}
	t, err := startTemporal(ctx, dir, start)
	if err != nil {
		release()
		return nil, err
	}
	t.release = release
	return t, nil
}

// startTemporal starts a server in a folder that is ours.
func startTemporal(ctx context.Context, dir string, start func(ctx context.Context, dir string) (*Temporal, error)) (*Temporal, error) {
	pidFile := filepath.Join(dir, "temporal.pid")
	if err := endOrphan(ctx, pidFile, dir, syscall.SIGTERM); err != nil {
		return nil, err
	}
	t, err := retry(ctx, func(ctx context.Context) (*Temporal, error) { return start(ctx, dir) })
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(t.PID)+"\n"), 0o600); err != nil {
		t.Process.Stop()
		return nil, fmt.Errorf("note Temporal's process: %w", err)
	}
	return t, nil
}

// runTemporal starts the server on ports that are free now.
func runTemporal(ctx context.Context, cli string, o TemporalOptions, say Say) (*Temporal, error) {
	port, err := portOr(ctx, o.Port)
	if err != nil {
		return nil, err
	}
	t := &Temporal{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), attributes: o.SearchAttributes}
	args := []string{
		"server", "start-dev", "--ip", "127.0.0.1", "--port", strconv.Itoa(port), "--log-level", "warn",
		// It would read the search attributes from the database for each workflow that
		// is shown, again and again; they are made before it starts, and a server of
		// production keeps them too.
		"--dynamic-config-value", "system.forceSearchAttributesCacheRefreshOnRead=false",
	}
	for _, setting := range dynamicConfig {
		args = append(args, "--dynamic-config-value", setting)
	}
	for _, a := range o.SearchAttributes {
		args = append(args, "--search-attribute", a.GetName()+"="+a.GetValueType().String())
	}
	if o.Keep {
		args = append(args, "--db-filename", filepath.Join(o.Dir, "temporal.db"))
	}
	if o.UI {
		wanted := 0
		if o.Port > 0 {
			wanted = o.Port + 1000
		}
		ui, err := portOr(ctx, wanted)
		if err != nil {
			return nil, err
		}
		args = append(args, "--ui-port", strconv.Itoa(ui))
		if o.Codec != "" {
			args = append(args, "--ui-codec-endpoint", o.Codec)
		}
		t.UIAddress = fmt.Sprintf("http://127.0.0.1:%d", ui)
	} else {
		args = append(args, "--headless")
	}
	say.say("Starting the Temporal development server at %s ...", t.Address)
	t.Process, err = spawn(command{name: cli, args: args, dir: o.Dir, log: filepath.Join(o.Dir, "temporal.log"), quit: syscall.SIGTERM})
	if err != nil {
		return nil, err
	}
	if err := t.await(ctx, "Temporal", t.ready); err != nil {
		t.Process.Stop()
		return nil, err
	}
	return t, nil
}

// ready asks whether the default namespace answers, and knows the search
// attributes.
func (t *Temporal) ready(ctx context.Context) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: t.Address, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return err
	}
	defer c.Close()
	return engine.EnsureSearchAttributes(ctx, c, client.DefaultNamespace, t.attributes)
}

// Stop ends the server; its state is on disk when Stop returns.
func (t *Temporal) Stop() {
	t.Process.Stop()
	t.release()
}

// TemporalCLI finds the Temporal CLI, and builds it where there is none.
func TemporalCLI(ctx context.Context, say Say) (string, error) {
	if cli := os.Getenv("TEMPORAL_CLI"); cli != "" {
		return exec.LookPath(cli)
	}
	if cli, err := exec.LookPath("temporal"); err == nil {
		if newEnough(ctx, cli) {
			return filepath.Abs(cli)
		}
		say.say("%s is older than 1.5; it is passed over.", cli)
	}
	cli, err := tool(ctx, "temporal", say)
	if err != nil {
		return "", fmt.Errorf("find the Temporal CLI on the PATH, or by TEMPORAL_CLI: %w", err)
	}
	return cli, nil
}

// tool gives the path of a program that internal/tools builds, once.
func tool(ctx context.Context, name string, say Say) (string, error) {
	script, err := toolScript()
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	cmd := exec.CommandContext(ctx, script, name)
	problems, err := cmd.StderrPipe()
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	for lines := bufio.NewScanner(problems); lines.Scan(); {
		say.say("%s", lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	return strings.TrimSpace(out.String()), nil
}

// serverVersion is the server's in what `temporal --version` prints. CLI 1.5 has
// server 1.29, the first with fairness; the CLI's own version is absent where it
// was built from source.
var serverVersion = regexp.MustCompile(`\(Server (\d+)\.(\d+)\.`)

// newEnough reports whether a CLI has the server that is needed.
func newEnough(ctx context.Context, cli string) bool {
	out, err := exec.CommandContext(ctx, cli, "--version").Output()
	if err != nil {
		return false
	}
	v := serverVersion.FindSubmatch(out)
	if v == nil {
		return false
	}
	major, _ := strconv.Atoi(string(v[1])) // digits
	minor, _ := strconv.Atoi(string(v[2]))
	return major > 1 || major == 1 && minor >= 29
}

// toolScript finds internal/tools/bin.sh in the working directory or above it.
func toolScript() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the clone: %w", err)
	}
	for {
		script := filepath.Join(dir, "internal", "tools", "bin.sh")
		if _, err := os.Stat(script); err == nil {
			return script, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("there is no clone here to build it from")
		}
		dir = parent
	}
}
