package station

import (
	"errors"
	"fmt"

	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// The master keys of chips in the key store, and the version numbers of the key sets
// that are derived from them.
const (
	initialMaster  = "card-transport"
	cardMaster     = "card-master"
	initialVersion = 0x7F
	cardVersion    = 0x01
	keyBits        = 128
)

// ErrNoMaster means a key store without a master key of chips.
var ErrNoMaster = errors.New("the key store has no master key of chips")

// KeySets gives the initial (transport) key set, with which the maker delivers a chip,
// and the key set that the chip is given, both derived from master keys of the store. A
// master key that is missing is made in development; in production it is ErrNoMaster.
func KeySets(store keys.Store, production bool) (initial, card func(chipSerial []byte) (securechannel.KeySet, error), err error) {
	derived := func(master string, version byte) func([]byte) (securechannel.KeySet, error) {
		return func(chipSerial []byte) (securechannel.KeySet, error) {
			return store.CardKeys(master, version, chipSerial, keyBits)
		}
	}
	initial, card = derived(initialMaster, initialVersion), derived(cardMaster, cardVersion)
	if !production {
		return initial, card, errors.Join(store.EnsureMaster(initialMaster), MakeMaster(store))
	}
	for _, keySet := range []func([]byte) (securechannel.KeySet, error){initial, card} {
		if _, err := keySet(make([]byte, globalplatform.SerialSize)); errors.Is(err, keys.ErrNotFound) {
			return nil, nil, fmt.Errorf("%w: %w", ErrNoMaster, err)
		} else if err != nil {
			return nil, nil, err
		}
	}
	return initial, card, nil
}

// MakeMaster makes the master key of the key sets that chips are given, unless there is one.
func MakeMaster(store keys.Store) error { return store.EnsureMaster(cardMaster) }
