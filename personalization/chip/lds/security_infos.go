package lds

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/tlv"
)

// Object identifiers of SecurityInfos (9303-11, 9.2; BSI TR-03110-3, A.1).
var (
	oidPACE = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 4}       // id-PACE
	oidCA   = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 3}       // id-CA
	oidTA   = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 2}       // id-TA
	oidAA   = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 5}               // id-icao-mrtd-security-aaProtocolObject
	oidECDH = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 1, 2}    // id-PK-ECDH
	ecdhGM  = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 4, 2, 0} // id-PACE-ECDH-GM; the last arc is the cipher
	ecdhCA  = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 3, 2, 0} // id-CA-ECDH; the same
)

// cipherArc is the last arc of the object identifiers of PACE and Chip
// Authentication.
func (p Profile) cipherArc() int {
	if p.PACEBits == 256 {
		return 4 // AES-CBC-CMAC-256
	}
	return 2 // AES-CBC-CMAC-128
}

// PACEProtocol is the object identifier of PACE in the profile.
func (p Profile) PACEProtocol() asn1.ObjectIdentifier { return withLast(ecdhGM, p.cipherArc()) }

// CAProtocol is the object identifier of Chip Authentication in the profile.
func (p Profile) CAProtocol() asn1.ObjectIdentifier { return withLast(ecdhCA, p.cipherArc()) }

// withLast is oid with another last arc.
func withLast(oid asn1.ObjectIdentifier, arc int) asn1.ObjectIdentifier {
	return append(slices.Clone(oid[:len(oid)-1]), arc)
}

// info writes a SecurityInfo: a protocol and integers.
func info(protocol asn1.ObjectIdentifier, integers ...int) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(protocol)
		for _, n := range integers {
			b.AddASN1Int64(int64(n))
		}
	})
	return b.BytesOrPanic()
}

// basicInfos are the SecurityInfos that EF.CardAccess and DG14 share.
func (p Profile) basicInfos() [][]byte {
	infos := [][]byte{
		info(p.CAProtocol(), 1),
		info(p.PACEProtocol(), 2, p.PACEParameter),
	}
	if p.TerminalAuthentication {
		infos = append(infos, info(oidTA, 1))
	}
	return infos
}

// setOf writes a SET OF in the order of DER.
func setOf(elements [][]byte) []byte {
	slices.SortFunc(elements, bytes.Compare)
	return tlv.Encode(tagSet, elements...)
}

// buildCardAccess makes EF.CardAccess.
func buildCardAccess(in *Input, _ Files) ([]byte, error) { return setOf(in.Profile.basicInfos()), nil }

// buildDG14 makes EF.DG14: the SecurityInfos of EF.CardAccess and those of the
// chip's keys.
func buildDG14(in *Input, _ Files) ([]byte, error) {
	p := in.Profile
	key, err := onCurve(in.CAPublic, p.CACurve)
	if err != nil {
		return nil, fmt.Errorf("DG14: key for Chip Authentication: %w", err)
	}
	spki, err := curve.MarshalPublicKey(key, p.form())
	if err != nil {
		return nil, fmt.Errorf("DG14: key for Chip Authentication: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidECDH)
		b.AddBytes(spki)
	})
	infos := append(p.basicInfos(), b.BytesOrPanic())
	if _, isRSA := in.AAPublic.(*rsa.PublicKey); !isRSA {
		aaInfo, err := p.aaInfo()
		if err != nil {
			return nil, fmt.Errorf("DG14: %w", err)
		}
		infos = append(infos, aaInfo)
	}
	return tlv.Encode(0x6E, setOf(infos)), nil
}

// aaInfo is ActiveAuthenticationInfo (9303-11, 9.2.5), which ECDSA needs.
func (p Profile) aaInfo() ([]byte, error) {
	algorithm, err := plainECDSA(p.AAHash)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidAA)
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(algorithm)
	})
	return b.Bytes()
}

// buildDG15 makes EF.DG15.
func buildDG15(in *Input, _ Files) ([]byte, error) {
	p, aa := in.Profile, in.AAPublic
	var spki []byte
	var err error
	if key, isRSA := aa.(*rsa.PublicKey); isRSA {
		spki, err = x509.MarshalPKIXPublicKey(key)
	} else {
		var key *ecdsa.PublicKey
		if key, err = onCurve(aa, p.AACurve); err == nil {
			spki, err = curve.MarshalPublicKey(key, p.form())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("DG15: key for Active Authentication: %w", err)
	}
	return tlv.Encode(0x6F, spki), nil
}

// form is how the profile identifies curves.
func (p Profile) form() curve.Form {
	if p.NamedCurves {
		return curve.Named
	}
	return curve.Explicit
}

// onCurve checks that a key is on the named curve.
func onCurve(key crypto.PublicKey, name string) (*ecdsa.PublicKey, error) {
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok || ec == nil {
		return nil, fmt.Errorf("%w: the key is a %T, not a key on %s", ErrProfile, key, name)
	}
	if ec.Params().Name != name {
		return nil, fmt.Errorf("%w: the key is on %s, not on %s", ErrProfile, ec.Params().Name, name)
	}
	return ec, nil
}

// PACEInfo announces PACE.
type PACEInfo struct {
	Protocol    asn1.ObjectIdentifier
	Version     int
	ParameterID int // -1 if not given
	Raw         []byte
}

// ChipAuthenticationInfo announces Chip Authentication.
type ChipAuthenticationInfo struct {
	Protocol asn1.ObjectIdentifier
	Version  int
	KeyID    int // -1 if not given
}

// ChipAuthenticationKey is a public key for Chip Authentication.
type ChipAuthenticationKey struct {
	Key   *ecdsa.PublicKey
	Form  curve.Form
	KeyID int // -1 if not given
}

// ActiveAuthenticationInfo gives the algorithm of Active Authentication by ECDSA.
type ActiveAuthenticationInfo struct {
	Version   int
	Algorithm asn1.ObjectIdentifier
	Hash      crypto.Hash // 0 if the algorithm is not ecdsa-plain with SHA-2
}

// SecurityInfos are the content of EF.CardAccess and EF.DG14.
type SecurityInfos struct {
	PACE                   []PACEInfo
	ChipAuthentication     []ChipAuthenticationInfo
	ChipAuthenticationKeys []ChipAuthenticationKey
	ActiveAuthentication   []ActiveAuthenticationInfo
	TerminalAuthentication bool
	Unknown                []asn1.ObjectIdentifier // other protocols
}

// ParseCardAccess reads EF.CardAccess. The error wraps ErrMalformed.
func ParseCardAccess(b []byte) (SecurityInfos, error) {
	return parseInfos(CardAccess, b)
}

// ParseDG14 reads EF.DG14. The error wraps ErrMalformed.
func ParseDG14(b []byte) (SecurityInfos, error) {
	file, err := tlv.ParseOnly(b, 0x6E)
	if err != nil {
		return SecurityInfos{}, malformed(DG14, "%w", err)
	}
	return parseInfos(DG14, file.Value)
}

// parseInfos reads a SET OF SecurityInfo.
func parseInfos(file EF, b []byte) (SecurityInfos, error) {
	set, err := tlv.ParseOnly(b, tagSet)
	if err != nil {
		return SecurityInfos{}, malformed(file, "%w", err)
	}
	nodes, err := set.Children()
	if err != nil {
		return SecurityInfos{}, malformed(file, "%w", err)
	}
	var infos SecurityInfos
	for i, n := range nodes {
		if err := infos.read(n.Raw); err != nil {
			return SecurityInfos{}, malformed(file, "SecurityInfo %d: %w", i+1, err)
		}
	}
	return infos, nil
}

// read reads one SecurityInfo.
func (s *SecurityInfos) read(raw []byte) error {
	input := cryptobyte.String(raw)
	var body cryptobyte.String
	var protocol asn1.ObjectIdentifier
	if !input.ReadASN1(&body, cbasn1.SEQUENCE) || !input.Empty() || !body.ReadASN1ObjectIdentifier(&protocol) {
		return errors.New("its protocol is missing")
	}
	switch {
	case protocol.Equal(oidECDH):
		return s.readKey(body)
	case under(protocol, oidPACE) && len(protocol) == len(ecdhGM):
		version, id, err := readIntegers(body)
		s.PACE = append(s.PACE, PACEInfo{Protocol: protocol, Version: version, ParameterID: id, Raw: raw})
		return err
	case under(protocol, oidCA) && len(protocol) == len(ecdhCA):
		version, id, err := readIntegers(body)
		s.ChipAuthentication = append(s.ChipAuthentication, ChipAuthenticationInfo{protocol, version, id})
		return err
	case protocol.Equal(oidTA):
		s.TerminalAuthentication = true
	case protocol.Equal(oidAA):
		return s.readActive(body)
	default:
		s.Unknown = append(s.Unknown, protocol)
	}
	return nil
}

// under reports whether oid is a descendant of parent.
func under(oid, parent asn1.ObjectIdentifier) bool {
	return len(oid) > len(parent) && oid[:len(parent)].Equal(parent)
}

// readIntegers reads a version and an optional integer after it.
func readIntegers(s cryptobyte.String) (version, id int, err error) {
	id = -1
	if !s.ReadASN1Integer(&version) || !s.Empty() && (!s.ReadASN1Integer(&id) || id < 0 || !s.Empty()) {
		return 0, -1, errors.New("its version or parameter is malformed")
	}
	return version, id, nil
}

// readKey reads ChipAuthenticationPublicKeyInfo after its protocol.
func (s *SecurityInfos) readKey(body cryptobyte.String) error {
	var spki cryptobyte.String
	id := -1
	if !body.ReadASN1Element(&spki, cbasn1.SEQUENCE) || !body.Empty() && (!body.ReadASN1Integer(&id) || !body.Empty()) {
		return errors.New("the key for Chip Authentication is malformed")
	}
	key, form, err := curve.ParsePublicKey(spki)
	if err != nil {
		return err
	}
	s.ChipAuthenticationKeys = append(s.ChipAuthenticationKeys, ChipAuthenticationKey{key, form, id})
	return nil
}

// readActive reads ActiveAuthenticationInfo after its protocol.
func (s *SecurityInfos) readActive(body cryptobyte.String) error {
	var a ActiveAuthenticationInfo
	if !body.ReadASN1Integer(&a.Version) || !body.ReadASN1ObjectIdentifier(&a.Algorithm) {
		return errors.New("the algorithm of Active Authentication is malformed")
	}
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if oid, err := plainECDSA(h); err == nil && oid.Equal(a.Algorithm) {
			a.Hash = h
		}
	}
	s.ActiveAuthentication = append(s.ActiveAuthentication, a)
	return nil
}

// ParseDG15 reads the public key for Active Authentication: *ecdsa.PublicKey or
// *rsa.PublicKey. The error wraps ErrMalformed.
func ParseDG15(b []byte) (crypto.PublicKey, error) {
	file, err := tlv.ParseOnly(b, 0x6F)
	if err != nil {
		return nil, malformed(DG15, "%w", err)
	}
	key, _, ecErr := curve.ParsePublicKey(file.Value)
	if ecErr == nil {
		return key, nil
	}
	other, err := x509.ParsePKIXPublicKey(file.Value)
	if err != nil {
		return nil, malformed(DG15, "%w", ecErr)
	}
	switch other.(type) {
	case *ecdsa.PublicKey, *rsa.PublicKey:
		return other, nil
	}
	return nil, malformed(DG15, "%T is not a key for Active Authentication", other)
}
