package station

import (
	"context"
	"errors"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// ErrNoMaster means a key store without a master key of chips.
var ErrNoMaster = errors.New("the key store has no master key of chips")

// Masters are the master keys of chips: in a key store, described by what two officers signed
// when they brought them in or made them.
type Masters struct {
	Store keys.Store
	// Registered are the descriptions; those of the beginning need none. nil: there are no others.
	Registered func(ctx context.Context) ([]identity.ChipKey, error)
	Today      func() identity.Date
}

// The master keys that an office has from its beginning.
var (
	firstTransport = identity.ChipKey{Use: identity.TransportUse, Version: identity.FirstTransportVersion, Bits: 128, Diversification: identity.BySP800108}
	firstCard      = identity.ChipKey{Use: identity.CardUse, Version: identity.FirstCardVersion, Bits: 128, Diversification: identity.BySP800108}
)

// all are the descriptions of all master keys; what is registered stands before what is not.
func (m Masters) all(ctx context.Context) ([]identity.ChipKey, error) {
	list := []identity.ChipKey{firstTransport, firstCard}
	if m.Registered == nil {
		return list, nil
	}
	registered, err := m.Registered(ctx)
	return append(registered, list...), err
}

// of derives the key set of a use and a key version number.
func (m Masters) of(ctx context.Context, use identity.KeyUse, version byte, chipSerial []byte) (securechannel.KeySet, error) {
	list, err := m.all(ctx)
	if err != nil {
		return securechannel.KeySet{}, err
	}
	for _, k := range list {
		if k.Use == use && k.Version == int(version) {
			return m.Store.CardKeys(k.Label(), k, chipSerial)
		}
	}
	return securechannel.KeySet{}, fmt.Errorf("%w: no %s key of version %02X was brought in or made", ErrNoKeys, use, version)
}

// Initial is the key set of a key version number with which a maker delivers a chip. Where the
// office has none of that number, it is an error.
func (m Masters) Initial(ctx context.Context, version byte, chipSerial []byte) (securechannel.KeySet, error) {
	return m.of(ctx, identity.TransportUse, version, chipSerial)
}

// Former is the key set of a key version number that cards were given at some time.
func (m Masters) Former(ctx context.Context, version byte, chipSerial []byte) (securechannel.KeySet, error) {
	return m.of(ctx, identity.CardUse, version, chipSerial)
}

// Card is the key set that cards are given today: of the master key whose day came last.
func (m Masters) Card(ctx context.Context, chipSerial []byte) (securechannel.KeySet, error) {
	list, err := m.all(ctx)
	if err != nil {
		return securechannel.KeySet{}, err
	}
	today, now := m.Today(), firstCard
	for _, k := range list {
		if k.Use == identity.CardUse && k.From.Compare(today) <= 0 && (k.From.Compare(now.From) > 0 || k.From == now.From && k.Version > now.Version) {
			now = k
		}
	}
	return m.Store.CardKeys(now.Label(), now, chipSerial)
}

// Ensure makes the master keys of the beginning that are missing, in development. In production
// nothing secret is made by the way: where no card could be given a key set it is ErrNoMaster.
func (m Masters) Ensure(ctx context.Context, production bool) error {
	if !production {
		return errors.Join(m.Store.EnsureMaster(firstTransport.Label()), m.Store.EnsureMaster(firstCard.Label()))
	}
	list, err := m.all(ctx)
	if err != nil {
		return err
	}
	serial := make([]byte, globalplatform.SerialSize)
	_, missing := m.Card(ctx, serial)
	for _, k := range list {
		if k.Use == identity.TransportUse && missing == nil {
			if _, missing = m.Store.CardKeys(k.Label(), k, serial); missing == nil {
				return nil
			}
		}
	}
	if errors.Is(missing, keys.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNoMaster, missing)
	}
	return missing
}

// MakeMaster makes the master key of cards of a key version number in the store, unless it is
// there, and describes it; it is used from that day on, once officers have signed for it.
func MakeMaster(store keys.Store, version int, from identity.Date) (identity.ChipKey, error) {
	k := identity.ChipKey{Use: identity.CardUse, Version: version, Bits: firstCard.Bits, Diversification: firstCard.Diversification, From: from}
	if err := store.EnsureMaster(k.Label()); err != nil {
		return k, err
	}
	var err error
	k.Check, err = store.CheckValue(k.Label())
	return k, err
}
