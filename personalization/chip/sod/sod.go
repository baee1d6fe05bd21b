// Package sod makes and verifies the document security object, EF.SOD: the
// country's signature over the hashes of all data groups (ICAO Doc 9303-10, 4.6.2).
// To verify it is passive authentication (9303-11, 5.1).
package sod

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/cms"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/tlv"
)

// Errors of this package, for errors.Is. An untrusted signer is pki.ErrUntrusted.
var (
	// ErrMalformed means a file that is not a security object.
	ErrMalformed = errors.New("EF.SOD is malformed")
	// ErrSignature means a security object that was changed after it was signed.
	ErrSignature = errors.New("the security object's signature is wrong")
	// ErrHash means a data group that is not the signed one.
	ErrHash = errors.New("the data group was changed after the card was signed")
	// ErrNotCovered means a data group whose hash is not in the security object.
	ErrNotCovered = errors.New("the security object does not cover the data group")
)

// tagSOD is the tag of EF.SOD.
const tagSOD = 0x77

// oidSecurityObject is id-icao-mrtd-security-ldsSecurityObject.
var oidSecurityObject = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 1}

// DocumentSigner gives a certificate and its key for one signature at a time.
// *pki.Signers implements it and changes to a new document signer by itself.
type DocumentSigner interface {
	Signer(at time.Time) (*pki.Certificate, crypto.Signer, error)
}

// Options are how a security object is made.
type Options struct {
	Hash       crypto.Hash // of data groups and signature; default SHA-256
	LDSVersion string      // "1.7" (default) or "1.8", which the object states
	At         time.Time   // when it is signed; selects the document signer
	ShowTime   bool        // write At to the signed attributes, which real cards do not do
	Random     io.Reader   // default crypto/rand
}

// withDefaults fills in the defaults.
func (o Options) withDefaults() Options {
	if o.Hash == 0 {
		o.Hash = crypto.SHA256
	}
	if o.LDSVersion == "" {
		o.LDSVersion = "1.7"
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	return o
}

// Build makes EF.SOD over data groups by number, each a whole file with its tag and
// length. It does not verify its signature, which would take as long again:
// *pki.Signers verifies the first signature of each block, and inspection verifies
// the security object of every card up to the CSCA before the card leaves.
func Build(groups map[int][]byte, signer DocumentSigner, o Options) ([]byte, error) {
	o = o.withDefaults()
	certificate, key, err := signer.Signer(o.At)
	if err != nil {
		return nil, fmt.Errorf("build EF.SOD: %w", err)
	}
	if !certificate.PrivateKeyUsage.Contains(o.At) {
		return nil, fmt.Errorf("build EF.SOD: %w: its key must not sign at that time", pki.ErrUntrusted)
	}
	object, err := securityObject(groups, o)
	if err != nil {
		return nil, fmt.Errorf("build EF.SOD: %w", err)
	}
	signing := cms.Signing{
		ContentType: oidSecurityObject, Content: object,
		Certificates: [][]byte{certificate.Raw}, Issuer: certificate.Issuer, Serial: certificate.Serial,
		Key: key, Hash: o.Hash,
	}
	if o.ShowTime {
		signing.At = o.At
	}
	data, err := cms.Sign(o.Random, signing)
	if err != nil {
		return nil, fmt.Errorf("build EF.SOD: %w", err)
	}
	return tlv.Encode(tagSOD, data), nil
}

// securityObject makes LDSSecurityObject (9303-10, 4.6.2.3).
func securityObject(groups map[int][]byte, o Options) ([]byte, error) {
	if len(groups) < 2 { // SEQUENCE SIZE (2..16)
		return nil, fmt.Errorf("%w: it needs at least two data groups, not %d", ErrMalformed, len(groups))
	}
	if o.LDSVersion != "1.7" && o.LDSVersion != "1.8" {
		return nil, fmt.Errorf("%w: LDS version %q", ErrMalformed, o.LDSVersion)
	}
	algorithm, err := cms.DigestAlgorithm(o.Hash)
	if err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(groups))
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		if n < 1 || n > 16 {
			return nil, fmt.Errorf("%w: there is no DG%d", ErrMalformed, n)
		}
		hash := hashOf(o.Hash, groups[n])
		hashes = append(hashes, tlv.Encode(tagSequence, tlv.Encode(tagInteger, []byte{byte(n)}), tlv.Encode(tagOctets, hash)))
	}
	version, versions := byte(0), []byte(nil)
	if o.LDSVersion == "1.8" {
		version = 1
		versions = tlv.Encode(tagSequence, tlv.Encode(tagPrintable, []byte("0108")), tlv.Encode(tagPrintable, []byte("040000")))
	}
	return tlv.Encode(tagSequence, tlv.Encode(tagInteger, []byte{version}), algorithm, tlv.Encode(tagSequence, hashes...), versions), nil
}

// The universal tags of LDSSecurityObject.
const (
	tagInteger   = 0x02
	tagOctets    = 0x04
	tagPrintable = 0x13
	tagSequence  = 0x30
)

// hashOf hashes a data group with its tag and length.
func hashOf(h crypto.Hash, ef []byte) []byte {
	d := h.New()
	d.Write(ef)
	return d.Sum(nil)
}

// SOD is a security object that was read. Nothing in it is verified before Verify.
type SOD struct {
	Version        int // of LDSSecurityObject: 0 for LDS 1.7, 1 for 1.8
	LDSVersion     string
	UnicodeVersion string
	Hash           crypto.Hash
	Hashes         map[int][]byte
	Signer         *pki.Certificate // the document signer
	SignedAt       time.Time        // zero if not given

	data *cms.SignedData
}

// Parse reads EF.SOD. The certificate of its signer need not be read again where it is a known
// one. Errors wrap ErrMalformed.
func Parse(b []byte, known ...*pki.Certificate) (*SOD, error) {
	file, err := tlv.ParseOnly(b, tagSOD)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	data, err := cms.Parse(file.Value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !data.ContentType.Equal(oidSecurityObject) {
		return nil, fmt.Errorf("%w: it is signed content of type %s", ErrMalformed, data.ContentType)
	}
	s := &SOD{data: data, SignedAt: data.Signer.At, Hashes: make(map[int][]byte)}
	if s.Signer, err = pki.SignerOf(data, known...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := s.readObject(data.Content); err != nil {
		return nil, err
	}
	return s, nil
}

// readObject reads LDSSecurityObject.
func (s *SOD) readObject(content cryptobyte.String) error {
	var body, algorithm, hashes, versions cryptobyte.String
	if !content.ReadASN1(&body, cbasn1.SEQUENCE) || !content.Empty() || !body.ReadASN1Integer(&s.Version) ||
		!body.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) || !body.ReadASN1(&hashes, cbasn1.SEQUENCE) {
		return fmt.Errorf("%w: the LDSSecurityObject", ErrMalformed)
	}
	var err error
	if s.Hash, err = cms.ParseDigestAlgorithm(algorithm); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if s.Version >= 1 && !s.readVersions(&body, &versions) || !body.Empty() {
		return fmt.Errorf("%w: the version information", ErrMalformed)
	}
	for !hashes.Empty() {
		var pair, hash cryptobyte.String
		var n int
		if !hashes.ReadASN1(&pair, cbasn1.SEQUENCE) || !pair.ReadASN1Integer(&n) ||
			!pair.ReadASN1(&hash, cbasn1.OCTET_STRING) || !pair.Empty() ||
			n < 1 || n > 16 || s.Hashes[n] != nil || len(hash) != s.Hash.Size() {
			return fmt.Errorf("%w: the hashes of data groups", ErrMalformed)
		}
		s.Hashes[n] = hash
	}
	return nil
}

// readVersions reads LDSVersionInfo.
func (s *SOD) readVersions(body, versions *cryptobyte.String) bool {
	var lds, unicode cryptobyte.String
	if !body.ReadASN1(versions, cbasn1.SEQUENCE) || !versions.ReadASN1(&lds, cbasn1.PrintableString) ||
		!versions.ReadASN1(&unicode, cbasn1.PrintableString) {
		return false
	}
	s.LDSVersion, s.UnicodeVersion = string(lds), string(unicode)
	return true
}

// DataGroups are the numbers of the signed data groups, ascending. A reader compares
// them with EF.COM, which is not signed.
func (s *SOD) DataGroups() []int { return slices.Sorted(maps.Keys(s.Hashes)) }

// CheckSignature checks that the document signer signed this object, whether it is
// trusted or not. Errors wrap ErrSignature.
func (s *SOD) CheckSignature() error { return s.checkSignature(s.Signer.PublicKey) }

// checkSignature is CheckSignature with the signer's key.
func (s *SOD) checkSignature(key crypto.PublicKey) error {
	err := s.data.CheckSignature(key)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, cms.ErrDigest):
		return fmt.Errorf("%w: the list of hashes was changed", ErrSignature)
	case errors.Is(err, cms.ErrSignature):
		return fmt.Errorf("%w: it is not the document signer's", ErrSignature)
	}
	return fmt.Errorf("%w: %w", ErrSignature, err)
}

// Verify is passive authentication up to the CSCA, without the data groups
// themselves (see CheckHash): it checks the signature, then the document signer's
// certificate by the trust store at that time, then the usage period of its key if
// the signing time is given. Errors wrap ErrSignature or pki.ErrUntrusted and say why
// in a sentence.
func (s *SOD) Verify(trust *pki.TrustStore, at time.Time) error {
	if err := s.checkSignature(trust.VerificationKey(s.Signer)); err != nil {
		return err
	}
	if err := trust.CheckSigner(s.Signer, at); err != nil {
		return err
	}
	if !s.SignedAt.IsZero() && !s.Signer.PrivateKeyUsage.Contains(s.SignedAt) {
		return fmt.Errorf("%w: it signed outside the usage period of its key", pki.ErrUntrusted)
	}
	return nil
}

// CheckHash checks one data group, a whole file, against its signed hash. Errors
// wrap ErrHash or ErrNotCovered.
func (s *SOD) CheckHash(dg int, ef []byte) error {
	want, ok := s.Hashes[dg]
	if !ok {
		return fmt.Errorf("DG%d: %w", dg, ErrNotCovered)
	}
	if !bytes.Equal(want, hashOf(s.Hash, ef)) {
		return fmt.Errorf("DG%d: %w", dg, ErrHash)
	}
	return nil
}
