package keys

import (
	"fmt"

	"example.org/cancuoc/personalization/chip/securechannel"
)

// The purposes in the labels of a chip's keys: the identifiers that GlobalPlatform
// gives the keys of a key set.
const (
	purposeENC = 1
	purposeMAC = 2
	purposeDEK = 3
)

// DeriveCardKeys derives the key set of the chip with that serial, under a key
// version number: keys of 128 or 256 bits by [securechannel.Derive], the label
// that of Amendment D with the key's identifier, the context the serial, which
// has 1 to 32 bytes.
func DeriveCardKeys(prf securechannel.PRF, version byte, serial []byte, bits int) (securechannel.KeySet, error) {
	if bits != 128 && bits != 256 {
		return securechannel.KeySet{}, fmt.Errorf("card keys have 128 or 256 bits, not %d", bits)
	}
	if len(serial) == 0 || len(serial) > 32 {
		return securechannel.KeySet{}, fmt.Errorf("a chip's serial has 1 to 32 bytes, not %d", len(serial))
	}
	k := securechannel.KeySet{Version: version}
	for _, key := range []struct {
		purpose byte
		to      *[]byte
	}{{purposeENC, &k.ENC}, {purposeMAC, &k.MAC}, {purposeDEK, &k.DEK}} {
		derived, err := securechannel.Derive(prf, securechannel.Label(key.purpose), serial, bits)
		if err != nil {
			return securechannel.KeySet{}, err
		}
		*key.to = derived
	}
	return k, nil
}
