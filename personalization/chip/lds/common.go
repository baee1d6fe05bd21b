package lds

import (
	"encoding/binary"
	"errors"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/tlv"
)

// ErrMalformed is wrapped by the errors of all parsers of this package.
var ErrMalformed = errors.New("file is malformed")

// malformed makes a parser's error, which names the file.
func malformed(file EF, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %w", file, ErrMalformed, fmt.Errorf(format, args...))
}

// Tags of EF.COM (9303-10, 4.6.1) and of EF.DG1.
const (
	tagLDSVersion     = 0x5F01
	tagUnicodeVersion = 0x5F36
	tagList           = 0x5C
	tagMRZ            = 0x5F1F
)

// unicodeVersion is what EF.COM announces: Unicode 4.0.0.
const unicodeVersion = "040000"

// buildCOM makes EF.COM, which lists the tags of the data groups in the order of
// their numbers.
func buildCOM(in *Input, made Files) ([]byte, error) {
	var list []byte
	for _, row := range in.Profile.table() {
		if row.DataGroup > 0 && made[row.EF] != nil {
			list = append(list, byte(row.Tag))
		}
	}
	version := "010" + in.Profile.LDSVersion[2:] // "1.7" is 0107
	return tlv.Encode(0x60,
		tlv.Encode(tagLDSVersion, []byte(version)),
		tlv.Encode(tagUnicodeVersion, []byte(unicodeVersion)),
		tlv.Encode(tagList, list)), nil
}

// CommonData is what EF.COM says.
type CommonData struct {
	LDSVersion     string // as in the file: "0107"
	UnicodeVersion string // as in the file: "040000"
	DataGroups     []int  // in the order of the file
	Unknown        []byte // listed tags that belong to no data group
}

// ParseCOM reads EF.COM. The error wraps ErrMalformed.
func ParseCOM(b []byte) (CommonData, error) {
	file, err := tlv.ParseOnly(b, 0x60)
	if err != nil {
		return CommonData{}, malformed(COM, "%w", err)
	}
	fields, err := file.Children()
	if err != nil {
		return CommonData{}, malformed(COM, "%w", err)
	}
	var com CommonData
	listed := false
	for _, field := range fields {
		switch field.Tag {
		case tagLDSVersion:
			com.LDSVersion = string(field.Value)
		case tagUnicodeVersion:
			com.UnicodeVersion = string(field.Value)
		case tagList:
			listed = true
			com.readList(field.Value)
		}
	}
	if com.LDSVersion == "" || !listed {
		return CommonData{}, malformed(COM, "LDS version or list of data groups is missing")
	}
	return com, nil
}

// readList reads the tag list.
func (c *CommonData) readList(tags []byte) {
	for _, tag := range tags {
		if row, found := FindFunc(func(r Row) bool { return r.DataGroup > 0 && r.Tag == uint32(tag) }); found {
			c.DataGroups = append(c.DataGroups, row.DataGroup)
		} else {
			c.Unknown = append(c.Unknown, tag)
		}
	}
}

// buildDG1 makes EF.DG1, once the lines agree with the card's number.
func buildDG1(in *Input, _ Files) ([]byte, error) {
	lines := in.MRZ
	for i, line := range lines {
		if !isMRZ(line) {
			return nil, identity.RefuseField(identity.Invalid, "mrz", "DG1, line %d: 30 of A-Z, 0-9 and < are expected", i+1)
		}
	}
	number := string(in.Card.Person.Number)
	if len(number) != 12 || lines[0][5:14] != number[3:] || lines[0][15:27] != number {
		return nil, identity.RefuseField(identity.Invalid, "number", "DG1: the MRZ does not show this personal number")
	}
	return tlv.Encode(0x61, tlv.Encode(tagMRZ, []byte(lines[0]), []byte(lines[1]), []byte(lines[2]))), nil
}

// isMRZ reports whether line is a line of a TD1 machine-readable zone.
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

// ParseDG1 reads the three lines of a TD1 machine-readable zone. The error
// wraps ErrMalformed. The lines are personal data.
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
			return [3]string{}, malformed(DG1, "line %d has a character that no MRZ has", i+1)
		}
	}
	return lines, nil
}

// buildATRInfo makes EF.ATR/INFO: the card's capabilities and the longest APDUs
// (ISO/IEC 7816-4, 12.1.1 and 12.7).
func buildATRInfo(in *Input, _ Files) ([]byte, error) {
	p := in.Profile
	return append(
		// selection by full DF name and short EF identifier; units of one byte;
		// command chaining, extended lengths as told in this file
		tlv.Encode(0x47, []byte{0x84, 0x01, 0xE0}),
		tlv.Encode(0x7F66, tlv.Encode(0x02, uint16Bytes(p.MaxCommand)), tlv.Encode(0x02, uint16Bytes(p.MaxResponse)))...), nil
}

// ExtendedLength is what EF.ATR/INFO says of the longest APDUs, in bytes.
type ExtendedLength struct{ Command, Response int }

// ParseATRInfo reads the longest APDUs from EF.ATR/INFO. The error wraps
// ErrMalformed.
func ParseATRInfo(b []byte) (ExtendedLength, error) {
	info, err := tlv.Find(b, 0x7F66)
	if err != nil {
		return ExtendedLength{}, malformed(ATRInfo, "%w", err)
	}
	fields, err := info.Children()
	if err != nil || len(fields) < 2 {
		return ExtendedLength{}, malformed(ATRInfo, "extended length information is incomplete")
	}
	command, err := smallInteger(fields[0])
	if err != nil {
		return ExtendedLength{}, malformed(ATRInfo, "%w", err)
	}
	response, err := smallInteger(fields[1])
	if err != nil {
		return ExtendedLength{}, malformed(ATRInfo, "%w", err)
	}
	return ExtendedLength{command, response}, nil
}

// smallInteger reads a data object 02 of one to four bytes, unsigned.
func smallInteger(n tlv.Node) (int, error) {
	if n.Tag != 0x02 || len(n.Value) == 0 || len(n.Value) > 4 {
		return 0, fmt.Errorf("%X is no small integer", n.Tag)
	}
	value := 0
	for _, b := range n.Value {
		value = value<<8 | int(b)
	}
	return value, nil
}

// uint16Bytes is n in two bytes, big-endian.
func uint16Bytes(n int) []byte {
	return binary.BigEndian.AppendUint16(nil, uint16(n))
}
