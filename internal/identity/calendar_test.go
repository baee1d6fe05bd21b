package identity_test

import (
	"math/rand/v2"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
)

func calendar(tb testing.TB) *identity.Calendar {
	tb.Helper()
	c, err := identity.LoadCalendar()
	require.NoError(tb, err)
	return c
}

// The two examples of the legal counting, and what surrounds them.
func TestCalendar_Due(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, filed string
		days        int
		want        string
	}{
		{"OverTet", "2026-02-12", 7, "2026-03-02"},
		{"OverCultureDay", "2026-11-20", 7, "2026-12-02"},
		{"OverAWeekend", "2026-11-25", 3, "2026-11-30"},
		{"FiledOnASaturday", "2026-11-21", 1, "2026-11-23"},
		{"FiledOnAHoliday", "2026-11-24", 1, "2026-11-25"},
		{"OverAWorkedSaturday", "2026-01-09", 1, "2026-01-10"},
		{"OverNewYear", "2025-12-31", 1, "2026-01-05"},
		{"NoDays", "2026-11-21", 0, "2026-11-21"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			due, err := calendar(t).Due(day(t, tt.filed), tt.days)

			require.NoError(t, err)
			require.Equal(t, tt.want+"T23:59:59+07:00", due.Format(time.RFC3339))
			require.Equal(t, day(t, tt.want), identity.DateOf(due))
		})
	}
}

// Holidays that the law names stand in the data of every year: on their day, or,
// where that is at the weekend, on a day off close behind.
func TestCalendar_KnowsTheHolidaysOfEveryYear(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	lunar := map[int][2]string{ // 1/1 and 10/3 of the lunar calendar at UTC+7
		2021: {"2021-02-12", "2021-04-21"}, 2022: {"2022-02-01", "2022-04-10"}, 2023: {"2023-01-22", "2023-04-29"},
		2024: {"2024-02-10", "2024-04-18"}, 2025: {"2025-01-29", "2025-04-07"}, 2026: {"2026-02-17", "2026-04-26"},
		2027: {"2027-02-06", "2027-04-16"}, 2028: {"2028-01-26", "2028-04-04"}, 2029: {"2029-02-13", "2029-04-23"},
		2030: {"2030-02-02", "2030-04-12"},
	}
	for year, dates := range lunar {
		holidays := []identity.Date{
			{Year: year, Month: 1, Day: 1},
			{Year: year, Month: 4, Day: 30},
			{Year: year, Month: 5, Day: 1},
			{Year: year, Month: 9, Day: 2},
			day(t, dates[0]).AddDays(-1), day(t, dates[0]), day(t, dates[0]).AddDays(1), day(t, dates[0]).AddDays(2), day(t, dates[1]),
		}
		if year >= 2026 {
			holidays = append(holidays, identity.Date{Year: year, Month: 11, Day: 24})
		}
		for _, holiday := range holidays {
			working, err := c.WorkingDay(holiday)
			require.NoError(t, err)
			require.False(t, working, "%s", holiday.Display())
		}

		working, err := c.WorkingDaysBetween(identity.Date{Year: year, Month: 1, Day: 1}, identity.Date{Year: year, Month: 12, Day: 31}.AddDays(1))
		require.NoError(t, err)
		weekdays := 0
		for d := (identity.Date{Year: year, Month: 1, Day: 1}); d.Year == year; d = d.AddDays(1) {
			if w := d.Midnight().Weekday(); w != time.Saturday && w != time.Sunday {
				weekdays++
			}
		}
		want := 11 // days off by law, each given back when it falls at the weekend, swaps balanced
		if year >= 2026 {
			want = 12
		}
		require.Equal(t, weekdays-want, working, "%d", year)
		require.Equal(t, year >= 2027, c.RuleOnly(year))
	}
}

func TestCalendar_RefusesAMissingYear(t *testing.T) {
	t.Parallel()
	c := calendar(t)

	_, err := c.WorkingDay(day(t, "2031-01-02"))
	require.ErrorContains(t, err, "2031")
	_, err = c.Due(day(t, "2030-12-30"), 7)
	require.ErrorContains(t, err, "2031")
	_, err = c.WorkingDaysBetween(day(t, "2030-12-30"), day(t, "2031-01-05"))
	require.ErrorContains(t, err, "2031")
	_, err = identity.LoadCalendar(2026, 2031, 2032)
	require.ErrorContains(t, err, "2031")
	require.ErrorContains(t, err, "2032")
	_, err = identity.LoadCalendar(2021, 2030)
	require.NoError(t, err)
}

func TestReadCalendar_RefusesBadFiles(t *testing.T) {
	t.Parallel()
	const head = "status official\nsource test\n"
	for name, tt := range map[string]struct{ file, text, says string }{
		"NoYear":         {"next.txt", head, "the file name is not a year"},
		"NoStatus":       {"2026.txt", "source test\n", "want a line status"},
		"NoSource":       {"2026.txt", "status official\n", "a line source"},
		"UnknownStatus":  {"2026.txt", "status perhaps\nsource test\n", "line 1: status must be"},
		"UnknownWord":    {"2026.txt", head + "free 2026-01-01 x\n", "line 3: want status"},
		"OneWord":        {"2026.txt", head + "off\n", "line 3"},
		"NoDate":         {"2026.txt", head + "off tomorrow x\n", "line 3: the date"},
		"OtherYear":      {"2026.txt", head + "off 2027-01-01 x\n", "is not a day of 2026"},
		"NoDay":          {"2026.txt", head + "off 2026-01 x\n", "is not a day of 2026"},
		"NoReason":       {"2026.txt", head + "off 2026-01-01\n", "has no reason"},
		"SaturdayOff":    {"2026.txt", head + "off 2026-01-03 x\n", "a weekday can be off"},
		"WeekdayWorked":  {"2026.txt", head + "worked 2026-01-02 x\n", "a day at the weekend can be worked"},
		"Twice":          {"2026.txt", head + "off 2026-01-01 x\noff 2026-01-01 y\n", "line 4: 2026-01-01 is listed twice"},
		"LineWithoutEnd": {"2026.txt", head + string(make([]byte, 70_000)), "token too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := identity.ReadCalendar(fstest.MapFS{tt.file: {Data: []byte(tt.text)}})

			require.ErrorContains(t, err, tt.says)
			require.ErrorContains(t, err, tt.file)
		})
	}
}

func TestReadCalendar_SkipsCommentsAndEmptyLines(t *testing.T) {
	t.Parallel()
	c, err := identity.ReadCalendar(fstest.MapFS{"2026.txt": {Data: []byte("# a\n\nstatus rule-only\nsource b\n# off 2026-01-02 x\noff 2026-01-01 y")}}, 2026)
	require.NoError(t, err)
	require.True(t, c.RuleOnly(2026))
	working, err := c.WorkingDay(day(t, "2026-01-02"))
	require.NoError(t, err)
	require.True(t, working)
}

// The n-th working day is a working day, and as many lie between as were asked.
func TestAddWorkingDays_Property(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	generated(t, 2000, func(t require.TestingT, r *rand.Rand) {
		from := identity.Date{Year: 2021, Month: 1, Day: 1}.AddDays(r.IntN(9 * 365))
		n := 1 + r.IntN(30)

		last, err := c.AddWorkingDays(from, n)

		require.NoError(t, err)
		working, err := c.WorkingDay(last)
		require.NoError(t, err)
		require.True(t, working)
		between, err := c.WorkingDaysBetween(from.AddDays(1), last.AddDays(1))
		require.NoError(t, err)
		require.Equal(t, n, between)
	})
}

func TestCalendar_Extend(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	at := func(iso string, hour int) time.Time {
		return day(t, iso).Midnight().Add(time.Duration(hour) * time.Hour)
	}
	due, err := c.Due(day(t, "2026-11-20"), 7) // 2 December
	require.NoError(t, err)
	for _, tt := range []struct {
		name             string
		stopped, resumed time.Time
		want             string
	}{
		{"SameDay", at("2026-11-23", 9), at("2026-11-23", 16), "2026-12-02"},
		{"OverNight", at("2026-11-25", 9), at("2026-11-26", 9), "2026-12-03"},
		{"OverAHoliday", at("2026-11-23", 9), at("2026-11-25", 9), "2026-12-03"},
		{"OverAWeekend", at("2026-11-27", 9), at("2026-11-30", 9), "2026-12-03"},
		{"OnlyAWeekend", at("2026-11-28", 9), at("2026-11-30", 9), "2026-12-02"},
		{"AWeek", at("2026-11-25", 9), at("2026-12-02", 9), "2026-12-09"},
		{"ResumedBeforeStopped", at("2026-11-25", 9), at("2026-11-24", 9), "2026-12-02"},
		{"EveningInVietnam", at("2026-11-25", 23).UTC(), at("2026-11-26", 1).UTC(), "2026-12-03"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			moved, err := c.Extend(due, tt.stopped, tt.resumed)

			require.NoError(t, err)
			require.Equal(t, day(t, tt.want).LastSecond(), moved)
		})
	}

	midnight, err := c.Extend(due.Add(time.Second), at("2026-11-25", 9), at("2026-11-26", 9))
	require.NoError(t, err)
	require.Equal(t, day(t, "2026-12-03").LastSecond(), midnight, "24:00 of a day belongs to it")

	_, err = c.Extend(due, at("2030-12-30", 9), at("2031-01-10", 9))
	require.ErrorContains(t, err, "2031")
}

func FuzzReadCalendar(f *testing.F) {
	f.Add("status official\nsource a\noff 2026-01-01 b\nworked 2026-01-03 c\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := identity.ReadCalendar(fstest.MapFS{"2026.txt": {Data: []byte(text)}})
		if err != nil {
			return
		}
		_, err = c.Due(identity.Date{Year: 2026, Month: 2, Day: 1}, 7)
		require.NoError(t, err)
	})
}

func BenchmarkRulesFor(b *testing.B) {
	c := calendar(b)
	a := identitytest.Application(identitytest.Seeded(1))
	for b.Loop() {
		if _, err := identity.RulesFor(a, nil, "a-form", c); err != nil {
			b.Fatal(err)
		}
	}
}

// A deadline is near from the moment on that Before says, at every hour and over holidays.
func TestCalendar_Near(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	for hours := range 24 * 90 {
		at := day(t, "2026-01-01").Midnight().Add(time.Duration(hours)*time.Hour + time.Minute)
		for n := range 3 {
			first, err := c.Near(at, n)
			require.NoError(t, err)
			near, err := c.Before(first.Add(-time.Second), n)
			if identity.DateOf(first).Compare(identity.DateOf(at)) > 0 { // else none is
				require.NoError(t, err)
				require.False(t, near.After(at), "%s %d", at, n)
			}
			far, err := c.Before(identity.DateOf(first).LastSecond(), n)
			require.NoError(t, err)
			require.True(t, far.After(at), "%s %d", at, n)
		}
	}
}
