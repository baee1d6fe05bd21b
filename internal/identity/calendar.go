package identity

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed calendar/*.txt
var calendarFiles embed.FS

// Calendar knows which days offices work. Every year is a file, because the
// Government decides each year how Tết and National Day are split and which days
// are swapped.
type Calendar struct {
	days  map[Date]bool // weekdays that are off: false; weekend days that are worked: true
	years map[int]bool
}

// LoadCalendar reads the years that are built in.
func LoadCalendar() (*Calendar, error) {
	files, err := fs.Sub(calendarFiles, "calendar")
	if err != nil {
		return nil, fmt.Errorf("load calendar: %w", err)
	}
	return ReadCalendar(files)
}

// ReadCalendar reads a folder of files named 2026.txt, a line a day:
//
//	off    2026-02-16  Tết (eve)      official
//	worked 2026-08-22  for 31 August  official
//
// An empty line or one that begins with # is passed over.
func ReadCalendar(files fs.FS) (*Calendar, error) {
	names, err := fs.Glob(files, "*.txt")
	if err != nil {
		return nil, fmt.Errorf("read calendar: %w", err)
	}
	c := &Calendar{days: make(map[Date]bool), years: make(map[int]bool)}
	for _, name := range names {
		if err := c.readYear(files, name); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Calendar) readYear(files fs.FS, name string) error {
	year, err := strconv.Atoi(strings.TrimSuffix(path.Base(name), ".txt"))
	if err != nil {
		return fmt.Errorf("calendar %s: the name is no year", name)
	}
	f, err := files.Open(name)
	if err != nil {
		return fmt.Errorf("calendar %s: %w", name, err)
	}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 3 || fields[0] != "off" && fields[0] != "worked" {
			err = fmt.Errorf("calendar %s:%d: want off or worked, a date and a reason", name, n)
			break
		}
		day, bad := ParseDate(fields[1])
		if bad != nil || !day.Complete() || day.Year != year {
			err = fmt.Errorf("calendar %s:%d: %q is no day of %d", name, n, fields[1], year)
			break
		}
		worked := fields[0] == "worked"
		if weekend(day) != worked {
			err = fmt.Errorf("calendar %s:%d: a weekday can be off, a weekend day can be worked", name, n)
			break
		}
		c.days[day] = worked
	}
	c.years[year] = true
	return errors.Join(err, lines.Err(), f.Close())
}

// WorkingDay reports whether offices work on that day. A year without a file is
// an error: a deadline that ignores Tết is worse than none.
func (c *Calendar) WorkingDay(day Date) (bool, error) {
	if !c.years[day.Year] {
		return false, fmt.Errorf("the calendar has no year %d: add calendar/%d.txt", day.Year, day.Year)
	}
	if worked, listed := c.days[day]; listed {
		return worked, nil
	}
	return !weekend(day), nil
}

// Due is the last instant of the n-th working day after day: the day itself does
// not count (Civil Code 91/2015/QH13 art. 147-148).
func (c *Calendar) Due(day Date, n int) (time.Time, error) {
	for n > 0 {
		day = day.AddDays(1)
		working, err := c.WorkingDay(day)
		if err != nil {
			return time.Time{}, err
		}
		if working {
			n--
		}
	}
	return day.AddDays(1).Midnight(), nil
}

// Extend moves a deadline by the working days on which the legal clock stood
// still, from the day it was stopped to the day before it ran again.
func (c *Calendar) Extend(due, stopped, resumed time.Time) (time.Time, error) {
	n := 0
	for day, end := DateOf(stopped), DateOf(resumed); day.Compare(end) < 0; day = day.AddDays(1) {
		working, err := c.WorkingDay(day)
		if err != nil {
			return time.Time{}, err
		}
		if working {
			n++
		}
	}
	if n == 0 {
		return due, nil
	}
	return c.Due(DateOf(due.Add(-time.Nanosecond)), n)
}

func weekend(day Date) bool {
	w := day.Midnight().Weekday()
	return w == time.Saturday || w == time.Sunday
}
