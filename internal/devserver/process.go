package devserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// grace is how long a process may take to end when it is asked to.
const grace = 30 * time.Second

// errEnded is a server that ended before it was ready.
var errEnded = errors.New("it ended while it started")

// command is a program to run.
type command struct {
	name       string
	args       []string
	dir        string              // "": where we are
	log        string              // file that its output is appended to
	credential *syscall.Credential // nil: as we are
	quit       syscall.Signal      // asks it to end
}

// Process is a server or a program that runs beside this one: a child in a process
// group of its own, so that Ctrl-C in a terminal reaches the parent alone, which
// stops its children in order.
type Process struct {
	PID   int
	Ended <-chan struct{} // closed when it has ended
	How   string          // it has ended: its exit status, or the signal that killed it; not to be read before

	os   *os.Process
	log  string
	quit syscall.Signal
}

// spawn starts a command. Should we be killed, the system asks it to end.
func spawn(c command) (*Process, error) {
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	cmd := exec.Command(c.name, c.args...)
	cmd.Dir = c.dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.credential, Pdeathsig: syscall.SIGTERM}
	ended := make(chan struct{})
	p := &Process{log: c.log, quit: c.quit, Ended: ended}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the child is told to end when the thread that started it does
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.PID, p.os = cmd.Process.Pid, cmd.Process
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // its state says more
			p.How = cmd.ProcessState.String()
		}
		_ = log.Close() // nothing more is written
		close(ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	return p, nil
}

// Stop asks the process to end, and kills it when it does not within half a minute.
func (p *Process) Stop() {
	_ = p.Signal(p.quit) // it may have ended
	select {
	case <-p.Ended:
	case <-time.After(grace):
		_ = p.Signal(syscall.SIGKILL) // it may have ended
		<-p.Ended
	}
}

// Signal sends a signal to the process; [os.ErrProcessDone] says that it has ended.
func (p *Process) Signal(s syscall.Signal) error { return p.os.Signal(s) }

// await asks whether the process is ready until it is, or the process or ctx ends.
func (p *Process) await(ctx context.Context, what string, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.Ended:
			return fmt.Errorf("start %s: %w; its log ends:\n%s", what, errEnded, p.LastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s did not become ready: %w; its log ends:\n%s", what, err, p.LastWords())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// LastWords are the last lines of the process's log.
func (p *Process) LastWords() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// endOrphan ends the server that a killed process of ours left running in dir. The
// first line of a file is its process ID. As IDs are used again, the process must have
// dir as its working folder; else the file is removed. A process of another user is
// left alone.
func endOrphan(ctx context.Context, file, dir string, signal syscall.Signal) error {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a server left running: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 {
		return os.Remove(file)
	}
	at, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && at != dir:
		return os.Remove(file)
	case err != nil:
		return nil //nolint:nilerr // another user's process; the server itself says whether it is in the way
	}
	return endProcess(ctx, pid, signal)
}

// endProcess ends a process that is not our child, and waits for it.
func endProcess(ctx context.Context, pid int, signal syscall.Signal) error {
	deadline := time.Now().Add(grace)
	for {
		err := syscall.Kill(pid, signal)
		if errors.Is(err, syscall.ESRCH) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("end the server that was left running: %w", err)
		}
		if time.Now().After(deadline) {
			signal = syscall.SIGKILL
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
