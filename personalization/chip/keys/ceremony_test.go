package keys_test

import (
	"bytes"
	"crypto/aes"
	"crypto/des"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/aead/cmac"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/securechannel"
)

func described(by identity.Diversification, bits int) identity.ChipKey {
	return identity.ChipKey{Use: identity.TransportUse, Version: 0x30, Bits: bits, Diversification: by}
}

// wrap is the AES key wrap of RFC 3394, 2.2.1, as a maker does it.
func wrap(t *testing.T, under, key []byte) []byte {
	t.Helper()
	c, err := aes.NewCipher(under)
	require.NoError(t, err)
	out := append(bytes.Repeat([]byte{0xA6}, 8), key...)
	n := len(key) / 8
	for j := range 6 {
		for i := 1; i <= n; i++ {
			block := append(bytes.Clone(out[:8]), out[8*i:8*i+8]...)
			c.Encrypt(block, block)
			binary.BigEndian.PutUint64(out, binary.BigEndian.Uint64(block)^uint64(n*j+i))
			copy(out[8*i:], block[8:])
		}
	}
	return out
}

// kcv is a key check value as GlobalPlatform has it, by other code than the product's.
func kcv(t *testing.T, by identity.Diversification, key []byte) []byte {
	t.Helper()
	if by == identity.ByEMV {
		c, err := des.NewTripleDESCipher(append(bytes.Clone(key), key[:24-len(key)]...))
		require.NoError(t, err)
		block := make([]byte, 8)
		c.Encrypt(block, block)
		return block[:3]
	}
	value, err := securechannel.CheckValue(key)
	require.NoError(t, err)
	return value
}

// checkCeremony checks that a store takes in makers' keys, whole and once.
func checkCeremony(t *testing.T, s keys.Store) {
	t.Helper()
	under := bytes.Repeat([]byte{0x5A}, 32)
	for by, size := range map[identity.Diversification]int{identity.BySP800108: 32, identity.ByEMV: 16, identity.Undivided: 16} {
		label := "transport-" + string(by)
		key := unhex(t, "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f")[:size]
		k := keys.Wrapped{Key: wrap(t, under, key), Under: under, Check: kcv(t, by, key)}
		for name, change := range map[string]func(w *keys.Wrapped){
			"another check value":           func(w *keys.Wrapped) { w.Check = []byte{1, 2, 3} },
			"another key-encryption key":    func(w *keys.Wrapped) { w.Under = bytes.Repeat([]byte{0x5B}, 32) },
			"a changed byte":                func(w *keys.Wrapped) { w.Key = bytes.Clone(w.Key); w.Key[9] ^= 1 },
			"a cut one":                     func(w *keys.Wrapped) { w.Key = w.Key[:16] },
			"nothing":                       func(w *keys.Wrapped) { w.Key = nil },
			"a key-encryption key of a bit": func(w *keys.Wrapped) { w.Under = []byte{1} },
			"a key of zeros": func(w *keys.Wrapped) {
				w.Key, w.Check = wrap(t, under, make([]byte, size)), kcv(t, by, make([]byte, size))
			},
		} {
			wrong := k
			change(&wrong)
			require.Error(t, s.Import(label, by, wrong), "%s, %s", by, name)
			_, err := s.CardKeys(label, described(by, 128), make([]byte, 10))
			require.ErrorIs(t, err, keys.ErrNotFound, "%s, %s", by, name)
		}

		require.NoError(t, s.Import(label, by, k), by)
		require.NoError(t, s.Import(label, by, k), "%s: the same again", by)
		if by != identity.ByEMV { // as an HSM shows it
			c, err := aes.NewCipher(key)
			require.NoError(t, err)
			k.Check, err = cmac.Sum(make([]byte, aes.BlockSize), c, aes.BlockSize)
			require.NoError(t, err)
			k.Check = k.Check[:3]
			require.NoError(t, s.Import(label, by, k), "%s: the same again", by)
		}

		other := unhex(t, "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f")[:size]
		require.ErrorIs(t, s.Import(label, by, keys.Wrapped{Key: wrap(t, under, other), Under: under, Check: kcv(t, by, other)}), keys.ErrExists, by)
		one, err := s.CardKeys(label, described(by, 128), unhex(t, "47905163000102030405"))
		require.NoError(t, err, by)
		require.NoError(t, one.Check())
		two, err := s.CardKeys(label, described(by, 128), unhex(t, "47905163000102030406"))
		require.NoError(t, err)
		switch by {
		case identity.Undivided:
			require.Equal(t, key, one.DEK)
			require.Equal(t, one, two)
		case identity.ByEMV: // by openssl enc -des-ede-ecb -nopad, of 000102030405F0010001020304050F01
			require.Equal(t, "033d07952b50c3e84dd03776366757fe", hex.EncodeToString(one.ENC))
			require.NotEqual(t, one.ENC, two.ENC)
			require.NotEqual(t, one.ENC, one.MAC)
		case identity.BySP800108:
			require.NotEqual(t, one.ENC, two.ENC)
		}
		require.Equal(t, byte(0x30), one.Version)
	}
}

// The worked examples of RFC 3394, 4.1, 4.4 and 4.6: a store takes them for what they are.
func TestImport_WorkedExamplesOfRFC3394(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ under, key, wrapped string }{
		{"000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"},
		{"000102030405060708090a0b0c0d0e0f1011121314151617", "00112233445566778899aabbccddeeff0001020304050607", "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"},
		{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"},
	} {
		s, err := keys.OpenFile(t.TempDir(), false)
		require.NoError(t, err)
		key := unhex(t, c.key)

		require.NoError(t, s.Import("transport", identity.Undivided, keys.Wrapped{Key: unhex(t, c.wrapped), Under: unhex(t, c.under), Check: kcv(t, identity.Undivided, key)}))

		set, err := s.CardKeys("transport", described(identity.Undivided, 8*len(key)), nil)
		require.NoError(t, err)
		require.Equal(t, key, set.ENC)
		require.Equal(t, unhex(t, c.wrapped), wrap(t, unhex(t, c.under), key))
	}
}

// 3DES of parts that are the same is DES, whatever their parity bits are.
func TestImport_RefusesDESForTripleDES(t *testing.T) {
	t.Parallel()
	s, err := keys.OpenFile(t.TempDir(), false)
	require.NoError(t, err)
	under := bytes.Repeat([]byte{0x5A}, 32)
	for _, key := range []string{"10203040506070801020304050607080", "10203040506070801121314151617181", "102030405060708031415161718191a131415161718191a1"} {
		k := keys.Wrapped{Key: wrap(t, under, unhex(t, key)), Under: under, Check: kcv(t, identity.ByEMV, unhex(t, key))}

		require.ErrorIs(t, s.Import("transport", identity.ByEMV, k), keys.ErrWeak)
	}
}

func TestCombine_NeedsEveryCustodian(t *testing.T) {
	t.Parallel()
	component := func(b byte, size int) keys.Component {
		value := bytes.Repeat([]byte{b}, size)
		return keys.Component{Value: value, Check: kcv(t, identity.BySP800108, value)}
	}
	one, two := component(0x31, 32), component(0x5C, 32)
	both := component(0x31^0x5C, 32)

	key, err := keys.Combine(one, two)

	require.NoError(t, err)
	want := make([]byte, 32)
	subtle.XORBytes(want, one.Value, two.Value)
	require.Equal(t, want, key)
	for name, list := range map[string][]keys.Component{
		"one custodian": {one}, "nobody": {}, "the same twice": {one, one}, "of two lengths": {one, component(0x5C, 16)}, "no key": {component(1, 16), {Value: []byte{1}, Check: []byte{1, 2, 3}}},
		"who knows all of it": {one, component(0, 32)}, "everybody knows it": {one, two, both}, "the others cancel": {component(1, 32), one, two, both},
	} {
		_, err := keys.Combine(list...)
		require.ErrorIs(t, err, keys.ErrComponents, name)
	}
	mistyped := two
	mistyped.Value = append([]byte{0x5D}, two.Value[1:]...)
	_, err = keys.Combine(one, mistyped)
	require.ErrorIs(t, err, keys.ErrCheckValue)
	require.ErrorContains(t, err, "component 2")
	for _, hidden := range []string{fmt.Sprintf("%v %+v %#v", one, one, one), fmt.Sprintf("%v %#v", keys.Wrapped{Under: key}, keys.Wrapped{Under: key})} {
		require.NotContains(t, hidden, "49")
		require.NotContains(t, hidden, "0x31")
	}
}
