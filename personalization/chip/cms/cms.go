// Package cms writes and reads the form of Cryptographic Message Syntax (RFC 5652)
// that cards and master lists use: SignedData with its content inside, one signer,
// and signed attributes.
//
// The libraries that were tried put the time of their clock into the signed
// attributes and write SignedData version 1, where content that is not id-data
// needs version 3. `openssl cms -verify` accepts what this package writes. What it
// reads may come from anyone.
package cms

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/tlv"
)

var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
)

// Tags in SignedData beside the universal ones.
const (
	tag0 = cbasn1.Tag(0xA0) // [0] constructed
	tag1 = cbasn1.Tag(0xA1) // [1] constructed
	key0 = cbasn1.Tag(0x80) // [0] primitive: subjectKeyIdentifier
)

// Signing is what is signed, by whom, and how.
type Signing struct {
	ContentType  asn1.ObjectIdentifier
	Content      []byte
	Certificates [][]byte // DER; that of the signer first
	Issuer       []byte   // of the signer's certificate: the Name, DER
	Serial       *big.Int // of the signer's certificate
	Key          crypto.Signer
	Hash         crypto.Hash
	At           time.Time // signing time; zero to leave it out
}

// Sign makes a ContentInfo with SignedData, in DER except for the order of the
// certificates, of which the signer's is first.
func Sign(random io.Reader, s Signing) ([]byte, error) {
	digestAlgorithm, err := DigestAlgorithm(s.Hash)
	if err != nil {
		return nil, err
	}
	signatureAlgorithm, err := SignatureAlgorithm(s.Key.Public(), s.Hash)
	if err != nil {
		return nil, err
	}
	attributes, err := s.attributes()
	if err != nil {
		return nil, err
	}
	signature, err := s.Key.Sign(random, digest(s.Hash, tlv.Encode(0x31, attributes)), s.Hash)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	certificates := slices.Concat(s.Certificates...)
	const frame = 256 // everything that is not in the sum below
	size := frame + len(s.Content) + len(certificates) + len(s.Issuer) + len(attributes) + len(signature)
	b := cryptobyte.NewBuilder(make([]byte, 0, size))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(tag0, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(3)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(digestAlgorithm) })
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(s.ContentType)
					b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(s.Content) })
				})
				b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(certificates) })
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1Int64(1)
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddBytes(s.Issuer)
							b.AddASN1BigInt(s.Serial)
						})
						b.AddBytes(digestAlgorithm)
						b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
						b.AddBytes(signatureAlgorithm)
						b.AddASN1OctetString(signature)
					})
				})
			})
		})
	})
	return b.Bytes()
}

// attributes are the signed attributes, in the order of DER.
func (s *Signing) attributes() ([]byte, error) {
	attribute := func(oid asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) ([]byte, error) {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(cbasn1.SET, value)
		})
		return b.Bytes()
	}
	contentType, err := attribute(oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(s.ContentType) })
	if err != nil {
		return nil, err
	}
	messageDigest, err := attribute(oidMessageDigest, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(digest(s.Hash, s.Content))
	})
	if err != nil {
		return nil, err
	}
	all := [][]byte{contentType, messageDigest}
	if !s.At.IsZero() {
		signingTime, err := attribute(oidSigningTime, func(b *cryptobyte.Builder) { AddTime(b, s.At) })
		if err != nil {
			return nil, err
		}
		all = append(all, signingTime)
	}
	slices.SortFunc(all, bytes.Compare)
	return slices.Concat(all...), nil
}

// AddTime writes a time as in certificates: UTCTime until 2049, GeneralizedTime
// after, in UTC, with seconds (RFC 5280, 4.1.2.5).
func AddTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC().Truncate(time.Second)
	if t.Year() >= 1950 && t.Year() < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}

// ReadTime reads what AddTime writes.
func ReadTime(s *cryptobyte.String, t *time.Time) bool {
	if s.PeekASN1Tag(cbasn1.UTCTime) {
		return s.ReadASN1UTCTime(t)
	}
	return s.ReadASN1GeneralizedTime(t)
}

// SignedData is a SignedData that was read. Nothing in it is verified before
// CheckSignature.
type SignedData struct {
	Version      int
	ContentType  asn1.ObjectIdentifier
	Content      []byte
	Certificates [][]byte // DER
	Signer       SignerInfo
}

// SignerInfo is the only signer of a SignedData.
type SignerInfo struct {
	Issuer       []byte   // Name, DER; nil if the signer is identified by SubjectKeyID
	Serial       *big.Int // nil if the signer is identified by SubjectKeyID
	SubjectKeyID []byte   // nil if the signer is identified by Issuer and Serial
	Hash         crypto.Hash
	Signature    []byte
	At           time.Time // signing time; zero if not given

	algorithm     []byte // AlgorithmIdentifier of the signature
	attributes    []byte // signed attributes, content of the SET
	messageDigest []byte
}

// Bounds of what is read: the largest master list in use has under 2 MB.
const (
	maxCertificates = 32
	maxSize         = 8 << 20
)

// Parse reads a ContentInfo with SignedData of one signer. Errors wrap
// ErrMalformed or ErrAlgorithm.
func Parse(der []byte) (*SignedData, error) {
	input := cryptobyte.String(der)
	var info, wrapped, body cryptobyte.String
	var oid asn1.ObjectIdentifier
	if len(der) > maxSize || !input.ReadASN1(&info, cbasn1.SEQUENCE) || !input.Empty() || !info.ReadASN1ObjectIdentifier(&oid) ||
		!oid.Equal(oidSignedData) || !info.ReadASN1(&wrapped, tag0) || !wrapped.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, fmt.Errorf("%w: it is not a SignedData", ErrMalformed)
	}
	var s SignedData
	var digests, encapsulated, content, signers cryptobyte.String
	if !body.ReadASN1Integer(&s.Version) || !body.ReadASN1(&digests, cbasn1.SET) ||
		!body.ReadASN1(&encapsulated, cbasn1.SEQUENCE) || !encapsulated.ReadASN1ObjectIdentifier(&s.ContentType) ||
		!encapsulated.ReadASN1(&content, tag0) {
		return nil, fmt.Errorf("%w: the content of the SignedData is missing", ErrMalformed)
	}
	var octets cryptobyte.String
	if !content.ReadASN1(&octets, cbasn1.OCTET_STRING) || !content.Empty() {
		return nil, fmt.Errorf("%w: the content is not an OCTET STRING", ErrMalformed)
	}
	s.Content = octets
	if err := s.readCertificates(&body); err != nil {
		return nil, err
	}
	if !body.SkipOptionalASN1(tag1) || !body.ReadASN1(&signers, cbasn1.SET) || !body.Empty() {
		return nil, fmt.Errorf("%w: the signer is missing", ErrMalformed)
	}
	if err := s.Signer.read(&signers, s.ContentType); err != nil {
		return nil, err
	}
	if !signers.Empty() {
		return nil, fmt.Errorf("%w: there is more than one signer", ErrMalformed)
	}
	return &s, nil
}

// readCertificates reads the optional certificates.
func (s *SignedData) readCertificates(body *cryptobyte.String) error {
	var certificates, one cryptobyte.String
	var there bool
	if !body.ReadOptionalASN1(&certificates, &there, tag0) {
		return fmt.Errorf("%w: the certificates", ErrMalformed)
	}
	for !certificates.Empty() {
		if len(s.Certificates) == maxCertificates || !certificates.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return fmt.Errorf("%w: the certificates", ErrMalformed)
		}
		s.Certificates = append(s.Certificates, one)
	}
	return nil
}

// read reads a SignerInfo.
func (i *SignerInfo) read(signers *cryptobyte.String, contentType asn1.ObjectIdentifier) error {
	var body, digestAlgorithm, algorithm, attributes, signature cryptobyte.String
	var version int
	var there bool
	if !signers.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Integer(&version) || !i.readIdentifier(&body) ||
		!body.ReadASN1Element(&digestAlgorithm, cbasn1.SEQUENCE) ||
		!body.ReadOptionalASN1(&attributes, &there, tag0) ||
		!body.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) || !body.ReadASN1(&signature, cbasn1.OCTET_STRING) ||
		!body.SkipOptionalASN1(tag1) || !body.Empty() {
		return fmt.Errorf("%w: the signer", ErrMalformed)
	}
	var err error
	if i.Hash, err = ParseDigestAlgorithm(digestAlgorithm); err != nil {
		return err
	}
	i.algorithm, i.Signature = algorithm, signature
	if !there {
		return fmt.Errorf("%w: the signed attributes are missing", ErrMalformed)
	}
	i.attributes = attributes
	return i.readAttributes(attributes, contentType)
}

// readIdentifier reads what identifies the signer.
func (i *SignerInfo) readIdentifier(body *cryptobyte.String) bool {
	var id, issuer cryptobyte.String
	if body.PeekASN1Tag(key0) {
		ok := body.ReadASN1(&id, key0)
		i.SubjectKeyID = id
		return ok
	}
	i.Serial = new(big.Int)
	ok := body.ReadASN1(&id, cbasn1.SEQUENCE) && id.ReadASN1Element(&issuer, cbasn1.SEQUENCE) &&
		id.ReadASN1Integer(i.Serial) && id.Empty()
	i.Issuer = issuer
	return ok
}

// readAttributes reads the signed attributes. The content type must be that of the
// content, and there must be a message digest.
func (i *SignerInfo) readAttributes(s cryptobyte.String, contentType asn1.ObjectIdentifier) error {
	var typed bool
	for !s.Empty() {
		var attribute, values cryptobyte.String
		var oid, value asn1.ObjectIdentifier
		if !s.ReadASN1(&attribute, cbasn1.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&oid) ||
			!attribute.ReadASN1(&values, cbasn1.SET) || !attribute.Empty() {
			return fmt.Errorf("%w: the signed attributes", ErrMalformed)
		}
		switch {
		case oid.Equal(oidContentType):
			if typed || !values.ReadASN1ObjectIdentifier(&value) || !values.Empty() || !value.Equal(contentType) {
				return fmt.Errorf("%w: the signed content type is not that of the content", ErrMalformed)
			}
			typed = true
		case oid.Equal(oidMessageDigest):
			var octets cryptobyte.String
			if i.messageDigest != nil || !values.ReadASN1(&octets, cbasn1.OCTET_STRING) || !values.Empty() {
				return fmt.Errorf("%w: the message digest", ErrMalformed)
			}
			i.messageDigest = octets
		case oid.Equal(oidSigningTime):
			if !ReadTime(&values, &i.At) || !values.Empty() {
				return fmt.Errorf("%w: the signing time", ErrMalformed)
			}
		}
	}
	if !typed || i.messageDigest == nil {
		return fmt.Errorf("%w: content type or message digest is missing from the signed attributes", ErrMalformed)
	}
	return nil
}

// CheckSignature checks that the content was signed with the private key of key.
// Errors are ErrDigest (the content was changed), ErrSignature (the attributes or
// the signature were changed), ErrAlgorithm and ErrMalformed.
func (s *SignedData) CheckSignature(key crypto.PublicKey) error {
	if !bytes.Equal(digest(s.Signer.Hash, s.Content), s.Signer.messageDigest) {
		return ErrDigest
	}
	// The attributes are stored as [0] and signed as SET OF (RFC 5652, 5.4).
	signed := tlv.Encode(0x31, s.Signer.attributes)
	return CheckSignature(s.Signer.algorithm, s.Signer.Hash, key, signed, s.Signer.Signature)
}
