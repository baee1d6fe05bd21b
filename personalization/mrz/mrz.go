// Package mrz composes and reads the machine-readable zone of a card: three lines
// of 30 characters, ICAO Doc 9303-5 (TD1), as both Vietnamese forms have it. The
// document number is the last nine digits of the personal number; all twelve
// stand in the optional data, followed by a check digit of their own.
package mrz

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
)

const (
	width     = 30
	filler    = "<"
	neverYear = "991231" // expiry of a card without one, as observed
)

// Lines composes the zone of a card. It refuses a name that has no letter of the
// Latin alphabet; no name that identity accepts has none.
func Lines(c identity.Card) ([3]string, error) {
	p := c.Person
	if len(p.Number) != 12 {
		return [3]string{}, identity.RefuseField(identity.Invalid, "person.number", "is not allotted; the MRZ holds it")
	}
	name, err := nameLine(p.Name)
	if err != nil {
		return [3]string{}, err
	}
	expiry := neverYear
	if !c.Expiry.Never() {
		expiry = c.Expiry.Date.MRZ()
	}
	number := string(p.Number)
	upper := "ID" + identity.NationalityCode + withCheck(p.Number.Last9()) + number + "<<" + string(CheckDigit(number))
	birth := withCheck(p.Birth.MRZ())
	until := withCheck(expiry)
	middle := birth + string(p.Sex) + until + identity.NationalityCode + strings.Repeat(filler, 11)
	middle += string(CheckDigit(upper[5:] + birth + until + middle[18:29]))
	return [3]string{upper, middle, name}, nil
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

// Transliterate gives the MRZ's letters for a name's: accents dropped, Đ as D,
// apostrophes dropped, hyphen and space as filler (ICAO Doc 9303-3 section 6 A).
func Transliterate(s string) string {
	var out strings.Builder
	for _, r := range norm.NFD.String(strings.ToUpper(s)) {
		switch {
		case r >= 'A' && r <= 'Z':
			out.WriteRune(r)
		case r == 'Đ' || r == 'Ð':
			out.WriteByte('D')
		case r == 'Ƀ':
			out.WriteByte('B')
		case r == ' ' || r == '-':
			out.WriteString(filler)
		}
	}
	return out.String()
}

// nameLine is the third line: primary identifier, two fillers, secondary
// identifiers; truncated so that the last position holds a letter (ICAO Doc
// 9303-5 section 4.2.3).
func nameLine(n identity.Name) (string, error) {
	primary, secondary := Transliterate(n.Family()), Transliterate(n.Given())
	if strings.Trim(primary, filler) == "" {
		return "", identity.RefuseField(identity.Invalid, "person.name", "has no letter that the MRZ can hold")
	}
	if secondary == "" {
		return pad(primary), nil
	}
	line := primary + "<<" + secondary
	if len(line) <= width {
		return pad(line), nil
	}
	return truncate(primary, secondary), nil
}

// truncate cuts a name that is too long. The primary identifier leaves room for
// one letter of the secondary; then secondary components are shortened, the
// longest first, until a letter stands in the last position.
func truncate(primary, secondary string) string {
	const room = width - 3
	primary = strings.TrimRight(primary[:min(len(primary), room)], filler)
	words := strings.Split(secondary, filler)
	for {
		line := primary + "<<" + strings.Join(words, filler)
		if len(line) <= width {
			return pad(line)
		}
		if line[width-1] != '<' {
			return line[:width]
		}
		longest, end := -1, len(primary)+2
		for i, w := range words {
			if end >= width {
				break
			}
			if len(w) > 1 && (longest < 0 || len(w) > len(words[longest])) {
				longest = i
			}
			end += len(w) + 1
		}
		if longest < 0 { // only single letters before the end: leave the last of them out
			return strings.TrimRight(line[:width], filler) + strings.Repeat(filler, width-len(strings.TrimRight(line[:width], filler)))
		}
		words[longest] = words[longest][:len(words[longest])-1]
	}
}

func pad(s string) string {
	return s[:min(len(s), width)] + strings.Repeat(filler, max(0, width-len(s)))
}

// TD1 is what a zone says.
type TD1 struct {
	DocumentNumber string // nine digits
	PersonalNumber string // twelve digits
	Birth          string // yyMMdd, fillers where unknown
	Sex            string // M or F
	Expiry         string // yyMMdd; 991231 where there is none
	Primary        string // words separated by one filler
	Secondary      string
}

// Parse reads a zone and checks its four check digits. The refusal says which
// line and which digit.
func Parse(lines [3]string) (TD1, error) {
	for i, l := range lines {
		if len(l) != width || strings.Trim(l, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<") != "" {
			return TD1{}, identity.Refuse(identity.Invalid, "line %d of the MRZ is not 30 characters of A to Z, 0 to 9 and <", i+1)
		}
	}
	one, two, three := lines[0], lines[1], lines[2]
	if one[:2] != "ID" || one[2:5] != identity.NationalityCode {
		return TD1{}, identity.Refuse(identity.Invalid, "the MRZ is not that of a Vietnamese identity card (ID, VNM)")
	}
	for _, c := range []struct {
		what  string
		over  string
		digit byte
	}{
		{"document number", one[5:14], one[14]},
		{"optional data", one[15:29], one[29]},
		{"birth date", two[:6], two[6]},
		{"expiry date", two[8:14], two[14]},
		{"whole zone", one[5:] + two[:7] + two[8:15] + two[18:29], two[29]},
	} {
		if CheckDigit(c.over) != c.digit {
			return TD1{}, identity.Refuse(identity.Invalid, "the check digit of the %s in the MRZ is wrong", c.what)
		}
	}
	primary, secondary, _ := strings.Cut(strings.TrimRight(three, filler), "<<")
	return TD1{
		DocumentNumber: strings.TrimRight(one[5:14], filler),
		PersonalNumber: strings.TrimRight(one[15:29], filler),
		Birth:          two[:6], Sex: two[7:8], Expiry: two[8:14],
		Primary: primary, Secondary: secondary,
	}, nil
}

// Information is the MRZ information of ICAO Doc 9303-11 section 9.7.2, from
// which BAC and PACE derive their keys: document number, birth and expiry, each
// with its check digit; 24 characters.
func Information(lines [3]string) string {
	return lines[0][5:15] + lines[1][:7] + lines[1][8:15]
}
