package api

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fill lets so many bytes come in, and reports whether there was room.
func (v *visit) fill(content []byte) bool {
	for len(content) > 0 {
		into := v.space()
		if into == nil {
			return false
		}
		n := copy(into, content)
		v.size += n
		content = content[n:]
	}
	return true
}

func TestVisit_KeepsWhatComesIn(t *testing.T) {
	t.Parallel()
	h := hall{room: 1000, guests: 10}
	for _, size := range []int{0, 1, firstPiece - 1, firstPiece, firstPiece + 1, firstPiece + piece, firstPiece + 3*piece + 7} {
		content := bytes.Repeat([]byte("0123456"), size/7+1)[:size]
		_, v := h.enter(t.Context(), int64(size))
		require.True(t, v.fill(content))
		require.True(t, v.work(true))
		require.Equal(t, content, v.whole(), "%d bytes", size)
		v.leave()
		require.Zero(t, h.taken, "%d bytes", size)
	}
}

// TestHall_SendsAwayWhoeverAnnouncedTheMost, and never one that is being worked on.
func TestHall_SendsAwayWhoeverAnnouncedTheMost(t *testing.T) {
	t.Parallel()
	h := hall{room: 8, guests: 10}
	working, at := h.enter(t.Context(), 100<<20)
	require.True(t, at.fill(make([]byte, 3*piece)))
	require.True(t, at.work(true))
	greedy, g := h.enter(t.Context(), 8<<20)
	require.True(t, g.fill(make([]byte, 3*piece)))
	ordinary, o := h.enter(t.Context(), 3*piece)

	require.True(t, o.fill(make([]byte, 4*piece)))

	require.ErrorIs(t, context.Cause(greedy), errCrowded)
	require.Nil(t, g.space())
	require.False(t, g.work(true))
	require.NoError(t, ordinary.Err())
	require.NoError(t, working.Err())
	for _, v := range []*visit{at, g, o} {
		v.leave()
	}
	require.Zero(t, h.taken)
	require.Empty(t, h.visits)
}

// TestHall_NeverTakesMoreThanItHas, whoever comes and goes.
func TestHall_NeverTakesMoreThanItHas(t *testing.T) {
	t.Parallel()
	const clients, room = 50, 40
	h := hall{room: room, guests: 30}
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for i := range 50 {
				size := (client*7919 + i*104729) % (20 * piece)
				_, v := h.enter(t.Context(), int64(size))
				if v.fill(make([]byte, size)) && v.work(true) {
					v.whole()
				}
				v.leave()
			}
		})
	}
	group.Wait()
	require.Zero(t, h.taken)
	require.LessOrEqual(t, len(h.free), room+clients) // one that is read into may be beside them
}

func TestTurns_TheNewestGoesFirst(t *testing.T) {
	t.Parallel()
	turns := turns{free: 1}
	require.NoError(t, turns.take(t.Context()))
	gone, leave := context.WithCancel(t.Context())
	order := make(chan string, 3)
	waiting := func(n int) {
		require.Eventually(t, func() bool {
			turns.mu.Lock()
			defer turns.mu.Unlock()
			return len(turns.waiting) == n
		}, 5*time.Second, time.Millisecond)
	}
	wait := func(ctx context.Context, name string, n int) {
		go func() {
			if turns.take(ctx) == nil {
				order <- name
			}
		}()
		waiting(n)
	}
	wait(t.Context(), "first", 1)
	wait(t.Context(), "second", 2)
	wait(gone, "gone", 3)
	leave()
	waiting(2)
	wait(t.Context(), "third", 3)

	for _, name := range []string{"third", "second", "first"} {
		turns.give()
		require.Equal(t, name, <-order)
	}
	turns.give()
	require.Equal(t, 1, turns.free)
}
