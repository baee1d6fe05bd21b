package tlv_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/tlv"
)

func TestEncode_LengthsAreMinimal(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		tag    uint32
		length int
		header string
	}{
		{"Empty", 0x5C, 0, "5c00"},
		{"LongestOfOneByte", 0x30, 127, "307f"},
		{"ShortestOfTwo", 0x30, 128, "308180"},
		{"LongestOfTwo", 0x6D, 255, "6d81ff"},
		{"ShortestOfThree", 0x6D, 256, "6d820100"},
		{"LongestOfThree", 0x7F61, 65535, "7f6182ffff"},
		{"ShortestOfFour", 0x7F61, 65536, "7f6183010000"},
		{"LowNumberInTwoBytes", 0x5F01, 4, "5f0104"},
		{"ThreeByteTag", 0xDF8101, 1, "df810101"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			value := bytes.Repeat([]byte{0xA5}, c.length)

			got := tlv.Encode(c.tag, value)

			require.Equal(t, c.header, hex.EncodeToString(got[:len(got)-c.length]))
			require.Len(t, got, tlv.Size(c.tag, c.length))
			node, err := tlv.ParseOnly(got, c.tag)
			require.NoError(t, err)
			require.Equal(t, value, node.Value)
			require.Equal(t, got, node.Raw)
		})
	}
}

func TestEncode_PartsAreJoined(t *testing.T) {
	t.Parallel()

	got := tlv.Encode(0x31, []byte{1}, nil, []byte{2, 3})

	require.Equal(t, []byte{0x31, 3, 1, 2, 3}, got)
}

func TestEncode_PanicsOnAnInvalidTag(t *testing.T) {
	t.Parallel()
	for _, tag := range []uint32{0, 0x1F, 0x3001, 0x5F80, 0x5F8001} {
		require.Panics(t, func() { tlv.Encode(tag) }, "%X", tag)
	}
}

func TestParse_RefusesWithTheReason(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, input string
		want        error
	}{
		{"Nothing", "", tlv.ErrTruncated},
		{"TagAlone", "61", tlv.ErrTruncated},
		{"HalfATag", "5f", tlv.ErrTruncated},
		{"EndOfContents", "0000", tlv.ErrTag},
		{"TagOfFiveBytes", "7f8182838401aa", tlv.ErrTag},
		{"TagWithLeadingZeros", "5f800100", tlv.ErrTag},
		{"IndefiniteLength", "30800000", tlv.ErrLength},
		{"LengthOfFourBytes", "308400000001aa", tlv.ErrLength},
		{"HalfALength", "308201", tlv.ErrTruncated},
		{"ValueCutShort", "3003aabb", tlv.ErrTruncated},
		{"SixteenMegabytesAnnounced", "3083ffffff00", tlv.ErrTruncated},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			input, err := hex.DecodeString(c.input)
			require.NoError(t, err)

			_, _, err = tlv.Parse(input)

			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestParse_ReadsLengthsThatAreNotMinimal(t *testing.T) {
	t.Parallel()

	node, rest, err := tlv.Parse([]byte{0x30, 0x82, 0, 1, 0xAA, 0xBB})

	require.NoError(t, err)
	require.Equal(t, []byte{0xAA}, node.Value)
	require.Equal(t, []byte{0xBB}, rest)
}

func TestFind_FollowsAPath(t *testing.T) {
	t.Parallel()
	dg2 := tlv.Encode(0x75, tlv.Encode(0x7F61,
		tlv.Encode(0x02, []byte{1}),
		tlv.Encode(0x7F60, tlv.Encode(0xA1), tlv.Encode(0x5F2E, []byte("FAC")))))

	found, err := tlv.Find(dg2, 0x75, 0x7F61, 0x7F60, 0x5F2E)

	require.NoError(t, err)
	require.Equal(t, []byte("FAC"), found.Value)
	require.False(t, found.Constructed())
	_, err = tlv.Find(dg2, 0x75, 0x7F61, 0x7F2E)
	require.ErrorIs(t, err, tlv.ErrNotFound)
}

func TestHeader_NeedsOnlyTheFirstBytesOfAFile(t *testing.T) {
	t.Parallel()

	tag, size, length, err := tlv.Header([]byte{0x6D, 0x82, 0x01, 0x95})

	require.NoError(t, err)
	require.Equal(t, uint32(0x6D), tag)
	require.Equal(t, 409, size+length)
}

func TestChildren_AreBounded(t *testing.T) {
	t.Parallel()

	_, err := tlv.ParseAll(bytes.Repeat([]byte{0x02, 0x00}, 5000))

	require.ErrorIs(t, err, tlv.ErrTooMany)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0x61, 0x5D, 0x5F, 0x1F, 0x5A})
	f.Add(tlv.Encode(0x30, tlv.Encode(0x02, []byte{1}), tlv.Encode(0x5F1F, make([]byte, 200))))
	f.Fuzz(func(t *testing.T, b []byte) {
		node, rest, err := tlv.Parse(b)
		if err != nil {
			return
		}
		require.Equal(t, b, append(bytes.Clone(node.Raw), rest...))
		again, err := tlv.ParseOnly(tlv.Encode(node.Tag, node.Value), node.Tag)
		require.NoError(t, err)
		require.Equal(t, node.Value, again.Value)
		children, err := node.Children()
		if err != nil {
			return
		}
		total := 0
		for _, child := range children {
			total += len(child.Raw)
		}
		require.Equal(t, len(node.Value), total)
	})
}
