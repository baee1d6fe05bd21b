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

	mu      sync.Mutex
	byToken map[[sha256.Size]byte]*allowance
	byID    map[identity.VerifierID]*allowance
	read    time.Time
}

// allowance is how much a verifier may ask at this moment: what he may in a second comes back
// in a second.
type allowance struct {
	id      identity.VerifierID
	rate    float64
	left    float64
	counted time.Time
}

// knownFor is how long a verifier who was revoked may still be answered.
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
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Sub(v.read) >= knownFor {
		if err := v.refresh(ctx, now); err != nil {
			return "", err
		}
	}
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

// refresh reads who may ask now. Whoever is known keeps what he has left.
func (v *Verifiers) refresh(ctx context.Context, now time.Time) error {
	list, err := v.registry.Verifiers(ctx)
	if err != nil {
		return err
	}
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
