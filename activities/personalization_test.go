package activities

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/lds"
)

// A card that was prepared before chips made their keys is written as it was signed: with the
// keys that were made for it.
func TestChipImage_OfACardThatWasPreparedWithKeysHasThem(t *testing.T) {
	t.Parallel()
	stored := func(i chip.Image) []byte {
		b, err := i.MarshalBinary()
		require.NoError(t, err)
		return b
	}
	files := lds.Files{lds.DG1: {0x61, 0}}
	open := stored(chip.Image{Files: files, CAN: "123456"})
	whole := stored(chip.Image{Files: lds.Files{lds.DG1: {0x61, 0}, lds.SOD: {0x77, 0}}, CAN: "123456", CAPrivate: []byte{1}, AAPrivate: []byte{2}})

	once, err := chipImage(registry.Evidence{identity.EvidenceChipKeys: whole})
	require.NoError(t, err)
	now, err := chipImage(registry.Evidence{identity.EvidenceChipImage: open})
	require.NoError(t, err)
	_, err = chipImage(registry.Evidence{})

	require.ErrorIs(t, err, identity.NotFound)
	require.False(t, once.Open())
	require.Equal(t, []byte{1}, once.CAPrivate)
	require.True(t, now.Open())
}
