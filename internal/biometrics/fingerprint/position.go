// Package fingerprint is the applicant's fingers: what a capture holds of them,
// whether they are good enough, and whether two captures are of one person.
//
// Start at Templates. Extract makes a template of a finger image, Judge says
// whether the fingers of a capture are good enough, and Verify compares two
// captures. Package minutiae has the record of one finger and the comparison of
// two, package ridges the reading of an image.
package fingerprint

import (
	"slices"

	"example.org/cancuoc/internal/identity"
)

// Position is a finger. The strings are wire format: they stand in submissions.
type Position string

// The fingers.
const (
	RightThumb  Position = "right-thumb"
	RightIndex  Position = "right-index"
	RightMiddle Position = "right-middle"
	RightRing   Position = "right-ring"
	RightLittle Position = "right-little"
	LeftThumb   Position = "left-thumb"
	LeftIndex   Position = "left-index"
	LeftMiddle  Position = "left-middle"
	LeftRing    Position = "left-ring"
	LeftLittle  Position = "left-little"
)

// Positions lists the fingers by their code in ISO/IEC 19794-2:2005, table 2: the
// first has code 1.
func Positions() []Position {
	return []Position{
		RightThumb, RightIndex, RightMiddle, RightRing, RightLittle,
		LeftThumb, LeftIndex, LeftMiddle, LeftRing, LeftLittle,
	}
}

// ParsePosition reads a finger's name, or refuses.
func ParsePosition(s string) (Position, error) {
	p := Position(s)
	if p.Code() == 0 {
		return "", identity.Refuse(identity.Invalid, "is not a finger; left or right, a hyphen, and thumb, index, middle, ring or little are accepted, for example left-index")
	}
	return p, nil
}

// Code is the finger's code in ISO/IEC 19794-2:2005, table 2: 1 to 10, or 0 if p is
// not a finger.
func (p Position) Code() int { return 1 + slices.Index(Positions(), p) }

// positionOf is the finger with that code, or "".
func positionOf(code int) Position {
	if code < 1 || code > len(Positions()) {
		return ""
	}
	return Positions()[code-1]
}

// Missing is why a finger could not be taken, in the words of OSIA. The strings
// are wire format.
type Missing string

// The reasons.
const (
	Amputated Missing = "AMPUTATED"
	Bandaged  Missing = "BANDAGED"
	Damaged   Missing = "DAMAGED"
)

// CheckMissing refuses any other reason for a missing finger.
func CheckMissing(s string) error {
	switch Missing(s) {
	case Amputated, Bandaged, Damaged:
		return nil
	}
	return identity.Refuse(identity.Invalid, "is not a reason for a missing finger; %s, %s and %s are accepted", Amputated, Bandaged, Damaged)
}
