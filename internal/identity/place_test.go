package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestProvinceCodes(t *testing.T) {
	t.Parallel()
	before, after := identity.ProvinceCodes(day(t, "2025-06-30")), identity.ProvinceCodes(day(t, "2025-07-01"))

	require.Len(t, before, 63)
	require.Len(t, after, 34)
	require.Subset(t, before, after, "the codes of the 34 are among the 63")
	require.IsIncreasing(t, before)
	require.IsIncreasing(t, after)
}

// Seven codes changed their owner with the merger of 2025.
func TestProvinceOn_SevenCodesChangedHands(t *testing.T) {
	t.Parallel()
	for code, names := range map[identity.ProvinceCode][2]string{
		"015": {"Yên Bái", "Lào Cai"},
		"024": {"Bắc Giang", "Bắc Ninh"},
		"044": {"Quảng Bình", "Quảng Trị"},
		"052": {"Bình Định", "Gia Lai"},
		"080": {"Long An", "Tây Ninh"},
		"082": {"Tiền Giang", "Đồng Tháp"},
		"091": {"Kiên Giang", "An Giang"},
	} {
		before, ok := identity.ProvinceOn(code, day(t, "2025-06-30"))
		require.True(t, ok)
		after, ok := identity.ProvinceOn(code, day(t, "2025-07-01"))
		require.True(t, ok)
		require.Equal(t, names[0], before)
		require.Equal(t, names[1], after)
	}

	changed := 0
	for _, code := range identity.ProvinceCodes(day(t, "2025-07-01")) {
		before, _ := identity.ProvinceOn(code, day(t, "2024-12-31"))
		after, _ := identity.ProvinceOn(code, day(t, "2025-07-01"))
		if before != after && code != "046" { // Thừa Thiên Huế was renamed Huế, no more
			changed++
		}
	}
	require.Equal(t, 7, changed)
}

func TestProvinceOn_CodesNoLongerInUse(t *testing.T) {
	t.Parallel()
	_, ok := identity.ProvinceOn("002", day(t, "2025-07-01"))
	require.False(t, ok)
	_, ok = identity.ProvinceOn("003", day(t, "2020-07-01"))
	require.False(t, ok)
}

func TestAbroad(t *testing.T) {
	t.Parallel()
	for code, want := range map[identity.ProvinceCode]bool{
		"100": true, "999": true, "099": false, "001": false, "": false, "1000": false, "1x0": false,
	} {
		require.Equal(t, want, code.Abroad(), "%q", code)
	}
}
