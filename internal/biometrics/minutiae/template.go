// Package minutiae is the fingerprint as a list of ridge endings and
// bifurcations: its record after ISO/IEC 19794-2:2005 and the comparison of two
// such lists.
//
// Start at Template for the record and at Prepare for the comparison.
package minutiae

import (
	"encoding/binary"

	"example.org/cancuoc/internal/identity"
)

// Template is one view of one finger: ISO/IEC 19794-2:2005, clause 8 (the record
// format, not the card formats).
type Template struct {
	Width, Height int // of the image, in pixels
	Resolution    int // of the image, in pixels per centimetre, both ways; 197 is 500 dpi
	Finger        int // finger position of table 2: 1 right thumb ... 6 left thumb ... 10 left little; 0 unknown
	Impression    int // impression type of table 3: 0 live-scan plain
	Quality       int // of the finger, 0 to 100; 0 is also "not reported"
	Minutiae      []Minutia
}

// Minutia is one ridge ending or bifurcation.
type Minutia struct {
	Type    Type
	X, Y    int   // pixels from the upper left corner, 14 bits
	Angle   uint8 // counter-clockwise from the x axis, in units of 360/256 degrees
	Quality uint8 // 1 to 100, or 0 where not reported
}

// Type is the kind of a minutia, as its two bits in the record.
type Type uint8

// The kinds of minutia.
const (
	Other       Type = 0
	Ending      Type = 1
	Bifurcation Type = 2
)

// Sizes of the record's parts in bytes, and the largest values of its fields.
const (
	headerSize   = 24
	viewSize     = 4
	minutiaSize  = 6
	maxMinutiae  = 255
	maxFinger    = 10
	maxPosition  = 1<<14 - 1
	maxQuality   = 100
	maxDimension = 1<<16 - 1
)

// magic is the format identifier and the version number: "FMR", 0, " 20", 0.
const magic = "FMR\x00 20\x00"

// DPI500 is the resolution of 500 dpi scanners in pixels per centimetre, as
// records carry it.
const DPI500 = 197

// Encode writes the record. It refuses what the record cannot hold.
func Encode(t Template) ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	size := headerSize + viewSize + minutiaSize*len(t.Minutiae) + 2
	b := make([]byte, 0, size)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = binary.BigEndian.AppendUint16(b, 0) // capture equipment: not certified, unknown
	for _, v := range []int{t.Width, t.Height, t.Resolution, t.Resolution} {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	b = append(b, 1, 0) // one view; reserved
	b = append(b, byte(t.Finger), byte(t.Impression), byte(t.Quality), byte(len(t.Minutiae)))
	for _, m := range t.Minutiae {
		b = binary.BigEndian.AppendUint16(b, uint16(m.Type)<<14|uint16(m.X))
		b = binary.BigEndian.AppendUint16(b, uint16(m.Y))
		b = append(b, m.Angle, m.Quality)
	}
	return binary.BigEndian.AppendUint16(b, 0), nil // no extended data
}

// check refuses what cannot be written, or makes no sense when read.
func (t Template) check() error {
	switch {
	case t.Width < 1 || t.Width > maxDimension || t.Height < 1 || t.Height > maxDimension:
		return refuse("the image size must be 1 to %d pixels a side", maxDimension)
	case t.Resolution < minResolution || t.Resolution > maxResolution:
		return refuse("the resolution must be %d to %d pixels per centimetre", minResolution, maxResolution)
	case t.Finger < 0 || t.Finger > maxFinger:
		return refuse("the finger position must be 0 to %d", maxFinger)
	case t.Impression < 0 || t.Impression > 15:
		return refuse("the impression type must be 0 to 15")
	case t.Quality < 0 || t.Quality > maxQuality:
		return refuse("the finger quality must be 0 to %d", maxQuality)
	case len(t.Minutiae) > maxMinutiae:
		return refuse("at most %d minutiae are accepted", maxMinutiae)
	}
	for _, m := range t.Minutiae {
		switch {
		case m.Type > Bifurcation:
			return refuse("a minutia has the reserved type 3")
		case m.X < 0 || m.Y < 0 || m.X >= t.Width || m.Y >= t.Height || m.X > maxPosition || m.Y > maxPosition:
			return refuse("a minutia lies outside the image")
		case m.Quality > maxQuality:
			return refuse("the quality of a minutia must be 0 to %d", maxQuality)
		}
	}
	return nil
}

// Accepted resolutions in pixels per centimetre: 250 to 1270 dpi.
const (
	minResolution = 98
	maxResolution = 500
)

// Parse reads a record of exactly one view. Extended data is passed over. A
// record that is no such thing is refused; no input makes it panic.
func Parse(b []byte) (Template, error) {
	size, err := RecordSize(b)
	if err != nil {
		return Template{}, err
	}
	if size != len(b) {
		return Template{}, refuse("the record says %d bytes and has %d", size, len(b))
	}
	if b[22] != 1 {
		return Template{}, refuse("the record has %d views; exactly one is accepted", b[22])
	}
	if x, y := word(b[18:]), word(b[20:]); x != y {
		return Template{}, refuse("the resolutions across and along differ")
	}
	t := Template{
		Width: word(b[14:]), Height: word(b[16:]), Resolution: word(b[18:]),
		Finger: int(b[24]), Impression: int(b[25] & 15), Quality: int(b[26]),
	}
	rest := b[headerSize+viewSize:]
	count := int(b[27])
	if len(rest) < count*minutiaSize+2 {
		return Template{}, refuse("the record ends before its last minutia")
	}
	t.Minutiae = make([]Minutia, count)
	for i := range t.Minutiae {
		m := rest[i*minutiaSize:]
		t.Minutiae[i] = Minutia{
			Type: Type(m[0] >> 6), X: word(m) & maxPosition, Y: word(m[2:]) & maxPosition,
			Angle: m[4], Quality: m[5],
		}
	}
	rest = rest[count*minutiaSize:]
	if word(rest) != len(rest)-2 {
		return Template{}, refuse("the extended data does not end where the record does")
	}
	return t, t.check()
}

// RecordSize gives the size in bytes that the record at the start of b claims,
// which is at least that of an empty record and at most len(b).
func RecordSize(b []byte) (int, error) {
	if len(b) < headerSize+viewSize+2 || string(b[:8]) != magic {
		return 0, refuse("is no minutiae record of ISO/IEC 19794-2:2005")
	}
	size := binary.BigEndian.Uint32(b[8:])
	if size < headerSize+viewSize+2 || uint64(size) > uint64(len(b)) {
		return 0, refuse("the record says %d bytes and has %d", size, len(b))
	}
	return int(size), nil
}

func word(b []byte) int { return int(binary.BigEndian.Uint16(b)) }

func refuse(format string, args ...any) error {
	return identity.Refuse(identity.Invalid, "fingerprint template: "+format, args...)
}
