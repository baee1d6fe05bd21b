// Package personalization composes a card and prepares what it is made of.
//
// [Prepare] composes it once and yields the printed content, both sides as a PDF,
// and the chip's [Image] (key pairs, data groups, security object), the only thing
// that a station writes. Whoever needs the content alone, to check or to compare,
// asks [Compose]. The rooms below know one thing each: lds the files, sod the
// signature, pki who may sign, keys where secrets live, curve and tlv the
// mathematics and the grammar.
package personalization

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/lds"
)

// ErrImage is wrapped by errors about bytes that are no image of a chip.
var ErrImage = errors.New("chip image is malformed")

// Image is all that is written to one chip. It holds the chip's private keys
// and its holder's data: it is stored encrypted, and gone once the card is made.
type Image struct {
	Files          lds.Files
	MRZInformation string // what BAC and PACE derive keys from: number, birth and expiry with check digits
	CAN            string // card access number, six digits
	CAPrivate      []byte // Chip Authentication key, PKCS#8
	AAPrivate      []byte // Active Authentication key, PKCS#8
	Profile        string // name of the lds.Profile
	Serial         identity.CardSerial
}

// LogValue hides the image.
func (*Image) LogValue() slog.Value { return slog.StringValue("[chip image]") }

// String hides the image.
func (*Image) String() string { return "[chip image]" }

// GoString hides the image.
func (*Image) GoString() string { return "[chip image]" }

// The encoding of an image: a magic number, a version, then every part in a
// fixed order, each after its length in four bytes, big-endian. A file that the
// chip does not have has length 2^32-1.
const (
	imageMagic   = "CCIM"
	imageVersion = 1
	imageAbsent  = 0xFFFF_FFFF

	maxImage = 1 << 20 // bytes; a chip holds 144 kB
)

// parts are the parts of an image in the order of their encoding, without the
// strings.
func (i *Image) parts() []*[]byte {
	f := &i.Files
	return []*[]byte{
		&f.COM, &f.CardAccess, &f.DG1, &f.DG2, &f.DG3, &f.DG13, &f.DG14, &f.DG15, &f.SOD, &f.ATRInfo,
		&i.CAPrivate, &i.AAPrivate,
	}
}

// MarshalBinary writes the image.
func (i *Image) MarshalBinary() ([]byte, error) {
	b := append([]byte(imageMagic), imageVersion)
	for _, part := range i.parts() {
		b = appendPart(b, *part)
	}
	for _, text := range []string{i.MRZInformation, i.CAN, i.Profile, string(i.Serial)} {
		b = appendPart(b, []byte(text))
	}
	if len(b) > maxImage {
		return nil, fmt.Errorf("%w: %d bytes are more than any chip holds", ErrImage, len(b))
	}
	return b, nil
}

// appendPart writes one part.
func appendPart(b, part []byte) []byte {
	if part == nil {
		return binary.BigEndian.AppendUint32(b, imageAbsent)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
	return append(b, part...)
}

// UnmarshalBinary reads an image. Errors wrap ErrImage.
func (i *Image) UnmarshalBinary(b []byte) error {
	switch {
	case len(b) > maxImage || len(b) < len(imageMagic)+1 || string(b[:len(imageMagic)]) != imageMagic:
		return fmt.Errorf("%w: these bytes are none", ErrImage)
	case b[len(imageMagic)] != imageVersion:
		return fmt.Errorf("%w: version %d, this program reads %d", ErrImage, b[len(imageMagic)], imageVersion)
	}
	var read Image
	rest := b[len(imageMagic)+1:]
	for _, part := range read.parts() {
		var ok bool
		if *part, rest, ok = nextPart(rest); !ok {
			return fmt.Errorf("%w: it is cut short", ErrImage)
		}
	}
	for _, text := range []*string{&read.MRZInformation, &read.CAN, &read.Profile, (*string)(&read.Serial)} {
		part, after, ok := nextPart(rest)
		if !ok || part == nil {
			return fmt.Errorf("%w: it is cut short", ErrImage)
		}
		*text, rest = string(part), after
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: %d bytes follow it", ErrImage, len(rest))
	}
	*i = read
	return nil
}

// nextPart reads one part; a copy, so that the image does not hold on to b.
func nextPart(b []byte) (part, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	length := binary.BigEndian.Uint32(b)
	b = b[4:]
	if length == imageAbsent {
		return nil, b, true
	}
	if uint64(length) > uint64(len(b)) {
		return nil, nil, false
	}
	return append([]byte{}, b[:length]...), b[length:], true
}
