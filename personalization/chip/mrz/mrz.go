// Package mrz composes and reads the machine-readable zone of a card: three lines
// of 30 characters, ICAO Doc 9303-5 (TD1), as both Vietnamese forms have it. The
// document number is the last nine digits of the personal number; all twelve
// stand in the optional data, followed by a check digit of their own.
//
// Lines writes a zone, Parse reads one, Information is what opens the chip.
package mrz

import (
	"strings"

	"example.org/cancuoc/internal/identity"
)

const (
	width        = 30
	filler       = "<"
	documentCode = "ID"
	never        = "991231" // expiry of a card without one, as observed
)

// Lines composes the zone of a card. It refuses, by field, a card that has no
// number, sex or year of birth, and a name with a letter that the MRZ has no
// transliteration for; no name that identity accepts has one.
func Lines(c identity.Card) ([3]string, error) {
	p := c.Person
	name, err := nameLine(p.Name)
	switch {
	case err != nil:
		return [3]string{}, err
	case len(p.Number) != 12:
		return [3]string{}, identity.RefuseField(identity.Invalid, "person.number", "is not allotted; the MRZ holds it")
	case p.Sex != identity.Male && p.Sex != identity.Female:
		return [3]string{}, identity.RefuseField(identity.Invalid, "person.sex", "must be M or F")
	case p.Birth.Year == 0:
		return [3]string{}, identity.RefuseField(identity.Invalid, "person.birth", "is missing; the MRZ holds it")
	}
	number := string(p.Number)
	upper := documentCode + identity.NationalityCode + withCheck(p.Number.Last9()) + withCheck(number+"<<")
	birth, until := withCheck(p.Birth.MRZ()), withCheck(expiry(c.Expiry))
	middle := birth + string(p.Sex) + until + identity.NationalityCode + strings.Repeat(filler, 11)
	return [3]string{upper, middle + string(composite(upper, middle)), name}, nil
}

// expiry gives yyMMdd.
func expiry(e identity.Expiry) string {
	if e.Never() {
		return never
	}
	return e.Date.MRZ()
}

// composite is the check digit over both lines' checked fields and what is
// optional in them (ICAO Doc 9303-5 section 4.2.4).
func composite(upper, middle string) byte {
	return CheckDigit(upper[5:30] + middle[:7] + middle[8:15] + middle[18:29])
}

// withCheck appends the check digit of s.
func withCheck(s string) string { return s + string(CheckDigit(s)) }

// CheckDigit is the check digit of ICAO Doc 9303-3 section 4.9: weights 7, 3, 1;
// digits as they are, A to Z from 10 to 35, the filler 0. It is '0' to '9'.
func CheckDigit(s string) byte {
	sum := 0
	for i := range len(s) {
		sum += value(s[i]) * [3]int{7, 3, 1}[i%3]
	}
	return byte('0' + sum%10)
}

func value(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return 0
}
