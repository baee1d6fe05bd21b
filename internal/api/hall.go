package api

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"
)

// Capacity bounds what packets may take of the machine at once.
type Capacity struct {
	Bytes  int64 // of packets that are being received or wait for their turn
	Guests int   // how many they are
	Quick  int   // how many are worked on at once
	Heavy  int   // of packets whose images cost much
}

// errCrowded ends a visit for which there was no room.
var errCrowded = errors.New("more packets than the gateway takes at once")

// hall is where packets are received and wait for their turn. Who they are from is not
// known before they are opened, and all may come from one address, so room is given by
// what a packet costs: when there is no room, whoever has held the most for the longest
// has to come again. A station that sends its packet without a pause never has.
type hall struct {
	bytes  int64
	guests int

	mu     sync.Mutex
	held   int64
	visits map[*visit]bool
}

// visit is a packet in the hall.
type visit struct {
	hall  *hall
	since time.Time
	held  int64
	busy  bool // being worked on: it may stay
	end   context.CancelCauseFunc
}

// enter begins a visit. The context ends when there is no room for it any more.
func (h *hall) enter(ctx context.Context) (context.Context, *visit) {
	ctx, end := context.WithCancelCause(ctx)
	v := &visit{hall: h, since: time.Now(), end: end}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.visits == nil {
		h.visits = make(map[*visit]bool)
	}
	h.visits[v] = true
	if len(h.visits) > h.guests {
		h.sendAway()
	}
	return ctx, v
}

// hold takes room for more bytes, from others if it must: then more than it needs, since
// to look for them takes time.
func (v *visit) hold(n int64) {
	if n == 0 {
		return
	}
	h := v.hall
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.visits[v] {
		return
	}
	v.held += n
	h.held += n
	room := h.bytes
	for h.held > room && h.sendAway() {
		room = h.bytes / 8 * 7
	}
}

// work says whether the packet is being worked on: then it keeps its room. It reports
// whether it still has room.
func (v *visit) work(busy bool) bool {
	v.hall.mu.Lock()
	defer v.hall.mu.Unlock()
	v.busy = busy
	return v.hall.visits[v]
}

// leave ends a visit.
func (v *visit) leave() {
	v.hall.mu.Lock()
	defer v.hall.mu.Unlock()
	v.hall.remove(v, nil)
}

// sendAway ends the visit that costs the most, and reports whether there was one.
func (h *hall) sendAway() bool {
	var worst *visit
	most := math.Inf(-1)
	for v := range h.visits {
		const seat = 4 << 10 // a visit that holds nothing costs something too
		if cost := float64(v.held+seat) * time.Since(v.since).Seconds(); !v.busy && cost > most {
			worst, most = v, cost
		}
	}
	if worst == nil {
		return false
	}
	h.remove(worst, errCrowded)
	return true
}

func (h *hall) remove(v *visit, cause error) {
	if h.visits[v] {
		delete(h.visits, v)
		h.held -= v.held
	}
	v.end(cause)
}

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
	for i, other := range t.waiting {
		if other == turn {
			t.waiting = append(t.waiting[:i], t.waiting[i+1:]...)
			return context.Cause(ctx)
		}
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
