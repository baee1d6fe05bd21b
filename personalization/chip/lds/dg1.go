package lds

import (
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/tlv"
)

// tagMRZ is the tag of the MRZ in EF.DG1 (9303-10, 4.7.1).
const tagMRZ = 0x5F1F

// buildDG1 makes EF.DG1. It refuses an MRZ that does not have the card's number.
func buildDG1(in *Input, _ Files) ([]byte, error) {
	lines := in.MRZ
	for i, line := range lines {
		if !isMRZ(line) {
			return nil, identity.RefuseField(identity.Invalid, "mrz", "DG1, line %d: must be 30 characters of A to Z, 0 to 9 and <", i+1)
		}
	}
	number := string(in.Card.Person.Number)
	if len(number) != 12 || lines[0][5:14] != number[3:] || lines[0][15:27] != number {
		return nil, identity.RefuseField(identity.Invalid, "number", "DG1: the MRZ does not have this personal number")
	}
	return tlv.Encode(0x61, tlv.Encode(tagMRZ, []byte(lines[0]), []byte(lines[1]), []byte(lines[2]))), nil
}

// isMRZ reports whether line can be a line of an MRZ of TD1.
func isMRZ(line string) bool {
	if len(line) != 30 {
		return false
	}
	for i := range len(line) {
		c := line[i]
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '<' {
			return false
		}
	}
	return true
}

// ParseDG1 reads the three lines of an MRZ of TD1. The lines are personal data. The
// error wraps ErrMalformed.
func ParseDG1(b []byte) ([3]string, error) {
	file, err := tlv.ParseOnly(b, 0x61)
	if err != nil {
		return [3]string{}, malformed(DG1, "%w", err)
	}
	mrz, err := tlv.Find(file.Value, tagMRZ)
	if err != nil {
		return [3]string{}, malformed(DG1, "%w", err)
	}
	if len(mrz.Value) != 90 {
		return [3]string{}, malformed(DG1, "the MRZ has %d characters, not the 90 of TD1", len(mrz.Value))
	}
	var lines [3]string
	for i := range lines {
		lines[i] = string(mrz.Value[30*i : 30*i+30])
		if !isMRZ(lines[i]) {
			return [3]string{}, malformed(DG1, "line %d has a character other than A to Z, 0 to 9 and <", i+1)
		}
	}
	return lines, nil
}
