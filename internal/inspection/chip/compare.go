package chip

import (
	"bytes"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/lds"
)

// Expect is what should be on the chip.
type Expect struct {
	Card     identity.Card
	MRZ      [3]string // as it is printed
	Portrait []byte    // as it was written to the chip; nil if the form has none
	Files    lds.Files // what was written to the chip, compared byte by byte; nil to leave that out

	Signature *ExpectSignature // nil: the card has no digital signature application
}

// Finding is a difference between the chip and the card as applied for.
type Finding struct {
	File    lds.EF
	Field   string // of the citizen's application; empty if it is about the whole file
	Problem string // has no personal data
}

// String is the finding in a sentence.
func (f Finding) String() string {
	if f.Field == "" {
		return string(f.File) + " " + f.Problem
	}
	return string(f.File) + ": " + f.Field + " " + f.Problem
}

// differs is the problem of a field.
const differs = "differs from the application"

// comparison is the findings in one part of the data.
type comparison struct {
	name     string // of the check
	findings []Finding
}

// comparisons compare what was read: all parts, or after an interruption those that
// had been read.
func comparisons(r *Reading, want Expect) []comparison {
	var all []comparison
	if r.Interrupted == nil || r.Files[lds.DG1] != nil {
		all = append(all, comparison{"MRZ on the chip", compareMRZ(r, want)})
	}
	if r.Interrupted == nil || r.Files[lds.DG13] != nil {
		all = append(all, comparison{"Details on the chip", compareDetails(r, want)})
	}
	if r.Files[lds.DG2] != nil || want.Portrait != nil && r.Interrupted == nil {
		all = append(all, comparison{"Portrait on the chip", comparePortrait(r, want)})
	}
	if want.Files != nil {
		all = append(all, comparison{"Files as written", compareFiles(r, want.Files)})
	}
	return all
}

// unreadable is the finding about a file that cannot be compared.
func unreadable(file lds.EF, content []byte, err error) []Finding {
	if content == nil {
		return []Finding{{File: file, Problem: "could not be read"}}
	}
	return []Finding{{File: file, Problem: "cannot be compared: " + err.Error()}}
}

// compareMRZ compares the MRZ field by field (ICAO Doc 9303-5, TD1).
func compareMRZ(r *Reading, want Expect) []Finding {
	const file = lds.DG1
	lines, err := lds.ParseDG1(r.Files[lds.DG1])
	if err != nil {
		return unreadable(file, r.Files[lds.DG1], err)
	}
	var findings []Finding
	for _, f := range []struct {
		name     string
		line     int
		from, to int
	}{
		{"document code", 0, 0, 2},
		{"issuing state", 0, 2, 5},
		{"document number", 0, 5, 15},
		{"personal number", 0, 15, 30},
		{"birth date", 1, 0, 7},
		{"sex", 1, 7, 8},
		{"expiry date", 1, 8, 15},
		{"nationality", 1, 15, 18},
		{"optional data", 1, 18, 29},
		{"check digit of the whole", 1, 29, 30},
		{"name", 2, 0, 30},
	} {
		if part(lines[f.line], f.from, f.to) != part(want.MRZ[f.line], f.from, f.to) {
			findings = append(findings, Finding{file, f.name, "differs from the printed MRZ"})
		}
	}
	return findings
}

// part is a part of a line; empty if the line is too short.
func part(line string, from, to int) string {
	if to > len(line) {
		return ""
	}
	return line[from:to]
}

// comparePortrait compares the face in EF.DG2.
func comparePortrait(r *Reading, want Expect) []Finding {
	const file = lds.DG2
	if want.Portrait == nil {
		return []Finding{{File: file, Field: "portrait", Problem: "is on the chip, but the card has none"}}
	}
	face, err := lds.ParseDG2(r.Files[lds.DG2])
	if err != nil {
		return unreadable(file, r.Files[lds.DG2], err)
	}
	var findings []Finding
	if !bytes.Equal(face.Image, want.Portrait) {
		findings = append(findings, Finding{file, "portrait", "is not the one that was captured"})
	}
	sexes := map[byte]identity.Sex{1: identity.Male, 2: identity.Female}
	if sex := sexes[face.Sex]; face.Sex != 0 && sex != want.Card.Person.Sex {
		findings = append(findings, Finding{file, "sex", differs})
	}
	return findings
}

// compareDetails compares the sixteen fields of EF.DG13.
func compareDetails(r *Reading, want Expect) []Finding {
	const file = lds.DG13
	got, err := lds.ParseDG13(r.Files[lds.DG13])
	if err != nil {
		return unreadable(file, r.Files[lds.DG13], err)
	}
	p := want.Card.Person
	var findings []Finding
	for _, f := range []struct{ name, got, want string }{
		{"number", got.Number, string(p.Number)},
		{"name", got.Name, p.Name.Title()},
		{"birth", got.Birth, p.Birth.Display()},
		{"sex", got.Sex, p.Sex.Label()},
		{"nationality", got.Nationality, identity.Nationality},
		{"ethnicity", got.Ethnicity, p.Ethnicity},
		{"religion", got.Religion, p.Religion},
		{"origin", got.Origin, p.Origin.Text},
		{"residence", got.Residence, p.Residence.Text},
		{"marks", got.Marks, p.Marks},
		{"issue date", got.Issued, want.Card.Issued.Display()},
		{"expiry date", got.Expiry, want.Card.Expiry.String()},
		{"father", got.Father, p.Father.Title()},
		{"mother", got.Mother, p.Mother.Title()},
		{"spouse", got.Spouse, p.Spouse.Title()},
		{"old number", got.OldNumber, string(p.OldNumber)},
		{"card serial", got.Serial, string(want.Card.Serial)},
	} {
		if f.got != f.want {
			findings = append(findings, Finding{file, f.name, differs})
		}
	}
	for _, n := range got.Unknown {
		findings = append(findings, Finding{file, fmt.Sprintf("field %d", n), "was not applied for"})
	}
	return findings
}

// compareFiles compares every file with what was written. Fingers and irises are
// closed to this reader.
func compareFiles(r *Reading, want lds.Files) []Finding {
	var findings []Finding
	for _, row := range lds.Table() {
		got, wanted := r.Files[row.EF], want[row.EF]
		switch {
		case got == nil && (row.Read == lds.ExtendedAccess || r.Interrupted != nil):
		case got == nil && wanted != nil:
			findings = append(findings, Finding{File: row.EF, Problem: "was written but could not be read"})
		case !bytes.Equal(got, wanted):
			findings = append(findings, Finding{File: row.EF, Problem: "is not the file that was written"})
		}
	}
	return findings
}
