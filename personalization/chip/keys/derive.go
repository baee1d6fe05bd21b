package keys

import (
	"fmt"
	"slices"

	"example.org/cancuoc/internal/identity"
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

// secret is what a master key does, wherever it is: its store computes AES-CMAC, encrypts
// blocks of 3DES in ECB mode, or gives its value, which only a master key that is not
// diversified needs.
type secret struct {
	mac     securechannel.PRF
	encrypt func(blocks []byte) ([]byte, error)
	value   func() ([]byte, error)
}

// keySet gives the key set of the chip with that serial.
func (s secret) keySet(of identity.ChipKey, serial []byte) (securechannel.KeySet, error) {
	version := byte(of.Version & 0xFF)
	switch of.Diversification {
	case identity.BySP800108:
		return DeriveCardKeys(s.mac, version, serial, of.Bits)
	case identity.ByEMV:
		return s.byEMV(version, serial)
	case identity.Undivided:
		key, err := s.value()
		if err != nil {
			return securechannel.KeySet{}, err
		}
		if len(key) != of.Bits/8 {
			return securechannel.KeySet{}, fmt.Errorf("the master key has %d bytes, and its description says %d bits", len(key), of.Bits)
		}
		return securechannel.KeySet{Version: version, ENC: key, MAC: slices.Clone(key), DEK: slices.Clone(key)}, nil
	}
	return securechannel.KeySet{}, fmt.Errorf("there is no diversification %q", of.Diversification)
}

// byEMV derives as the EMV Card Personalization Specification says (1.1, 4.1): each key is the
// 3DES encryption of the last six bytes of the chip's serial, F0 and the key's number, and the
// same with 0F. The sixteen bytes are taken as an AES key.
func (s secret) byEMV(version byte, serial []byte) (securechannel.KeySet, error) {
	const tail = 6
	if len(serial) < tail {
		return securechannel.KeySet{}, fmt.Errorf("a chip's serial has at least %d bytes, not %d", tail, len(serial))
	}
	last := serial[len(serial)-tail:]
	k := securechannel.KeySet{Version: version}
	for _, key := range []struct {
		purpose byte
		to      *[]byte
	}{{purposeENC, &k.ENC}, {purposeMAC, &k.MAC}, {purposeDEK, &k.DEK}} {
		derived, err := s.encrypt(slices.Concat(last, []byte{0xF0, key.purpose}, last, []byte{0x0F, key.purpose}))
		if err != nil {
			return securechannel.KeySet{}, err
		}
		*key.to = derived
	}
	return k, nil
}
