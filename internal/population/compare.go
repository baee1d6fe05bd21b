package population

import (
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
)

// Outcome is how a field of an application stands to the register's record. The values
// are wire format.
type Outcome string

// The outcomes.
const (
	Agrees      Outcome = "agrees"
	Tolerable   Outcome = "differs tolerably" // another spelling, an old name of a unit, or not stated
	Contradicts Outcome = "contradicts"
)

// Field is one field of an application beside the register's record.
type Field struct {
	Name       string  `json:"field"` // as the application's JSON names it
	Claimed    string  `json:"claimed"`
	Registered string  `json:"registered"`
	Outcome    Outcome `json:"outcome"`
}

// Compare compares every field that a card shows or its chip holds with the register's
// record.
func Compare(claim identity.Person, r Record) []Field {
	p := r.Person
	return []Field{
		{"person.number", string(claim.Number), string(p.Number), sameNumber(claim.Number, p)},
		name("person.name", claim.Name, p.Name),
		{"person.birth", claim.Birth.Display(), p.Birth.Display(), must(claim.Birth == p.Birth)},
		{"person.sex", string(claim.Sex), string(p.Sex), must(claim.Sex == p.Sex)},
		text("person.ethnicity", claim.Ethnicity, p.Ethnicity, Contradicts),
		text("person.religion", claim.Religion, p.Religion, Tolerable),
		text("person.blood_group", claim.BloodGroup, p.BloodGroup, Tolerable),
		place("person.origin", claim.Origin, p.Origin),
		place("person.birth_registration", claim.BirthRegistration, p.BirthRegistration),
		place("person.residence", claim.Residence, p.Residence),
		text("person.marks", claim.Marks, p.Marks, Tolerable),
		name("person.father", claim.Father, p.Father),
		name("person.mother", claim.Mother, p.Mother),
		name("person.spouse", claim.Spouse, p.Spouse),
		text("person.old_number", string(claim.OldNumber), string(p.OldNumber), Contradicts),
		text("person.cancelled_number", string(claim.CancelledNumber), string(p.CancelledNumber), Contradicts),
		{"person.nationality", string(claim.Nationality), string(p.Nationality), must(claim.Nationality == p.Nationality)},
	}
}

// SamePerson reports whether name and birth are those of the register's record: who knows
// both, and the number, speaks of that person.
func SamePerson(claim identity.Person, r Record) bool {
	return !claim.Name.IsZero() && name("", claim.Name, r.Person.Name).Outcome != Contradicts && claim.Birth == r.Person.Birth
}

// Contradictions names the fields that contradict the register.
func Contradictions(fields []Field) []string {
	var names []string
	for _, f := range fields {
		if f.Outcome == Contradicts {
			names = append(names, f.Name)
		}
	}
	return names
}

func must(same bool) Outcome {
	if same {
		return Agrees
	}
	return Contradicts
}

// sameNumber compares the number. One that was canceled leads to its person.
func sameNumber(claimed identity.PersonalNumber, p identity.Person) Outcome {
	switch claimed {
	case p.Number:
		return Agrees
	case "", p.CancelledNumber:
		return Tolerable
	}
	return Contradicts
}

func name(field string, claimed, registered identity.Name) Field {
	f := Field{Name: field, Claimed: claimed.Text, Registered: registered.Text, Outcome: Contradicts}
	switch {
	case claimed.Text == registered.Text:
		f.Outcome = Agrees
	case claimed.IsZero(), claimed.Key() == registered.Key():
		f.Outcome = Tolerable
	}
	return f
}

// text compares a text; otherwise is the outcome where it is another.
func text(field, claimed, registered string, otherwise Outcome) Field {
	f := Field{Name: field, Claimed: claimed, Registered: registered, Outcome: otherwise}
	switch {
	case claimed == registered:
		f.Outcome = Agrees
	case claimed == "", sameWords(claimed, registered):
		f.Outcome = Tolerable
	}
	return f
}

// sameWords reports whether two texts are one in another spelling: case, tone placement.
func sameWords(a, b string) bool {
	return slices.EqualFunc(strings.Fields(a), strings.Fields(b), func(x, y string) bool {
		return identity.Name{Text: x}.Key() == identity.Name{Text: y}.Key()
	})
}

func place(field string, claimed, registered identity.Place) Field {
	f := Field{Name: field, Claimed: claimed.Text, Registered: registered.Text, Outcome: Contradicts}
	sameProvince := claimed.Province == "" || registered.Province == "" || identity.ProvinceNow(claimed.Province) == identity.ProvinceNow(registered.Province)
	switch {
	case claimed == registered:
		f.Outcome = Agrees
	case claimed.Text == "" && sameProvince, sameProvince && samePlace(claimed.Text, registered.Text):
		f.Outcome = Tolerable
	}
	return f
}
