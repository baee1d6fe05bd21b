package identity

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OfficerID names an officer by badge: capital letters, digits and hyphens, at most 32.
// It is not personal data of a citizen.
type OfficerID string

// Check refuses what is no badge, though it looks like one to people: no space, no small
// letter, no letter of another alphabet.
func (id OfficerID) Check() error { return checkBadge("officer", id) }

// checkBadge refuses what is no badge, naming the field.
func checkBadge(field string, id OfficerID) error {
	switch {
	case id == "":
		return RefuseField(Invalid, field, "is empty; a badge is needed, for example CB-001-0007")
	case !officeID(string(id)):
		return RefuseField(Invalid, field, "is not a badge; at most 32 capital letters, digits and hyphens are accepted, for example CB-001-0007")
	}
	return nil
}

// maxNote is how many characters of free text an officer may give.
const maxNote = 500

// CheckNote refuses, naming the field, free text of an officer (a reason, a proof) that
// is longer than 500 characters, or that could be read as something else than what was
// written: control and escape characters, line breaks, marks of direction.
func CheckNote(field, text string) error {
	switch {
	case !utf8.ValidString(text):
		return RefuseField(Invalid, field, "is not valid UTF-8")
	case utf8.RuneCountInString(text) > maxNote:
		return RefuseField(Invalid, field, "is longer than %d characters", maxNote)
	}
	marks := marksOfLetter // without a letter before it, one is too many
	for _, r := range text {
		switch {
		case unsafe(r):
			return RefuseField(Invalid, field, "contains U+%04X, a control character or a mark of direction; letters, digits and punctuation are accepted", r)
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > marksOfLetter {
				return RefuseField(Invalid, field, "contains U+%04X, a mark without a letter that bears it", r)
			}
		case unicode.IsLetter(r):
			marks = 0
		default:
			marks = marksOfLetter
		}
	}
	return nil
}

// marksOfLetter is how many marks a letter may bear: a Vietnamese one bears two.
const marksOfLetter = 2

// blank are characters that show nothing, though they are letters, marks or symbols.
var blank = &unicode.RangeTable{R16: []unicode.Range16{
	{0x034F, 0x034F, 1}, {0x115F, 0x1160, 1}, {0x17B4, 0x17B5, 1}, {0x180B, 0x180F, 1}, {0x2800, 0x2800, 1}, {0x3164, 0x3164, 1}, {0xFE00, 0xFE0F, 1}, {0xFFA0, 0xFFA0, 1},
}}

// OneLine is a text of a device or a program as one line of the trail: without what
// CheckNote refuses, cut to its length.
func OneLine(text string) string {
	var line []rune
	for _, r := range strings.ToValidUTF8(text, "?") {
		if unsafe(r) {
			r = ' '
		}
		if line = append(line, r); len(line) == maxNote {
			return string(line[:maxNote-1]) + "…"
		}
	}
	return string(line)
}

// Plain reports whether a text has nothing that [CheckNote] refuses in its characters.
func Plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unsafe)
}

// unsafe reports whether a character can make a line read as something else.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, blank)
}

// TwoOfficers refuses what two people have to do and one did, or nobody.
func TwoOfficers(field string, one, other OfficerID) error {
	if err := errors.Join(checkBadge(field, one), checkBadge(field, other)); err != nil {
		return err
	}
	if one == other {
		return sameOfficer(field)
	}
	return nil
}

// checkOneOrTwo is TwoOfficers for an act that one did before two had to: the database keeps none by
// one any more, and what was kept is read.
func checkOneOrTwo(officer, witness OfficerID) error {
	if witness == "" {
		return checkBadge("officer", officer)
	}
	return TwoOfficers("witness", officer, witness)
}

func oneOrTwo(officer, witness OfficerID) []OfficerID {
	if witness == "" {
		return []OfficerID{officer}
	}
	return []OfficerID{officer, witness}
}

func sameOfficer(field string) error {
	return RefuseField(Forbidden, field, "two officers are needed, and both are the same")
}
