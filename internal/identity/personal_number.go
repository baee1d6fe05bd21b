package identity

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// PersonalNumber is a citizen's 12-digit number (số định danh cá nhân): three
// digits for the province or country where the birth was registered, one for
// century and sex, two for the year of birth, six random (Decree 137/2015/NĐ-CP
// art. 13, Circular 59/2021/TT-BCA art. 4). The zero value stands for none; its
// parts are empty. string(n) gives the digits; String hides them from logs and
// error texts.
type PersonalNumber string

// The years of birth that a personal number can express.
const (
	firstBirthYear = 1900
	lastBirthYear  = 2399
)

// ParsePersonalNumber reads twelve digits. They begin with a code of the 63
// provinces of before July 2025, or with that of a country (100 to 999).
func ParsePersonalNumber(s string) (PersonalNumber, error) {
	if err := digits(s, 12); err != nil {
		return "", err
	}
	n := PersonalNumber(s)
	if !n.Province().known() {
		return "", Refuse(Invalid, "does not begin with the code of a province (001 to 096) or a country (100 to 999)")
	}
	return n, nil
}

// digits refuses a text that is not made of ASCII digits, in one of the accepted
// numbers.
func digits(s string, accepted ...int) error {
	want := strings.Trim(strings.ReplaceAll(fmt.Sprint(accepted), " ", " or "), "[]")
	switch {
	case strings.Trim(s, "0123456789") != "":
		return Refuse(Invalid, "contains a character that is not a digit; exactly %s digits are accepted", want)
	case !slices.Contains(accepted, len(s)):
		return Refuse(Invalid, "has %d digits; exactly %s are accepted", len(s), want)
	}
	return nil
}

// given reports whether there is a number.
func (n PersonalNumber) given() bool { return len(n) == 12 }

// Province is the code of the province, or country, where the birth was
// registered, as of the day the number was allotted.
func (n PersonalNumber) Province() ProvinceCode {
	if !n.given() {
		return ""
	}
	return ProvinceCode(n[:3])
}

// Sex is what the fourth digit stands for: even for male, odd for female.
func (n PersonalNumber) Sex() Sex {
	switch {
	case !n.given():
		return ""
	case (n[3]-'0')%2 == 0:
		return Male
	}
	return Female
}

// BirthYear is what digits four to six stand for: 1900 to 2399; 0 for no number.
func (n PersonalNumber) BirthYear() int {
	if !n.given() {
		return 0
	}
	century := 19 + int(n[3]-'0')/2
	return century*100 + int(n[4]-'0')*10 + int(n[5]-'0')
}

// Last9 is the document number of the MRZ.
func (n PersonalNumber) Last9() string { return string(n[min(len(n), 3):]) }

// CAN is the card access number of the chip (ICAO Doc 9303-11): the last six
// digits, as observed on real cards.
func (n PersonalNumber) CAN() string { return string(n[min(len(n), 6):]) }

// Agrees refuses a number whose century, year or sex contradicts birth and sex, as far
// as they are known. By law such a number is canceled and a new one established; no card is made with
// it.
func (n PersonalNumber) Agrees(birth Date, sex Sex) error {
	if !n.given() {
		return RefuseField(Invalid, "person.number", "is missing")
	}
	var refusals []error
	if birth.Year != 0 && n.BirthYear() != birth.Year {
		refusals = append(refusals, RefuseField(Invalid, "person.number", "contradicts the year of birth: digits 4 to 6 stand for century and year"))
	}
	if (sex == Male || sex == Female) && n.Sex() != sex {
		refusals = append(refusals, RefuseField(Invalid, "person.number", "contradicts the sex: digit 4 is even for male, odd for female"))
	}
	return errors.Join(refusals...)
}

// String hides the number.
func (PersonalNumber) String() string { return "[personal number]" }

// GoString hides the number.
func (PersonalNumber) GoString() string { return "[personal number]" }

// LogValue hides the number.
func (PersonalNumber) LogValue() slog.Value { return slog.StringValue("[personal number]") }

// DrawPersonalNumber draws a number for a person who has none: from the place of
// birth registration, by its code or its name (or origin, or residence, where that is not known), sex and
// year; the last six digits are uniform. A birth registered abroad gives the code of the
// country (Appendix 2 of Circular 59/2021/TT-BCA). Persons born since 1 July 2025 get a
// code of the 34 provinces of that day. The caller has to make sure that the number is
// free.
func DrawPersonalNumber(random io.Reader, p Person) (PersonalNumber, error) {
	if p.Birth.Year < firstBirthYear || p.Birth.Year > lastBirthYear {
		return "", RefuseField(Invalid, "person.birth", "is outside %d to %d: no personal number can be allotted", firstBirthYear, lastBirthYear)
	}
	if p.Sex != Male && p.Sex != Female {
		return "", RefuseField(Invalid, "person.sex", "must be M or F")
	}
	province, err := allottingProvince(p)
	if err != nil {
		return "", err
	}
	century := p.Birth.Year/100 - firstBirthYear/100
	sex := 0
	if p.Sex == Female {
		sex = 1
	}
	tail, err := drawDigits(random, 6)
	if err != nil {
		return "", err
	}
	return PersonalNumber(fmt.Sprintf("%s%d%02d%s", province, 2*century+sex, p.Birth.Year%100, tail)), nil
}

// allottingProvince is the code that a person's number begins with.
func allottingProvince(p Person) (ProvinceCode, error) {
	code := p.BirthRegistration.Province
	if code == "" {
		code = p.BirthRegistration.named(p.Birth)
	}
	for _, otherwise := range []Place{p.Origin, p.Residence} {
		if code == "" && !otherwise.Province.Abroad() {
			code = otherwise.Province
		}
	}
	switch {
	case !code.known():
		return "", RefuseField(Invalid, "person.birth_registration.province", "is needed to allot a personal number: a province code (001 to 096), or that of a country (100 to 999) for a birth registered abroad")
	case p.Birth.Compare(lastOf63) > 0:
		code = code.successor(p.Birth)
	}
	return code, nil
}

// OldNumber is the number of the old CMND: 9 digits, or 12 since 2012.
type OldNumber string

// ParseOldNumber reads 9 or 12 digits.
func ParseOldNumber(s string) (OldNumber, error) {
	if err := digits(s, 9, 12); err != nil {
		return "", err
	}
	return OldNumber(s), nil
}

// String hides the number.
func (OldNumber) String() string { return "[old number]" }

// GoString hides the number.
func (OldNumber) GoString() string { return "[old number]" }

// LogValue hides the number.
func (OldNumber) LogValue() slog.Value { return slog.StringValue("[old number]") }

// Sex as the civil record and the MRZ know it.
type Sex string

// The sexes of the civil record.
const (
	Male   Sex = "M"
	Female Sex = "F"
)

// Label is the Vietnamese word that both forms print.
func (s Sex) Label() string {
	if s == Female {
		return "Nữ"
	}
	return "Nam"
}
