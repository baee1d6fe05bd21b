package cardstatus

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
)

// Verifiers knows who may ask, and how often.
type Verifiers struct {
	registry Registry
	now      func() time.Time

	reading sync.Mutex // is held by whoever asks the registry, before mu

	mu      sync.Mutex
	byToken map[[sha256.Size]byte]*allowance
	byID    map[identity.VerifierID]*allowance
	read    time.Time
	ahead   bool // it is asked before anybody has to wait for it
}

// allowance is how much a verifier may ask at this moment: what he may in a second comes back
// in a second.
type allowance struct {
	id      identity.VerifierID
	rate    float64
	left    float64
	counted time.Time
}

// knownFor is how long a verifier who was revoked may still be answered. When half of it is
// over, the registry is asked while everybody is answered by what is known.
const knownFor = time.Second

// NewVerifiers knows those whom the registry knows.
func NewVerifiers(r Registry, now func() time.Time) *Verifiers {
	return &Verifiers{registry: r, now: now}
}

// ErrTooOften is the error of a verifier who asks more often than was agreed.
var ErrTooOften = errors.New("asked more often than was agreed")

// Admit says whose token that is, and counts that he asks. It refuses with Forbidden, and with
// ErrTooOften.
func (v *Verifiers) Admit(ctx context.Context, token string) (identity.VerifierID, error) {
	digest := sha256.Sum256([]byte(token))
	now := v.now()
	if err := v.know(ctx, now); err != nil {
		return "", err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	a := v.byToken[digest]
	if a == nil {
		return "", identity.RefuseField(identity.Forbidden, "token", "is no verifier's, or was revoked")
	}
	a.left = min(a.rate, a.left+a.rate*now.Sub(a.counted).Seconds())
	a.counted = now
	if a.left < 1 {
		return a.id, ErrTooOften
	}
	a.left--
	return a.id, nil
}

// know has what is known be no older than knownFor.
func (v *Verifiers) know(ctx context.Context, now time.Time) error {
	v.mu.Lock()
	age := now.Sub(v.read)
	early := age >= knownFor/2 && age < knownFor && !v.ahead
	v.ahead = v.ahead || early
	v.mu.Unlock()
	switch {
	case early:
		go func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			_ = v.refresh(ctx, now) // whoever comes when it is too old hears it
			v.mu.Lock()
			v.ahead = false
			v.mu.Unlock()
		}(context.WithoutCancel(ctx))
	case age >= knownFor:
		return v.refresh(ctx, now)
	}
	return nil
}

// refresh reads who may ask now, unless somebody did meanwhile. Whoever is known keeps what
// he has left.
func (v *Verifiers) refresh(ctx context.Context, now time.Time) error {
	v.reading.Lock()
	defer v.reading.Unlock()
	v.mu.Lock()
	known := now.Sub(v.read) < knownFor/2
	v.mu.Unlock()
	if known {
		return nil
	}
	list, err := v.registry.Verifiers(ctx)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	byToken := make(map[[sha256.Size]byte]*allowance, len(list))
	byID := make(map[identity.VerifierID]*allowance, len(list))
	for _, one := range list {
		if one.Revoked != nil {
			continue
		}
		a := v.byID[one.ID]
		if a == nil {
			a = &allowance{id: one.ID, left: float64(one.PerSecond), counted: now}
		}
		a.rate = float64(one.PerSecond)
		byToken[[sha256.Size]byte(one.Token)], byID[one.ID] = a, a
	}
	v.byToken, v.byID, v.read = byToken, byID, now
	return nil
}
