package intake

import (
	"context"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// doorkeeper remembers for a moment which stations may send packets, so that a crowd at
// the door does not keep the registry busy; it asks once for all who wait for an answer. What is opened is checked with the registry
// itself.
type doorkeeper struct {
	mu    sync.Mutex
	asked map[identity.StationID]*inquiry
}

// inquiry is what the registry said of a station.
type inquiry struct {
	once sync.Once
	at   time.Time
	err  error
}

const (
	remembered   = 5 * time.Second
	maxInquiries = 10_000 // more than there are stations
)

// knows refuses what ask refuses of a station.
func (k *doorkeeper) knows(ctx context.Context, id identity.StationID, ask func(context.Context, identity.StationID) (registry.Station, error)) error {
	i := k.inquiry(id)
	i.once.Do(func() {
		_, i.err = ask(context.WithoutCancel(ctx), id) // others wait for it too
		if i.err != nil {                              // it may be registered any time
			k.forget(id)
		}
	})
	return i.err
}

// inquiry gives the one about a station, an old one anew.
func (k *doorkeeper) inquiry(id identity.StationID) *inquiry {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i := k.asked[id]; i != nil && time.Since(i.at) < remembered {
		return i
	}
	if k.asked == nil || len(k.asked) >= maxInquiries {
		k.asked = make(map[identity.StationID]*inquiry)
	}
	i := &inquiry{at: time.Now()} //nolint:forbidigo // how long ago is all that is asked
	k.asked[id] = i
	return i
}

func (k *doorkeeper) forget(id identity.StationID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.asked, id)
}
