// Package chip holds what is written to one chip: its [Image]. The packages
// below it know one thing each: lds the files, sod the signature over them, pki
// who may sign, keys where secrets are kept, apdu and securechannel how a
// terminal talks to a card, softcard the card itself, curve, cms and tlv the
// mathematics and the encodings.
package chip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/lds"
)

// ErrImage is wrapped by errors about bytes that are not the image of a chip.
var ErrImage = errors.New("chip image is malformed")

// Image is all that is written to one chip. It holds its holder's data: it is stored
// encrypted. Stored images are open: the chip makes its keys when it is written, and what
// depends on them is added then.
type Image struct {
	Files          lds.Files
	MRZInformation string // what BAC and PACE derive keys from: number, birth and expiry with check digits
	CAN            string // card access number, six digits
	CAPrivate      []byte // Chip Authentication key, PKCS#8, of a chip that did not make it
	AAPrivate      []byte // Active Authentication key, PKCS#8, of a chip that did not make it
	Profile        string // name of the lds.Profile
	Serial         identity.CardSerial
	Applications   []string // installed beside the eMRTD application, by their names in the table of card applications
	TransportPIN   string   // of the digital signature, 6 to 12 digits
}

// Open reports whether the chip is to make its keys, and the image to be sealed with them.
func (i *Image) Open() bool { return i.Files[lds.SOD] == nil }

// LogValue hides the image.
func (*Image) LogValue() slog.Value { return slog.StringValue("[chip image]") }

// String hides the image.
func (*Image) String() string { return "[chip image]" }

// GoString hides the image.
func (*Image) GoString() string { return "[chip image]" }

// The names of the private keys, by which card profiles know them.
const (
	CAPrivate = "chip-authentication-key"
	AAPrivate = "active-authentication-key"
)

// TransportPIN is the name of the PIN with which the digital signature is delivered.
const TransportPIN = "signature-transport-pin"

// PINTries is how many wrong PINs in a row block the digital signature.
const PINTries = 3

// The names of what else an image holds beside the elementary files, which go by
// their own names. The card profiles know the secrets by them, too.
const (
	nameMRZInformation = "mrz-information"
	nameCAN            = "can"
	nameProfile        = "profile"
	nameSerial         = "serial"
	nameApplications   = "applications"
)

// Content is what the applications are given, by name: elementary files and
// secrets. What the image does not have is not there.
func (i *Image) Content() map[string][]byte {
	content := map[string][]byte{
		nameMRZInformation: []byte(i.MRZInformation),
		nameCAN:            []byte(i.CAN),
		CAPrivate:          i.CAPrivate,
		AAPrivate:          i.AAPrivate,
		TransportPIN:       []byte(i.TransportPIN),
	}
	for ef, b := range i.Files {
		content[string(ef)] = b
	}
	maps.DeleteFunc(content, func(_ string, b []byte) bool { return len(b) == 0 })
	return content
}

// The encoding of an image: a magic number, a version, the number of its parts,
// then those that it has, in the order of their names. A part is its name after
// one byte of length, and its content after four bytes of length, big-endian.
const (
	imageMagic   = "CCIM"
	imageVersion = 2

	imageHeader = len(imageMagic) + 2
	maxImage    = 1 << 20 // bytes; a chip holds 144 kB
)

// MarshalBinary writes the image.
func (i *Image) MarshalBinary() ([]byte, error) {
	parts := i.Content()
	if i.Profile != "" {
		parts[nameProfile] = []byte(i.Profile)
	}
	if i.Serial != "" {
		parts[nameSerial] = []byte(i.Serial)
	}
	if len(i.Applications) > 0 {
		parts[nameApplications] = []byte(strings.Join(i.Applications, "\n"))
	}
	size := imageHeader
	for name, part := range parts {
		size += 1 + len(name) + 4 + len(part)
	}
	if size > maxImage {
		return nil, fmt.Errorf("%w: %d bytes are more than any chip holds", ErrImage, size)
	}
	b := append(append(make([]byte, 0, size), imageMagic...), imageVersion, byte(len(parts)&0xFF))
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		b = append(append(b, byte(len(name)&0xFF)), name...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(parts[name])))
		b = append(b, parts[name]...)
	}
	return b, nil
}

// UnmarshalBinary reads an image. Errors wrap ErrImage.
func (i *Image) UnmarshalBinary(b []byte) error {
	switch {
	case len(b) > maxImage || len(b) < imageHeader || string(b[:len(imageMagic)]) != imageMagic:
		return fmt.Errorf("%w: it does not begin with %s", ErrImage, imageMagic)
	case b[len(imageMagic)] != imageVersion:
		return fmt.Errorf("%w: version %d, this program reads %d", ErrImage, b[len(imageMagic)], imageVersion)
	}
	read := Image{Files: make(lds.Files)}
	last, rest := "", b[imageHeader:]
	for range b[imageHeader-1] {
		name, part, after, ok := nextPart(rest)
		switch {
		case !ok:
			return fmt.Errorf("%w: it is cut short", ErrImage)
		case name <= last:
			return fmt.Errorf("%w: its parts are out of order", ErrImage)
		case !read.set(name, part):
			return fmt.Errorf("%w: it has an unknown part %q", ErrImage, name)
		}
		last, rest = name, after
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: %d bytes follow it", ErrImage, len(rest))
	}
	*i = read
	return nil
}

// nextPart reads one part: its content is a copy, so that the image does not
// hold on to b, and is not empty.
func nextPart(b []byte) (name string, part, rest []byte, ok bool) {
	if len(b) == 0 {
		return "", nil, nil, false
	}
	n := int(b[0])
	if len(b) < 1+n+4 {
		return "", nil, nil, false
	}
	name, b = string(b[1:1+n]), b[1+n:]
	length := uint64(binary.BigEndian.Uint32(b))
	b = b[4:]
	if length == 0 || length > uint64(len(b)) {
		return "", nil, nil, false
	}
	return name, slices.Clone(b[:length]), b[length:], true
}

// set gives the image a part, and reports whether it knows a part of that name.
func (i *Image) set(name string, part []byte) bool {
	switch name {
	case nameMRZInformation:
		i.MRZInformation = string(part)
	case nameCAN:
		i.CAN = string(part)
	case CAPrivate:
		i.CAPrivate = part
	case AAPrivate:
		i.AAPrivate = part
	case nameProfile:
		i.Profile = string(part)
	case nameSerial:
		i.Serial = identity.CardSerial(part)
	case nameApplications:
		i.Applications = strings.Split(string(part), "\n")
	case TransportPIN:
		i.TransportPIN = string(part)
	default:
		row, found := lds.Find(lds.EF(name))
		if !found {
			return false
		}
		i.Files[row.EF] = part
	}
	return true
}
