// Package inspection reads a finished chip as a border would, and says what is
// wrong with it in an officer's words: PACE, or BAC where the chip knows no PACE,
// secure messaging, Chip and Active Authentication, passive authentication up to
// the CSCA, then every field against what was applied for (ICAO Doc 9303-10 and
// 9303-11).
//
// It shares no code of these protocols with package softcard, so that each is
// the other's test. Start at Inspect.
package inspection
