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
// what a packet costs: when there is no room, whoever has announced the most and is here
// the longest has to come again. A station that sends an ordinary packet without a pause
// never has.
type hall struct {
	room   int // in pieces
	guests int

	mu     sync.Mutex
	taken  int // pieces
	free   []*[piece]byte
	visits map[*visit]bool
}

// A packet is kept in pieces while it comes in and waits. They are used again at once,
// so that packets which come to nothing leave nothing to be collected.
const (
	firstPiece = 2 << 10 // holds the header of any packet
	piece      = 16 << 10
)

// visit is a packet in the hall, as far as it has come in.
type visit struct {
	hall  *hall
	since time.Time
	bytes int64 // announced
	end   context.CancelCauseFunc

	first [firstPiece]byte
	size  int

	// Of the hall's mutex. The last piece belongs to whoever reads into it.
	rest    []*[piece]byte
	reading bool
	busy    bool // being worked on: it may stay
	beside  int  // what it takes besides its pieces, in pieces
}

// enter begins a visit. The context ends when there is no room for it any more.
func (h *hall) enter(ctx context.Context, bytes int64) (context.Context, *visit) {
	ctx, end := context.WithCancelCause(ctx)
	v := &visit{hall: h, since: time.Now(), bytes: bytes, end: end, reading: true} //nolint:forbidigo // how long ago is all that is asked
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

// space is where the next bytes go; nil where there is no room for them.
func (v *visit) space() []byte {
	if v.size < firstPiece {
		return v.first[v.size:]
	}
	at := (v.size - firstPiece) % piece
	v.hall.mu.Lock()
	defer v.hall.mu.Unlock()
	if at == 0 {
		if !v.take(1) {
			return nil
		}
		v.rest = append(v.rest, v.hall.piece())
	}
	if !v.hall.visits[v] {
		return nil
	}
	return v.rest[len(v.rest)-1][at:]
}

// beginning is the first of what has come in.
func (v *visit) beginning() []byte { return v.first[:min(v.size, firstPiece)] }

// whole joins what has come in, and gives the pieces back. The visit is busy.
func (v *visit) whole() []byte {
	all := append(make([]byte, 0, v.size), v.beginning()...)
	for _, p := range v.rest {
		all = append(all, p[:min(v.size-len(all), piece)]...)
	}
	v.hall.mu.Lock()
	defer v.hall.mu.Unlock()
	v.beside += len(v.rest)
	v.hall.free = append(v.hall.free, v.rest...)
	v.rest = nil
	return all
}

// doubles takes room for a packet's images beside it.
func (v *visit) doubles() {
	v.hall.mu.Lock()
	defer v.hall.mu.Unlock()
	n := v.size/piece + 1
	v.take(n)
	v.beside += n
	v.bytes *= 2
}

// work says whether the packet is being worked on: then it keeps its room. It reports
// whether it has room.
func (v *visit) work(busy bool) bool {
	v.hall.mu.Lock()
	defer v.hall.mu.Unlock()
	v.reading, v.busy = false, busy
	return v.hall.visits[v]
}

// leave ends a visit.
func (v *visit) leave() {
	v.hall.mu.Lock()
	defer v.hall.mu.Unlock()
	v.reading = false
	v.hall.remove(v, nil)
}

// take takes room for so many pieces, from others if it must: then for more than it
// needs, since to look for them takes time. It reports whether the visit has room.
func (v *visit) take(n int) bool {
	h := v.hall
	if !h.visits[v] {
		return false
	}
	h.taken += n
	room := h.room
	for h.taken > room && h.sendAway() {
		room = h.room / 8 * 7
	}
	if !h.visits[v] {
		h.taken -= n
		return false
	}
	return true
}

// piece gives one that is free, or a new one.
func (h *hall) piece() *[piece]byte {
	last := len(h.free) - 1
	if last < 0 {
		return new([piece]byte)
	}
	p := h.free[last]
	h.free = h.free[:last]
	return p
}

// sendAway ends the visit that costs the most, and reports whether there was one.
func (h *hall) sendAway() bool {
	var worst *visit
	most := math.Inf(-1)
	for v := range h.visits {
		if cost := float64(v.bytes+firstPiece) * time.Since(v.since).Seconds(); !v.busy && cost > most {
			worst, most = v, cost
		}
	}
	if worst == nil {
		return false
	}
	h.remove(worst, errCrowded)
	return true
}

// remove ends a visit, and takes back what nobody reads into.
func (h *hall) remove(v *visit, cause error) {
	v.end(cause)
	free := len(v.rest)
	if v.reading && free > 0 {
		free--
	}
	h.free = append(h.free, v.rest[:free]...)
	v.rest = v.rest[free:]
	h.taken -= free + v.beside
	v.beside = 0
	delete(h.visits, v)
}
