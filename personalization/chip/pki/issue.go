package pki

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/cms"
	"example.org/cancuoc/personalization/chip/curve"
)

// Name is a distinguished name of 9303-12, 4.2: the country in upper case as
// PrintableString, the rest as UTF8String.
type Name struct {
	Country      string // two letters, for example "VN"
	Organization string
	CommonName   string
}

// marshal writes the name as DER.
func (n Name) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addAttribute(b, oidCountry, cbasn1.PrintableString, n.Country)
		if n.Organization != "" {
			addAttribute(b, oidOrganization, cbasn1.UTF8String, n.Organization)
		}
		addAttribute(b, oidCommonName, cbasn1.UTF8String, n.CommonName)
	})
	return b.Bytes()
}

// addAttribute writes one relative distinguished name.
func addAttribute(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, tag cbasn1.Tag, value string) {
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
		})
	})
}

// role is what a certificate is for, which decides its profile (9303-12, tables 5
// and 6).
type role int

const (
	roleCSCA role = iota
	roleDocumentSigner
	roleMasterListSigner
)

// request is a certificate to be made.
type request struct {
	role         role
	subject      []byte // Name, DER
	key          crypto.PublicKey
	form         curve.Form
	valid, usage Period // of the certificate, and of the private key

	issuer   []byte // Name, DER
	issuerID []byte
	signer   crypto.Signer

	contact string // URI of the issuing authority
	state   string // three letters, as in the MRZ
	crl     string // URI of the revocation list
}

// issue makes a certificate and reads it back.
func (r *request) issue(random io.Reader) (*Certificate, error) {
	serial, err := newSerial(random)
	if err != nil {
		return nil, err
	}
	key, ok := r.key.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("certify a key: a %T cannot be certified", r.key)
	}
	spki, err := curve.MarshalPublicKey(key, r.form)
	if err != nil {
		return nil, fmt.Errorf("certify a key: %w", err)
	}
	id, err := keyID(spki)
	if err != nil {
		return nil, err
	}
	hash := cms.HashFor(r.signer.Public())
	algorithm, err := cms.SignatureAlgorithm(r.signer.Public(), hash)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		b.AddASN1BigInt(serial)
		b.AddBytes(algorithm)
		b.AddBytes(r.issuer)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			cms.AddTime(b, r.valid.From)
			cms.AddTime(b, r.valid.To)
		})
		b.AddBytes(r.subject)
		b.AddBytes(spki)
		b.AddASN1(cbasn1.Tag(3).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { r.addExtensions(b, id) })
		})
	})
	der, err := signed(random, &b, r.signer, hash, algorithm)
	if err != nil {
		return nil, err
	}
	return ParseCertificate(der)
}

// signed signs what was built, and appends algorithm and signature.
func signed(random io.Reader, tbs *cryptobyte.Builder, signer crypto.Signer, hash crypto.Hash, algorithm []byte) ([]byte, error) {
	body, err := tbs.Bytes()
	if err != nil {
		return nil, err
	}
	digest := hash.New()
	digest.Write(body)
	signature, err := curve.Sign(random, signer, digest.Sum(nil), hash)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(body)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}

// newSerial draws a positive serial number of 16 bytes, of the 20 allowed.
func newSerial(random io.Reader) (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	b[0] = b[0]&0x7F | 0x40 // positive, and always 16 bytes
	return new(big.Int).SetBytes(b), nil
}

// addExtensions writes the extensions of the role.
func (r *request) addExtensions(b *cryptobyte.Builder, subjectID []byte) {
	addExtension(b, oidAuthorityKeyID, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(r.authorityID(subjectID)) })
		})
	})
	addExtension(b, oidSubjectKeyID, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(subjectID) })
	addExtension(b, oidKeyUsage, true, func(b *cryptobyte.Builder) { r.addUsage(b) })
	addExtension(b, oidPrivateKeyUsage, false, func(b *cryptobyte.Builder) { addPeriod(b, r.usage) })
	addExtension(b, oidSubjectAltName, false, r.addAltName)
	addExtension(b, oidIssuerAltName, false, r.addAltName)
	addExtension(b, oidCRLPoints, false, r.addCRLPoint)
	switch r.role {
	case roleCSCA:
		addExtension(b, oidBasicConstraints, true, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Boolean(true)
				b.AddASN1Int64(0)
			})
		})
	case roleDocumentSigner:
		addExtension(b, oidDocumentTypes, false, addDocumentTypes)
	case roleMasterListSigner:
		addExtension(b, oidExtKeyUsage, true, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidMasterListSigner) })
		})
	}
}

// authorityID is the key identifier of the issuer: the subject itself in a
// self-signed certificate.
func (r *request) authorityID(subjectID []byte) []byte {
	if r.issuerID == nil {
		return subjectID
	}
	return r.issuerID
}

// addExtension writes one extension.
func addExtension(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, critical bool, value func(*cryptobyte.Builder)) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(cbasn1.OCTET_STRING, value)
	})
}

// addUsage writes keyUsage, without unused bits at the end.
func (r *request) addUsage(b *cryptobyte.Builder) {
	unused, bits := byte(7), byte(0x80) // digitalSignature
	if r.role == roleCSCA {
		unused, bits = 1, 0x06 // keyCertSign, cRLSign
	}
	b.AddASN1(cbasn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes([]byte{unused, bits}) })
}

// addPeriod writes privateKeyUsagePeriod.
func addPeriod(b *cryptobyte.Builder, p Period) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for n, t := range []time.Time{p.From, p.To} {
			b.AddASN1(cbasn1.Tag(n).ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddBytes([]byte(t.UTC().Format("20060102150405Z")))
			})
		}
	})
}

// addAltName writes the alternative name of subject and of issuer, which is the
// same: the contact, and the state by its code in the MRZ (9303-12, 7.1.1.2).
func (r *request) addAltName(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(r.contact)) })
		b.AddASN1(cbasn1.Tag(4).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addAttribute(b, oidLocality, cbasn1.UTF8String, r.state)
			})
		})
	})
}

// addCRLPoint writes cRLDistributionPoints.
func (r *request) addCRLPoint(b *cryptobyte.Builder) {
	explicit := cbasn1.Tag(0).Constructed().ContextSpecific()
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(explicit, func(b *cryptobyte.Builder) {
				b.AddASN1(explicit, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(r.crl)) })
				})
			})
		})
	})
}

// addDocumentTypes writes documentTypeList.
func addDocumentTypes(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.PrintableString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(DocumentType)) })
		})
	})
}

// DocumentType is the document code of the identity card, as in its MRZ.
const DocumentType = "ID"
