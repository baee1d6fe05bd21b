package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/devserver"
)

// sleeper is a target whose process has a child.
func sleeper(t *testing.T) *target {
	t.Helper()
	guard, err := newGuard()
	require.NoError(t, err)
	log := filepath.Join(t.TempDir(), "log")
	ctx, stop := context.WithCancel(t.Context())
	s := &target{name: "sleeper", guard: guard, stop: stop, done: make(chan struct{}), start: func(context.Context) (*running, error) {
		p, err := devserver.Start("sh", log, "-c", "trap 'kill $!' TERM; sleep 60 & wait")
		if err != nil {
			return nil, err
		}
		return &running{Process: p, end: p.Stop}, nil
	}}
	go s.keep(ctx)
	t.Cleanup(func() {
		s.end()
		guard.close()
	})
	require.NoError(t, s.awaitUp(t.Context()))
	require.Eventually(t, func() bool { return len(childrenOf(process(s).PID)) == 1 }, 5*time.Second, 5*time.Millisecond)
	return s
}

func process(s *target) *devserver.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.Process
}

// state is a process's, as proc(5) has it: S sleeps, T is stopped.
func state(t *testing.T, pid int) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	return string(b[strings.LastIndexByte(string(b), ')')+2])
}

func TestTarget_ComesBackWhenItIsKilled(t *testing.T) {
	t.Parallel()
	s := sleeper(t)
	r := s.take()
	child := childrenOf(r.PID)[0]

	s.kill(r, 0)

	require.NoError(t, s.awaitUp(t.Context()))
	require.NotEqual(t, r.PID, s.take().PID)
	require.ErrorIs(t, child.Signal(os.Interrupt), os.ErrProcessDone)
	require.Empty(t, s.mishaps)
}

func TestTarget_IsStruckByOneFaultAtATime(t *testing.T) {
	t.Parallel()
	s := sleeper(t)
	r := s.take()
	require.NotNil(t, r)

	require.Nil(t, s.take())
	require.False(t, s.up())
}

func TestTarget_GoesOnWhenItWasFrozen(t *testing.T) {
	t.Parallel()
	s := sleeper(t)
	r := s.take()
	child := childrenOf(r.PID)[0].Pid
	ctx, thaw := context.WithCancel(t.Context())
	defer thaw()
	go s.freeze(ctx, r, time.Minute)
	stopped := func(pid int) func() bool { return func() bool { return state(t, pid) == "T" } }
	require.Eventually(t, stopped(r.PID), 5*time.Second, 5*time.Millisecond)
	require.Eventually(t, stopped(child), 5*time.Second, 5*time.Millisecond)

	thaw()

	require.Eventually(t, s.up, 5*time.Second, 5*time.Millisecond)
	require.NotEqual(t, "T", state(t, child))
	require.Equal(t, r.PID, s.take().PID)
}

func TestTarget_ThatEndsByItselfIsNoted(t *testing.T) {
	t.Parallel()
	s := sleeper(t)

	process(s).Stop() // not by a fault

	require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.mishaps) == 1 }, 5*time.Second, 5*time.Millisecond)
}

// Nobody stays frozen when this program dies: the guard's pipe is closed then.
func TestGuard_ThawsWhomItWatches(t *testing.T) {
	t.Parallel()
	guard, err := newGuard()
	require.NoError(t, err)
	s := sleeper(t)
	r := s.take()
	s.guard = guard
	go s.freeze(t.Context(), r, time.Minute)
	require.Eventually(t, func() bool { guard.mu.Lock(); defer guard.mu.Unlock(); return len(guard.frozen) == 2 }, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, "T", state(t, r.PID))

	guard.close()

	require.Eventually(t, func() bool { return state(t, r.PID) != "T" }, 5*time.Second, 5*time.Millisecond)
}
