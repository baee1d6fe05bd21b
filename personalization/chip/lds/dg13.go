package lds

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"unicode"
	"unicode/utf8"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/tlv"
)

// ASN.1 tags of EF.DG13.
const (
	tagInteger   = 0x02
	tagOID       = 0x06
	tagUTF8      = 0x0C
	tagPrintable = 0x13
	tagSequence  = 0x30
	tagSet       = 0x31
)

// utf8OID is 1.0.10646.1.0.8, ISO/IEC 10646 in UTF-8.
const utf8OID = "\x28\xD3\x16\x01\x00\x08"

// The numbers of the fields of EF.DG13, as seen on real cards.
const (
	fieldNumber = iota + 1
	fieldName
	fieldBirth
	fieldSex
	fieldNationality
	fieldEthnicity
	fieldReligion
	fieldOrigin
	fieldResidence
	fieldMarks
	fieldIssued
	fieldExpiry
	fieldParents
	fieldSpouse
	fieldOldNumber
	fieldSerial
)

// maxValue bounds the value of a field, in bytes of UTF-8.
const maxValue = 1024

// detail is one field to be written to EF.DG13.
type detail struct {
	number   int
	field    string // of the citizen's application
	tag      uint32
	value    string
	required bool
}

// details lists the fields of EF.DG13. Parents and spouse are encoded differently
// from the others.
func details(c identity.Card) []detail {
	p := c.Person
	return []detail{
		{fieldNumber, "number", tagPrintable, string(p.Number), true},
		{fieldName, "name", tagUTF8, p.Name.Title(), true},
		{fieldBirth, "birth", tagPrintable, dateText(p.Birth), true},
		{fieldSex, "sex", tagUTF8, sexWord(p.Sex), true},
		{fieldNationality, "nationality", tagUTF8, identity.Nationality, true},
		{fieldEthnicity, "ethnicity", tagUTF8, p.Ethnicity, false},
		{fieldReligion, "religion", tagUTF8, p.Religion, false},
		{fieldOrigin, "origin.text", tagUTF8, p.Origin.Text, false},
		{fieldResidence, "residence.text", tagUTF8, p.Residence.Text, false},
		{fieldMarks, "marks", tagUTF8, p.Marks, false},
		{fieldIssued, "issued", tagPrintable, dateText(c.Issued), true},
		{fieldExpiry, "expiry", tagUTF8, c.Expiry.String(), true},
		{fieldParents, "father", tagUTF8, p.Father.Title(), false},
		{fieldParents, "mother", tagUTF8, p.Mother.Title(), false},
		{fieldSpouse, "spouse", tagUTF8, p.Spouse.Title(), false},
		{fieldOldNumber, "old_number", tagPrintable, string(p.OldNumber), false},
		{fieldSerial, "serial", tagPrintable, string(c.Serial), true},
	}
}

// dateText is a date as it is printed on the card; empty if there is none.
func dateText(d identity.Date) string {
	if d == (identity.Date{}) {
		return ""
	}
	return d.Display()
}

// sexWord is the word that is printed on the card.
func sexWord(s identity.Sex) string {
	switch s {
	case identity.Male:
		return "Nam"
	case identity.Female:
		return "Nữ"
	}
	return ""
}

// Further is what the law lets a chip hold beside the sixteen fields that are on every
// card (Law on Identification, article 18.3). How it is encoded is not published: it is a
// field of EF.DG13 with a number of the profile's choice.
type Further struct {
	Number  int    // FirstFurther to 127
	Content string // a name of the function FurtherContents
}

// FirstFurther is the number after those that are on every card.
const FirstFurther = fieldSerial + 1

// furtherContents give the text of each content that a card may have.
var furtherContents = map[string]func(identity.Person) string{
	"birth_registration": func(p identity.Person) string { return p.BirthRegistration.Text },
	"blood_group":        func(p identity.Person) string { return p.BloodGroup },
	"cancelled_number":   func(p identity.Person) string { return string(p.CancelledNumber) },
}

// FurtherContents lists the contents that a profile may add.
func FurtherContents() []string { return slices.Sorted(maps.Keys(furtherContents)) }

// checkFurther reports what is wrong with the further fields of EF.DG13.
func (p Profile) checkFurther() error {
	last := fieldSerial
	for _, f := range p.Further {
		switch {
		case furtherContents[f.Content] == nil:
			return fmt.Errorf("%w %q: DG13 has no content %q; it has %q", ErrProfile, p.Name, f.Content, FurtherContents())
		case f.Number <= last || f.Number > 127:
			return fmt.Errorf("%w %q: the further fields of DG13 are not in ascending order from 17 to 127", ErrProfile, p.Name)
		}
		last = f.Number
	}
	return nil
}

// details lists the fields of the profile's EF.DG13.
func (p Profile) details(c identity.Card) []detail {
	all := details(c)
	for _, f := range p.Further {
		all = append(all, detail{f.Number, f.Content, tagUTF8, furtherContents[f.Content](c.Person), false})
	}
	return all
}

// buildDG13 makes EF.DG13.
func buildDG13(in *Input, _ Files) ([]byte, error) { return in.Profile.EncodeDG13(in.Card) }

// EncodeDG13 makes EF.DG13, the national details, as seen on real cards: fields in
// ascending order of their numbers (BER, not DER), each parent in a SEQUENCE. What is
// unknown is an empty string, and a spouse or an old number a field without a value; a
// profile may leave them out. It refuses, by field, what no reader could show.
func (p Profile) EncodeDG13(c identity.Card) ([]byte, error) {
	var father string
	fields := make([]byte, 0, 512) // enough for most people
	var wrong []error
	for _, d := range p.details(c) {
		if err := d.check(); err != nil {
			wrong = append(wrong, err)
			continue
		}
		switch {
		case d.field == "father":
			father = d.value
		case d.number == fieldParents:
			fields = append(fields, p.parents(father, d.value)...)
		case d.value == "" && p.LeaveOutUnknown && d.number != fieldSpouse:
		case d.value == "" && (d.number == fieldSpouse || d.number == fieldOldNumber):
			fields = append(fields, encodeField(d.number, nil)...)
		case d.number == fieldSpouse:
			fields = append(fields, encodeField(d.number, inSequence(d.value))...)
		default:
			fields = appendField(fields, d.number, d.tag, d.value)
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return tlv.Encode(0x6D, tlv.Encode(tagSequence,
		tlv.Encode(tagInteger, []byte{1}),
		tlv.Encode(tagOID, []byte(utf8OID)),
		tlv.Encode(tagSet, fields))), nil
}

// readable is how long a field may be for its length to have one byte, which is all that
// many deployed readers take.
const readable = 127

// Overlong lists the fields of the citizen's application that many deployed readers of
// chips will not show.
func (p Profile) Overlong(c identity.Card) []string {
	all := p.details(c)
	sizes := make(map[int]int)
	for _, d := range all {
		size := tlv.Size(d.tag, len(d.value))
		if d.number == fieldParents || d.number == fieldSpouse {
			size = tlv.Size(tagSequence, size)
		}
		sizes[d.number] += size
	}
	var fields []string
	for _, d := range all {
		if d.value != "" && tlv.Size(tagInteger, 1)+sizes[d.number] > readable {
			fields = append(fields, d.field)
		}
	}
	return fields
}

// encodeField writes one SEQUENCE { number, value }.
func encodeField(number int, value []byte) []byte {
	return tlv.Encode(tagSequence, tlv.Encode(tagInteger, []byte{byte(number)}), value)
}

// appendField appends one SEQUENCE { number, text } to b.
func appendField(b []byte, number int, tag uint32, text string) []byte {
	b = tlv.AppendHeader(b, tagSequence, 3+tlv.Size(tag, len(text)))
	b = append(b, tagInteger, 1, byte(number))
	b = tlv.AppendHeader(b, tag, len(text))
	return append(b, text...)
}

// inSequence is a name as parents and spouse are encoded.
func inSequence(name string) []byte {
	return tlv.Encode(tagSequence, tlv.Encode(tagUTF8, []byte(name)))
}

// parents is field 13: father, then mother. Where only the mother is known the father is
// an empty string, so that she is second.
func (p Profile) parents(father, mother string) []byte {
	switch {
	case !p.LeaveOutUnknown, father != "" && mother != "":
		return encodeField(fieldParents, append(inSequence(father), inSequence(mother)...))
	case father == "" && mother == "":
		return nil
	case mother == "":
		return encodeField(fieldParents, inSequence(father))
	}
	return encodeField(fieldParents, append(tlv.Encode(tagSequence), inSequence(mother)...))
}

// check refuses what no reader could show.
func (d detail) check() error {
	refuse := func(format string, args ...any) error {
		args = append([]any{d.number}, args...)
		return identity.RefuseField(identity.Invalid, d.field, "DG13, field %d: "+format, args...)
	}
	switch {
	case d.value == "" && d.required:
		return refuse("it is missing")
	case len(d.value) > maxValue:
		return refuse("it has %d bytes; a field takes %d", len(d.value), maxValue)
	case !utf8.ValidString(d.value):
		return refuse("it is not valid UTF-8")
	case d.tag == tagPrintable && !isPrintable(d.value):
		return refuse("it may have only digits, capital letters and /")
	}
	for _, r := range d.value {
		if unicode.IsControl(r) {
			return refuse("it has a control character")
		}
	}
	switch {
	case d.number == fieldNumber && !isDigits(d.value, 12):
		return refuse("it must be 12 digits")
	case d.number == fieldSerial && !isSerial(d.value):
		return refuse("it must be 16 upper-case hexadecimal digits")
	}
	return nil
}

// isPrintable reports whether s has only the characters of dates, numbers and
// serials.
func isPrintable(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && c != '/' {
			return false
		}
	}
	return true
}

// isDigits reports whether s is n digits.
func isDigits(s string, n int) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) == n
}

// isSerial reports whether s is 16 upper-case hexadecimal digits.
func isSerial(s string) bool {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'A' || s[i] > 'F') {
			return false
		}
	}
	return len(s) == 16
}

// Details are the fields of EF.DG13, as they are in the file; empty where they are
// missing.
type Details struct {
	Number      string
	Name        string
	Birth       string // dd/mm/yyyy
	Sex         string // Nam or Nữ
	Nationality string
	Ethnicity   string
	Religion    string
	Origin      string
	Residence   string
	Marks       string
	Issued      string // dd/mm/yyyy
	Expiry      string // dd/mm/yyyy or Không thời hạn
	Father      string
	Mother      string
	Spouse      string
	OldNumber   string
	Serial      string
	Unknown     []int // numbers of other fields
}

// LogValue hides the details.
func (Details) LogValue() slog.Value { return slog.StringValue("[details]") }

// String hides the details.
func (Details) String() string { return "[details]" }

// GoString hides the details.
func (Details) GoString() string { return "[details]" }

// ParseDG13 reads EF.DG13 as tolerantly as real cards require: fields in any order,
// strings of any type, the parents in one SEQUENCE or in two, fields without a
// value, unknown fields. The error wraps ErrMalformed.
func ParseDG13(b []byte) (Details, error) {
	file, err := tlv.ParseOnly(b, 0x6D)
	if err != nil {
		return Details{}, malformed(DG13, "%w", err)
	}
	set, err := tlv.Find(file.Value, tagSequence, tagSet)
	if err != nil {
		return Details{}, malformed(DG13, "%w", err)
	}
	fields, err := set.Children()
	if err != nil {
		return Details{}, malformed(DG13, "%w", err)
	}
	var d Details
	for _, field := range fields {
		if err := d.readField(field); err != nil {
			return Details{}, malformed(DG13, "%w", err)
		}
	}
	return d, nil
}

// readField reads one SEQUENCE { number, value }.
func (d *Details) readField(field tlv.Node) error {
	if field.Tag != tagSequence {
		return fmt.Errorf("a field is %X, not a SEQUENCE", field.Tag)
	}
	parts, err := field.Children()
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return errors.New("a field is empty")
	}
	number, err := smallInteger(parts[0])
	if err != nil {
		return fmt.Errorf("a field has no number: %w", err)
	}
	values, err := texts(parts[1:], 0)
	if err != nil {
		return fmt.Errorf("field %d: %w", number, err)
	}
	d.set(number, values)
	return nil
}

// texts collects all strings in some data objects, in order. An empty SEQUENCE is an
// empty string. On cards, sequences are nested at most two deep.
func texts(nodes []tlv.Node, depth int) ([]string, error) {
	var found []string
	for _, n := range nodes {
		switch {
		case n.Tag == tagSequence && len(n.Value) == 0:
			found = append(found, "")
		case n.Tag == tagSequence || n.Tag == tagSet:
			children, err := n.Children()
			if err != nil {
				return nil, err
			}
			if depth == 3 {
				return nil, errors.New("sequences are nested too deep")
			}
			inner, err := texts(children, depth+1)
			if err != nil {
				return nil, err
			}
			found = append(found, inner...)
		case !utf8.Valid(n.Value):
			return nil, errors.New("a string is not valid UTF-8")
		default:
			found = append(found, string(n.Value))
		}
	}
	return found, nil
}

// set keeps the values of a field.
func (d *Details) set(number int, values []string) {
	if number == fieldParents {
		d.Father, d.Mother = nth(values, 0), nth(values, 1)
		return
	}
	to := d.field(number)
	if to == nil {
		d.Unknown = append(d.Unknown, number)
		return
	}
	*to = nth(values, 0)
}

// nth is the value at i, or an empty string.
func nth(values []string, i int) string {
	if i < len(values) {
		return values[i]
	}
	return ""
}

// field points to the place of a field's value; nil for parents and unknown fields.
func (d *Details) field(number int) *string {
	fields := [...]*string{
		fieldNumber: &d.Number, fieldName: &d.Name, fieldBirth: &d.Birth, fieldSex: &d.Sex,
		fieldNationality: &d.Nationality, fieldEthnicity: &d.Ethnicity, fieldReligion: &d.Religion,
		fieldOrigin: &d.Origin, fieldResidence: &d.Residence, fieldMarks: &d.Marks,
		fieldIssued: &d.Issued, fieldExpiry: &d.Expiry, fieldSpouse: &d.Spouse,
		fieldOldNumber: &d.OldNumber, fieldSerial: &d.Serial,
	}
	if number < 0 || number >= len(fields) {
		return nil
	}
	return fields[number]
}
