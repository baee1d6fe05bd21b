package securechannel

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// RFC 4493, section 4: AES-CMAC, the pseudo-random function of the derivation.
func TestAESCMAC_VectorsOfRFC4493(t *testing.T) {
	t.Parallel()
	prf, err := AESCMAC(unhex(t, "2b7e151628aed2a6abf7158809cf4f3c"))
	require.NoError(t, err)
	message := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411")

	for n, want := range map[int]string{
		0:  "bb1d6929e95937287fa37d129b756746",
		16: "070a16b46b4d4144f79bdd9dd04a287c",
		40: "dfa66747de9ae63030ca32611497c827",
	} {
		got, err := prf(message[:n])

		require.NoError(t, err)
		require.Equal(t, want, hex.EncodeToString(got))
	}
}

// The derivation by its definition, step by step, for two lengths.
func TestDerive_IsCounterModeInTheOrderOfAmendmentD(t *testing.T) {
	t.Parallel()
	prf, err := AESCMAC(bytes.Repeat([]byte{0x42}, 32))
	require.NoError(t, err)
	label, context := []byte("label"), []byte("context")
	block := func(bits, i int) []byte {
		input := append([]byte("label\x00"), byte(bits>>8&0xFF), byte(bits&0xFF), byte(i&0xFF))
		b, err := prf(append(input, context...))
		require.NoError(t, err)
		return b
	}

	for bits, blocks := range map[int]int{64: 1, 128: 1, 192: 2, 256: 2, 384: 3} {
		var want []byte
		for i := range blocks {
			want = append(want, block(bits, i+1)...)
		}

		got, err := Derive(prf, label, context, bits)

		require.NoError(t, err)
		require.Equal(t, want[:bits/8], got)
	}
	for _, bits := range []int{0, -8, 7, 255*128 + 8} {
		_, err := Derive(prf, label, context, bits)
		require.Error(t, err)
	}
}
