// Package pki is the public key infrastructure of ICAO Doc 9303-12 for the chip's
// signature: a country signing CA (CSCA), the document signers that it certifies,
// its revocation list and its master list.
//
// An [Authority] makes them: it keeps certificates and counts of signatures in a
// directory and secret keys in a keys.Store, and gives document signers, which it
// replaces by itself. A [TrustStore] verifies them: it says whether a document signer
// is trusted, and why not.
//
// Certificates are read and written here because 9303-12 demands explicit domain
// parameters and package crypto/x509 has only named curves. There is no path
// building: a chain has two certificates.
package pki

import (
	"encoding/asn1"
	"errors"
)

// Errors of this package, for errors.Is.
var (
	// ErrMalformed means a malformed certificate, revocation list or master list.
	ErrMalformed = errors.New("certificate is malformed")
	// ErrUntrusted is wrapped by every reason not to trust a document signer.
	ErrUntrusted = errors.New("the document signer is not trusted")
	// ErrState means that the directory of an authority cannot be used.
	ErrState = errors.New("the state of the authority cannot be used")
)

// Object identifiers of extensions and contents (RFC 5280; 9303-12, 7).
var (
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidPrivateKeyUsage  = asn1.ObjectIdentifier{2, 5, 29, 16}
	oidSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidIssuerAltName    = asn1.ObjectIdentifier{2, 5, 29, 18}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidCRLNumber        = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidCRLReason        = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidCRLPoints        = asn1.ObjectIdentifier{2, 5, 29, 31}
	oidAuthorityKeyID   = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidDocumentTypes    = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 6, 2}
	oidMasterList       = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 2}
	oidMasterListSigner = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 3}

	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidLocality     = asn1.ObjectIdentifier{2, 5, 4, 7}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
)

// KeyUsage are the bits of the extension keyUsage, the first bit lowest.
type KeyUsage uint16

// The usages in 9303-12.
const (
	DigitalSignature KeyUsage = 1 << 0
	CertSign         KeyUsage = 1 << 5
	CRLSign          KeyUsage = 1 << 6
)
