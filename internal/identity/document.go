package identity

import "slices"

// Document is what the State gives a person as proof of identity. The values are wire
// format: the registry keeps them, of cards as of blanks.
type Document string

// The documents of Law 26/2023/QH15.
const (
	CardDocument Document = "card"        // thẻ căn cước, and the CCCD before: art. 18
	Certificate  Document = "certificate" // giấy chứng nhận căn cước: art. 30
)

// Documents lists every document.
var Documents = []Document{CardDocument, Certificate}

// HasChip reports whether the document has a chip. A certificate is of paper.
func (d Document) HasChip() bool { return d != Certificate }

// Check refuses, naming the field, what is no document.
func (d Document) Check(field string) error {
	if !slices.Contains(Documents, d) {
		return RefuseField(Invalid, field, "must be one of %s", join(Documents))
	}
	return nil
}

// typeRow is one line of the table of types of application.
type typeRow struct {
	kind     ApplicationType
	document Document
	holder   bool // asked for by who holds such a document, or lost it
}

// types is the table of types of application.
var types = []typeRow{
	{FirstIssue, CardDocument, false},
	{Exchange, CardDocument, true},
	{Reissue, CardDocument, true},
	{CertificateIssue, Certificate, false},
	{CertificateExchange, Certificate, true},
	{CertificateReissue, Certificate, true},
}

// ApplicationTypes lists every type.
var ApplicationTypes = func() []ApplicationType {
	list := make([]ApplicationType, len(types))
	for i, row := range types {
		list[i] = row.kind
	}
	return list
}()

// row is the type's line of the table; false: there is no such type.
func (t ApplicationType) row() (typeRow, bool) {
	i := slices.IndexFunc(types, func(r typeRow) bool { return r.kind == t })
	if i < 0 {
		return typeRow{document: CardDocument}, false
	}
	return types[i], true
}

// Document is what is applied for; that of a type that is not known counts as a card.
func (t ApplicationType) Document() Document {
	row, _ := t.row()
	return row.document
}

// known reports whether there is such a type.
func (t ApplicationType) known() bool {
	_, known := t.row()
	return known
}

// ofHolder reports whether only who was given such a document before asks for it.
func (t ApplicationType) ofHolder() bool {
	row, _ := t.row()
	return row.holder
}

// TypesFor lists the types of application for a document.
func TypesFor(d Document) []ApplicationType {
	return slices.DeleteFunc(slices.Clone(ApplicationTypes), func(t ApplicationType) bool { return t.Document() != d })
}
