package portrait

import (
	"bytes"
	"encoding/binary"
)

// jpegHeader is what the segments of a JPEG file say before its picture.
type jpegHeader struct {
	width, height int // as coded, before it is turned upright
	components    int // 1 for gray, 3 for color; 0 before the frame header
	orientation   int // of Exif, 1 to 8; 1 is upright
	// bare is without metadata, without anything after the picture, and in colors that
	// every reader takes for the same: the file can go on the card as it is.
	bare bool
}

// The sizes of a portrait that is accepted, in pixels, upright. The smallest is what
// the card prints, 20 x 30 mm at 300 dpi; Judge asks for more. The largest side bounds
// memory and time; 30 x 40 mm at 600 dpi have a sixth of its square.
const (
	MinWidth  = cardMinWidth
	MinHeight = cardMinHeight
	MaxSide   = 2048
)

// Markers of ISO/IEC 10918-1, annex B.
const (
	markerSOF0  = 0xc0 // baseline
	markerSOF15 = 0xcf
	markerDHT   = 0xc4 // among the SOFs, but not one of them
	markerJPG   = 0xc8
	markerDAC   = 0xcc
	markerRST0  = 0xd0 // restart, within coded data
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP0  = 0xe0 // JFIF
	markerAPP1  = 0xe1 // Exif
	markerAPP15 = 0xef
	markerCOM   = 0xfe
)

// parseJPEG walks the segments of a JPEG file up to its picture. It refuses what
// is not a baseline JPEG in gray or color.
func parseJPEG(b []byte) (jpegHeader, error) {
	h := jpegHeader{orientation: 1, bare: true}
	if len(b) == 0 {
		return h, refuse("is empty; a JPEG picture is accepted")
	}
	if len(b) < 4 || b[0] != 0xff || b[1] != markerSOI {
		return h, refuse("is not a JPEG picture; baseline JPEG is accepted")
	}
	for at := 2; ; {
		marker, segment, next, ok := nextSegment(b, at)
		if !ok {
			return h, refuse("is a damaged or truncated JPEG picture; a whole one is accepted")
		}
		at = next
		switch {
		case marker == markerSOS:
			h.bare = h.bare && endsWithScan(b[at:])
			return h, h.check(b[at:])
		case isFrame(marker):
			if err := h.frame(marker, segment); err != nil {
				return h, err
			}
		case marker == markerAPP1:
			h.bare = false
			if o := exifOrientation(segment); o != 0 {
				h.orientation = o
			}
		case marker > markerAPP0 && marker <= markerAPP15, marker == markerCOM:
			h.bare = false
		case marker == markerAPP0:
			h.bare = h.bare && len(segment) == jfifSize // no thumbnail
		}
	}
}

// jfifSize is the size of an APP0 segment without a thumbnail.
const jfifSize = 14

// nextSegment reads the marker at an offset and the segment that follows it. Before a
// picture, no marker stands without a segment: what follows one that does would be
// read differently by different readers.
func nextSegment(b []byte, at int) (marker byte, segment []byte, next int, ok bool) {
	for at+1 < len(b) && b[at] == 0xff && b[at+1] == 0xff {
		at++ // fill bytes
	}
	if at+4 > len(b) || b[at] != 0xff || b[at+1] < markerSOF0 || b[at+1] >= markerRST0 && b[at+1] <= markerEOI {
		return 0, nil, 0, false
	}
	size := int(binary.BigEndian.Uint16(b[at+2:]))
	if size < 2 || at+2+size > len(b) {
		return 0, nil, 0, false
	}
	return b[at+1], b[at+4 : at+2+size], at + 2 + size, true
}

// endsWithScan reports whether the file ends with the coded data of its first scan.
// In coded data, 0xff is followed by 0 or by a restart marker.
func endsWithScan(coded []byte) bool {
	for i := 0; i+1 < len(coded); i++ {
		if coded[i] != 0xff {
			continue
		}
		if m := coded[i+1]; m != 0 && (m < markerRST0 || m > markerRST7) {
			return m == markerEOI && i+2 == len(coded)
		}
	}
	return false
}

// isFrame reports whether a marker begins a frame, of any coding process.
func isFrame(marker byte) bool {
	return marker >= markerSOF0 && marker <= markerSOF15 &&
		marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// frame reads the frame header.
func (h *jpegHeader) frame(marker byte, segment []byte) error {
	if marker != markerSOF0 {
		return refuse("is a progressive or otherwise unusual JPEG; baseline JPEG is accepted")
	}
	if len(segment) < 6 || len(segment) != 6+3*int(segment[5]) || h.components != 0 {
		return refuse("is a damaged JPEG picture; a whole one is accepted")
	}
	h.components = int(segment[5])
	if segment[0] != 8 || h.components != 1 && h.components != 3 {
		return refuse("is a JPEG with unusual colors; 8 bits per channel, gray or RGB, are accepted")
	}
	h.height, h.width = int(binary.BigEndian.Uint16(segment[1:])), int(binary.BigEndian.Uint16(segment[3:]))
	if h.components == 3 && segment[6] == 'R' && segment[9] == 'G' && segment[12] == 'B' {
		h.bare = false // RGB instead of YCbCr, by names that printers and readers of chips do not know
	}
	return nil
}

// check refuses a picture for its size, or for having no end. coded is what follows
// the header.
func (h jpegHeader) check(coded []byte) error {
	if h.components == 0 {
		return refuse("is a JPEG picture without a frame header; a whole one is accepted")
	}
	width, height := h.upright()
	if width < MinWidth || height < MinHeight || max(width, height) > MaxSide {
		return refuse("is %d x %d pixels; %d x %d to %d x %d are accepted", width, height, MinWidth, MinHeight, MaxSide, MaxSide)
	}
	if !bytes.Contains(coded, []byte{0xff, markerEOI}) {
		return refuse("is a JPEG picture without an end marker, and may be cut short; a whole one is accepted")
	}
	return nil
}

// upright is the picture's size once it is turned.
func (h jpegHeader) upright() (width, height int) {
	if h.orientation >= 5 {
		return h.height, h.width
	}
	return h.width, h.height
}

// Types of the values in an Exif directory (TIFF 6.0, section 2). Orientation is a
// SHORT; some cameras write a LONG.
const (
	tiffShort = 3
	tiffLong  = 4
)

// exifOrientation reads tag 0x0112 in the first directory of an Exif segment: 1 to
// 8, or 0 if it is not there.
func exifOrientation(segment []byte) int {
	const header = "Exif\x00\x00"
	tiff, ok := bytes.CutPrefix(segment, []byte(header))
	if !ok || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	directory := uint64(order.Uint32(tiff[4:]))
	if directory+2 > uint64(len(tiff)) {
		return 0
	}
	entries := tiff[directory+2:]
	for range order.Uint16(tiff[directory:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == 0x0112 {
			return orientationOf(order, entries)
		}
		entries = entries[12:]
	}
	return 0
}

// orientationOf reads the value of a directory's entry: 1 to 8, or 0.
func orientationOf(order binary.ByteOrder, entry []byte) int {
	var value uint32
	switch order.Uint16(entry[2:]) {
	case tiffShort:
		value = uint32(order.Uint16(entry[8:]))
	case tiffLong:
		value = order.Uint32(entry[8:])
	}
	if value > 8 {
		return 0
	}
	return int(value)
}
