package identity

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// HanoiTime is the time of the whole country: UTC+7 without daylight saving.
var HanoiTime = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// Date is a calendar date whose day, or day and month, may be unknown (0).
type Date struct{ Year, Month, Day int }

// ParseDate reads yyyy-mm-dd, yyyy-mm or yyyy (ISO 8601).
func ParseDate(iso string) (Date, error) {
	var d Date
	parts := strings.Split(iso, "-")
	if len(parts) > 3 {
		return Date{}, refuseDate()
	}
	for i, into := range []*int{&d.Year, &d.Month, &d.Day}[:len(parts)] {
		width := 2
		if i == 0 {
			width = 4
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil || digits(parts[i], width) != nil {
			return Date{}, refuseDate()
		}
		*into = n
	}
	return d, d.check(len(parts))
}

// check refuses a date that does not exist. parts says how many of year, month
// and day are given.
func (d Date) check(parts int) error {
	switch {
	case d.Year == 0:
		return Refuse(Invalid, "is not a date: year 0000 does not exist")
	case parts > 1 && (d.Month < 1 || d.Month > 12):
		return Refuse(Invalid, "is not a date: month %02d does not exist; 01 to 12 are accepted", d.Month)
	case parts > 2 && !d.exists():
		return Refuse(Invalid, "is not a date: that month has no day %02d", d.Day)
	}
	return nil
}

// exists reports whether the calendar has that day.
func (d Date) exists() bool {
	return DateOf(d.Midnight()) == d
}

func refuseDate() error {
	return Refuse(Invalid, "is not a date; yyyy-mm-dd, yyyy-mm or yyyy is accepted")
}

// DateOf is the date of an instant in Vietnam.
func DateOf(t time.Time) Date {
	y, m, d := t.In(HanoiTime).Date()
	return Date{Year: y, Month: int(m), Day: d}
}

// Display gives dd/mm/yyyy, or mm/yyyy or yyyy where parts are unknown, and "" for
// the zero Date.
func (d Date) Display() string {
	switch {
	case d.IsZero():
		return ""
	case d.Month == 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Day == 0:
		return fmt.Sprintf("%02d/%04d", d.Month, d.Year)
	}
	return fmt.Sprintf("%02d/%02d/%04d", d.Day, d.Month, d.Year)
}

// Compact gives ddMMyyyy, as the QR code has it; unknown parts are zeros.
func (d Date) Compact() string { return fmt.Sprintf("%02d%02d%04d", d.Day, d.Month, d.Year) }

// MRZ gives yyMMdd, unknown parts as fillers (ICAO Doc 9303-3 section 4.8).
func (d Date) MRZ() string {
	part := func(n int) string {
		if n == 0 {
			return "<<"
		}
		return fmt.Sprintf("%02d", n)
	}
	return fmt.Sprintf("%02d", d.Year%100) + part(d.Month) + part(d.Day)
}

// Complete reports whether month and day are known.
func (d Date) Complete() bool { return d.Year != 0 && d.Month != 0 && d.Day != 0 }

// IsZero reports whether d is the zero Date, which stands for none.
func (d Date) IsZero() bool { return d == Date{} }

// Compare orders dates; an unknown part sorts before every known one.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.Year, o.Year), cmp.Compare(d.Month, o.Month), cmp.Compare(d.Day, o.Day))
}

// AddYears gives the same day n years later; 29 February becomes 28 February in a
// year without a 29th.
func (d Date) AddYears(n int) Date {
	d.Year += n
	if d.Month == 2 && d.Day == 29 && !d.exists() {
		d.Day = 28
	}
	return d
}

// AddMonths gives the same day n months later, or the last one of a month that has no such
// day.
func (d Date) AddMonths(n int) Date {
	first := DateOf(Date{Year: d.Year, Month: d.Month}.Midnight().AddDate(0, n, 0))
	last := Date{Year: first.Year, Month: first.Month}.lastPossible()
	return Date{Year: first.Year, Month: first.Month, Day: min(d.Day, last.Day)}
}

// AddDays gives the day n days later; unknown parts count as the first.
func (d Date) AddDays(n int) Date { return DateOf(d.Midnight().AddDate(0, 0, n)) }

// Midnight is the first instant of the day in Vietnam; unknown parts count as
// the first.
func (d Date) Midnight() time.Time {
	return time.Date(d.Year, time.Month(max(d.Month, 1)), max(d.Day, 1), 0, 0, 0, 0, HanoiTime)
}

// LastSecond is 23:59:59 of the day in Vietnam, where a period ends that the law
// counts in days (Civil Code 91/2015/QH13 art. 148: at 24:00).
func (d Date) LastSecond() time.Time { return d.AddDays(1).Midnight().Add(-time.Second) }

// AgeOn is how many years a person born on d has completed on that day, negative
// before birth. An unknown day or month of birth counts as the last one possible.
// A person born on 29 February turns a year older on the 28th in years without a
// 29th.
func (d Date) AgeOn(day Date) int {
	age := day.Year - d.Year
	if d.lastPossible().AddYears(age).Compare(day) > 0 {
		age--
	}
	return age
}

// lastPossible is the last day that a partial date can stand for.
func (d Date) lastPossible() Date {
	if d.Month == 0 {
		d.Month, d.Day = 12, 31
	}
	if d.Day == 0 {
		d = Date{Year: d.Year, Month: d.Month + 1}.AddDays(-1)
	}
	return d
}

// firstPossible is the first day that a partial date can stand for.
func (d Date) firstPossible() Date {
	return Date{Year: d.Year, Month: max(d.Month, 1), Day: max(d.Day, 1)}
}

// MarshalText writes ISO 8601, and nothing for the zero Date.
func (d Date) MarshalText() ([]byte, error) {
	switch {
	case d.IsZero():
		return nil, nil
	case d.Month == 0:
		return fmt.Appendf(nil, "%04d", d.Year), nil
	case d.Day == 0:
		return fmt.Appendf(nil, "%04d-%02d", d.Year, d.Month), nil
	}
	return fmt.Appendf(nil, "%04d-%02d-%02d", d.Year, d.Month, d.Day), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
