package station

import (
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

// KeySets gives the initial (transport) key set, with which the maker delivers a chip,
// and the key set that the chip is given, both derived from master keys of the store.
// A master key that is missing is made.
func KeySets(store keys.Store) (initial, card func(chipSerial []byte) (securechannel.KeySet, error), err error) {
	for _, master := range []string{initialMaster, cardMaster} {
		if err := store.EnsureMaster(master); err != nil {
			return nil, nil, err
		}
	}
	derived := func(master string, version byte) func([]byte) (securechannel.KeySet, error) {
		return func(chipSerial []byte) (securechannel.KeySet, error) {
			return store.CardKeys(master, version, chipSerial, keyBits)
		}
	}
	return derived(initialMaster, initialVersion), derived(cardMaster, cardVersion), nil
}
