// Package devserver starts the servers that an office needs and does not have: a
// Temporal development server ([StartTemporal]) and a private PostgreSQL cluster
// ([StartPostgres]). `starter run` and the tests use it; production has servers
// of its own.
//
// Each server has a folder, which one process at a time may use. What was left
// running there by a process that was killed is ended first.
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

// Say tells a person what is being waited for; nil says nothing.
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

// startTries is how often a server is started on ports that were free when they
// were chosen: another process may have been quicker.
const startTries = 3

// retry starts something until it runs, its error is for good, or enough was tried.
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

// portOr gives the wanted port where it is free, and else any.
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

// Listen is the address itself where its port is free, and else one on the same
// host whose port is.
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
