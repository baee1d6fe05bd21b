package identity

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What every old province became is one of the 34, and each of the 34 has come
// from at least one.
func TestProvinces_AreMergedIntoThe34(t *testing.T) {
	t.Parallel()
	parts := make(map[ProvinceCode]int)
	for code, p := range provinces {
		require.Contains(t, provinces2025, p.Merged, "%s", code)
		require.NotEmpty(t, p.Name)
		parts[p.Merged]++
	}
	require.Len(t, parts, 34)
	cities := 0
	for _, p := range provinces {
		if p.City {
			cities++
		}
	}
	require.Equal(t, 5, cities, "until Huế")
}

func TestVietnameseLetters(t *testing.T) {
	t.Parallel()
	const alphabet = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ" +
		"AÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬEÈẺẼÉẸÊỀỂỄẾỆIÌỈĨÍỊOÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢUÙỦŨÚỤƯỪỬỮỨỰYỲỶỸÝỴĐ"
	n := 0
	for _, r := range alphabet {
		require.True(t, letter(r), "%c", r)
		if r > 'z' {
			n++
		}
	}
	require.Equal(t, 134, n)

	n = 0
	for r := rune(0x80); r <= 0xFFFF; r++ {
		if letter(r) {
			n++
		}
	}
	require.Equal(t, 134+14, n, "the accented letters, and Ĕ Ĭ Ŏ Ŭ Č Ñ Ƀ in both cases; nothing else")
}
