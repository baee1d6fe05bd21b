package chip_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/lds"
)

// image has every part.
func image() *chip.Image {
	return &chip.Image{
		Files: lds.Files{
			lds.COM: {0x60, 0}, lds.CardAccess: {0x31, 0}, lds.DG1: {0x61, 2, '0', '1'}, lds.DG16: {0x70, 0}, lds.SOD: {0x77, 0},
		},
		MRZInformation: "199999990299123152412311", CAN: "999990",
		CAPrivate: []byte("one key"), AAPrivate: []byte("another"),
		Profile: lds.ProfileNIST, Serial: "0123456789ABCDEF",
		Applications: []string{"digital-signature", "health-insurance"}, TransportPIN: "271828",
	}
}

func TestImage_ComesBackWhole(t *testing.T) {
	t.Parallel()
	made := image()

	b, err := made.MarshalBinary()
	require.NoError(t, err)
	var read chip.Image
	require.NoError(t, read.UnmarshalBinary(b))

	require.Equal(t, *made, read)
	require.NotContains(t, made.String(), "199999990")
}

// An image is tagged: each part goes by its name, and what a card does not have
// takes no place.
func TestImage_PartsAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	for ef := range image().Files {
		made := image()
		delete(made.Files, ef)

		b, err := made.MarshalBinary()
		require.NoError(t, err)
		var read chip.Image
		require.NoError(t, read.UnmarshalBinary(b))

		require.Equal(t, *made, read)
		require.NotContains(t, string(b), string(ef)+"\x00")
	}
}

func TestImage_RefusesWhatIsNotAnImage(t *testing.T) {
	t.Parallel()
	b, err := image().MarshalBinary()
	require.NoError(t, err)
	begins := func(parts byte) string { return "CCIM\x02" + string(rune(parts)) }
	part := func(name, content string) string {
		return string(rune(len(name))) + name + string([]byte{0, 0, 0, byte(len(content))}) + content
	}
	for name, tt := range map[string]struct{ b, says string }{
		"nothing":               {"", "does not begin"},
		"something else":        {"CCIX\x02\x00", "does not begin"},
		"another version":       {"CCIM\x09\x00", "version 9"},
		"cut short":             {string(b[:len(b)-1]), "cut short"},
		"something behind":      {string(b) + "\x00", "1 bytes follow"},
		"an empty part":         {begins(1) + part("can", ""), "cut short"},
		"an unknown part":       {begins(1) + part("EF.DG17", "x"), "unknown part"},
		"the same part twice":   {begins(2) + part("can", "1") + part("can", "2"), "out of order"},
		"parts in wrong order":  {begins(2) + part("can", "1") + part("EF.COM", "x"), "out of order"},
		"more than a chip does": {begins(0) + string(make([]byte, 1<<20)), "does not begin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var read chip.Image

			err := read.UnmarshalBinary([]byte(tt.b))

			require.ErrorIs(t, err, chip.ErrImage)
			require.ErrorContains(t, err, tt.says)
			require.Equal(t, chip.Image{}, read)
		})
	}
	for i := range b {
		var read chip.Image
		require.ErrorIs(t, read.UnmarshalBinary(b[:i]), chip.ErrImage)
	}
}

func FuzzImage(f *testing.F) {
	for _, i := range []*chip.Image{{}, image()} {
		b, err := i.MarshalBinary()
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var read chip.Image
		if read.UnmarshalBinary(b) != nil {
			return
		}
		again, err := read.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}
