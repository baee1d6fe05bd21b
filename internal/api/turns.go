package api

import (
	"context"
	"slices"
	"sync"
)

// turns lets some work at once, and the others wait. The newest goes first: with many
// waiting, those who came first would otherwise be answered when they have given up,
// and nobody in time.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting []chan struct{} // the newest is the last
}

// take waits for a turn, which give ends.
func (t *turns) take(ctx context.Context) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	t.waiting = append(t.waiting, turn)
	t.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if at := slices.Index(t.waiting, turn); at >= 0 {
		t.waiting = slices.Delete(t.waiting, at, at+1)
		return context.Cause(ctx)
	}
	return nil // its turn came just now
}

// give lets the newest go on.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last := len(t.waiting) - 1; last >= 0 {
		close(t.waiting[last])
		t.waiting = t.waiting[:last]
		return
	}
	t.free++
}
