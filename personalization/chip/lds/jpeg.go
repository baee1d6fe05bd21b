package lds

import (
	"bytes"
	"encoding/binary"

	"example.org/cancuoc/internal/identity"
)

// Portrait is what the header of a JPEG says.
type Portrait struct {
	Width, Height int // pixels
	Gray          bool
}

// maxPortrait is the largest portrait for a chip, in bytes.
const maxPortrait = 60_000

// CheckPortrait reads a portrait's header. It refuses what readers of chips cannot
// show, JPEGs other than baseline, and what must not be stored: EXIF, which may have
// a place and a name, and anything after the end. The pixels are not decoded. Errors
// are refusals with field "portrait".
func CheckPortrait(b []byte) (Portrait, error) {
	if len(b) > maxPortrait {
		return Portrait{}, refusePortrait("it has %d bytes; a chip takes %d", len(b), maxPortrait)
	}
	if !bytes.HasPrefix(b, []byte{0xFF, 0xD8, 0xFF}) {
		return Portrait{}, refusePortrait("it is not a JPEG")
	}
	var p Portrait
	for rest := b[2:]; ; {
		marker, segment, after, ok := nextSegment(rest)
		if !ok {
			return Portrait{}, refusePortrait("the JPEG is cut short")
		}
		switch {
		case marker == 0xC0:
			if !p.readFrame(segment) {
				return Portrait{}, refusePortrait("the frame header of the JPEG is malformed")
			}
		case isFrame(marker):
			return Portrait{}, refusePortrait("it is not a baseline JPEG but progressive, lossless or arithmetic")
		case marker == 0xE1:
			return Portrait{}, refusePortrait("it has EXIF or XMP data (APP1), which must be removed")
		case marker == 0xDA: // the image follows
			if p.Width == 0 {
				return Portrait{}, refusePortrait("the JPEG has no frame header")
			}
			return p, checkEnd(after)
		}
		rest = after
	}
}

// jfif is the segment APP0 of JFIF 1.02 without a thumbnail, whose pixels are square.
const jfif = "\xFF\xE0\x00\x10JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00"

// startOfImage is the length of the marker SOI, after which APP0 is.
const startOfImage = 2

// lackingJFIF is the segment APP0 where a JPEG does not begin with it. A JPEG in a face record
// has it (ISO/IEC 19794-5, 5.8.1), and some readers find the image by it.
func lackingJFIF(b []byte) string {
	const length, name = 4, 5 // of marker and length, of "JFIF" and zero
	if len(b) >= startOfImage+length+name && string(b[startOfImage:startOfImage+2]) == jfif[:2] &&
		string(b[startOfImage+length:startOfImage+length+name]) == jfif[length:length+name] {
		return ""
	}
	return jfif
}

// refusePortrait makes a refusal of the portrait.
func refusePortrait(format string, args ...any) error {
	return identity.RefuseField(identity.Invalid, "portrait", "DG2: "+format, args...)
}

// nextSegment reads a marker segment of a JPEG's header (ITU-T T.81, B.1.1).
func nextSegment(b []byte) (marker byte, segment, rest []byte, ok bool) {
	for len(b) > 1 && b[0] == 0xFF && b[1] == 0xFF { // fill bytes
		b = b[1:]
	}
	if len(b) < 4 || b[0] != 0xFF || b[1] < 0xC0 || b[1] >= 0xD0 && b[1] <= 0xD9 {
		return 0, nil, nil, false
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	if length < 2 || 2+length > len(b) {
		return 0, nil, nil, false
	}
	return b[1], b[4 : 2+length], b[2+length:], true
}

// isFrame reports whether a marker starts a frame: C0 to CF except DHT, JPG and DAC.
func isFrame(marker byte) bool {
	return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
}

// readFrame reads a frame header (T.81, B.2.2) of 8 bits and 1 or 3 components.
func (p *Portrait) readFrame(segment []byte) bool {
	if p.Width != 0 || len(segment) < 6 || segment[0] != 8 {
		return false
	}
	p.Height = int(binary.BigEndian.Uint16(segment[1:]))
	p.Width = int(binary.BigEndian.Uint16(segment[3:]))
	p.Gray = segment[5] == 1
	components := int(segment[5])
	return p.Width > 0 && p.Height > 0 && (components == 1 || components == 3) && len(segment) == 6+3*components
}

// checkEnd checks that the image has an end and that nothing follows it.
func checkEnd(b []byte) error {
	end := bytes.Index(b, []byte{0xFF, 0xD9})
	switch {
	case end < 0:
		return refusePortrait("the JPEG is cut short")
	case end+2 < len(b):
		return refusePortrait("bytes follow the end of the JPEG")
	}
	return nil
}
