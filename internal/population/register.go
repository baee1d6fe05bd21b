package population

import (
	"context"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Register is the population register. The built-in one is internal/registry, on the
// office's own tables; package osia speaks to one elsewhere.
//
// What it refuses (identity.Refusal) stands until a person does something. Any other error
// is of a register that does not answer, or not as it should: it is asked again.
type Register interface {
	// Person reads a record, or refuses with NotFound.
	Person(ctx context.Context, id identity.PersonID) (Record, error)
	// PersonByNumber reads the record of the person who has a number or had it, or refuses
	// with NotFound.
	PersonByNumber(ctx context.Context, n identity.PersonalNumber) (Record, error)
	// FindPersons gives those who are likely to be the person who is looked for, the
	// likeliest first.
	FindPersons(ctx context.Context, claim identity.Person) ([]Match, error)
	// RegisterPerson registers a person who is nowhere, once for each application; or it
	// gives those who are likely to be the person.
	RegisterPerson(ctx context.Context, who Registration) (Record, []Match, error)

	// CorrectPerson corrects a record, MarkPerson says what became of a person, and
	// RenumberPerson gives another number: as an officer signed it, and once however often
	// it is asked.
	CorrectPerson(ctx context.Context, id identity.PersonID, act identity.CorrectPerson, after Corrected, signed statement.Signed) error
	MarkPerson(ctx context.Context, id identity.PersonID, act identity.MarkPerson, signed statement.Signed) error
	RenumberPerson(ctx context.Context, id identity.PersonID, act identity.RenumberPerson, signed statement.Signed) error
}

// Corrected is a record after a correction.
type Corrected struct {
	Person identity.Person
	File   []byte // JSON, as its officer signed for it
}

// Query says whom the built-in register is asked for: everything that is given has to hold.
// Names are compared without case, tones and the marks of letters.
type Query struct {
	Number     identity.PersonalNumber // of now, or one before
	Name       string
	FamilyName string // the first word of the name
	GivenName  string // its last word
	Father     string
	Mother     string
	Sex        identity.Sex
	Born       string // as ISO 8601, as far as it is known
	BornFrom   string
	BornTo     string

	Offset, Limit int
}

// Narrow reports whether the query names enough for the register to be searched by what it
// is sorted by.
func (q Query) Narrow() bool { return q.Number != "" || q.Name != "" || q.Born != "" }
