// Package chip reads a finished chip as a border would, and says what is wrong with
// it in an officer's words: PACE, or BAC where the chip does not offer PACE, secure
// messaging, Chip and Active Authentication, passive authentication up to the CSCA,
// then every field against the card as applied for (ICAO Doc 9303-10 and 9303-11).
//
// [Inspect] does all of it: [Read] gives what the chip says, [Verify] whether that
// is genuine, and a comparison whether it is what was applied for.
//
// An error is a fault of the reader or the connection and may pass: inspect again.
// Whatever is wrong with the chip is in the result. Neither has personal data in its
// texts; they say which field differs, not how.
//
// The package shares no code of these protocols with package softcard, so that each
// tests the other.
package chip
