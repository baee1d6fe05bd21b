package pki

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/cms"
)

// Revocation is one entry of a revocation list.
type Revocation struct {
	Serial *big.Int
	At     time.Time
	Reason int // RFC 5280, 5.3.1: 1 key compromise, 4 superseded; 0 unspecified
}

// CRL is a certificate revocation list that was read.
type CRL struct {
	Raw            []byte // DER
	Issuer         []byte // Name, DER
	Number         *big.Int
	This, Next     time.Time // when it was issued, and until when the next one is; Next may be zero
	AuthorityKeyID []byte
	Revoked        []Revocation

	tbs, algorithm, signature []byte
}

// maxCRL bounds a revocation list, in bytes.
const maxCRL = 4 << 20

// issueCRL makes a revocation list and reads it back.
func issueCRL(random io.Reader, l CRL, signer crypto.Signer) (*CRL, error) {
	hash := cms.HashFor(signer.Public())
	algorithm, err := cms.SignatureAlgorithm(signer.Public(), hash)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddBytes(algorithm)
		b.AddBytes(l.Issuer)
		cms.AddTime(b, l.This)
		cms.AddTime(b, l.Next)
		if len(l.Revoked) > 0 { // RFC 5280, 5.1.2.6: absent when empty
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, r := range l.Revoked {
					addRevocation(b, r)
				}
			})
		}
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addExtension(b, oidAuthorityKeyID, false, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(l.AuthorityKeyID) })
					})
				})
				addExtension(b, oidCRLNumber, false, func(b *cryptobyte.Builder) { b.AddASN1BigInt(l.Number) })
			})
		})
	})
	der, err := signed(random, &b, signer, hash, algorithm)
	if err != nil {
		return nil, err
	}
	return ParseCRL(der)
}

// addRevocation writes one entry.
func addRevocation(b *cryptobyte.Builder, r Revocation) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r.Serial)
		cms.AddTime(b, r.At)
		if r.Reason == 0 {
			return // RFC 5280, 5.3.1: the extension is absent where the reason is unspecified
		}
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addExtension(b, oidCRLReason, false, func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(r.Reason)) })
		})
	})
}

// ParseCRL reads a revocation list, DER or PEM. Errors wrap ErrMalformed.
func ParseCRL(b []byte) (*CRL, error) {
	if block, _ := pem.Decode(b); block != nil {
		b = block.Bytes
	}
	input := cryptobyte.String(b)
	var outer, tbs, algorithm cryptobyte.String
	var signature asn1.BitString
	if len(b) > maxCRL || !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() ||
		!outer.ReadASN1Element(&tbs, cbasn1.SEQUENCE) || !outer.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) ||
		!outer.ReadASN1BitString(&signature) || signature.BitLength%8 != 0 || !outer.Empty() {
		return nil, fmt.Errorf("%w: it is not a revocation list", ErrMalformed)
	}
	l := &CRL{Raw: b, Number: new(big.Int), tbs: tbs, algorithm: algorithm, signature: signature.Bytes}
	if !l.readTBS(tbs) {
		return nil, fmt.Errorf("%w: the revocation list", ErrMalformed)
	}
	return l, nil
}

// readTBS reads the signed part.
func (l *CRL) readTBS(tbs cryptobyte.String) bool {
	var body, inner, issuer, revoked, extensions cryptobyte.String
	var version int
	var extended bool
	if !tbs.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1Element(&inner, cbasn1.SEQUENCE) || !bytes.Equal(inner, l.algorithm) ||
		!body.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !cms.ReadTime(&body, &l.This) {
		return false
	}
	l.Issuer = issuer
	if (body.PeekASN1Tag(cbasn1.UTCTime) || body.PeekASN1Tag(cbasn1.GeneralizedTime)) && !cms.ReadTime(&body, &l.Next) {
		return false
	}
	if body.PeekASN1Tag(cbasn1.SEQUENCE) && (!body.ReadASN1(&revoked, cbasn1.SEQUENCE) || !l.readRevoked(revoked)) {
		return false
	}
	if !body.ReadOptionalASN1(&extensions, &extended, cbasn1.Tag(0).Constructed().ContextSpecific()) || !body.Empty() {
		return false
	}
	return !extended || l.readExtensions(extensions)
}

// readRevoked reads the entries.
func (l *CRL) readRevoked(s cryptobyte.String) bool {
	for !s.Empty() {
		var entry, extensions, extension, value cryptobyte.String
		r := Revocation{Serial: new(big.Int)}
		if !s.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.ReadASN1Integer(r.Serial) || !cms.ReadTime(&entry, &r.At) {
			return false
		}
		if !entry.Empty() && !entry.ReadASN1(&extensions, cbasn1.SEQUENCE) {
			return false
		}
		for !extensions.Empty() {
			var oid asn1.ObjectIdentifier
			var critical bool
			if !extensions.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
				extension.PeekASN1Tag(cbasn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
				!extension.ReadASN1(&value, cbasn1.OCTET_STRING) {
				return false
			}
			if oid.Equal(oidCRLReason) && !value.ReadASN1Enum(&r.Reason) {
				return false
			}
		}
		l.Revoked = append(l.Revoked, r)
	}
	return true
}

// readExtensions reads the number and the authority key identifier. A list with an
// unknown critical extension cannot be used (RFC 5280, 5.2).
func (l *CRL) readExtensions(s cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return false
	}
	for !list.Empty() {
		var extension, value, body, id cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical, there bool
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			extension.PeekASN1Tag(cbasn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
			!extension.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return false
		}
		switch {
		case oid.Equal(oidCRLNumber):
			if !value.ReadASN1Integer(l.Number) {
				return false
			}
		case oid.Equal(oidAuthorityKeyID):
			if !value.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadOptionalASN1(&id, &there, cbasn1.Tag(0).ContextSpecific()) {
				return false
			}
			l.AuthorityKeyID = id
		case critical:
			return false
		}
	}
	return true
}

// CheckSignedBy checks the list's signature with an issuer's key.
func (l *CRL) CheckSignedBy(issuer *Certificate) error {
	return cms.CheckSignature(l.algorithm, 0, issuer.PublicKey, l.tbs, l.signature)
}

// find finds the entry of a serial number.
func (l *CRL) find(serial *big.Int) (Revocation, bool) {
	for _, r := range l.Revoked {
		if r.Serial.Cmp(serial) == 0 {
			return r, true
		}
	}
	return Revocation{}, false
}

// PEM writes the list as PEM.
func (l *CRL) PEM() []byte { return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: l.Raw}) }
