package pki

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/cms"
	"example.org/cancuoc/personalization/chip/curve"
)

// Period is a span of time that includes both ends. A zero end is open.
type Period struct{ From, To time.Time }

// Contains reports whether at is in the period.
func (p Period) Contains(at time.Time) bool {
	return (p.From.IsZero() || !at.Before(p.From)) && (p.To.IsZero() || !at.After(p.To))
}

// IsZero reports whether both ends are open.
func (p Period) IsZero() bool { return p.From.IsZero() && p.To.IsZero() }

// Certificate is a certificate of a CSCA, a document signer or a master list signer
// that was read.
type Certificate struct {
	Raw     []byte // DER
	Serial  *big.Int
	Issuer  []byte // Name, DER
	Subject []byte // Name, DER
	Country string // of the subject, as in the certificate
	Valid   Period

	PublicKey crypto.PublicKey // *ecdsa.PublicKey or *rsa.PublicKey
	KeyForm   curve.Form       // how the curve is identified, of an *ecdsa.PublicKey

	Usage            KeyUsage
	IsCA             bool
	HasConstraints   bool // has the extension basicConstraints
	MaxPath          int  // -1 if there is no limit
	SubjectKeyID     []byte
	AuthorityKeyID   []byte
	PrivateKeyUsage  Period   // zero if the extension is absent
	DocumentTypes    []string // nil if the extension is absent
	CRLPoints        []string
	HasExtendedUsage bool
	MasterListSigner bool                    // by extKeyUsage
	UnknownCritical  []asn1.ObjectIdentifier // unknown critical extensions

	tbs, algorithm, signature []byte
}

// ParseCertificate reads a certificate, DER or PEM. Errors wrap ErrMalformed.
func ParseCertificate(b []byte) (*Certificate, error) {
	if block, _ := pem.Decode(b); block != nil {
		b = block.Bytes
	}
	c := &Certificate{MaxPath: -1}
	input := cryptobyte.String(b)
	var raw, outer, tbs, algorithm cryptobyte.String
	var signature asn1.BitString
	if len(b) > maxCertificate || !input.ReadASN1Element(&raw, cbasn1.SEQUENCE) || !input.Empty() ||
		!raw.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1Element(&tbs, cbasn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) ||
		!outer.ReadASN1BitString(&signature) || signature.BitLength%8 != 0 || !outer.Empty() {
		return nil, fmt.Errorf("%w: it is not a certificate", ErrMalformed)
	}
	c.Raw, c.tbs, c.algorithm, c.signature = b, tbs, algorithm, signature.Bytes
	if err := c.readTBS(tbs); err != nil {
		return nil, err
	}
	return c, nil
}

// maxCertificate bounds a certificate, in bytes.
const maxCertificate = 64 << 10

// readTBS reads the signed part.
func (c *Certificate) readTBS(tbs cryptobyte.String) error {
	var body, inner, issuer, validity, subject, spki, extensions cryptobyte.String
	var version int
	var extended bool
	c.Serial = new(big.Int)
	if !tbs.ReadASN1(&body, cbasn1.SEQUENCE) ||
		!body.ReadOptionalASN1Integer(&version, cbasn1.Tag(0).Constructed().ContextSpecific(), 0) || version != 2 ||
		!body.ReadASN1Integer(c.Serial) || !body.ReadASN1Element(&inner, cbasn1.SEQUENCE) ||
		!body.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !body.ReadASN1(&validity, cbasn1.SEQUENCE) ||
		!body.ReadASN1Element(&subject, cbasn1.SEQUENCE) || !body.ReadASN1Element(&spki, cbasn1.SEQUENCE) ||
		!body.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific()) || !body.SkipOptionalASN1(cbasn1.Tag(2).ContextSpecific()) ||
		!body.ReadOptionalASN1(&extensions, &extended, cbasn1.Tag(3).Constructed().ContextSpecific()) || !body.Empty() {
		return fmt.Errorf("%w: it is not a certificate of version 3", ErrMalformed)
	}
	if !bytes.Equal(inner, c.algorithm) {
		return fmt.Errorf("%w: it has two signature algorithms", ErrMalformed)
	}
	if !cms.ReadTime(&validity, &c.Valid.From) || !cms.ReadTime(&validity, &c.Valid.To) || !validity.Empty() {
		return fmt.Errorf("%w: its validity", ErrMalformed)
	}
	c.Issuer, c.Subject, c.Country = issuer, subject, countryOf(subject)
	if err := c.readKey(spki); err != nil {
		return err
	}
	if !extended {
		return nil
	}
	return c.readExtensions(extensions)
}

// readKey reads the public key: on a curve identified in either form, or RSA.
func (c *Certificate) readKey(spki []byte) error {
	key, form, err := curve.ParsePublicKey(spki)
	if err == nil {
		c.PublicKey, c.KeyForm = key, form
		return nil
	}
	other, rsaErr := x509.ParsePKIXPublicKey(spki)
	if rsaErr != nil {
		return fmt.Errorf("%w: its public key: %w", ErrMalformed, err)
	}
	c.PublicKey = other
	return nil
}

// countryOf is the country in a Name, unchanged; empty if there is none.
func countryOf(name cryptobyte.String) string {
	var rdns cryptobyte.String
	if !name.ReadASN1(&rdns, cbasn1.SEQUENCE) {
		return ""
	}
	for !rdns.Empty() {
		var set, pair, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var tag cbasn1.Tag
		if !rdns.ReadASN1(&set, cbasn1.SET) || !set.ReadASN1(&pair, cbasn1.SEQUENCE) ||
			!pair.ReadASN1ObjectIdentifier(&oid) || !pair.ReadAnyASN1(&value, &tag) {
			return ""
		}
		if oid.Equal(oidCountry) {
			return string(value)
		}
	}
	return ""
}

// readExtensions reads the extensions of 9303-12, table 5.
func (c *Certificate) readExtensions(wrapped cryptobyte.String) error {
	var list cryptobyte.String
	if !wrapped.ReadASN1(&list, cbasn1.SEQUENCE) || !wrapped.Empty() {
		return fmt.Errorf("%w: its extensions", ErrMalformed)
	}
	for !list.Empty() {
		var extension, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical bool
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			extension.PeekASN1Tag(cbasn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
			!extension.ReadASN1(&value, cbasn1.OCTET_STRING) || !extension.Empty() {
			return fmt.Errorf("%w: its extensions", ErrMalformed)
		}
		known, ok := c.readExtension(oid, value)
		if !ok {
			return fmt.Errorf("%w: its extension %s", ErrMalformed, oid)
		}
		if critical && !known {
			c.UnknownCritical = append(c.UnknownCritical, oid)
		}
	}
	return nil
}

// readExtension reads one extension. It reports whether it knows the extension and
// whether that is well-formed.
func (c *Certificate) readExtension(oid asn1.ObjectIdentifier, v cryptobyte.String) (known, ok bool) {
	switch {
	case oid.Equal(oidKeyUsage):
		return true, c.readUsage(v)
	case oid.Equal(oidBasicConstraints):
		return true, c.readConstraints(v)
	case oid.Equal(oidSubjectKeyID):
		var id cryptobyte.String
		ok = v.ReadASN1(&id, cbasn1.OCTET_STRING)
		c.SubjectKeyID = id
		return true, ok
	case oid.Equal(oidAuthorityKeyID):
		var body, id cryptobyte.String
		var there bool
		ok = v.ReadASN1(&body, cbasn1.SEQUENCE) && body.ReadOptionalASN1(&id, &there, cbasn1.Tag(0).ContextSpecific())
		if there {
			c.AuthorityKeyID = id
		}
		return true, ok
	case oid.Equal(oidPrivateKeyUsage):
		return true, c.readPrivateKeyUsage(v)
	case oid.Equal(oidDocumentTypes):
		return true, c.readDocumentTypes(v)
	case oid.Equal(oidCRLPoints):
		c.CRLPoints = readURIs(v)
		return true, true
	case oid.Equal(oidExtKeyUsage):
		return true, c.readExtendedUsage(v)
	case oid.Equal(oidSubjectAltName), oid.Equal(oidIssuerAltName):
		return true, true
	}
	return false, true
}

// readUsage reads the bits of keyUsage.
func (c *Certificate) readUsage(v cryptobyte.String) bool {
	var bits asn1.BitString
	if !v.ReadASN1BitString(&bits) {
		return false
	}
	for i := range 9 {
		c.Usage |= KeyUsage(bits.At(i)) << i
	}
	return true
}

// readConstraints reads basicConstraints.
func (c *Certificate) readConstraints(v cryptobyte.String) bool {
	var body cryptobyte.String
	c.HasConstraints = true
	return v.ReadASN1(&body, cbasn1.SEQUENCE) &&
		(!body.PeekASN1Tag(cbasn1.BOOLEAN) || body.ReadASN1Boolean(&c.IsCA)) &&
		(body.Empty() || body.ReadASN1Integer(&c.MaxPath) && c.MaxPath >= 0)
}

// readPrivateKeyUsage reads privateKeyUsagePeriod, whose times have implicit tags.
func (c *Certificate) readPrivateKeyUsage(v cryptobyte.String) bool {
	var body cryptobyte.String
	if !v.ReadASN1(&body, cbasn1.SEQUENCE) {
		return false
	}
	for n, to := range []*time.Time{&c.PrivateKeyUsage.From, &c.PrivateKeyUsage.To} {
		var text cryptobyte.String
		var there bool
		if !body.ReadOptionalASN1(&text, &there, cbasn1.Tag(n).ContextSpecific()) {
			return false
		}
		if there {
			t, err := time.Parse("20060102150405Z", string(text))
			if err != nil {
				return false
			}
			*to = t
		}
	}
	return body.Empty()
}

// readDocumentTypes reads documentTypeList (9303-12, 7.1.1.6).
func (c *Certificate) readDocumentTypes(v cryptobyte.String) bool {
	var body, set cryptobyte.String
	var version int
	if !v.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Integer(&version) || !body.ReadASN1(&set, cbasn1.SET) {
		return false
	}
	c.DocumentTypes = []string{}
	for !set.Empty() {
		var text cryptobyte.String
		var tag cbasn1.Tag
		if len(c.DocumentTypes) == 64 || !set.ReadAnyASN1(&text, &tag) {
			return false
		}
		c.DocumentTypes = append(c.DocumentTypes, string(text))
	}
	return true
}

// readExtendedUsage reads extKeyUsage.
func (c *Certificate) readExtendedUsage(v cryptobyte.String) bool {
	var body cryptobyte.String
	c.HasExtendedUsage = true
	if !v.ReadASN1(&body, cbasn1.SEQUENCE) {
		return false
	}
	for !body.Empty() {
		var oid asn1.ObjectIdentifier
		if !body.ReadASN1ObjectIdentifier(&oid) {
			return false
		}
		c.MasterListSigner = c.MasterListSigner || oid.Equal(oidMasterListSigner)
	}
	return true
}

// readURIs collects the addresses in cRLDistributionPoints and ignores other names.
func readURIs(v cryptobyte.String) []string {
	var points cryptobyte.String
	if !v.ReadASN1(&points, cbasn1.SEQUENCE) {
		return nil
	}
	var uris []string
	for !points.Empty() && len(uris) < 16 {
		var point, name, full, uri cryptobyte.String
		explicit := cbasn1.Tag(0).Constructed().ContextSpecific()
		if !points.ReadASN1(&point, cbasn1.SEQUENCE) {
			return uris
		}
		if point.ReadASN1(&name, explicit) && name.ReadASN1(&full, explicit) &&
			full.ReadASN1(&uri, cbasn1.Tag(6).ContextSpecific()) {
			uris = append(uris, string(uri))
		}
	}
	return uris
}

// CheckSignedBy checks the certificate's signature with an issuer's key.
func (c *Certificate) CheckSignedBy(issuer *Certificate) error {
	return cms.CheckSignature(c.algorithm, 0, issuer.PublicKey, c.tbs, c.signature)
}

// SelfIssued reports whether issuer and subject have the same name.
func (c *Certificate) SelfIssued() bool { return bytes.Equal(c.Issuer, c.Subject) }

// PEM writes the certificate as PEM.
func (c *Certificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// keyID is the identifier of a key: the SHA-1 of its BIT STRING (RFC 5280, 4.2.1.2).
func keyID(spki []byte) ([]byte, error) {
	input := cryptobyte.String(spki)
	var body cryptobyte.String
	var bits asn1.BitString
	if !input.ReadASN1(&body, cbasn1.SEQUENCE) || !body.SkipASN1(cbasn1.SEQUENCE) || !body.ReadASN1BitString(&bits) {
		return nil, fmt.Errorf("%w: the public key", ErrMalformed)
	}
	id := sha1.Sum(bits.Bytes)
	return id[:], nil
}
