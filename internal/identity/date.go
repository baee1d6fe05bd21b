package identity

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// HanoiTime is the time of the whole country: UTC+7, no daylight saving.
var HanoiTime = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// Date is a calendar date of which month or day may be unknown (0).
type Date struct{ Year, Month, Day int }

// ParseDate reads yyyy-mm-dd, yyyy-mm or yyyy (ISO 8601).
func ParseDate(iso string) (Date, error) {
	var d Date
	parts := strings.Split(iso, "-")
	if len(parts) > 3 {
		return Date{}, Refuse(Invalid, "is no date; yyyy-mm-dd, yyyy-mm or yyyy is accepted")
	}
	for i, into := range []*int{&d.Year, &d.Month, &d.Day}[:len(parts)] {
		width := 2
		if i == 0 {
			width = 4
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil || len(parts[i]) != width || n < 1 {
			return Date{}, Refuse(Invalid, "is no date; yyyy-mm-dd, yyyy-mm or yyyy is accepted")
		}
		*into = n
	}
	if d.Month > 12 {
		return Date{}, Refuse(Invalid, "has no month %d; 01 to 12 are accepted", d.Month)
	}
	if d.Day > 0 && time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).Day() != d.Day {
		return Date{}, Refuse(Invalid, "is no date: day %d does not exist in that month", d.Day)
	}
	return d, nil
}

// DateOf is the date of an instant in Vietnam.
func DateOf(t time.Time) Date {
	y, m, d := t.In(HanoiTime).Date()
	return Date{Year: y, Month: int(m), Day: d}
}

// Display gives dd/mm/yyyy, or mm/yyyy, or yyyy where parts are unknown.
func (d Date) Display() string {
	switch {
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

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Compare orders dates; an unknown part sorts before every known one.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.Year, o.Year), cmp.Compare(d.Month, o.Month), cmp.Compare(d.Day, o.Day))
}

// AddYears gives the same day n years later; 29 February becomes 28 where that
// year has none.
func (d Date) AddYears(n int) Date {
	d.Year += n
	if d.Month == 2 && d.Day == 29 && time.Date(d.Year, 2, 29, 0, 0, 0, 0, time.UTC).Day() != 29 {
		d.Day = 28
	}
	return d
}

// AddDays gives the day n days later, of a complete date.
func (d Date) AddDays(n int) Date {
	y, m, day := d.Midnight().AddDate(0, 0, n).Date()
	return Date{Year: y, Month: int(m), Day: day}
}

// Midnight is the first instant of the day in Vietnam; unknown parts count as
// the first.
func (d Date) Midnight() time.Time {
	return time.Date(d.Year, time.Month(max(d.Month, 1)), max(d.Day, 1), 0, 0, 0, 0, HanoiTime)
}

// AgeOn is how many years a person born on d has completed on that day. Who was
// born on an unknown day of a year counts from its end.
func (d Date) AgeOn(day Date) int {
	born := d
	if born.Month == 0 {
		born.Month, born.Day = 12, 31
	}
	if born.Day == 0 {
		born.Day = 31
	}
	age := day.Year - born.Year
	if day.Month < born.Month || day.Month == born.Month && day.Day < born.Day {
		if !(born.Month == 2 && born.Day == 29 && day == born.AddYears(age)) {
			age--
		}
	}
	return age
}

// MarshalText writes ISO 8601; nothing for no date.
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
