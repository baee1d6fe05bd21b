// Package lds builds and reads the files of the chip: the logical data
// structure of ICAO Doc 9303-10 with the national details that the identity
// card keeps in EF.DG13.
//
// [Table] lists the elementary files: a row for each, with its identifiers, its
// access condition, and the functions that build and parse it. [Build] makes
// every file but EF.SOD from a card, its MRZ lines and the holder's portrait. It
// is a pure function: the same input gives the same bytes. The Parse functions
// read what any chip returns; they copy nothing and are bounded by their input.
//
// What varies between chips (versions, curves, hashes) is data: a [Profile].
package lds

import (
	"crypto"

	"example.org/cancuoc/internal/identity"
)

// AID is the application identifier of the eMRTD application.
func AID() []byte { return []byte{0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01} }

// Input is what the files of one card are made of.
type Input struct {
	Card     identity.Card
	MRZ      [3]string // the lines of TD1, 30 characters each, as printed
	Portrait []byte    // baseline JPEG; nil where the form has no photograph, and then no DG2
	Fingers  []Finger  // for Extended Access Control; none, and then no DG3, unless the State wants them
	Profile  Profile
	CAPublic crypto.PublicKey // Chip Authentication: *ecdsa.PublicKey on the profile's curve
	AAPublic crypto.PublicKey // Active Authentication: *ecdsa.PublicKey on the profile's curve, or *rsa.PublicKey
}

// Build makes every file that the table has a builder for. What is wrong with
// the card is an *identity.Refusal whose text names the data group and whose
// field is the application's.
func Build(in Input) (Files, error) {
	if err := in.Profile.Check(); err != nil {
		return nil, err
	}
	made := make(Files)
	for _, row := range in.Profile.table() {
		if row.Build == nil {
			continue
		}
		content, err := row.Build(&in, made)
		if err != nil {
			return nil, err
		}
		if content != nil {
			made[row.EF] = content
		}
	}
	return made, nil
}

// CheckFiles reads files back: each one that the table has a parser for must be
// well-formed. The error wraps ErrMalformed.
func (p Profile) CheckFiles(files Files) error {
	for _, row := range p.table() {
		if content := files[row.EF]; content != nil && row.Parse != nil {
			if err := row.Parse(content); err != nil {
				return err
			}
		}
	}
	return nil
}
