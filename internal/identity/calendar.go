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
// are swapped (Labor Code 45/2019/QH14 art. 111-112).
type Calendar struct {
	days  map[Date]bool // the exceptions: false for a weekday that is off, true for a weekend day that is worked
	years map[int]bool  // whether it was computed from the rule, before its yearly notice
}

// LoadCalendar reads the built-in years. It fails if a needed one is missing.
func LoadCalendar(needed ...int) (*Calendar, error) {
	files, err := fs.Sub(calendarFiles, "calendar")
	if err != nil {
		return nil, fmt.Errorf("load calendar: %w", err)
	}
	return ReadCalendar(files, needed...)
}

// ReadCalendar reads a folder of files named for example 2026.txt, one entry a line:
//
//	status official                              or rule-only: the yearly notice is not out
//	source Labor Code 45/2019/QH14 art. 111-112
//	off    2026-02-16  Tết                       a weekday, and why
//	worked 2026-08-22  for 31 August             a day at the weekend, and why
//
// Empty lines and lines that begin with # are skipped. It fails if a needed year is
// missing.
func ReadCalendar(files fs.FS, needed ...int) (*Calendar, error) {
	names, err := fs.Glob(files, "*.txt")
	if err != nil {
		return nil, fmt.Errorf("read calendar: %w", err)
	}
	c := &Calendar{days: make(map[Date]bool), years: make(map[int]bool)}
	for _, name := range names {
		if err := c.readYear(files, name); err != nil {
			return nil, fmt.Errorf("calendar %s: %w", name, err)
		}
	}
	var missing []error
	for _, year := range needed {
		if !c.Has(year) {
			missing = append(missing, missingYear(year))
		}
	}
	return c, errors.Join(missing...)
}

func missingYear(year int) error {
	return fmt.Errorf("the calendar has no year %d: add calendar/%d.txt", year, year)
}

// readYear reads one file.
func (c *Calendar) readYear(files fs.FS, name string) error {
	year, err := strconv.Atoi(strings.TrimSuffix(path.Base(name), ".txt"))
	if err != nil {
		return errors.New("the file name is not a year")
	}
	f, err := files.Open(name)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	y := calendarYear{year: year, days: c.days}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if bad := y.line(strings.Fields(lines.Text())); bad != nil {
			return errors.Join(fmt.Errorf("line %d: %w", n, bad), f.Close())
		}
	}
	c.years[year] = y.ruleOnly
	return errors.Join(lines.Err(), y.complete(), f.Close())
}

// calendarYear is a file being read.
type calendarYear struct {
	year                         int
	days                         map[Date]bool
	hasStatus, sourced, ruleOnly bool
}

// line reads the words of one line.
func (y *calendarYear) line(words []string) error {
	switch {
	case len(words) == 0 || strings.HasPrefix(words[0], "#"):
		return nil
	case len(words) < 2:
		return errors.New("the line has one word")
	}
	switch words[0] {
	case "status":
		y.hasStatus, y.ruleOnly = true, words[1] == "rule-only"
		if !y.ruleOnly && words[1] != "official" {
			return errors.New("status must be official or rule-only")
		}
		return nil
	case "source":
		y.sourced = true
		return nil
	case "off", "worked":
		return y.day(words[0] == "worked", words[1:])
	}
	return errors.New("want status, source, off or worked")
}

// day reads the date and the reason of an exception.
func (y *calendarYear) day(worked bool, words []string) error {
	day, err := ParseDate(words[0])
	switch {
	case err != nil:
		return fmt.Errorf("the date %w", err)
	case !day.Complete() || day.Year != y.year:
		return fmt.Errorf("%s is not a day of %d", words[0], y.year)
	case len(words) < 2:
		return fmt.Errorf("%s has no reason", words[0])
	case weekend(day) != worked:
		return fmt.Errorf("%s: a weekday can be off, a day at the weekend can be worked", words[0])
	}
	if _, twice := y.days[day]; twice {
		return fmt.Errorf("%s is listed twice", words[0])
	}
	y.days[day] = worked
	return nil
}

// complete refuses a file that lacks a required line.
func (y *calendarYear) complete() error {
	if !y.hasStatus || !y.sourced {
		return errors.New("want a line status and a line source")
	}
	return nil
}

// Has reports whether the calendar has a year.
func (c *Calendar) Has(year int) bool {
	_, has := c.years[year]
	return has
}

// RuleOnly reports whether a year was computed from the rule because its yearly
// notice had not been published. Deadlines in it are provisional, and its file has
// to be replaced.
func (c *Calendar) RuleOnly(year int) bool { return c.years[year] }

// WorkingDay reports whether offices work on that day. A year without a file is an
// error: a deadline that ignores Tết is worse than none.
func (c *Calendar) WorkingDay(day Date) (bool, error) {
	if !c.Has(day.Year) {
		return false, missingYear(day.Year)
	}
	if worked, listed := c.days[day]; listed {
		return worked, nil
	}
	return !weekend(day), nil
}

// AddWorkingDays gives the n-th working day after day; the day itself does not
// count (Civil Code 91/2015/QH13 art. 147). With n = 0 it gives day.
func (c *Calendar) AddWorkingDays(day Date, n int) (Date, error) {
	for n > 0 {
		day = day.AddDays(1)
		working, err := c.WorkingDay(day)
		if err != nil {
			return Date{}, err
		}
		if working {
			n--
		}
	}
	return day, nil
}

// Due is the last second of the n-th working day after day.
func (c *Calendar) Due(day Date, n int) (time.Time, error) {
	last, err := c.AddWorkingDays(day, n)
	if err != nil {
		return time.Time{}, err
	}
	return last.LastSecond(), nil
}

// DueInDays is the last second of the n-th day after day, or of the next working day where
// that one is off (Civil Code 91/2015/QH13 art. 148).
func (c *Calendar) DueInDays(day Date, n int) (time.Time, error) {
	last := day.AddDays(n)
	working, err := c.WorkingDay(last)
	if err == nil && !working {
		last, err = c.AddWorkingDays(last, 1)
	}
	if err != nil {
		return time.Time{}, err
	}
	return last.LastSecond(), nil
}

// WorkingDaysBetween counts the working days from first to the day before end.
func (c *Calendar) WorkingDaysBetween(first, end Date) (int, error) {
	n := 0
	for day := first; day.Compare(end) < 0; day = day.AddDays(1) {
		working, err := c.WorkingDay(day)
		if err != nil {
			return 0, err
		}
		if working {
			n++
		}
	}
	return n, nil
}

// Before gives the end of the working day that is n working days before a deadline.
func (c *Calendar) Before(due time.Time, n int) (time.Time, error) {
	day := DateOf(due.Add(-time.Nanosecond)) // 24:00 of a day belongs to it
	for n > 0 {
		day = day.AddDays(-1)
		works, err := c.WorkingDay(day)
		if err != nil {
			return time.Time{}, err
		}
		if works {
			n--
		}
	}
	return day.LastSecond(), nil
}

// Near gives the first deadline that is not near yet at an instant: n working days before it
// are still to come, as [Calendar.Before] counts them.
func (c *Calendar) Near(at time.Time, n int) (time.Time, error) {
	for day := DateOf(at); ; day = day.AddDays(1) {
		before, err := c.Before(day.LastSecond(), n)
		if err != nil {
			return time.Time{}, err
		}
		if before.After(at) {
			return day.Midnight(), nil
		}
	}
}

// Extend moves a deadline by the working days on which the legal clock stood
// still, from the day it was stopped to the day before it ran again. Stopped and
// resumed on one day, it stays.
func (c *Calendar) Extend(due, stopped, resumed time.Time) (time.Time, error) {
	n, err := c.WorkingDaysBetween(DateOf(stopped), DateOf(resumed))
	if err != nil {
		return time.Time{}, err
	}
	return c.Due(DateOf(due.Add(-time.Nanosecond)), n) // 24:00 of a day belongs to it
}

func weekend(day Date) bool {
	w := day.Midnight().Weekday()
	return w == time.Saturday || w == time.Sunday
}
