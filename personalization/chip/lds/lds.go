// Package lds builds and reads the files of the chip: the logical data
// structure of ICAO Doc 9303-10 with the national details that the identity
// card keeps in EF.DG13.
//
// [Build] makes every file but EF.SOD from a card, its MRZ lines and the
// holder's portrait. It is a pure function: the same input gives the same
// bytes. [SizesOf] tells the sizes beforehand. The Parse functions read what
// any chip returns; they copy nothing and are bounded by their input.
//
// What varies between chips (versions, curves, hashes) is data: a [Profile].
package lds

import (
	"crypto"
	"fmt"
	"slices"
	"sync"

	"example.org/cancuoc/internal/identity"
)

// Files are the contents of the elementary files of one chip, each a whole EF
// with its tag and length. A file that the chip does not have is nil.
type Files struct {
	COM        []byte
	CardAccess []byte
	DG1        []byte
	DG2        []byte
	DG3        []byte
	DG13       []byte
	DG14       []byte
	DG15       []byte
	SOD        []byte
	ATRInfo    []byte
}

// Access is what a terminal must have shown before a file can be read.
type Access int

// The access conditions of 9303-10 and 9303-11.
const (
	Always         Access = iota // no condition
	BasicAccess                  // BAC or PACE
	ExtendedAccess               // Terminal Authentication after Chip Authentication
)

// EF is one elementary file: where it stands and who may read it.
type EF struct {
	Name      string // as 9303-10 writes it: "EF.DG1"
	FID       uint16 // file identifier
	SFI       byte   // short file identifier, 5 bits
	Tag       uint32 // of its only data object; 0 where there are several or another kind
	DataGroup int    // 1 to 16; 0 for the files that are no data group
	MasterDF  bool   // under the master file, not the application
	Read      Access
}

// AID is the application identifier of the eMRTD application.
func AID() []byte { return []byte{0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01} }

// Table lists the elementary files, in the order in which they are written.
func Table() []EF { return slices.Clone(table()) }

// table is what Table copies.
var table = sync.OnceValue(func() []EF {
	return []EF{
		{Name: "EF.ATR/INFO", FID: 0x2F01, SFI: 0x01, MasterDF: true, Read: Always},
		{Name: "EF.CardAccess", FID: 0x011C, SFI: 0x1C, Tag: 0x31, MasterDF: true, Read: Always},
		{Name: "EF.COM", FID: 0x011E, SFI: 0x1E, Tag: 0x60, Read: BasicAccess},
		{Name: "EF.DG1", FID: 0x0101, SFI: 0x01, Tag: 0x61, DataGroup: 1, Read: BasicAccess},
		{Name: "EF.DG2", FID: 0x0102, SFI: 0x02, Tag: 0x75, DataGroup: 2, Read: BasicAccess},
		{Name: "EF.DG3", FID: 0x0103, SFI: 0x03, Tag: 0x63, DataGroup: 3, Read: ExtendedAccess},
		{Name: "EF.DG13", FID: 0x010D, SFI: 0x0D, Tag: 0x6D, DataGroup: 13, Read: BasicAccess},
		{Name: "EF.DG14", FID: 0x010E, SFI: 0x0E, Tag: 0x6E, DataGroup: 14, Read: BasicAccess},
		{Name: "EF.DG15", FID: 0x010F, SFI: 0x0F, Tag: 0x6F, DataGroup: 15, Read: BasicAccess},
		{Name: "EF.SOD", FID: 0x011D, SFI: 0x1D, Tag: 0x77, Read: BasicAccess},
	}
})

// File finds a file of the table by its name.
func File(name string) (EF, bool) {
	for _, ef := range table() {
		if ef.Name == name {
			return ef, true
		}
	}
	return EF{}, false
}

// field points to the content of a file.
func (f *Files) field(fid uint16) *[]byte {
	switch fid {
	case 0x2F01:
		return &f.ATRInfo
	case 0x011C:
		return &f.CardAccess
	case 0x011E:
		return &f.COM
	case 0x0101:
		return &f.DG1
	case 0x0102:
		return &f.DG2
	case 0x0103:
		return &f.DG3
	case 0x010D:
		return &f.DG13
	case 0x010E:
		return &f.DG14
	case 0x010F:
		return &f.DG15
	case 0x011D:
		return &f.SOD
	}
	return nil
}

// Get is the content of a file, or nil.
func (f *Files) Get(ef EF) []byte {
	if at := f.field(ef.FID); at != nil {
		return *at
	}
	return nil
}

// Set gives a file its content, and reports whether there is such a file.
func (f *Files) Set(ef EF, content []byte) bool {
	at := f.field(ef.FID)
	if at == nil {
		return false
	}
	*at = content
	return true
}

// DataGroups are the data groups that the chip has, by number.
func (f *Files) DataGroups() map[int][]byte {
	groups := make(map[int][]byte)
	for _, ef := range table() {
		if content := f.Get(ef); ef.DataGroup > 0 && content != nil {
			groups[ef.DataGroup] = content
		}
	}
	return groups
}

// Input is what the files of one card are made of.
type Input struct {
	Card     identity.Card
	MRZ      [3]string // the lines of TD1, 30 characters each, as printed
	Portrait []byte    // baseline JPEG; nil where the form has no photograph, and then no DG2
	Fingers  []Finger  // for Extended Access Control; none, and then no DG3, unless the State wants them
	Profile  Profile
	CAPublic crypto.PublicKey // Chip Authentication: *ecdsa.PublicKey on the profile's curve
	AAPublic crypto.PublicKey // Active Authentication: *ecdsa.PublicKey on the profile's curve, or *rsa.PublicKey

	// Details encodes EF.DG13 where a project has its own; nil means [EncodeDG13].
	Details func(identity.Card) ([]byte, error)
}

// Build makes all files but EF.SOD (package sod). What the card says wrongly is an *identity.Refusal whose
// text names the data group and whose field is the application's.
func Build(in Input) (Files, error) {
	if err := in.check(); err != nil {
		return Files{}, err
	}
	var f Files
	var err error
	if f.DG1, err = buildDG1(in.MRZ, in.Card); err != nil {
		return Files{}, err
	}
	if in.Portrait == nil && in.Card.Form != identity.FormCanCuoc2024Under6 {
		return Files{}, refusePortrait("this form has a photograph, and there is none")
	}
	if in.Portrait != nil {
		if f.DG2, err = buildDG2(in.Portrait, in.Card.Person.Sex); err != nil {
			return Files{}, err
		}
	}
	if len(in.Fingers) > 0 {
		if f.DG3, err = buildDG3(in.Fingers); err != nil {
			return Files{}, err
		}
	}
	if f.DG13, err = in.details(); err != nil {
		return Files{}, err
	}
	basic := in.Profile.basicInfos()
	if f.DG14, err = in.Profile.dg14(basic, in.CAPublic, in.AAPublic); err != nil {
		return Files{}, fmt.Errorf("DG14: %w", err)
	}
	if f.DG15, err = in.Profile.dg15(in.AAPublic); err != nil {
		return Files{}, fmt.Errorf("DG15: %w", err)
	}
	f.CardAccess = cardAccess(basic)
	f.ATRInfo = in.Profile.atrInfo()
	f.COM = buildCOM(in.Profile, in.present())
	return f, nil
}

// check reports what makes no sense in a profile, or with these fingers.
func (in *Input) check() error {
	if err := in.Profile.Check(); err != nil {
		return err
	}
	if len(in.Fingers) > 0 && !in.Profile.TerminalAuthentication {
		return fmt.Errorf("%w %q: fingers are for Terminal Authentication, which it does not announce", ErrProfile, in.Profile.Name)
	}
	return nil
}

// details is EF.DG13, by whichever encoder.
func (in *Input) details() ([]byte, error) {
	if in.Details != nil {
		return in.Details(in.Card)
	}
	return EncodeDG13(in.Card)
}

// present lists the data groups that the card will have, in order.
func (in *Input) present() []int {
	list := []int{1}
	if in.Portrait != nil {
		list = append(list, 2)
	}
	if len(in.Fingers) > 0 {
		list = append(list, 3)
	}
	return append(list, 13, 14, 15)
}
