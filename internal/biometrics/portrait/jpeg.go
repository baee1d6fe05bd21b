package portrait

import "encoding/binary"

// jpegHeader is what the segments of a JPEG file say before its picture.
type jpegHeader struct {
	width, height int
	orientation   int  // of Exif, 1 to 8; 1 is upright
	bare          bool // without metadata and without anything after the picture
}

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
			if h.width == 0 {
				return h, refuse("is a JPEG picture without a frame header; a whole one is accepted")
			}
			h.bare = h.bare && endsWithScan(b[at:])
			return h, nil
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

// nextSegment reads the marker at an offset and the segment that follows it.
func nextSegment(b []byte, at int) (marker byte, segment []byte, next int, ok bool) {
	for at+1 < len(b) && b[at] == 0xff && b[at+1] == 0xff {
		at++ // fill bytes
	}
	if at+4 > len(b) || b[at] != 0xff {
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
	if len(segment) < 6 || h.width != 0 {
		return refuse("is a damaged JPEG picture; a whole one is accepted")
	}
	if segment[0] != 8 || segment[5] != 1 && segment[5] != 3 {
		return refuse("is a JPEG with unusual colors; 8 bits per channel, gray or RGB, are accepted")
	}
	h.height, h.width = int(binary.BigEndian.Uint16(segment[1:])), int(binary.BigEndian.Uint16(segment[3:]))
	if h.width == 0 || h.height == 0 || h.width > maxSide || h.height > maxSide {
		return refuse("is %d x %d pixels; 1 to %d a side are accepted", h.width, h.height, maxSide)
	}
	return nil
}

// maxSide bounds a portrait in pixels, and so the memory that decoding takes.
const maxSide = 4096

// exifOrientation reads tag 0x0112 in the first directory of an Exif segment: 1 to
// 8, or 0 if it is not there.
func exifOrientation(segment []byte) int {
	const header = "Exif\x00\x00"
	if len(segment) < len(header)+8 || string(segment[:len(header)]) != header {
		return 0
	}
	tiff := segment[len(header):]
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
			if o := order.Uint16(entries[8:]); o >= 1 && o <= 8 {
				return int(o)
			}
			return 0
		}
		entries = entries[12:]
	}
	return 0
}
