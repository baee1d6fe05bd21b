package keys_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/aead/cmac"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/keys"
)

// protectionKey is that of the key blocks of an HSM below.
var protectionKey = strings.Repeat("41", 32)

// Key blocks of a payShield 10k, an HSM that makers of cards use, with the key check values that it
// shows; openemv/tr31 (test/tr31_decrypt_test.c) has them, too.
const (
	tripleDESBlock = "D0112B0TN00N000037DB9B046B7B0048785690759580ABC3B9842AB4BB7717B49E92528E575785D8123559376A2553B27BE94F054F4E971C"
	aes256Block    = "D0144D0AN00N0000127862F945C2DED04530FAF7CDBC8B0BA10C7AA79BD5E0C2C5D6AC173BF588E4B19ACF1357178D50EA0AB193228E13958304FC6149632DFDCADF3A5B3D57E814"
	aes256Key      = "be19e6a07a760f10ef8e83a226b63aad141f463fddd4f47db244b4023ec3cacc"
)

// What an HSM has sent is taken in for what it is.
func TestOpenBlock_OfAnHSM(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		block, key, check string
		by                identity.Diversification
	}{
		"3DES":    {tripleDESBlock, "1fa1f7cec798d91545da8ae0c7796bd9", "ff5087", identity.ByEMV},
		"AES-256": {aes256Block, aes256Key, "0a00e3", identity.Undivided},
	} {
		under := unhex(t, protectionKey)

		w, err := keys.OpenBlock(tt.block, tt.by, under, unhex(t, tt.check))

		require.NoError(t, err, name)
		require.Equal(t, wrap(t, under, unhex(t, tt.key)), w.Key, name)
		s, err := keys.OpenFile(t.TempDir(), false)
		require.NoError(t, err)
		require.NoError(t, s.Import("transport", tt.by, w), name)
		if tt.by == identity.Undivided {
			set, err := s.CardKeys("transport", described(tt.by, 256), nil)
			require.NoError(t, err)
			require.Equal(t, tt.key, hex.EncodeToString(set.DEK))
		}
	}
}

// The worked example of TR-31:2018, A.7.4, is of a key for PINs, and so no chip's; with another
// use in its header it is not what was protected.
func TestOpenBlock_AKeyIsBoundToItsUse(t *testing.T) {
	t.Parallel()
	const block = "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34"
	under, check := unhex(t, "88e1ab2a2e3dd38c1fa039a536500cc8a87ab9d62dc92c01058fa79f44657de6"), unhex(t, "08793e")

	_, err := keys.OpenBlock(block, identity.BySP800108, under, check)
	require.ErrorIs(t, err, keys.ErrBlock)
	require.ErrorContains(t, err, "another use, P0")
	_, err = keys.OpenBlock(strings.Replace(block, "P0", "B3", 1), identity.BySP800108, under, check)
	require.ErrorIs(t, err, keys.ErrWrapped)
	require.Equal(t, block, protect(t, "D0112P0AE00E0000", under, unhex(t, "3f419e1cb7079442aa37474c2efbf8b8"), unhex(t, "1c2965473ce206bb855b01533782")))
}

// protect makes a key block as its sender does; the worked example of TR-31 is one of these.
func protect(t *testing.T, header string, under, key, padding []byte) string {
	t.Helper()
	sum := func(key, message []byte) []byte {
		c, err := aes.NewCipher(key)
		require.NoError(t, err)
		mac, err := cmac.Sum(message, c, aes.BlockSize)
		require.NoError(t, err)
		return mac
	}
	algorithm := map[int]byte{16: 2, 24: 3, 32: 4}[len(under)]
	derived := func(purpose byte) (key []byte) {
		for counter := byte(1); counter <= 2; counter++ {
			key = append(key, sum(under, []byte{counter, 0, purpose, 0, 0, algorithm, byte(len(under) >> 5), byte(len(under) << 3)})...)
		}
		return key[:len(under)]
	}
	plain := append(append([]byte{byte(len(key) >> 5), byte(len(key) << 3)}, key...), padding...)
	code := sum(derived(1), append([]byte(header), plain...))
	c, err := aes.NewCipher(derived(0))
	require.NoError(t, err)
	cipher.NewCBCEncrypter(c, code).CryptBlocks(plain, plain)
	return header + strings.ToUpper(hex.EncodeToString(plain)+hex.EncodeToString(code))
}

// Blocks of every length of key-encryption key, with optional blocks of both forms, are opened.
func TestOpenBlock_EveryForm(t *testing.T) {
	t.Parallel()
	key := unhex(t, aes256Key)
	for _, size := range []int{16, 24, 32} {
		for optional, count := range map[string]int{
			"": 0,
			"KC0C000A00E3PB14" + strings.Repeat("0", 16): 2,
			"1000040020" + strings.Repeat("A", 22):       1, // one of a long form: its length has four digits
		} {
			under := unhex(t, protectionKey)[:size]
			header := fmt.Sprintf("D%04dK0AN00N%02d00", 16+len(optional)+2*(48+16), count) + optional

			w, err := keys.OpenBlock(protect(t, header, under, key, make([]byte, 14)), identity.BySP800108, under, unhex(t, "0a00e3"))

			require.NoError(t, err, header)
			require.Equal(t, wrap(t, under, key), w.Key)
		}
	}
}

// What is no block, was changed, or is of another key is refused, and says why.
func TestOpenBlock_RefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	right, check := unhex(t, protectionKey), unhex(t, "0a00e3")
	for name, tt := range map[string]struct {
		block string
		by    identity.Diversification
		under []byte
		check []byte
		says  string
	}{
		"nothing":               {"", identity.Undivided, right, check, "none of version D"},
		"of version B":          {"B" + aes256Block[1:], identity.Undivided, right, check, "none of version D"},
		"cut":                   {aes256Block[:len(aes256Block)-2], identity.Undivided, right, check, "another length"},
		"of 3DES":               {tripleDESBlock, identity.Undivided, right, check, "a key of algorithm T"},
		"of AES":                {aes256Block, identity.ByEMV, right, check, "a key of algorithm A"},
		"another key":           {aes256Block, identity.Undivided, unhex(t, protectionKey)[:16], check, keys.ErrWrapped.Error()},
		"no key":                {aes256Block, identity.Undivided, []byte{1}, check, "key-encryption key"},
		"another check value":   {aes256Block, identity.Undivided, right, []byte{1, 2, 3}, keys.ErrCheckValue.Error()},
		"no check value":        {aes256Block, identity.Undivided, right, nil, keys.ErrCheckValue.Error()},
		"optional blocks":       {aes256Block[:12] + "99" + aes256Block[14:], identity.Undivided, right, check, "optional blocks"},
		"no digits":             {aes256Block[:len(aes256Block)-1] + "X", identity.Undivided, right, check, "not hexadecimal"},
		"a key of no length":    {protect(t, "D0112K0AN00N0000", right, nil, make([]byte, 30)), identity.Undivided, right, check, "not 0"},
		"a key of eight bytes":  {protect(t, "D0112K0AN00N0000", right, make([]byte, 8), make([]byte, 22)), identity.Undivided, right, check, "not 8"},
		"a changed header":      {strings.Replace(aes256Block, "AN00N", "AX00N", 1), identity.Undivided, right, check, keys.ErrWrapped.Error()},
		"a changed cryptogram":  {strings.Replace(aes256Block, "127862", "127863", 1), identity.Undivided, right, check, keys.ErrWrapped.Error()},
		"a changed code":        {strings.Replace(aes256Block, "57E814", "57E815", 1), identity.Undivided, right, check, keys.ErrWrapped.Error()},
		"more blocks than room": {strings.Replace(aes256Block, "N0000", "N0200", 1), identity.Undivided, right, check, "optional blocks"},
	} {
		_, err := keys.OpenBlock(tt.block, tt.by, tt.under, tt.check)

		require.ErrorContains(t, err, tt.says, name)
		require.NotContains(t, err.Error(), aes256Key[:8], name)
	}
}

func FuzzOpenBlock(f *testing.F) {
	f.Add(aes256Block)
	f.Add(tripleDESBlock)
	f.Add("D0144K0AN00N0200KC0C000A00E3PB140000000000000000" + aes256Block[16:])
	f.Fuzz(func(t *testing.T, block string) {
		w, err := keys.OpenBlock(block, identity.Undivided, unhex(t, protectionKey), unhex(t, "0a00e3"))
		if err == nil && !strings.EqualFold(block, aes256Block) {
			t.Errorf("%q is taken in as %d bytes", block, len(w.Key))
		}
	})
}

// A key check value is one of GlobalPlatform's or one that an HSM shows, and has three bytes.
func TestImport_KnowsTheCheckValuesOfAES(t *testing.T) {
	t.Parallel()
	under := unhex(t, protectionKey)
	for _, key := range []string{aes256Key, "3f419e1cb7079442aa37474c2efbf8b8"} { // the first subkey of CMAC is with and without the reduction
		c, err := aes.NewCipher(unhex(t, key))
		require.NoError(t, err)
		byCMAC, err := cmac.Sum(make([]byte, aes.BlockSize), c, aes.BlockSize)
		require.NoError(t, err)
		for n, value := range [][]byte{kcv(t, identity.Undivided, unhex(t, key)), byCMAC[:3], byCMAC[:2], byCMAC[1:4], {}} {
			s, err := keys.OpenFile(t.TempDir(), false)
			require.NoError(t, err)
			err = s.Import("transport", identity.Undivided, keys.Wrapped{Key: wrap(t, under, unhex(t, key)), Under: under, Check: value})
			if n < 2 {
				require.NoError(t, err, "%s %X", key, value)
			} else {
				require.ErrorIs(t, err, keys.ErrCheckValue, "%s %X", key, value)
			}
		}
	}
}
