package lds

import (
	"encoding/binary"
	"fmt"

	"example.org/cancuoc/personalization/chip/tlv"
)

// buildATRInfo makes EF.ATR/INFO: the card's capabilities and the longest APDUs
// (ISO/IEC 7816-4, 12.1.1 and 12.7).
func buildATRInfo(in *Input, _ Files) ([]byte, error) {
	p := in.Profile
	return append(
		// card capabilities: selection by full DF name, short EF identifiers; data units
		// of one byte; command chaining, and extended lengths as given in this file
		tlv.Encode(0x47, []byte{0x84, 0x01, 0xE0}),
		tlv.Encode(0x7F66, tlv.Encode(0x02, uint16Bytes(p.MaxCommand)), tlv.Encode(0x02, uint16Bytes(p.MaxResponse)))...), nil
}

// ExtendedLength is the length of the longest APDUs, in bytes.
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
		return ExtendedLength{}, malformed(ATRInfo, "the extended length information is incomplete")
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

// smallInteger reads an unsigned integer (tag 02) of one to four bytes.
func smallInteger(n tlv.Node) (int, error) {
	if n.Tag != 0x02 || len(n.Value) == 0 || len(n.Value) > 4 {
		return 0, fmt.Errorf("%X is not an integer of one to four bytes", n.Tag)
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
