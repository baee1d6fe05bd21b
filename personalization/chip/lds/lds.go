// Package lds builds and reads the files of a chip: the logical data structure of
// ICAO Doc 9303-10, with the national details of the identity card in EF.DG13.
//
// [Table] lists the elementary files: a row for each, with its identifiers, its
// access condition, and the functions that build and parse it. [Build] makes every
// file except EF.SOD from a card, its MRZ and the holder's portrait. It is a pure
// function: the same input gives the same bytes. The Parse functions read what any
// chip returns; they copy nothing and are bounded by their input.
//
// What varies from chip to chip (versions, curves, hashes) is data: a chip profile,
// [Profile].
package lds

import (
	"crypto"
	"errors"
	"fmt"
	"maps"

	"example.org/cancuoc/internal/identity"
)

// AID is the application identifier of the eMRTD application.
func AID() []byte { return []byte{0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01} }

// Input is what the files of one card are made of.
type Input struct {
	Card     identity.Card
	MRZ      [3]string // the lines of TD1, 30 characters each, as printed
	Portrait []byte    // baseline JPEG; nil where the form has no photograph: then there is no DG2
	Fingers  []Finger  // for Extended Access Control; usually none: then there is no DG3
	Profile  Profile
	CAPublic crypto.PublicKey // Chip Authentication: *ecdsa.PublicKey on the profile's curve
	AAPublic crypto.PublicKey // Active Authentication: *ecdsa.PublicKey on the profile's curve, or *rsa.PublicKey
}

// Build makes every file for which the table has a builder; without the chip's keys, those
// that do not depend on them. Where something is wrong with the card the error is an
// *identity.Refusal: its text names the data group, its field is that of the citizen's
// application.
func Build(in Input) (Files, error) {
	if err := in.Profile.Check(); err != nil {
		return nil, err
	}
	made := make(Files)
	keys := in.CAPublic != nil || in.AAPublic != nil
	if err := in.build(made, func(r Row) bool { return keys || !r.OfKeys }); err != nil {
		return nil, err
	}
	return made, nil
}

// Complete gives files that were built without the chip's keys together with those that
// depend on them.
func Complete(files Files, p Profile, ca, aa crypto.PublicKey) (Files, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	in := Input{Profile: p, CAPublic: ca, AAPublic: aa}
	made := maps.Clone(files)
	if err := in.build(made, func(r Row) bool { return r.OfKeys }); err != nil {
		return nil, err
	}
	return made, nil
}

// build adds the files of those rows, in their order.
func (in *Input) build(made Files, wanted func(Row) bool) error {
	for _, row := range in.Profile.table() {
		if row.Build == nil || !wanted(row) {
			continue
		}
		content, err := row.Build(in, made)
		if err != nil {
			return err
		}
		if content != nil {
			made[row.EF] = content
		}
	}
	return nil
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

// ErrMalformed is wrapped by the errors of all parsers of this package.
var ErrMalformed = errors.New("file is malformed")

// malformed makes a parser's error, which names the file.
func malformed(file EF, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %w", file, ErrMalformed, fmt.Errorf(format, args...))
}
