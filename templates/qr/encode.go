// Package qr encodes texts as QR codes (ISO/IEC 18004). It gives the modules; others
// draw them.
package qr

import (
	"errors"
	"fmt"

	"rsc.io/qr/coding"
)

// Level is how much damage a code's error correction mends: of its codewords about
// 7% (L), 15% (M), 25% (Q) or 30% (H).
type Level string

// levels lists which levels Encode tries for each, the best first.
var levels = map[Level][]coding.Level{
	"H": {coding.H, coding.Q, coding.M, coding.L},
	"Q": {coding.Q, coding.M, coding.L},
	"M": {coding.M, coding.L},
	"L": {coding.L},
}

// Square is the place that a code has to fit into.
type Square struct {
	Side   float64 // mm, the white around the code included
	Quiet  int     // modules of white around the code
	Module float64 // the smallest module, mm
	Level  Level   // the best error correction; a long payload gets less, down to L
	ECI    ECI     // where the payload is marked as UTF-8
}

// ECI is where a payload that is not ASCII is marked as UTF-8. Readers that guess need the
// mark for some payloads; readers that type what they read like a keyboard may type the
// mark, as \000026, before it.
type ECI string

// Where the mark stands.
const (
	MarkedWhereMistaken ECI = "" // on the codes that a reader which guesses would misread
	MarkedNever         ECI = "never"
	MarkedAlways        ECI = "always"
)

// ErrTooLong is returned where no code of the payload fits into the square.
var ErrTooLong = errors.New("the payload is too long for the QR code")

// Encode makes the code with the best error correction whose modules are large enough
// for the square, and gives the size of a module in mm. It fails with [ErrTooLong].
func Encode(payload string, s Square) (code *Code, module float64, err error) {
	segments := segments(payload, s.ECI)
	for _, level := range levels[s.Level] {
		version, ok := smallest(segments, level)
		if !ok {
			continue // too long for this level
		}
		module := s.Side / float64(17+4*int(version)+2*s.Quiet)
		if module < s.Module-1e-9 {
			continue
		}
		code, err := encode(segments, version, level)
		if err != nil {
			return nil, 0, fmt.Errorf("encode QR code: %w", err)
		}
		return code, module, nil
	}
	return nil, 0, ErrTooLong
}

// segments gives a payload as one segment of bytes. Cutting its digits out, as go-qrcode
// does, would save a version now and then, but a reader guesses the character set of each
// segment by itself: a test counts how many cards zbar reads then.
func segments(payload string, eci ECI) []coding.Encoding {
	if eci == MarkedAlways || eci == MarkedWhereMistaken && mistaken(payload) {
		return []coding.Encoding{utf8Mark{}, coding.String(payload)}
	}
	return []coding.Encoding{coding.String(payload)}
}

// utf8Mark declares that what follows is UTF-8 (extended channel interpretation 26, ISO/IEC 18004, 7.4.2).
type utf8Mark struct{}

// Check implements coding.Encoding.
func (utf8Mark) Check() error { return nil }

// Bits implements coding.Encoding.
func (utf8Mark) Bits(coding.Version) int { return 12 }

// Encode implements coding.Encoding.
func (utf8Mark) Encode(b *coding.Bits, _ coding.Version) {
	b.Write(7, 4)
	b.Write(26, 8)
}

// smallest is the smallest version that holds the segments at a level.
func smallest(segments []coding.Encoding, level coding.Level) (coding.Version, bool) {
	for v := coding.Version(coding.MinVersion); v <= coding.MaxVersion; v++ {
		bits := 0
		for _, s := range segments {
			bits += s.Bits(v)
		}
		if bits <= v.DataBytes(level)*8 {
			return v, true
		}
	}
	return 0, false
}
