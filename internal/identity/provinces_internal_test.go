package identity

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What every old province became is one of the 34, and each of the 34 has come
// from at least one.
func TestProvinces_AreMergedIntoThe34(t *testing.T) {
	t.Parallel()
	became := make(map[ProvinceCode]bool)
	for _, code := range ProvinceCodes(lastOf63) {
		next := code.successor(firstOf34)
		require.True(t, next.stands(firstOf34), "%s", code)
		became[next] = true
	}
	require.Len(t, became, 34)
}

// At every instant a code stands for one province, and none ends before it begins.
func TestProvinces_FollowEachOther(t *testing.T) {
	t.Parallel()
	for i, p := range provinces {
		require.True(t, p.To.IsZero() || p.From.Compare(p.To) < 0, "%s", p.Code)
		for _, q := range provinces[:i] {
			if p.Code == q.Code {
				require.True(t, !q.To.IsZero() && q.To.Compare(p.From) < 0, "%s", p.Code)
			}
		}
	}
}

func TestProvinces_CitiesUnderCentralRule(t *testing.T) {
	t.Parallel()
	for day, want := range map[Date]int{{2024, 12, 31}: 5, {2025, 1, 1}: 6, {2026, 4, 29}: 6, {2026, 4, 30}: 7} {
		cities := 0
		for _, p := range provinces {
			if p.City && p.stands(day) {
				cities++
			}
		}
		require.Equal(t, want, cities, "%v", day)
	}
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
