// Package tlv reads and writes BER-TLV data objects, of which all files and most
// commands of a chip consist (ISO/IEC 7816-4, 5.2.2; ITU-T X.690).
//
// It writes minimal lengths, because some readers refuse others. What it reads may
// come from anyone: memory is bounded by the input, nothing is copied, and
// indefinite lengths are refused.
//
// Start at [Encode] and [Parse]; [Find] walks down a path of tags.
package tlv

import (
	"errors"
	"fmt"
)

// Errors of reading, for errors.Is. What wraps them says where.
var (
	ErrTruncated = errors.New("data object is cut short")
	ErrTag       = errors.New("wrong tag")
	ErrLength    = errors.New("length is malformed")
	ErrTrailing  = errors.New("bytes follow the data object")
	ErrTooMany   = errors.New("too many data objects")
	ErrNotFound  = errors.New("data object is missing")
)

// maxChildren bounds how many data objects one template may hold. The largest
// template of a card, a list of data group hashes, holds 16.
const maxChildren = 4096

// maxLength is the longest value that is read or written, in bytes: a length of
// three bytes, as on chips. The files of a card are much shorter.
const maxLength = 1<<24 - 1

// Node is one data object. Its slices point into what was parsed.
type Node struct {
	Tag   uint32 // its bytes, big-endian: for example 0x61, 0x5F1F
	Value []byte
	Raw   []byte // the whole object: tag, length and value
}

// Constructed reports whether by its tag the value consists of data objects. Some
// chips do not keep to that.
func (n Node) Constructed() bool {
	first := n.Tag
	for first > 0xFF {
		first >>= 8
	}
	return first&0x20 != 0
}

// Children reads the value as a sequence of data objects.
func (n Node) Children() ([]Node, error) {
	nodes, err := ParseAll(n.Value)
	if err != nil {
		return nil, fmt.Errorf("in %X: %w", n.Tag, err)
	}
	return nodes, nil
}

// Encode writes one data object, its value the given parts joined. It panics on an
// invalid tag and on a value of 16 MB and more, which are programming errors.
func Encode(tag uint32, value ...[]byte) []byte {
	length := 0
	for _, part := range value {
		length += len(part)
	}
	out := make([]byte, 0, Size(tag, length))
	out = AppendHeader(out, tag, length)
	for _, part := range value {
		out = append(out, part...)
	}
	return out
}

// Size is how many bytes a data object with that tag and a value of length
// bytes takes.
func Size(tag uint32, length int) int {
	return tagSize(tag) + lengthSize(length) + length
}

// AppendHeader appends a data object's tag and minimal length to b. It panics
// as [Encode] does.
func AppendHeader(b []byte, tag uint32, length int) []byte {
	if !validTag(tag) {
		panic(fmt.Sprintf("tlv: %X is not a tag", tag))
	}
	if length < 0 || length > maxLength {
		panic(fmt.Sprintf("tlv: a data object cannot be %d bytes long", length))
	}
	for i := tagSize(tag) - 1; i >= 0; i-- {
		b = append(b, byte(tag>>(8*i)&0xFF))
	}
	size := lengthSize(length)
	if size > 1 {
		b = append(b, byte(0x7F+size))
		size--
	}
	for i := size - 1; i >= 0; i-- {
		b = append(b, byte(length>>(8*i)&0xFF))
	}
	return b
}

// Header reads a data object's tag and length. b need not have more than these: a
// reader learns from the first bytes of a file how long it is. The object has
// size+length bytes.
func Header(b []byte) (tag uint32, size, length int, err error) {
	tag, n, err := readTag(b)
	if err != nil {
		return 0, 0, 0, err
	}
	length, m, err := readLength(b[n:])
	if err != nil {
		return 0, 0, 0, fmt.Errorf("%X: %w", tag, err)
	}
	return tag, n + m, length, nil
}

// Parse reads the data object at the beginning of b and returns what follows it.
func Parse(b []byte) (node Node, rest []byte, err error) {
	tag, size, length, err := Header(b)
	if err != nil {
		return Node{}, nil, err
	}
	end := size + length
	if end > len(b) {
		return Node{}, nil, fmt.Errorf("%X: %w: its length is %d, but %d bytes follow", tag, ErrTruncated, length, len(b)-size)
	}
	return Node{Tag: tag, Value: b[size:end:end], Raw: b[:end:end]}, b[end:], nil
}

// ParseOnly reads b as one data object with the given tag and nothing after it.
func ParseOnly(b []byte, tag uint32) (Node, error) {
	node, rest, err := Parse(b)
	switch {
	case err != nil:
		return Node{}, err
	case node.Tag != tag:
		return Node{}, fmt.Errorf("%w: %X, not %X", ErrTag, node.Tag, tag)
	case len(rest) > 0:
		return Node{}, fmt.Errorf("%X: %w: %d", tag, ErrTrailing, len(rest))
	}
	return node, nil
}

// ParseAll reads b as a sequence of data objects.
func ParseAll(b []byte) ([]Node, error) {
	const usual = 4 // as many as most templates of a card have
	nodes := make([]Node, 0, usual)
	for len(b) > 0 {
		if len(nodes) == maxChildren {
			return nil, ErrTooMany
		}
		node, rest, err := Parse(b)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
		b = rest
	}
	return nodes, nil
}

// Find follows a path of tags, the first of them in b, and returns the data object
// at its end. Of several objects with one tag it takes the first. The error is
// ErrNotFound where a tag is missing.
func Find(b []byte, path ...uint32) (Node, error) {
	var found Node
	for _, tag := range path {
		node, err := next(b, tag)
		if err != nil {
			return Node{}, err
		}
		found, b = node, node.Value
	}
	return found, nil
}

// next finds the first data object with that tag in a sequence.
func next(b []byte, tag uint32) (Node, error) {
	for len(b) > 0 {
		node, rest, err := Parse(b)
		if err != nil {
			return Node{}, err
		}
		if node.Tag == tag {
			return node, nil
		}
		b = rest
	}
	return Node{}, fmt.Errorf("%X: %w", tag, ErrNotFound)
}

// readTag reads a tag of at most four bytes and says how many it has.
func readTag(b []byte) (tag uint32, n int, err error) {
	if len(b) == 0 {
		return 0, 0, ErrTruncated
	}
	if b[0] == 0 {
		return 0, 0, fmt.Errorf("%w: 00", ErrTag)
	}
	if b[0]&0x1F != 0x1F {
		return uint32(b[0]), 1, nil
	}
	tag = uint32(b[0])
	for i := 1; i < 4; i++ {
		if i == len(b) {
			return 0, 0, ErrTruncated
		}
		tag = tag<<8 | uint32(b[i])
		if i == 1 && b[i] == 0x80 {
			return 0, 0, fmt.Errorf("%w: leading zeros", ErrTag)
		}
		if b[i]&0x80 == 0 {
			return tag, i + 1, nil
		}
	}
	return 0, 0, fmt.Errorf("%w: longer than four bytes", ErrTag)
}

// readLength reads a length of one byte, or of up to three bytes after one that
// counts them, and says how many bytes it read. A length need not be minimal.
func readLength(b []byte) (length, n int, err error) {
	if len(b) == 0 {
		return 0, 0, ErrTruncated
	}
	if b[0] < 0x80 {
		return int(b[0]), 1, nil
	}
	size := int(b[0] & 0x7F)
	switch {
	case size == 0:
		return 0, 0, fmt.Errorf("%w: indefinite", ErrLength)
	case size > 3:
		return 0, 0, fmt.Errorf("%w: it has %d bytes", ErrLength, size)
	case size >= len(b):
		return 0, 0, ErrTruncated
	}
	for _, digit := range b[1 : 1+size] {
		length = length<<8 | int(digit)
	}
	return length, 1 + size, nil
}

// tagSize is how many bytes a tag takes.
func tagSize(tag uint32) int {
	switch {
	case tag <= 0xFF:
		return 1
	case tag <= 0xFFFF:
		return 2
	case tag <= 0xFFFFFF:
		return 3
	}
	return 4
}

// lengthSize is how many bytes a length takes.
func lengthSize(length int) int {
	switch {
	case length < 0x80:
		return 1
	case length <= 0xFF:
		return 2
	case length <= 0xFFFF:
		return 3
	}
	return 4
}

// validTag reports whether readTag reads the bytes of tag as one tag.
func validTag(tag uint32) bool {
	var b [4]byte
	size := tagSize(tag)
	for i := range size {
		b[i] = byte(tag >> (8 * (size - 1 - i)) & 0xFF)
	}
	_, n, err := readTag(b[:size])
	return err == nil && n == size
}
