package office

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"example.org/cancuoc/internal/engine"
)

// Temporal is a development server of ours.
type Temporal struct {
	Address   string // host:port
	UIAddress string // http://..., "" without UI
	PID       int
	process   *process
}

// TemporalOptions of a development server.
type TemporalOptions struct {
	Dir  string // log; and, with Keep, state
	Keep bool   // state is kept in a file, else in memory
	UI   bool
	Port int // wanted; another is taken when it is in use, or when it is 0
}

// StartTemporal starts a development server and waits until it answers.
// Task-queue fairness is on, as in deploy/temporal.
func StartTemporal(ctx context.Context, o TemporalOptions, say Say) (*Temporal, error) {
	cli, err := temporalCLI(ctx, say)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("start Temporal: %w", err)
	}
	port, err := portOr(o.Port)
	if err != nil {
		return nil, err
	}
	args := []string{
		"server", "start-dev", "--ip", "127.0.0.1", "--port", strconv.Itoa(port), "--log-level", "warn",
		"--dynamic-config-value", "matching.enableFairness=true",
	}
	for name, kind := range engine.SearchAttributes {
		args = append(args, "--search-attribute", name+"="+kind.String())
	}
	if o.Keep {
		args = append(args, "--db-filename", filepath.Join(o.Dir, "temporal.db"))
	}
	t := &Temporal{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	if o.UI {
		ui, err := portOr(o.Port + 1000)
		if err != nil {
			return nil, err
		}
		args = append(args, "--ui-port", strconv.Itoa(ui))
		t.UIAddress = fmt.Sprintf("http://127.0.0.1:%d", ui)
	} else {
		args = append(args, "--headless")
	}
	say.say("Starting the Temporal development server at %s ...", t.Address)
	if t.process, err = spawn(filepath.Join(o.Dir, "temporal.log"), nil, cli, args...); err != nil {
		return nil, err
	}
	t.PID = t.process.cmd.Process.Pid
	if err := t.process.await(ctx, "Temporal", t.ready); err != nil {
		t.Stop()
		return nil, err
	}
	return t, nil
}

// ready asks whether the default namespace answers.
func (t *Temporal) ready(ctx context.Context) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: t.Address, Logger: log.NewStructuredLogger(discard())})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

// Stop ends the server; its state is on disk when Stop returns.
func (t *Temporal) Stop() { t.process.stop(syscall.SIGTERM, 15*time.Second) }

// temporalCLI finds the Temporal CLI: TEMPORAL_CLI, the PATH, else the one that
// internal/tools builds once.
func temporalCLI(ctx context.Context, say Say) (string, error) {
	if cli := os.Getenv("TEMPORAL_CLI"); cli != "" {
		return cli, nil
	}
	if cli, err := exec.LookPath("temporal"); err == nil {
		return cli, nil
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	say.say("Looking for the Temporal CLI; the first time it is built, in about three minutes ...")
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(root, "internal", "tools", "bin.sh"), "temporal") //nolint:gosec // a script of ours
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build the Temporal CLI: %w\n%s", err, problems.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// moduleRoot finds the folder of go.mod above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the clone: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "internal", "tools", "bin.sh")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("the Temporal CLI is not on the PATH, and there is no clone here to build it from: set TEMPORAL_CLI")
		}
		dir = parent
	}
}
