package biometrics

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

// positions lists the fingers by their code in ISO/IEC 19794-2:2005, table 2: the
// first has code 1.
func positions() []Position {
	return []Position{
		RightThumb, RightIndex, RightMiddle, RightRing, RightLittle,
		LeftThumb, LeftIndex, LeftMiddle, LeftRing, LeftLittle,
	}
}

// ParsePosition reads a finger's name, or refuses.
func ParsePosition(s string) (Position, error) {
	p := Position(s)
	if p.Code() == 0 {
		return "", identity.Refuse(identity.Invalid, `is no finger; "left-index" and the like are accepted: left or right, then thumb, index, middle, ring or little`)
	}
	return p, nil
}

// Code is the finger's code in ISO/IEC 19794-2:2005, table 2: 1 to 10, or 0 for
// what is no finger.
func (p Position) Code() int { return 1 + slices.Index(positions(), p) }

// positionOf is the finger with that code, or "".
func positionOf(code int) Position {
	if code < 1 || code > len(positions()) {
		return ""
	}
	return positions()[code-1]
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

// CheckMissing refuses what is no reason for a missing finger.
func CheckMissing(s string) error {
	switch Missing(s) {
	case Amputated, Bandaged, Damaged:
		return nil
	}
	return identity.Refuse(identity.Invalid, "is no reason for a missing finger; %s, %s and %s are accepted", Amputated, Bandaged, Damaged)
}
