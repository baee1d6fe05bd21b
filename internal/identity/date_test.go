package identity_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestParseDate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		iso                   string
		display, compact, mrz string
		complete              bool
	}{
		{"1999-12-31", "31/12/1999", "31121999", "991231", true},
		{"2001-02-28", "28/02/2001", "28022001", "010228", true},
		{"2000-02-29", "29/02/2000", "29022000", "000229", true},
		{"1964-02", "02/1964", "00021964", "6402<<", false},
		{"1964", "1964", "00001964", "64<<<<", false},
		{"0001-01-01", "01/01/0001", "01010001", "010101", true},
		{"9999-12-31", "31/12/9999", "31129999", "991231", true},
	} {
		t.Run(tt.iso, func(t *testing.T) {
			t.Parallel()

			d, err := identity.ParseDate(tt.iso)

			require.NoError(t, err)
			require.Equal(t, tt.display, d.Display())
			require.Equal(t, tt.compact, d.Compact())
			require.Equal(t, tt.mrz, d.MRZ())
			require.Equal(t, tt.complete, d.Complete())
			text, err := d.MarshalText()
			require.NoError(t, err)
			require.Equal(t, tt.iso, string(text))
		})
	}
}

func TestParseDate_Refuses(t *testing.T) {
	t.Parallel()
	for iso, says := range map[string]string{
		"":                     "yyyy-mm-dd",
		"31/12/1999":           "yyyy-mm-dd",
		"1999-12-31T00:00:00Z": "yyyy-mm-dd",
		"1999-12-31-01":        "yyyy-mm-dd",
		"1999-1-1":             "yyyy-mm-dd",
		"99-12-31":             "yyyy-mm-dd",
		"1999-+1-01":           "yyyy-mm-dd",
		"1999-01-+1":           "yyyy-mm-dd",
		"+999-01-01":           "yyyy-mm-dd",
		"1999-01-1a":           "yyyy-mm-dd",
		"1999-":                "yyyy-mm-dd",
		"-1999-01-01":          "yyyy-mm-dd",
		"1999 -01-01":          "yyyy-mm-dd",
		"١٩٩٩-٠١-٠١":           "yyyy-mm-dd",
		"0000-01-01":           "year 0000 does not exist",
		"1999-00-01":           "month 00 does not exist",
		"1999-13-01":           "month 13 does not exist",
		"1999-00":              "month 00 does not exist",
		"1999-01-00":           "that month has no day 00",
		"1999-01-32":           "that month has no day 32",
		"1999-04-31":           "that month has no day 31",
		"1999-02-31":           "that month has no day 31",
		"1999-02-29":           "that month has no day 29",
		"1900-02-29":           "that month has no day 29",
		"2100-02-29":           "that month has no day 29",
	} {
		_, err := identity.ParseDate(iso)
		require.ErrorIs(t, err, identity.Invalid, "%q", iso)
		require.ErrorContains(t, err, says, "%q", iso)
	}
}

func TestDate_JSON(t *testing.T) {
	t.Parallel()
	type record struct{ A, B, C, None identity.Date }
	want := record{A: day(t, "1999-12-31"), B: day(t, "1999-12"), C: day(t, "1999")}

	b, err := json.Marshal(want)
	require.NoError(t, err)
	require.JSONEq(t, `{"A":"1999-12-31","B":"1999-12","C":"1999","None":""}`, string(b))
	var got record
	require.NoError(t, json.Unmarshal(b, &got))
	require.Equal(t, want, got)
	require.Error(t, json.Unmarshal([]byte(`{"A":"1999-02-30"}`), &got))
}

func TestDate_Zero(t *testing.T) {
	t.Parallel()
	var none identity.Date
	require.True(t, none.IsZero())
	require.False(t, none.Complete())
	require.Empty(t, none.Display())
}

// The day changes at midnight in Vietnam, which is 17:00 in Greenwich.
func TestDateOf(t *testing.T) {
	t.Parallel()
	require.Equal(t, day(t, "2026-11-23"), identity.DateOf(time.Date(2026, 11, 23, 16, 59, 59, 0, time.UTC)))
	require.Equal(t, day(t, "2026-11-24"), identity.DateOf(time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)))
	require.Equal(t, "2026-11-23T23:59:59+07:00", day(t, "2026-11-23").LastSecond().Format(time.RFC3339))
	require.Equal(t, "2026-11-23T00:00:00+07:00", day(t, "2026-11-23").Midnight().Format(time.RFC3339))
}

func TestDate_Compare(t *testing.T) {
	t.Parallel()
	ascending := []string{"1998", "1998-12-31", "1999", "1999-01", "1999-01-01", "1999-01-02", "1999-02", "1999-12-31", "2000"}
	for i, a := range ascending {
		for j, b := range ascending {
			require.Equal(t, sign(i-j), day(t, a).Compare(day(t, b)), "%s %s", a, b)
		}
	}
}

func sign(n int) int { return min(max(n, -1), 1) }

func TestDate_AddYearsAndDays(t *testing.T) {
	t.Parallel()
	require.Equal(t, day(t, "2025-02-28"), day(t, "2000-02-29").AddYears(25))
	require.Equal(t, day(t, "2040-02-29"), day(t, "2000-02-29").AddYears(40))
	require.Equal(t, day(t, "1998-02-28"), day(t, "2000-02-29").AddYears(-2))
	require.Equal(t, day(t, "2025-01-01"), day(t, "2000-01-01").AddYears(25))
	require.Equal(t, day(t, "2025-02"), day(t, "2000-02").AddYears(25))
	require.Equal(t, day(t, "2024-03-01"), day(t, "2024-02-29").AddDays(1))
	require.Equal(t, day(t, "2023-12-31"), day(t, "2024-01-01").AddDays(-1))
}

func TestDate_AgeOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		birth, on string
		want      int
	}{
		{"2012-11-23", "2026-11-22", 13},
		{"2012-11-23", "2026-11-23", 14},
		{"2012-11-23", "2026-11-24", 14},
		{"2012-11-23", "2012-11-23", 0},
		{"2012-11-23", "2012-11-22", -1},
		{"2012-02-29", "2026-02-27", 13},
		{"2012-02-29", "2026-02-28", 14},
		{"2012-02-29", "2028-02-28", 15},
		{"2012-02-29", "2028-02-29", 16},
		{"2012", "2026-12-30", 13},
		{"2012", "2026-12-31", 14},
		{"2012-02", "2026-02-27", 13},
		{"2012-02", "2026-02-28", 14},
		{"2012-12", "2026-12-31", 14},
	} {
		require.Equal(t, tt.want, day(t, tt.birth).AgeOn(day(t, tt.on)), "born %s on %s", tt.birth, tt.on)
	}
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"1999-12-31", "1999-12", "1999", "2000-02-29", "1999-+1-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, iso string) {
		d, err := identity.ParseDate(iso)
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		text, err := d.MarshalText()
		require.NoError(t, err)
		require.Equal(t, iso, string(text))
		require.Len(t, d.MRZ(), 6)
		require.Len(t, d.Compact(), 8)
		require.False(t, d.IsZero())
	})
}
