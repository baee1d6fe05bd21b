package lds

import (
	"encoding/binary"
	"log/slog"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/tlv"
)

// Lengths in ISO/IEC 19794-5:2005, in bytes: facial record header (5.4), facial
// information (5.5), image information (5.7), feature point (5.6).
const (
	faceHeader   = 14
	faceInfo     = 20
	imageInfo    = 12
	featurePoint = 8
)

// ImageFormat is how a face image is coded (19794-5, 5.7.2).
type ImageFormat byte

// The formats of a face image.
const (
	JPEG     ImageFormat = 0
	JPEG2000 ImageFormat = 1
)

// buildDG2 makes EF.DG2: one face in CBEFF (9303-10, 4.7.2).
func buildDG2(in *Input, _ Files) ([]byte, error) {
	portrait, sex := in.Portrait, in.Card.Person.Sex
	if portrait == nil {
		return nil, nil
	}
	p, err := CheckPortrait(portrait)
	if err != nil {
		return nil, err
	}
	// The optional elements are left out: deployed readers look for the image at byte 84.
	header := tlv.Encode(0xA1,
		tlv.Encode(0x81, []byte{0x02}),       // biometric type: face
		tlv.Encode(0x82, []byte{0x00}),       // subtype: none
		tlv.Encode(0x87, []byte{0x01, 0x01}), // format owner: ISO/IEC JTC 1/SC 37
		tlv.Encode(0x88, []byte{0x00, 0x08})) // format type: face image data
	// Sizes are computed first, from the inside out, so that the portrait is copied once.
	app0 := lackingJFIF(portrait)
	record := faceRecord(p, sex, len(app0)+len(portrait))
	data := len(record) + len(app0) + len(portrait)
	template := len(header) + tlv.Size(0x5F2E, data)
	group := 3 + tlv.Size(0x7F60, template)
	file := tlv.Size(0x7F61, group)
	b := make([]byte, 0, 128)
	b = tlv.AppendHeader(b, 0x75, file)
	b = tlv.AppendHeader(b, 0x7F61, group)
	b = append(b, 0x02, 0x01, 0x01) // one face
	b = tlv.AppendHeader(b, 0x7F60, template)
	b = append(b, header...)
	b = tlv.AppendHeader(b, 0x5F2E, data)
	b = append(b, record...)
	return slices.Concat(b, portrait[:startOfImage], []byte(app0), portrait[startOfImage:]), nil
}

// faceRecord is the part of the facial record that is before the image.
func faceRecord(p Portrait, sex identity.Sex, image int) []byte {
	block := uint32(faceInfo + imageInfo + image)
	b := make([]byte, 0, faceHeader+faceInfo+imageInfo)
	b = append(b, "FAC\x00010\x00"...)
	b = binary.BigEndian.AppendUint32(b, faceHeader+block)
	b = binary.BigEndian.AppendUint16(b, 1) // faces

	b = binary.BigEndian.AppendUint32(b, block)
	b = binary.BigEndian.AppendUint16(b, 0) // feature points
	b = append(b, sexCode(sex), 0, 0)       // eye and hair color unspecified
	b = append(b, 0, 0, 0, 0, 0)            // feature mask, expression: unspecified
	b = append(b, 0, 0, 0, 0, 0, 0)         // pose angle and its uncertainty: unspecified

	color := byte(1) // 24-bit RGB
	if p.Gray {
		color = 3 // 8-bit grayscale
	}
	b = append(b, 1, byte(JPEG)) // full frontal
	b = append(b, uint16Bytes(p.Width)...)
	b = append(b, uint16Bytes(p.Height)...)
	return append(b, color, 0, 0, 0, 0, 0) // source, device and quality unspecified
}

// sexCode is the code of a sex (19794-5, 5.5.3).
func sexCode(s identity.Sex) byte {
	switch s {
	case identity.Male:
		return 1
	case identity.Female:
		return 2
	}
	return 0
}

// Face is one face image of EF.DG2.
type Face struct {
	Format        ImageFormat
	Width, Height int    // pixels, as the record says
	Image         []byte // coded; points into what was parsed
	Sex           byte   // 19794-5: 0 unspecified, 1 male, 2 female
}

// LogValue hides the face.
func (Face) LogValue() slog.Value { return slog.StringValue("[portrait]") }

// ParseDG2 reads the first face of EF.DG2. The error wraps ErrMalformed.
func ParseDG2(b []byte) (Face, error) {
	file, err := tlv.ParseOnly(b, 0x75)
	if err != nil {
		return Face{}, malformed(DG2, "%w", err)
	}
	template, err := tlv.Find(file.Value, 0x7F61, 0x7F60)
	if err != nil {
		return Face{}, malformed(DG2, "%w", err)
	}
	data, err := tlv.Find(template.Value, 0x5F2E)
	if err != nil { // the constructed form of 7816-11
		if data, err = tlv.Find(template.Value, 0x7F2E); err != nil {
			return Face{}, malformed(DG2, "%w", err)
		}
	}
	return parseFace(data.Value)
}

// parseFace reads a facial record.
func parseFace(b []byte) (Face, error) {
	if len(b) < faceHeader+faceInfo+imageInfo || string(b[:8]) != "FAC\x00010\x00" {
		return Face{}, malformed(DG2, "it does not have a face record of ISO/IEC 19794-5:2005")
	}
	block := int64(binary.BigEndian.Uint32(b[faceHeader:]))
	points := int(binary.BigEndian.Uint16(b[faceHeader+4:]))
	sex := b[faceHeader+6]
	b = b[faceHeader:]
	start := faceInfo + points*featurePoint + imageInfo
	if block > int64(len(b)) || int64(start) > block {
		return Face{}, malformed(DG2, "the lengths in the face record contradict each other")
	}
	info := b[start-imageInfo:]
	f := Face{
		Format: ImageFormat(info[1]),
		Width:  int(binary.BigEndian.Uint16(info[2:])),
		Height: int(binary.BigEndian.Uint16(info[4:])),
		Image:  b[start:block],
		Sex:    sex,
	}
	if f.Format != JPEG && f.Format != JPEG2000 {
		return Face{}, malformed(DG2, "image data type %d is neither JPEG nor JPEG 2000", f.Format)
	}
	return f, nil
}
