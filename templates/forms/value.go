package forms

import (
	"example.org/cancuoc/internal/identity"
)

// Value is something of a card that a field can show.
type Value struct {
	Field    string                     // of the application, for refusals
	Alphabet string                     // the letters that it can hold; any when empty
	Text     func(identity.Card) string // as it is printed
}

const dateLetters = "0123456789/"

// values of text fields, by the names that forms bind them with.
var values = map[string]Value{
	"number":      {"person.number", "0123456789", func(c identity.Card) string { return string(c.Person.Number) }},
	"name":        {"person.name", "", func(c identity.Card) string { return c.Person.Name.Text }},
	"birth":       {"person.birth", dateLetters, func(c identity.Card) string { return c.Person.Birth.Display() }},
	"sex":         {"person.sex", "NamNữ", func(c identity.Card) string { return c.Person.Sex.Label() }},
	"nationality": {"person.nationality", identity.Nationality, func(identity.Card) string { return identity.Nationality }},
	"origin":      {"person.origin.text", "", func(c identity.Card) string { return c.Person.Origin.Text }},
	"residence":   {"person.residence.text", "", func(c identity.Card) string { return c.Person.Residence.Text }},
	"birth-registration": {
		"person.birth_registration.text", "", func(c identity.Card) string { return c.Person.BirthRegistration.Text },
	},
	"ethnicity": {"person.ethnicity", "", func(c identity.Card) string { return c.Person.Ethnicity }},
	"religion":  {"person.religion", "", func(c identity.Card) string { return c.Person.Religion }},
	"father":    {"person.father", "", func(c identity.Card) string { return c.Person.Father.Text }},
	"mother":    {"person.mother", "", func(c identity.Card) string { return c.Person.Mother.Text }},
	"spouse":    {"person.spouse", "", func(c identity.Card) string { return c.Person.Spouse.Text }},
	"serial":    {"serial", "0123456789ABCDEF", func(c identity.Card) string { return string(c.Serial) }},

	"marks":  {"person.marks", "", func(c identity.Card) string { return c.Person.Marks }},
	"issued": {"issued", dateLetters, func(c identity.Card) string { return c.Issued.Display() }},
	"expiry": {"expiry", dateLetters + identity.Expiry{}.String(), func(c identity.Card) string { return c.Expiry.String() }},
}

// Value is what a microtext repeats of a card, if it is bound.
func (m Micro) Value() Value { return values[m.Bind] }

// Value is what a text field shows.
func (f Field) Value() Value { return values[f.Bind] }
