package lds

import (
	"fmt"

	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/tlv"
)

// Sizes are the sizes of the files of one chip, in bytes; 0 for a file that it
// will not have. EF.SOD is not here, because its size is the signer's.
type Sizes struct {
	COM, CardAccess, DG1, DG2, DG3, DG13, DG14, DG15, ATRInfo int
}

// Total is the sum.
func (s Sizes) Total() int {
	return s.COM + s.CardAccess + s.DG1 + s.DG2 + s.DG3 + s.DG13 + s.DG14 + s.DG15 + s.ATRInfo
}

// SizesOf tells how large the files of a card will be before they are built
// and before its keys are made: the input's keys may be missing. What is
// written to a chip has to be allotted first.
func SizesOf(in Input) (Sizes, error) {
	if err := in.check(); err != nil {
		return Sizes{}, err
	}
	details, err := in.details()
	if err != nil {
		return Sizes{}, err
	}
	s := Sizes{
		COM:        len(buildCOM(in.Profile, in.present())),
		CardAccess: len(cardAccess(in.Profile.basicInfos())),
		DG1:        tlv.Size(0x61, tlv.Size(tagMRZ, 90)),
		DG13:       len(details),
		ATRInfo:    len(in.Profile.atrInfo()),
	}
	if in.Portrait != nil {
		s.DG2 = dg2Size(len(in.Portrait))
	}
	if len(in.Fingers) > 0 {
		s.DG3 = dg3Size(in.Fingers)
	}
	s.DG14, s.DG15, err = in.keySizes()
	return s, err
}

// keySizes builds EF.DG14 and EF.DG15 of the keys at hand, or of generators in
// their place: keys on one curve have one size.
func (in *Input) keySizes() (dg14, dg15 int, err error) {
	ca, aa := in.CAPublic, in.AAPublic
	if ca == nil {
		c, err := curve.ByName(in.Profile.CACurve)
		if err != nil {
			return 0, 0, fmt.Errorf("DG14: %w", err)
		}
		ca = curve.Generator(c)
	}
	if aa == nil {
		c, err := curve.ByName(in.Profile.AACurve)
		if err != nil {
			return 0, 0, fmt.Errorf("DG15: %w", err)
		}
		aa = curve.Generator(c)
	}
	b14, err := in.Profile.dg14(in.Profile.basicInfos(), ca, aa)
	if err != nil {
		return 0, 0, fmt.Errorf("DG14: %w", err)
	}
	b15, err := in.Profile.dg15(aa)
	if err != nil {
		return 0, 0, fmt.Errorf("DG15: %w", err)
	}
	return len(b14), len(b15), nil
}
