package main

import (
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// guard lets frozen processes go on when this process dies before it could: a
// process that is stopped does not hear that it is asked to end. It is a shell that
// reads who is frozen, and acts when it reads no more.
type guard struct {
	mu     sync.Mutex
	in     io.WriteCloser
	shell  *exec.Cmd
	frozen map[int]bool
}

func newGuard() (*guard, error) {
	shell := exec.Command("sh", "-c", `while read -r pids; do frozen=$pids; done; [ -z "$frozen" ] || kill -CONT $frozen`)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	in, err := shell.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start guard: %w", err)
	}
	if err := shell.Start(); err != nil {
		return nil, fmt.Errorf("start guard: %w", err)
	}
	return &guard{in: in, shell: shell, frozen: make(map[int]bool)}, nil
}

// watch adds processes that are frozen; thaw takes them away again.
func (g *guard) watch(pids []int) (thaw func()) {
	g.tell(pids, true)
	return func() { g.tell(pids, false) }
}

func (g *guard) tell(pids []int, frozen bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, pid := range pids {
		if frozen {
			g.frozen[pid] = true
		} else {
			delete(g.frozen, pid)
		}
	}
	var line []string
	for pid := range g.frozen {
		line = append(line, strconv.Itoa(pid))
	}
	_, _ = fmt.Fprintln(g.in, strings.Join(line, " ")) // without the guard, nobody is told
}

// close ends the guard when nobody is frozen any more.
func (g *guard) close() {
	_ = g.in.Close()
	_ = g.shell.Wait() // how it ended does not matter
}
