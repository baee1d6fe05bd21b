// Package office starts the servers that an office needs and does not have: a
// Temporal development server and a private PostgreSQL cluster. `starter run`
// and the tests use it; production has servers of its own.
package office

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// Say tells a person what is being waited for; nil says nothing.
type Say func(format string, args ...any)

func (s Say) say(format string, args ...any) {
	if s != nil {
		s(format, args...)
	}
}

// process is a child in a process group of its own, so that Ctrl-C in a terminal
// reaches the parent alone, which stops its children in order.
type process struct {
	cmd    *exec.Cmd
	log    io.Closer
	exited chan struct{}
}

// spawn starts a command that writes to a log file.
func spawn(logFile string, credential *syscall.Credential, name string, args ...string) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	cmd := exec.Command(name, args...) //nolint:gosec,noctx // programs of ours; stopped by stop, in order
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: credential, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	p := &process{cmd: cmd, log: log, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(p.exited)
	}()
	return p, nil
}

// stop asks the process to end, and kills it when it does not within grace.
func (p *process) stop(signal syscall.Signal, grace time.Duration) {
	_ = p.cmd.Process.Signal(signal) // it may have ended
	select {
	case <-p.exited:
	case <-time.After(grace):
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.exited
	}
	_ = p.log.Close() // nothing more is written
}

// await asks ready again and again until it answers, the process ends or ctx does.
func (p *process) await(ctx context.Context, what string, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended while it started; see its log", what)
		case <-ctx.Done():
			return fmt.Errorf("%s did not become ready: %w", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// freePort finds a TCP port of 127.0.0.1 that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil //nolint:forcetypeassert // of a TCP listener
}

// portOr gives the wanted port where it is free, and else any.
func portOr(wanted int) (int, error) {
	if wanted > 0 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(wanted))) //nolint:noctx // closed at once
		if err == nil {
			return wanted, l.Close()
		}
	}
	return freePort()
}

// Start starts a program of ours, its output in a log file, and gives what stops
// it: it may finish what it does.
func Start(program, logFile string) (stop func(), err error) {
	p, err := spawn(logFile, nil, program)
	if err != nil {
		return nil, err
	}
	return func() { p.stop(syscall.SIGTERM, 40*time.Second) }, nil
}
