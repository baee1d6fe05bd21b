// Package devserver starts servers for development and tests: a Temporal server
// ([StartTemporal], [StartTemporalServer]) and a private PostgreSQL cluster
// ([StartPostgres]).
//
// Each server has a folder, which one process at a time may use. A server that a
// killed process left running there is ended first.
package devserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Say tells a person what is happening; nil says nothing.
type Say func(format string, args ...any)

func (s Say) say(format string, args ...any) {
	if s != nil {
		s(format, args...)
	}
}

// Start starts a program of the office beside this one.
func Start(program, logFile string, args ...string) (*Process, error) {
	return spawn(command{name: program, args: args, log: logFile, quit: syscall.SIGTERM})
}

// startTries is how often a server is started at most: another process may take a
// port between its choice and the start.
const startTries = 3

// retry starts a server again when it ended while it started, startTries times at most.
func retry[T any](ctx context.Context, start func(context.Context) (T, error)) (T, error) {
	for n := 1; ; n++ {
		started, err := start(ctx)
		if err == nil || n == startTries || ctx.Err() != nil || !errors.Is(err, errEnded) {
			return started, err
		}
	}
}

// Claim locks a folder for this process, by a lock file in it, or refuses when
// another process uses it.
func Claim(dir, lockFile string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another process uses %s; stop it first", dir), f.Close())
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}

// freePort finds a TCP port of 127.0.0.1 that nobody listens on.
func freePort(ctx context.Context) (int, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err = errors.Join(err, l.Close()); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return strconv.Atoi(port)
}

// portOr gives the wanted port if it is free, else any free one.
func portOr(ctx context.Context, wanted int) (int, error) {
	if wanted > 0 {
		var listen net.ListenConfig
		l, err := listen.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(wanted)))
		if err == nil {
			return wanted, l.Close()
		}
	}
	return freePort(ctx)
}

// Listen gives the address itself if its port is free, else one on the same host with
// a free port.
func Listen(ctx context.Context, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	wanted, err := strconv.Atoi(port)
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	got, err := portOr(ctx, wanted)
	return net.JoinHostPort(host, strconv.Itoa(got)), err
}
