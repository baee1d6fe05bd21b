package station_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/chip/tlv"
)

// buildDG11 makes EF.DG11, which these cards do not have: the holder's full name
// and personal number (9303-10, 4.7.11).
func buildDG11(in *lds.Input, _ lds.Files) ([]byte, error) {
	return tlv.Encode(0x6B,
		tlv.Encode(0x5C, []byte{0x5F, 0x0E, 0x5F, 0x10}),
		tlv.Encode(0x5F0E, []byte(in.Card.Person.Name.Text)),
		tlv.Encode(0x5F10, []byte(in.Card.Person.Number))), nil
}

// To add a data group is to give its row a builder. From there on it is signed,
// stored, written by each way of personalization, and read back.
func TestPersonalize_ADataGroupIsARowAndABuilder(t *testing.T) {
	t.Parallel()
	profile := lds.Profiles()[0]
	profile.Table = lds.Table()
	row := slices.IndexFunc(profile.Table, func(r lds.Row) bool { return r.EF == lds.DG11 })
	profile.Table[row].Build = buildDG11

	for _, way := range []string{"store-data", "update-binary"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			i := prepared(t, profile)
			built := i.image.Files[lds.DG11]
			require.NotEmpty(t, built)
			com, err := lds.ParseCOM(i.image.Files[lds.COM])
			require.NoError(t, err)
			require.Equal(t, []int{1, 2, 11, 13, 14, 15}, com.DataGroups)
			object, err := sod.Parse(i.image.Files[lds.SOD])
			require.NoError(t, err)
			require.Equal(t, com.DataGroups, object.DataGroups())
			stored, err := i.image.MarshalBinary()
			require.NoError(t, err)
			var image chip.Image
			require.NoError(t, image.UnmarshalBinary(stored))
			require.Equal(t, *i.image, image)
			c := newCenter(t)
			c.Profile = way

			_, err = c.Personalize(t.Context(), "B-1", &image)

			require.NoError(t, err)
			session, err := c.Encoder.Open(t.Context(), "B-1")
			require.NoError(t, err)
			access := chipinspection.Access{CAN: image.CAN}
			i.expect.Files = image.Files
			result, err := chipinspection.Inspect(t.Context(), session, access, i.expect, i.trust, i.at)
			require.NoError(t, err)
			require.Empty(t, result.Failures())
			require.Empty(t, result.Findings)
			reading, err := chipinspection.Read(t.Context(), session, access, chipinspection.Options{})
			require.NoError(t, err)
			require.NoError(t, session.Close())
			require.Equal(t, built, reading.Files[lds.DG11])

			reading.Files[lds.DG11] = append(slices.Clone(built[:len(built)-1]), 'X')
			require.Equal(t, []string{"Data group hashes: DG11: the data group was changed after the card was signed"},
				chipinspection.Verify(reading, i.trust, i.at).Failures())
		})
	}
}
