// Package minutiae is the fingerprint as a list of ridge endings and
// bifurcations: its record after ISO/IEC 19794-2:2005 and the comparison of two
// such lists.
//
// Start at Record for the record, and at Prepare and Match for the comparison.
package minutiae

import (
	"encoding/binary"

	"example.org/cancuoc/internal/identity"
)

// Record is one view of one finger: a finger minutiae record of ISO/IEC
// 19794-2:2005, clause 8 (the record format, not the card formats).
type Record struct {
	Width, Height int // of the image, in pixels
	Resolution    int // of the image, in pixels per centimeter, both ways; 197 is 500 dpi
	Finger        int // finger position of table 2: 1 right thumb ... 6 left thumb ... 10 left little; 0 unknown
	Impression    int // impression type of table 3: 0 live-scan plain
	Quality       int // of the finger, 0 to 100; 0 is also "not reported"
	Minutiae      []Minutia
}

// Minutia is one ridge ending or bifurcation.
type Minutia struct {
	Type    Type
	X, Y    int   // pixels from the upper left corner, 14 bits
	Angle   uint8 // counterclockwise from the x axis, in units of 360/256 degrees
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
	maxFinger    = 10
	maxPosition  = 1<<14 - 1
	maxQuality   = 100
	maxDimension = 1<<16 - 1
)

// MaxCount is the largest number of minutiae that a record holds.
const MaxCount = 255

// magic is the format identifier and the version number: "FMR", 0, " 20", 0.
const magic = "FMR\x00 20\x00"

// DPI500 is the resolution of 500 dpi scanners in pixels per centimeter, as
// records carry it.
const DPI500 = 197

// Encode writes the record. It refuses what the record cannot hold.
func Encode(r Record) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	size := headerSize + viewSize + minutiaSize*len(r.Minutiae) + 2
	b := make([]byte, 0, size)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = binary.BigEndian.AppendUint16(b, 0) // capture equipment: not certified, unknown
	for _, v := range []int{r.Width, r.Height, r.Resolution, r.Resolution} {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	b = append(b, 1, 0) // one view; reserved
	b = append(b, byte(r.Finger), byte(r.Impression), byte(r.Quality), byte(len(r.Minutiae)))
	for _, m := range r.Minutiae {
		b = binary.BigEndian.AppendUint16(b, uint16(m.Type)<<14|uint16(m.X))
		b = binary.BigEndian.AppendUint16(b, uint16(m.Y))
		b = append(b, m.Angle, m.Quality)
	}
	return binary.BigEndian.AppendUint16(b, 0), nil // no extended data
}

// check refuses a record that cannot be written, or makes no sense when read.
func (r Record) check() error {
	switch {
	case r.Width < 1 || r.Width > maxDimension || r.Height < 1 || r.Height > maxDimension:
		return refuse("the image size must be 1 to %d pixels a side", maxDimension)
	case r.Resolution < minResolution || r.Resolution > maxResolution:
		return refuse("the resolution must be %d to %d pixels per centimeter", minResolution, maxResolution)
	case r.Finger < 0 || r.Finger > maxFinger:
		return refuse("the finger position must be 0 to %d", maxFinger)
	case r.Impression < 0 || r.Impression > 15:
		return refuse("the impression type must be 0 to 15")
	case r.Quality < 0 || r.Quality > maxQuality:
		return refuse("the finger quality must be 0 to %d", maxQuality)
	case len(r.Minutiae) > MaxCount:
		return refuse("at most %d minutiae are accepted", MaxCount)
	}
	for _, m := range r.Minutiae {
		switch {
		case m.Type > Bifurcation:
			return refuse("a minutia has the reserved type 3")
		case m.X < 0 || m.Y < 0 || m.X >= r.Width || m.Y >= r.Height || m.X > maxPosition || m.Y > maxPosition:
			return refuse("a minutia lies outside the image")
		case m.Quality > maxQuality:
			return refuse("the quality of a minutia must be 0 to %d", maxQuality)
		}
	}
	return nil
}

// Accepted resolutions in pixels per centimeter: 250 to 1270 dpi.
const (
	minResolution = 98
	maxResolution = 500
)

// Parse reads a record of exactly one view, and passes over extended data. It
// refuses anything else.
func Parse(b []byte) (Record, error) {
	size, err := RecordSize(b)
	if err != nil {
		return Record{}, err
	}
	if size != len(b) {
		return Record{}, refuse("the record states %d bytes and has %d", size, len(b))
	}
	if b[22] != 1 {
		return Record{}, refuse("the record has %d views; exactly one is accepted", b[22])
	}
	if x, y := word(b[18:]), word(b[20:]); x != y {
		return Record{}, refuse("the resolutions across and along differ")
	}
	r := Record{
		Width: word(b[14:]), Height: word(b[16:]), Resolution: word(b[18:]),
		Finger: int(b[24]), Impression: int(b[25] & 15), Quality: int(b[26]),
	}
	rest := b[headerSize+viewSize:]
	count := int(b[27])
	if len(rest) < count*minutiaSize+2 {
		return Record{}, refuse("the record ends before its last minutia")
	}
	r.Minutiae = make([]Minutia, count)
	for i := range r.Minutiae {
		m := rest[i*minutiaSize:]
		r.Minutiae[i] = Minutia{
			Type: Type(m[0] >> 6), X: word(m) & maxPosition, Y: word(m[2:]) & maxPosition,
			Angle: m[4], Quality: m[5],
		}
	}
	rest = rest[count*minutiaSize:]
	if word(rest) != len(rest)-2 {
		return Record{}, refuse("the extended data does not end where the record does")
	}
	return r, r.check()
}

// RecordSize gives the size in bytes that the record at the start of b states. It
// is at least that of an empty record and at most len(b).
func RecordSize(b []byte) (int, error) {
	if len(b) < headerSize+viewSize+2 || string(b[:8]) != magic {
		return 0, refuse("this is not a minutiae record of ISO/IEC 19794-2:2005")
	}
	size := binary.BigEndian.Uint32(b[8:])
	if size < headerSize+viewSize+2 || uint64(size) > uint64(len(b)) {
		return 0, refuse("the record states %d bytes and has %d", size, len(b))
	}
	return int(size), nil
}

func word(b []byte) int { return int(binary.BigEndian.Uint16(b)) }

func refuse(format string, args ...any) error {
	return identity.Refuse(identity.Invalid, "fingerprint template: "+format, args...)
}
