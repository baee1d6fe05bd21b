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
// art. 13, Circular 59/2021/TT-BCA art. 4). Its zero value means none, and its
// parts are then empty. string(n) gives the digits; String hides them from logs
// and error texts.
type PersonalNumber string

// The years of birth that a personal number can say.
const (
	firstBirthYear = 1900
	lastBirthYear  = 2399
)

// ParsePersonalNumber reads twelve digits. The province must be one that numbers
// were ever allotted by, or a country code (100 to 999).
func ParsePersonalNumber(s string) (PersonalNumber, error) {
	if err := digits(s, 12); err != nil {
		return "", err
	}
	n := PersonalNumber(s)
	if !n.Province().known() {
		return "", Refuse(Invalid, "begins with digits that are the code of no province (001 to 096) or country (100 to 999)")
	}
	return n, nil
}

// digits refuses what is not one of so many ASCII digits.
func digits(s string, accepted ...int) error {
	want := strings.Trim(strings.ReplaceAll(fmt.Sprint(accepted), " ", " or "), "[]")
	switch {
	case strings.Trim(s, "0123456789") != "":
		return Refuse(Invalid, "holds a character that is no digit; exactly %s digits are accepted", want)
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

// Sex is what the fourth digit says: even for male, odd for female.
func (n PersonalNumber) Sex() Sex {
	switch {
	case !n.given():
		return ""
	case (n[3]-'0')%2 == 0:
		return Male
	}
	return Female
}

// BirthYear is what digits four to six say: 1900 to 2399; 0 for no number.
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

// Agrees refuses a number whose century, year or sex contradict the record. The
// law then cancels the number and establishes a new one; a card is not made with
// it.
func (n PersonalNumber) Agrees(birth Date, sex Sex) error {
	if !n.given() {
		return RefuseField(Invalid, "person.number", "is missing")
	}
	var faults []error
	if birth.Year != 0 && n.BirthYear() != birth.Year {
		faults = append(faults, RefuseField(Invalid, "person.number", "contradicts the year of birth: digits 4 to 6 stand for century and year"))
	}
	if n.Sex() != sex {
		faults = append(faults, RefuseField(Invalid, "person.number", "contradicts the sex: digit 4 is even for male, odd for female"))
	}
	return errors.Join(faults...)
}

// String hides the number.
func (PersonalNumber) String() string { return "[personal number]" }

// GoString hides the number.
func (PersonalNumber) GoString() string { return "[personal number]" }

// LogValue hides the number.
func (PersonalNumber) LogValue() slog.Value { return slog.StringValue("[personal number]") }

// DrawPersonalNumber draws a number for a person who has none: by the place of
// birth registration (or origin, or residence, where that is not known), sex and
// year, the last six digits uniform from random. Whoever was born since 1 July
// 2025 gets a code of the 34 provinces that stand since. Who asks must see that
// the number is free.
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
	for _, otherwise := range []Place{p.Origin, p.Residence} {
		if code == "" {
			code = otherwise.Province
		}
	}
	province, known := provinces[code]
	if !known {
		return "", RefuseField(Invalid, "person.birth_registration.province", "is needed to allot a personal number: a province code (001 to 096)")
	}
	if _, stands := provinces2025[code]; !stands && p.Birth.Compare(provincesMerged) >= 0 {
		code = province.Merged
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
