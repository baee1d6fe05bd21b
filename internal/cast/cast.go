// Package cast is the officers who play in samples, benches and tests: who they are, and
// keys for them. An office that works has officers and keys of its own.
package cast

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// Founders are the administrators who register all others.
var Founders = []identity.OfficerID{"QT-C06-0001", "QT-C06-0002"}

// provinces are those in which samples are filed.
var provinces = []identity.ProvinceCode{"001", "048", "066", "079"}

// Officers lists everyone, founders first.
func Officers() []identity.Officer {
	center := func(badge identity.OfficerID, roles ...identity.Role) identity.Officer {
		return identity.Officer{Badge: badge, Unit: identity.UnitCenter, Roles: roles}
	}
	list := []identity.Officer{
		center(Founders[0], identity.Administrator),
		center(Founders[1], identity.Administrator),
		center("KH-C06-0001", identity.Keys),
		center("KH-C06-0002", identity.Keys),
		center("KT-C06-0001", identity.Auditor),
		center("GD-C06-0003", identity.Adjudicating),
		center("SX-C06-0001", identity.Production, identity.Dispatching, identity.Stock),
		center("SX-C06-0002", identity.Production, identity.Dispatching, identity.Stock),
		center("TK-C06-0001", identity.Stock),
		center("TK-C06-0002", identity.Stock),
		center("BC-VNPOST-0001", identity.AtCounter, identity.Dispatching),
	}
	for _, p := range provinces {
		for _, number := range []int{2, 7, 12} {
			list = append(list, identity.Officer{
				Badge: identity.OfficerID(fmt.Sprintf("CB-%s-%04d", p, number)), Unit: identity.Unit(p), Roles: []identity.Role{identity.Enrolling, identity.AtCounter},
			})
		}
		for number := range 2 {
			list = append(list, identity.Officer{
				Badge: identity.OfficerID(fmt.Sprintf("PD-%s-%04d", p, number+1)), Unit: identity.Unit(p), Roles: []identity.Role{identity.Approving, identity.Resolving},
			})
		}
	}
	return list
}

// Keys gives each officer a key, the same for the same seed.
type Keys struct{ seed [sha256.Size]byte }

// NewKeys draws keys that nobody else has.
func NewKeys() Keys {
	var k Keys
	_, _ = rand.Read(k.seed[:]) // never fails
	return k
}

// Known are the keys of tests, which everybody can know.
func Known() Keys { return Keys{sha256.Sum256([]byte("known to everybody"))} }

// Of gives an officer's key.
func (k Keys) Of(badge identity.OfficerID) ed25519.PrivateKey {
	seed := sha256.Sum256(append(k.seed[:], badge...))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Found registers everyone in an office that is made for a bench or the like, as its
// founders, under keys that nobody else has. It needs the rights of the schema's owner.
func Found(ctx context.Context, owner string) (Keys, error) {
	keys := NewKeys()
	founders, err := keys.Founding(Officers()...)
	if err == nil {
		err = registry.Found(ctx, owner, founders)
	}
	return keys, err
}

// Founding gives officers with their keys to [registry.Found].
func (k Keys) Founding(officers ...identity.Officer) ([]registry.Founder, error) {
	list := make([]registry.Founder, len(officers))
	for i, o := range officers {
		key, err := x509.MarshalPKIXPublicKey(k.Of(o.Badge).Public())
		if err != nil {
			return nil, fmt.Errorf("give officer %s a key: %w", o.Badge, err)
		}
		list[i] = registry.Founder{Officer: o, Key: key}
	}
	return list, nil
}

// State makes the statement of an act, signed by all who do it. Without an identifier it
// draws one.
func (k Keys) State(act identity.Act, subject, id string) (statement.Signed, error) {
	return k.StateAt(time.Now(), act, subject, id) //nolint:forbidigo // a client's clock; the office compares it with its own
}

// StateAt is State at another time than now.
func (k Keys) StateAt(at time.Time, act identity.Act, subject, id string) (statement.Signed, error) {
	if id == "" {
		id = statement.NewID()
	}
	s, err := statement.New(act, subject, id, at.Add(max(30*time.Minute, statement.ValidFor(act.ActName()))))
	if err != nil {
		return statement.Signed{}, err
	}
	for _, badge := range act.By() {
		if err := s.Sign(badge, k.Of(badge)); err != nil {
			return statement.Signed{}, err
		}
	}
	return s, nil
}
