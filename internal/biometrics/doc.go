// Package biometrics is only a map of the packages below it. None of them decides
// alone: a poor capture is taken again, a hit goes to an adjudicator, and a finger
// that does not match at the counter goes to an officer. docs/biometrics.md has what
// was measured, and how.
//
//	portrait     checks, judges and normalizes the portrait
//	fingerprint  the fingers of a capture: templates, whether they are good enough, whether two captures match
//	quality      the outcome of judging, with what the station should do
//	abis         finds a person among many
//	minutiae     the record of one finger (ISO/IEC 19794-2:2005), and the comparison of two
//	iris         reads and measures the image of an eye (ISO/IEC 19794-6:2011), for an ABIS elsewhere
//	ridges       from the image of a finger to its minutiae
package biometrics
