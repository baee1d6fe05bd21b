package forms

import (
	"strings"

	"example.org/cancuoc/internal/identity"
)

// QRValue is one value of the QR code.
type QRValue struct {
	Bind     string `yaml:"bind"`      // what of the card; see qrValues
	BelowAge int    `yaml:"below_age"` // empty for holders of that age and over on the day of issue; 0 for no limit
	line     int
}

// qrValues by the names that forms bind them with, as the QR code writes them.
var qrValues = map[string]func(identity.Card) string{
	"number": func(c identity.Card) string { return string(c.Person.Number) },
	"old-number": func(c identity.Card) string {
		if len(c.Person.OldNumber) != 9 { // the 12 digits of later CMND are the personal number
			return ""
		}
		return string(c.Person.OldNumber)
	},
	"cancelled-number": func(c identity.Card) string { return string(c.Person.CancelledNumber) },
	"name":             func(c identity.Card) string { return c.Person.Name.Title() },
	"birth":            func(c identity.Card) string { return c.Person.Birth.Compact() },
	"sex":              func(c identity.Card) string { return c.Person.Sex.Label() },
	"residence":        func(c identity.Card) string { return c.Person.Residence.Text },
	"issued":           func(c identity.Card) string { return c.Issued.Compact() },
	"father":           func(c identity.Card) string { return c.Person.Father.Title() },
	"mother":           func(c identity.Card) string { return c.Person.Mother.Title() },
	"serial":           func(c identity.Card) string { return string(c.Serial) },
	"nothing":          func(identity.Card) string { return "" },
}

// qrSeparator stands between the values of a QR code.
const qrSeparator = "|"

// QRPayload is what the QR code of a card says, in UTF-8: the form's values, separated
// by bars. Empty ones are kept, since readers count.
func (f *Form) QRPayload(c identity.Card) string {
	said := make([]string, len(f.QR))
	for i, v := range f.QR {
		if v.BelowAge > 0 && c.Person.Birth.AgeOn(c.Issued) >= v.BelowAge {
			continue
		}
		said[i] = strings.ReplaceAll(qrValues[v.Bind](c), qrSeparator, " ") // a text that was checked holds none
	}
	return strings.Join(said, qrSeparator)
}
