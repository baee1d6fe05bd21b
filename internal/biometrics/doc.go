// Package biometrics judges what a station captured, and says whether two
// captures are of one person.
//
// A capture is a portrait and some fingers. A Portrait is read once with
// DecodePortrait, judged with Judge and made ready for the card and the chip with
// Normalize. Fingers become Templates, minutiae records of ISO/IEC 19794-2:2005,
// with ExtractPNG; JudgeFingers says whether they will do, Verify whether two sets
// are of one person, and a Gallery finds a person among many.
//
// The matcher is this program's own. It was measured on synthetic fingers and is
// not evaluated on a real population: a hit is for a person to judge, and so is a
// miss at the counter. See docs/biometrics.md for figures and method.
package biometrics
