package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"example.org/cancuoc/internal/devserver"
)

// target is one process of the office. It is started again whenever it has ended,
// as an init system would.
type target struct {
	name  string
	start func(ctx context.Context) (*running, error)
	probe string // URL that answers 2xx when it can work; empty: it can once it is started
	guard *guard

	stop func()        // ends it for good
	done chan struct{} // closed when it has ended for good

	mu       sync.Mutex
	current  *running
	struck   bool      // a fault is at it
	away     time.Time // it is not started again before
	ready    bool      // what the probe said last
	mishaps  []string  // ends that no fault of ours explains, and starts that failed
	stubborn int       // graceful stops that took too long
}

// running is a process that was started.
type running struct {
	*devserver.Process

	end func() // stops it and gives back what it held
}

// backoff is how long a process that ended by itself stays away.
const backoff = time.Second

// keep keeps the target running until it is stopped.
func (t *target) keep(ctx context.Context) {
	defer close(t.done)
	for t.awaitTurn(ctx) {
		r, err := t.start(ctx)
		if err != nil {
			if ctx.Err() == nil {
				t.note("start failed: " + err.Error())
			}
			continue
		}
		t.begun(r)
		select {
		case <-r.Ended:
			t.ended()
		case <-ctx.Done():
			t.ended()
			_ = r.Signal(syscall.SIGCONT) // it may have ended
		}
		r.end()
	}
}

// awaitTurn waits until the process may be started.
func (t *target) awaitTurn(ctx context.Context) bool {
	t.mu.Lock()
	away := time.Until(t.away)
	t.mu.Unlock()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(away):
		return true
	}
}

// note keeps what nobody here caused, and lets the process rest.
func (t *target) note(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mishaps = append(t.mishaps, what)
	t.away = time.Now().Add(backoff)
}

func (t *target) begun(r *running) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current, t.struck, t.ready = r, false, t.probe == ""
}

func (t *target) ended() {
	t.mu.Lock()
	struck := t.struck
	t.current, t.ready = nil, false
	t.mu.Unlock()
	if !struck {
		t.note("ended by itself")
	}
}

// take claims the running process for a fault; nil when it is away or another fault
// is at it.
func (t *target) take() *running {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil || t.struck {
		return nil
	}
	t.struck = true
	return t.current
}

// kill kills the process with its children, and keeps it away for a while.
func (t *target) kill(r *running, away time.Duration) {
	t.mu.Lock()
	t.away = time.Now().Add(away)
	t.mu.Unlock()
	children := childrenOf(r.PID)
	_ = r.Signal(syscall.SIGKILL) // it may have ended
	<-r.Ended
	for _, c := range children {
		_ = c.Signal(syscall.SIGKILL) // it may have followed by itself
	}
	for _, c := range children { // the next server must not meet them
		for c.Signal(syscall.Signal(0)) == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// freeze stops the process with its children, and lets them go on after a while or
// when ctx ends.
func (t *target) freeze(ctx context.Context, r *running, lasts time.Duration) {
	_ = r.Signal(syscall.SIGSTOP) // it may have ended
	children := childrenOf(r.PID)
	pids := []int{r.PID}
	for _, c := range children {
		_ = c.Signal(syscall.SIGSTOP)
		pids = append(pids, c.Pid)
	}
	thaw := t.guard.watch(pids)
	select {
	case <-ctx.Done():
	case <-r.Ended:
	case <-time.After(lasts):
	}
	for _, c := range children {
		_ = c.Signal(syscall.SIGCONT)
	}
	_ = r.Signal(syscall.SIGCONT)
	thaw()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == r {
		t.struck = false
	}
}

// restart asks the process to end, and has it started again.
func (t *target) restart(r *running) {
	began := time.Now()
	r.Stop()
	if time.Since(began) > 29*time.Second { // it had to be killed
		t.mu.Lock()
		t.stubborn++
		t.mu.Unlock()
	}
}

// up reports whether the process runs, undisturbed, and can work.
func (t *target) up() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current != nil && !t.struck && t.ready
}

// ask probes whether the process can work.
func (t *target) ask(ctx context.Context, c *http.Client) {
	t.mu.Lock()
	r := t.current
	t.mu.Unlock()
	if t.probe == "" || r == nil {
		return
	}
	ready := probed(ctx, c, t.probe)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ready = ready && t.current == r
}

func probed(ctx context.Context, c *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := c.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close() // its status is all that is read
	return answer.StatusCode/100 == 2
}

// childrenOf finds the children of a process of ours. Each is held by a handle, so
// that no signal reaches another process that was given its number since.
func childrenOf(pid int) []*os.Process {
	var children []*os.Process
	tasks, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, name := range tasks {
		if parentIn(name) != pid {
			continue
		}
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			continue
		}
		p, err := os.FindProcess(child)
		if err == nil && parentIn(name) == pid { // and not another one by now
			children = append(children, p)
		}
	}
	return children
}

// parentIn reads a process's parent from its /proc/PID/stat; 0 when it has ended.
func parentIn(name string) int {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 2 || string(fields[0]) == "Z" {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1])) // a number, by proc(5)
	return parent
}

// awaitUp waits until the process can work.
func (t *target) awaitUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	client := &http.Client{Timeout: time.Second}
	for {
		if t.ask(ctx, client); t.up() {
			return nil
		}
		select {
		case <-ctx.Done():
			t.mu.Lock()
			defer t.mu.Unlock()
			return fmt.Errorf("%s did not become ready: %q", t.name, t.mishaps)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
