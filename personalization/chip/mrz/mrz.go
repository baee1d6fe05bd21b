// Package mrz composes and reads the machine-readable zone (MRZ) of a card: three
// lines of 30 characters (ICAO Doc 9303-5, TD1), the same for all Vietnamese forms.
// The document number is the last nine digits of the personal number; all twelve
// are in the optional data, followed by a check digit.
//
// [Lines] composes an MRZ, [Parse] reads one, [Information] is what opens the chip.
package mrz

import (
	"strings"

	"example.org/cancuoc/internal/identity"
)

const (
	width        = 30
	filler       = "<"
	documentCode = "ID"
	never        = "991231" // expiry of a card that does not expire, as seen on real cards
)

// Lines composes the MRZ of a card. It refuses, by field, a card without number, sex
// or year of birth, and a name with a letter that has no transliteration, which no
// name that package identity accepts has.
func Lines(c identity.Card) ([3]string, error) {
	p := c.Person
	name, err := nameLine(p.Name)
	switch {
	case err != nil:
		return [3]string{}, err
	case len(p.Number) != 12:
		return [3]string{}, identity.RefuseField(identity.Invalid, "person.number", "is missing; the MRZ needs it")
	case p.Sex != identity.Male && p.Sex != identity.Female:
		return [3]string{}, identity.RefuseField(identity.Invalid, "person.sex", "must be M or F")
	case p.Birth.Year == 0:
		return [3]string{}, identity.RefuseField(identity.Invalid, "person.birth", "is missing; the MRZ needs it")
	}
	number := string(p.Number)
	upper := documentCode + identity.NationalityCode + withCheck(p.Number.Last9()) + withCheck(number+"<<")
	birth, until := withCheck(p.Birth.MRZ()), withCheck(expiry(c.Expiry))
	middle := birth + string(p.Sex) + until + identity.NationalityCode + strings.Repeat(filler, 11)
	return [3]string{upper, middle + string(composite(upper, middle)), name}, nil
}

// expiry is the expiry date as yyMMdd.
func expiry(e identity.Expiry) string {
	if e.Never() {
		return never
	}
	return e.Date.MRZ()
}

// composite is the check digit over the checked fields and optional data of both
// lines (ICAO Doc 9303-5 section 4.2.4).
func composite(upper, middle string) byte {
	return CheckDigit(upper[5:30] + middle[:7] + middle[8:15] + middle[18:29])
}

// withCheck is s with its check digit.
func withCheck(s string) string { return s + string(CheckDigit(s)) }

// CheckDigit is the check digit of ICAO Doc 9303-3 section 4.9, '0' to '9': weights
// 7, 3, 1; digits have their value, A to Z 10 to 35, the filler 0.
func CheckDigit(s string) byte {
	sum := 0
	for i := range len(s) {
		sum += value(s[i]) * [3]int{7, 3, 1}[i%3]
	}
	return byte('0' + sum%10)
}

// value is the value of a character in a check digit.
func value(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return 0
}
