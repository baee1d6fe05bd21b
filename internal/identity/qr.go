package identity

import "strings"

// QRPayload is what the card's QR code says, in UTF-8, fields separated by a bar
// and empty ones kept, since readers index by position.
//
// Form of 2021, seven fields: number, old CMND of 9 digits, name, birth, sex, residence,
// issue date. Form of 2024, eleven: the same, then the cancelled number, father
// and mother on children's cards, and one that is always empty. (As observed on
// public specimens; Circular 16/2024/TT-BCA art. 6 names the contents.)
func QRPayload(c Card) string {
	p := c.Person
	old := p.OldNumber
	if len(old) != 9 { // the 12 digits of later CMND are the personal number
		old = ""
	}
	fields := []string{
		string(p.Number), string(old), p.Name.Title(), p.Birth.Compact(),
		p.Sex.Label(), p.Residence.Text, c.Issued.Compact(),
	}
	if c.Form != FormCCCD2021 {
		var father, mother string
		if p.Birth.AgeOn(c.Issued) < ageOfDuty {
			father, mother = p.Father.Title(), p.Mother.Title()
		}
		fields = append(fields, string(p.CancelledNumber), father, mother, "")
	}
	for i, f := range fields {
		fields[i] = strings.ReplaceAll(f, "|", " ") // no text may hold the separator; none that was checked does
	}
	return strings.Join(fields, "|")
}
