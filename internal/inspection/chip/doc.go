// Package chip reads a finished chip as a border would, and says what is
// wrong with it in an officer's words: PACE, or BAC where the chip knows no PACE,
// secure messaging, Chip and Active Authentication, passive authentication up to
// the CSCA, then every field against what was applied for (ICAO Doc 9303-10 and
// 9303-11).
//
// [Inspect] does all of it: [Read] gives what the chip says, [Verify] whether that
// is genuine, and a comparison whether it is what was applied for.
//
// An error is a fault of the reader or of the line, and may pass: ask again.
// Whatever the chip does wrong is in the result. No text of either holds anything
// of the holder; it says which field differs, not how.
//
// It shares no code of these protocols with package softcard, so that each is
// the other's test.
package chip
