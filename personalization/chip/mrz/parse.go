package mrz

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
)

// TD1 is an MRZ that was read.
type TD1 struct {
	DocumentNumber string // nine digits
	PersonalNumber string // twelve digits
	Birth          string // yyMMdd, with fillers for unknown parts
	Sex            string // M or F
	Expiry         string // yyMMdd; 991231 if the card does not expire
	Primary        string // words separated by one filler
	Secondary      string
}

// String hides the MRZ.
func (TD1) String() string { return "[mrz]" }

// GoString hides the MRZ.
func (TD1) GoString() string { return "[mrz]" }

// LogValue hides the MRZ.
func (TD1) LogValue() slog.Value { return slog.StringValue("[mrz]") }

// Parse reads the MRZ of a Vietnamese identity card and checks its five check
// digits, dates and names. The refusal says which field is wrong and has no personal
// data.
func Parse(lines [3]string) (TD1, error) {
	for i, l := range lines {
		if len(l) != width || strings.Trim(l, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<") != "" {
			return TD1{}, identity.Refuse(identity.Invalid, "line %d of the MRZ is not 30 characters of A to Z, 0 to 9 and <", i+1)
		}
	}
	if err := checkDigits(lines[0], lines[1]); err != nil {
		return TD1{}, err
	}
	upper, middle := lines[0], lines[1]
	read := TD1{
		DocumentNumber: upper[5:14], PersonalNumber: upper[15:27],
		Birth: middle[:6], Sex: middle[7:8], Expiry: middle[8:14],
	}
	if err := read.check(upper, middle); err != nil {
		return TD1{}, err
	}
	return read.name(lines[2])
}

// checkDigits verifies the check digits of the first two lines.
func checkDigits(upper, middle string) error {
	for _, c := range []struct {
		what        string
		want, digit byte
	}{
		{"document number", CheckDigit(upper[5:14]), upper[14]},
		{"optional data", CheckDigit(upper[15:29]), upper[29]},
		{"birth date", CheckDigit(middle[:6]), middle[6]},
		{"expiry date", CheckDigit(middle[8:14]), middle[14]},
		{"whole zone", composite(upper, middle), middle[29]},
	} {
		if c.want != c.digit {
			return identity.Refuse(identity.Invalid, "the check digit of the %s in the MRZ is wrong", c.what)
		}
	}
	return nil
}

// check refuses fields that are wrong though their check digits are right.
func (z TD1) check(upper, middle string) error {
	switch {
	case upper[:2] != documentCode || upper[2:5] != identity.NationalityCode || middle[15:18] != identity.NationalityCode:
		return identity.Refuse(identity.Invalid, "the MRZ is not that of a Vietnamese identity card (ID, VNM)")
	case !digits(z.PersonalNumber) || upper[27:29] != "<<" || middle[18:29] != strings.Repeat(filler, 11):
		return identity.Refuse(identity.Invalid, "the optional data of the MRZ is not twelve digits and fillers")
	case z.DocumentNumber != z.PersonalNumber[3:]:
		return identity.Refuse(identity.Invalid, "the document number of the MRZ is not the end of the personal number")
	case !date(z.Birth):
		return identity.Refuse(identity.Invalid, "the birth date of the MRZ is not a date")
	case !digits(z.Expiry) || !date(z.Expiry):
		return identity.Refuse(identity.Invalid, "the expiry date of the MRZ is not a date")
	case z.Sex != string(identity.Male) && z.Sex != string(identity.Female):
		return identity.Refuse(identity.Invalid, "the sex in the MRZ is neither M nor F")
	}
	return nil
}

// name reads the third line.
func (z TD1) name(line string) (TD1, error) {
	text := strings.TrimRight(line, filler)
	z.Primary, z.Secondary, _ = strings.Cut(text, "<<")
	for w := range strings.SplitSeq(strings.Replace(text, "<<", filler, 1), filler) {
		if w == "" || strings.Trim(w, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return TD1{}, identity.Refuse(identity.Invalid, "the name line of the MRZ is not letters with fillers between them")
		}
	}
	return z, nil
}

// digits reports whether s has only digits.
func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// date reports whether s is a date yyMMdd with fillers for unknown parts (ICAO Doc
// 9303-3 section 4.8). The century is unknown, so 29 February is always accepted.
func date(s string) bool {
	year, month, day := s[:2], s[2:4], s[4:]
	if !digits(year) {
		return false
	}
	if day == "<<" {
		return month == "<<" || number(month, 12)
	}
	if !digits(month+day) || !number(month, 12) {
		return false
	}
	m, _ := strconv.Atoi(month) // digits
	last := time.Date(2000, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return number(day, last)
}

// number reports whether s is a number from 1 to limit.
func number(s string, limit int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= limit
}

// Information is the MRZ information of ICAO Doc 9303-11 section 9.7.2, from which
// BAC and PACE derive keys: document number, birth and expiry, each with its check
// digit; 24 characters. The lines must be those of a whole MRZ, as Lines writes and
// Parse accepts them.
func Information(lines [3]string) string {
	return lines[0][5:15] + lines[1][:7] + lines[1][8:15]
}
