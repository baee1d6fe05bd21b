package lds

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/tlv"
)

// Lengths in ISO/IEC 19794-4:2005, in bytes: general record header (7.1), finger
// record header (7.2).
const (
	fingerRecord = 32
	fingerHeader = 14
)

// FingerFormat is how a finger image is coded (19794-4, table 4).
type FingerFormat byte

// The formats of finger images that are written and read.
const (
	FingerRaw      FingerFormat = 0 // one byte per pixel, by rows
	FingerWSQ      FingerFormat = 2
	FingerJPEG2000 FingerFormat = 4
	FingerPNG      FingerFormat = 5
)

// Finger is one finger image of EF.DG3, of 500 dpi and 8 bits per pixel.
type Finger struct {
	Position      byte // 19794-4, table 5: 1 right thumb, 2 right index ... 6 left thumb ... 10 left little finger
	Format        FingerFormat
	Width, Height int // pixels
	Image         []byte
}

// LogValue hides the finger.
func (Finger) LogValue() slog.Value { return slog.StringValue("[finger]") }

// String hides the finger.
func (Finger) String() string { return "[finger]" }

// GoString hides the finger.
func (Finger) GoString() string { return "[finger]" }

// start is how an image of the format begins; false for an unknown format.
func (f FingerFormat) start() (string, bool) {
	switch f {
	case FingerRaw:
		return "", true
	case FingerWSQ:
		return "\xFF\xA0", true
	case FingerJPEG2000:
		return "\x00\x00\x00\x0CjP", true
	case FingerPNG:
		return "\x89PNG\r\n\x1A\n", true
	}
	return "", false
}

// maxFingers bounds how many images are read: two views of each finger.
const maxFingers = 20

// maxFingerImage is the largest finger image for a chip, in bytes.
const maxFingerImage = 60_000

// check refuses a finger that readers could not show, with field "fingers".
func (f Finger) check() error {
	refuse := func(format string, args ...any) error {
		return identity.RefuseField(identity.Invalid, "fingers", "DG3: "+format, args...)
	}
	start, known := f.Format.start()
	switch {
	case f.Position < 1 || f.Position > 10:
		return refuse("there is no finger %d; fingers are 1 to 10", f.Position)
	case f.Width < 1 || f.Width > 0xFFFF || f.Height < 1 || f.Height > 0xFFFF:
		return refuse("finger %d has %d by %d pixels; 1 to 65535 each are possible", f.Position, f.Width, f.Height)
	case len(f.Image) > maxFingerImage:
		return refuse("finger %d has %d bytes; a chip takes %d", f.Position, len(f.Image), maxFingerImage)
	case !known || len(f.Image) == 0 || !bytes.HasPrefix(f.Image, []byte(start)),
		f.Format == FingerRaw && len(f.Image) != f.Width*f.Height:
		return refuse("the image of finger %d is not of format %d", f.Position, f.Format)
	}
	return nil
}

// subtype is the finger in CBEFF (9303-10, table 45): two bits for the hand, three
// for the finger.
func (f Finger) subtype() byte {
	hand, finger := byte(1), f.Position
	if finger > 5 {
		hand, finger = 2, finger-5
	}
	return finger<<2 | hand
}

// buildDG3 makes EF.DG3, with one template for each finger (9303-10, 4.7.3).
func buildDG3(in *Input, _ Files) ([]byte, error) {
	fingers := in.Fingers
	switch {
	case len(fingers) == 0:
		return nil, nil
	case !in.Profile.TerminalAuthentication:
		return nil, fmt.Errorf("%w %q: fingers need Terminal Authentication, which it does not announce", ErrProfile, in.Profile.Name)
	}
	templates := [][]byte{{0x02, 0x01, byte(len(fingers))}}
	seen := make(map[byte]bool)
	for _, f := range fingers {
		if err := f.check(); err != nil {
			return nil, err
		}
		if seen[f.Position] {
			return nil, identity.RefuseField(identity.Invalid, "fingers", "DG3: finger %d is given twice", f.Position)
		}
		seen[f.Position] = true
		header := tlv.Encode(0xA1,
			tlv.Encode(0x80, []byte{0x01, 0x01}), // header version
			tlv.Encode(0x81, []byte{0x08}),       // biometric type: finger
			tlv.Encode(0x82, []byte{f.subtype()}),
			tlv.Encode(0x87, []byte{0x01, 0x01}), // format owner: ISO/IEC JTC 1/SC 37
			tlv.Encode(0x88, []byte{0x00, 0x07})) // format type: finger image data
		templates = append(templates, tlv.Encode(0x7F60, header, tlv.Encode(0x5F2E, f.record(), f.Image)))
	}
	return tlv.Encode(0x63, tlv.Encode(0x7F61, templates...)), nil
}

// record is the part of the finger image record that is before the image.
func (f Finger) record() []byte {
	const perInch, dots = 1, 500
	image := uint32(len(f.Image))
	b := make([]byte, 0, fingerRecord+fingerHeader)
	b = append(b, "FIR\x00010\x00"...)
	b = append(b, 0, 0) // the first two of the six bytes of the length
	b = binary.BigEndian.AppendUint32(b, fingerRecord+fingerHeader+image)
	b = append(b, 0, 0)  // capture device: unspecified
	b = append(b, 0, 31) // image acquisition level: 500 dpi, 8 bits
	b = append(b, 1)     // fingers
	b = append(b, perInch)
	for range 4 { // resolution of the scan and of the image, horizontal and vertical
		b = binary.BigEndian.AppendUint16(b, dots)
	}
	b = append(b, 8, byte(f.Format), 0, 0)

	b = binary.BigEndian.AppendUint32(b, fingerHeader+image)
	b = append(b, f.Position, 1, 1) // view 1 of 1
	b = append(b, 0xFE, 0)          // quality unknown; live-scan plain
	b = append(b, uint16Bytes(f.Width)...)
	b = append(b, uint16Bytes(f.Height)...)
	return append(b, 0)
}

// ParseDG3 reads the fingers of EF.DG3, of which there may be none. The images point
// into what was parsed. The error wraps ErrMalformed.
func ParseDG3(b []byte) ([]Finger, error) {
	file, err := tlv.ParseOnly(b, 0x63)
	if err != nil {
		return nil, malformed(DG3, "%w", err)
	}
	group, err := tlv.Find(file.Value, 0x7F61)
	if err != nil {
		return nil, malformed(DG3, "%w", err)
	}
	nodes, err := group.Children()
	if err != nil {
		return nil, malformed(DG3, "%w", err)
	}
	var fingers []Finger
	for _, template := range nodes {
		if template.Tag != 0x7F60 {
			continue
		}
		data, err := tlv.Find(template.Value, 0x5F2E)
		if err != nil { // the constructed form of 7816-11
			if data, err = tlv.Find(template.Value, 0x7F2E); err != nil {
				return nil, malformed(DG3, "%w", err)
			}
		}
		if fingers, err = appendFingers(fingers, data.Value); err != nil {
			return nil, err
		}
	}
	return fingers, nil
}

// appendFingers reads a finger image record, which may have several fingers.
func appendFingers(fingers []Finger, b []byte) ([]Finger, error) {
	if len(b) < fingerRecord || string(b[:8]) != "FIR\x00010\x00" {
		return nil, malformed(DG3, "it does not have a finger record of ISO/IEC 19794-4:2005")
	}
	format := FingerFormat(b[29])
	if _, known := format.start(); !known {
		return nil, malformed(DG3, "finger images have the unknown format %d", format)
	}
	for b = b[fingerRecord:]; len(b) > 0; {
		if len(b) < fingerHeader || len(fingers) == maxFingers {
			return nil, malformed(DG3, "a finger is cut short, or there are more than %d", maxFingers)
		}
		length := int64(binary.BigEndian.Uint32(b))
		if length < fingerHeader || length > int64(len(b)) {
			return nil, malformed(DG3, "the length of a finger is wrong")
		}
		fingers = append(fingers, Finger{
			Position: b[4], Format: format,
			Width:  int(binary.BigEndian.Uint16(b[9:])),
			Height: int(binary.BigEndian.Uint16(b[11:])),
			Image:  slices.Clip(b[fingerHeader:length]),
		})
		b = b[length:]
	}
	return fingers, nil
}
