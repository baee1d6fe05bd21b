package lds

import (
	"slices"
	"sync"
)

// EF names an elementary file as 9303-10 writes it.
type EF string

// The elementary files of the master file and of the eMRTD application
// (9303-10, 3.11).
const (
	ATRInfo    EF = "EF.ATR/INFO"
	CardAccess EF = "EF.CardAccess"
	COM        EF = "EF.COM"
	DG1        EF = "EF.DG1"
	DG2        EF = "EF.DG2"
	DG3        EF = "EF.DG3"
	DG4        EF = "EF.DG4"
	DG5        EF = "EF.DG5"
	DG6        EF = "EF.DG6"
	DG7        EF = "EF.DG7"
	DG8        EF = "EF.DG8"
	DG9        EF = "EF.DG9"
	DG10       EF = "EF.DG10"
	DG11       EF = "EF.DG11"
	DG12       EF = "EF.DG12"
	DG13       EF = "EF.DG13"
	DG14       EF = "EF.DG14"
	DG15       EF = "EF.DG15"
	DG16       EF = "EF.DG16"
	SOD        EF = "EF.SOD"
)

// Access is what a terminal must have shown before a file can be read.
type Access int

// The access conditions of 9303-10 and 9303-11.
const (
	Always         Access = iota // no condition
	BasicAccess                  // BAC or PACE
	ExtendedAccess               // Terminal Authentication after Chip Authentication
)

// Row is one row of the table: an elementary file, where it is, who may read it, and
// how it is built and parsed. Everything that handles the files of a chip follows
// the table: to add a data group, give its row a builder.
type Row struct {
	EF         EF
	FID        uint16 // file identifier
	SFI        byte   // short file identifier, 5 bits
	Tag        uint32 // of its only data object; 0 for a file of several objects
	DataGroup  int    // 1 to 16; 0 for a file that is not a data group
	MasterFile bool   // under the master file, not in the eMRTD application
	Required   bool   // every eMRTD has it
	Read       Access
	OfKeys     bool // it depends on the chip's keys, which the chip makes when it is personalized

	// Build makes the file. It is nil for files that these cards do not have, and for
	// EF.SOD, which package sod makes.
	Build Builder
	// Parse reports what is malformed in the file. It is nil where there is no parser.
	Parse func(content []byte) error
}

// Builder makes the content of an elementary file, or nil for a card that does not
// have the file. made has the files of the rows before.
type Builder func(in *Input, made Files) ([]byte, error)

// Table lists the elementary files in the order in which they are built and
// written. EF.COM lists the data groups before it; EF.SOD signs them.
func Table() []Row { return slices.Clone(table()) }

// rows makes the table.
func rows() []Row {
	return []Row{
		{EF: ATRInfo, FID: 0x2F01, SFI: 0x01, MasterFile: true, Read: Always, Build: buildATRInfo, Parse: check(ParseATRInfo)},
		{EF: CardAccess, FID: 0x011C, SFI: 0x1C, Tag: 0x31, MasterFile: true, Read: Always, Build: buildCardAccess, Parse: check(ParseCardAccess)},
		{EF: DG1, FID: 0x0101, SFI: 0x01, Tag: 0x61, DataGroup: 1, Required: true, Read: BasicAccess, Build: buildDG1, Parse: check(ParseDG1)},
		{EF: DG2, FID: 0x0102, SFI: 0x02, Tag: 0x75, DataGroup: 2, Read: BasicAccess, Build: buildDG2, Parse: check(ParseDG2)},
		{EF: DG3, FID: 0x0103, SFI: 0x03, Tag: 0x63, DataGroup: 3, Read: ExtendedAccess, Build: buildDG3, Parse: check(ParseDG3)},
		{EF: DG4, FID: 0x0104, SFI: 0x04, Tag: 0x76, DataGroup: 4, Read: ExtendedAccess},
		{EF: DG5, FID: 0x0105, SFI: 0x05, Tag: 0x65, DataGroup: 5, Read: BasicAccess},
		{EF: DG6, FID: 0x0106, SFI: 0x06, Tag: 0x66, DataGroup: 6, Read: BasicAccess},
		{EF: DG7, FID: 0x0107, SFI: 0x07, Tag: 0x67, DataGroup: 7, Read: BasicAccess},
		{EF: DG8, FID: 0x0108, SFI: 0x08, Tag: 0x68, DataGroup: 8, Read: BasicAccess},
		{EF: DG9, FID: 0x0109, SFI: 0x09, Tag: 0x69, DataGroup: 9, Read: BasicAccess},
		{EF: DG10, FID: 0x010A, SFI: 0x0A, Tag: 0x6A, DataGroup: 10, Read: BasicAccess},
		{EF: DG11, FID: 0x010B, SFI: 0x0B, Tag: 0x6B, DataGroup: 11, Read: BasicAccess},
		{EF: DG12, FID: 0x010C, SFI: 0x0C, Tag: 0x6C, DataGroup: 12, Read: BasicAccess},
		{EF: DG13, FID: 0x010D, SFI: 0x0D, Tag: 0x6D, DataGroup: 13, Read: BasicAccess, Build: buildDG13, Parse: check(ParseDG13)},
		{EF: DG14, FID: 0x010E, SFI: 0x0E, Tag: 0x6E, DataGroup: 14, Read: BasicAccess, OfKeys: true, Build: buildDG14, Parse: check(ParseDG14)},
		{EF: DG15, FID: 0x010F, SFI: 0x0F, Tag: 0x6F, DataGroup: 15, Read: BasicAccess, OfKeys: true, Build: buildDG15, Parse: check(ParseDG15)},
		{EF: DG16, FID: 0x0110, SFI: 0x10, Tag: 0x70, DataGroup: 16, Read: BasicAccess},
		{EF: COM, FID: 0x011E, SFI: 0x1E, Tag: 0x60, Required: true, Read: BasicAccess, OfKeys: true, Build: buildCOM, Parse: check(ParseCOM)},
		{EF: SOD, FID: 0x011D, SFI: 0x1D, Tag: 0x77, Required: true, Read: BasicAccess, OfKeys: true},
	}
}

// check makes a row's Parse out of a parser.
func check[T any](parse func([]byte) (T, error)) func([]byte) error {
	return func(content []byte) error {
		_, err := parse(content)
		return err
	}
}

// The table, made once. It is not the initial value of a variable because its
// functions use the table: EF.COM lists tags.
var (
	theTable  []Row
	makeTable sync.Once
)

// table is what Table copies.
func table() []Row {
	makeTable.Do(func() { theTable = rows() })
	return theTable
}

// Find finds the row of a file.
func Find(ef EF) (Row, bool) { return FindFunc(func(r Row) bool { return r.EF == ef }) }

// FindFunc finds the first row that has a property.
func FindFunc(has func(Row) bool) (Row, bool) {
	if i := slices.IndexFunc(table(), has); i >= 0 {
		return table()[i], true
	}
	return Row{}, false
}

// Files are the contents of the elementary files of one chip, each a whole file
// with its tag and length. A file that the chip does not have is not in the map.
type Files map[EF][]byte

// DataGroups are the data groups among the files, by number.
func (f Files) DataGroups() map[int][]byte {
	groups := make(map[int][]byte)
	for _, row := range table() {
		if content := f[row.EF]; row.DataGroup > 0 && content != nil {
			groups[row.DataGroup] = content
		}
	}
	return groups
}
