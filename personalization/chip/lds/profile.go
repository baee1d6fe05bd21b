package lds

import (
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"example.org/cancuoc/personalization/chip/curve"
)

// Profile is a chip profile: what a chip has where 9303 leaves a choice. It is data:
// a new kind of chip needs a new profile, not new code.
type Profile struct {
	Name       string
	LDSVersion string      // "1.7" or "1.8", with which the security object has version 1
	Hash       crypto.Hash // of the data groups and of the security object's signature

	PACEBits      int // AES key length of PACE-GM and Chip Authentication: 128 or 256
	PACEParameter int // standardized domain parameters of PACE, 9303-11 9.5.1

	CACurve  string      // of Chip Authentication
	AACurve  string      // of Active Authentication; empty for RSA
	AAHash   crypto.Hash // of Active Authentication; at least as long as the order of AACurve
	SODCurve string      // of the document signers

	LeaveOutUnknown bool      // fields of EF.DG13 that nothing is known for, which most deployed readers take by position
	Further         []Further // fields of EF.DG13 after the sixteen that are on every card

	TerminalAuthentication bool // announce it in EF.CardAccess and DG14; only for chips that do it
	NamedCurves            bool // in DG14 and DG15; 9303 wants explicit domain parameters
	MaxCommand             int  // longest command APDU in bytes, in EF.ATR/INFO
	MaxResponse            int  // longest response APDU in bytes, in EF.ATR/INFO

	Table []Row // the elementary files, if they are not those of the function Table
}

// The names of the built-in profiles.
const (
	ProfileAsObserved = "vn-as-observed"
	ProfileNIST       = "nist"
)

// table lists the elementary files of the profile's chips.
func (p Profile) table() []Row {
	if p.Table != nil {
		return p.Table
	}
	return table()
}

// ErrProfile is wrapped by errors about profiles that do not exist or are not valid.
var ErrProfile = errors.New("chip profile")

// Profiles lists the built-in profiles.
func Profiles() []Profile {
	return []Profile{
		// What has been seen on real cards. There is no published specification. They
		// announce Terminal Authentication, which takes a chip that does it.
		{
			Name: ProfileAsObserved, LDSVersion: "1.7", Hash: crypto.SHA256,
			PACEBits: 128, PACEParameter: 13,
			CACurve: "brainpoolP256r1", AACurve: "P-256", AAHash: crypto.SHA256, SODCurve: "brainpoolP384r1",
			MaxCommand: 4096, MaxResponse: 4096,
		},
		// For readers and HSMs that have only the curves of NIST.
		{
			Name: ProfileNIST, LDSVersion: "1.8", Hash: crypto.SHA256,
			PACEBits: 128, PACEParameter: 12,
			CACurve: "P-256", AACurve: "P-256", AAHash: crypto.SHA256, SODCurve: "P-256",
			MaxCommand: 4096, MaxResponse: 4096,
		},
	}
}

// ProfileByName finds a built-in profile. The error wraps ErrProfile.
func ProfileByName(name string) (Profile, error) {
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("%w %q does not exist", ErrProfile, name)
}

// Check reports everything that is not valid in a profile. The error wraps
// ErrProfile.
func (p Profile) Check() error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w %q: "+format, append([]any{ErrProfile, p.Name}, args...)...))
	}
	if p.LDSVersion != "1.7" && p.LDSVersion != "1.8" {
		refuse("LDS version %q is neither 1.7 nor 1.8", p.LDSVersion)
	}
	if !slices.Contains([]crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}, p.Hash) {
		refuse("the hash of data groups must be SHA-256, SHA-384 or SHA-512")
	}
	if p.PACEBits != 128 && p.PACEBits != 256 {
		refuse("the AES key length must be 128 or 256, not %d", p.PACEBits)
	}
	if _, err := curve.ByParameterID(p.PACEParameter); err != nil {
		refuse("PACE: %w", err)
	}
	errs = append(errs, p.checkFurther())
	for _, name := range []string{p.CACurve, p.SODCurve} {
		if _, err := curve.ByName(name); err != nil {
			refuse("%w", err)
		}
	}
	if p.AACurve != "" {
		if c, err := curve.ByName(p.AACurve); err != nil {
			refuse("Active Authentication: %w", err)
		} else if _, err := plainECDSA(p.AAHash); err != nil {
			refuse("%w", err)
		} else if c.Params().BitSize > 8*p.AAHash.Size() {
			refuse("Active Authentication: the curve is larger than the hash")
		}
	}
	if p.MaxCommand < 256 || p.MaxCommand > 65535 || p.MaxResponse < 256 || p.MaxResponse > 65535 {
		refuse("the longest APDUs must have 256 to 65535 bytes")
	}
	return errors.Join(errs...)
}

// plainECDSA is the object identifier of ecdsa-plain-signatures with a hash
// (BSI TR-03111, 5.2.1.1).
func plainECDSA(h crypto.Hash) (asn1.ObjectIdentifier, error) {
	last := map[crypto.Hash]int{crypto.SHA256: 3, crypto.SHA384: 4, crypto.SHA512: 5}[h]
	if last == 0 {
		return nil, errors.New("the hash of Active Authentication must be SHA-256, SHA-384 or SHA-512")
	}
	return asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 1, 1, 4, 1, last}, nil
}
