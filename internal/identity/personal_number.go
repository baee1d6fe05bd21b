package identity

import (
	"errors"
	"io"
	"log/slog"
	"strings"
)

// PersonalNumber is a citizen's 12-digit number (số định danh cá nhân): three
// digits for the province or country where the birth was registered, one for
// century and sex, two for the year of birth, six random (Decree 137/2015/NĐ-CP
// art. 13, Circular 59/2021/TT-BCA art. 4). Its zero value means none.
// string(n) gives the digits; String hides them from logs and error texts.
type PersonalNumber string

// ParsePersonalNumber reads twelve digits. The province must be one that numbers
// were ever allotted by, or a country code (100 to 999).
func ParsePersonalNumber(s string) (PersonalNumber, error) {
	if len(s) != 12 || !digitsOnly(s) {
		return "", Refuse(Invalid, "has %d characters; exactly 12 digits are accepted", len([]rune(s)))
	}
	n := PersonalNumber(s)
	if n.Province() < "100" {
		if _, known := provinces[n.Province()]; !known {
			return "", Refuse(Invalid, "begins with digits that are the code of no province (001 to 096) or country (100 to 999)")
		}
	}
	return n, nil
}

// Province is the code of the province, or country, where the birth was
// registered, as of the day the number was allotted.
func (n PersonalNumber) Province() ProvinceCode { return ProvinceCode(n[:3]) }

// Sex is what the fourth digit says: even for male, odd for female.
func (n PersonalNumber) Sex() Sex {
	if (n[3]-'0')%2 == 0 {
		return Male
	}
	return Female
}

// BirthYear is what digits four to six say: 1900 to 2399.
func (n PersonalNumber) BirthYear() int {
	century := 19 + int(n[3]-'0')/2
	return century*100 + int(n[4]-'0')*10 + int(n[5]-'0')
}

// Last9 is the document number of the MRZ.
func (n PersonalNumber) Last9() string { return string(n[3:]) }

// CAN is the card access number of the chip (ICAO Doc 9303-11): the last six
// digits, as observed on real cards.
func (n PersonalNumber) CAN() string { return string(n[6:]) }

// Agrees refuses a number whose century, year or sex contradict the record. The
// law then cancels the number and establishes a new one; a card is not made with
// it.
func (n PersonalNumber) Agrees(birth Date, sex Sex) error {
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
// birth registration, sex and year, the last six digits uniform from random. Who
// asks must see that it is free.
func DrawPersonalNumber(random io.Reader, p Person) (PersonalNumber, error) {
	province := p.BirthRegistration.Province
	if province == "" {
		province = p.Origin.Province
	}
	if province == "" {
		province = p.Residence.Province
	}
	if p.Birth.Year < 1900 || p.Birth.Year > 2399 {
		return "", RefuseField(Invalid, "person.birth", "is outside 1900 to 2399: no personal number can be allotted")
	}
	if _, known := provinces[province]; !known {
		return "", RefuseField(Invalid, "person.birth_registration.province", "is needed to allot a personal number")
	}
	code := byte('0' + (p.Birth.Year/100-19)*2)
	if p.Sex == Female {
		code++
	}
	tail, err := drawDigits(random, 6)
	if err != nil {
		return "", err
	}
	year := p.Birth.Year % 100
	return PersonalNumber(string(province) + string(code) + string([]byte{'0' + byte(year/10), '0' + byte(year%10)}) + tail), nil
}

// OldNumber is the number of the old CMND: 9 digits, or 12 since 2012.
type OldNumber string

// ParseOldNumber reads 9 or 12 digits.
func ParseOldNumber(s string) (OldNumber, error) {
	if (len(s) != 9 && len(s) != 12) || !digitsOnly(s) {
		return "", Refuse(Invalid, "has %d characters; 9 or 12 digits are accepted", len([]rune(s)))
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

func digitsOnly(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}
