// Command with runs a command beside a PostgreSQL and a Temporal server of its
// own, and ends with the command's exit code:
//
//	go run ./internal/devserver/with -- go test ./...
//
// The command finds them by TEST_DATABASE_URL and TEST_TEMPORAL_ADDRESS; a server
// that such a variable names already is used instead. TEMPORAL_CLI names the
// Temporal CLI, for tests that start more servers. PostgreSQL is installed by
// apt-get, and the Temporal CLI built, where there is none. Nothing is kept.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"example.org/cancuoc/internal/devserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "with: "+err.Error())
	}
	os.Exit(code)
}

// run starts the servers, runs the command, and stops the servers.
func run(ctx context.Context, args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 2, errors.New("which command? (with -- go test ./...)")
	}
	dir, err := os.MkdirTemp("", "cancuoc-with-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil {
		return 1, err
	}
	environment := os.Environ()
	cli, err := devserver.TemporalCLI(ctx, say)
	if err != nil {
		return 1, err
	}
	environment = append(environment, "TEMPORAL_CLI="+cli)
	if os.Getenv("TEST_DATABASE_URL") == "" {
		p, err := devserver.StartPostgres(ctx, devserver.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Install: true}, say)
		if err != nil {
			return 1, err
		}
		defer p.Stop()
		environment = append(environment, "TEST_DATABASE_URL="+p.AdminURL)
	}
	if os.Getenv("TEST_TEMPORAL_ADDRESS") == "" {
		s, err := devserver.StartTemporal(ctx, devserver.TemporalOptions{Dir: filepath.Join(dir, "temporal")}, say)
		if err != nil {
			return 1, err
		}
		defer s.Stop()
		environment = append(environment, "TEST_TEMPORAL_ADDRESS="+s.Address)
	}
	return command(ctx, environment, args)
}

// command runs the command. Ctrl-C reaches it as well as us; it is waited for.
func command(ctx context.Context, environment, args []string) (int, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = environment
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, fmt.Errorf("run %s: %w", args[0], err)
	}
	return 0, nil
}

// say tells what is waited for.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
