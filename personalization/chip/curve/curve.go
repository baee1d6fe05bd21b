// Package curve has the elliptic curves that chips use: P-256, P-384 and P-521
// from the standard library, and brainpoolP256r1 and brainpoolP384r1 (RFC 5639)
// with arithmetic of its own, because real cards use them and a multiplication by
// math/big takes 4 ms.
//
// It also has what ICAO Doc 9303-12 demands and package crypto/x509 does not do,
// explicit domain parameters in a SubjectPublicKeyInfo, and the signatures and key
// agreements of 9303-11 on all of these curves.
//
// Side channels: point and field arithmetic on the Brainpool curves neither
// branches on secrets nor uses them as an index. The rest is not protected:
// scalars pass through math/big, here and in crypto/ecdsa for curves that are not
// its own. The package is for chips in software, for development keys and for
// verification; the country's keys are in an HSM (package keys).
package curve

import (
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"sync"
)

// ErrUnknown means a curve that this package does not have.
var ErrUnknown = errors.New("curve is not supported")

// domain is a curve with what standards call it, and what a SubjectPublicKeyInfo
// needs.
type domain struct {
	curve       elliptic.Curve
	a           *big.Int
	oid         asn1.ObjectIdentifier
	parameterID int // standardized domain parameters of 9303-11, 9.5.1

	explicit, named []byte // AlgorithmIdentifier of a key on the curve, DER
}

// domains lists the curves of this package.
var domains = sync.OnceValue(func() []domain {
	return []domain{
		describe(P256(), asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, 12),
		describe(BrainpoolP256r1(), asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}, 13),
		describe(P384(), asn1.ObjectIdentifier{1, 3, 132, 0, 34}, 15),
		describe(BrainpoolP384r1(), asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 11}, 16),
		describe(elliptic.P521(), asn1.ObjectIdentifier{1, 3, 132, 0, 35}, 18),
	}
})

// describe computes what is the same for every key on the curve.
func describe(c elliptic.Curve, oid asn1.ObjectIdentifier, parameterID int) domain {
	d := domain{curve: c, oid: oid, parameterID: parameterID}
	if own, ok := c.(*brainpool); ok {
		d.a = own.a
	} else {
		d.a = new(big.Int).Sub(c.Params().P, big.NewInt(3)) // of all NIST curves
	}
	d.explicit, d.named = d.encodeAlgorithm(Explicit), d.encodeAlgorithm(Named)
	return d
}

// P256 is NIST P-256, secp256r1.
func P256() elliptic.Curve { return elliptic.P256() }

// P384 is NIST P-384, secp384r1.
func P384() elliptic.Curve { return elliptic.P384() }

// BrainpoolP256r1 is the curve of that name in RFC 5639, 3.4.
func BrainpoolP256r1() elliptic.Curve { return brainpoolP256r1() }

// BrainpoolP384r1 is the curve of that name in RFC 5639, 3.6.
func BrainpoolP384r1() elliptic.Curve { return brainpoolP384r1() }

// OIDRSA is the object identifier of RSA (RFC 3279, 2.3.1), where that of a curve may stand.
var OIDRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}

// ByOID finds a curve by its object identifier in RFC 5480 or RFC 5639. The error
// is ErrUnknown.
func ByOID(oid asn1.ObjectIdentifier) (elliptic.Curve, error) {
	for _, d := range domains() {
		if d.oid.Equal(oid) {
			return d.curve, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknown, oid)
}

// ByParameterID finds a curve by the number of its standardized domain parameters,
// by which PACE and Chip Authentication name curves (9303-11, 9.5.1). The error is
// ErrUnknown.
func ByParameterID(id int) (elliptic.Curve, error) {
	for _, d := range domains() {
		if d.parameterID == id {
			return d.curve, nil
		}
	}
	return nil, fmt.Errorf("%w: standardized domain parameters %d", ErrUnknown, id)
}

// ByName finds a curve by the name in its parameters, for example "P-256" or
// "brainpoolP384r1". The error is ErrUnknown.
func ByName(name string) (elliptic.Curve, error) {
	for _, d := range domains() {
		if d.curve.Params().Name == name {
			return d.curve, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
}

// OID is the object identifier of a curve of this package.
func OID(c elliptic.Curve) (asn1.ObjectIdentifier, error) {
	d, err := lookup(c)
	return d.oid, err
}

// lookup finds the domain of a curve. The error is ErrUnknown.
func lookup(c elliptic.Curve) (domain, error) {
	for _, d := range domains() {
		if d.curve == c {
			return d, nil
		}
	}
	return domain{}, ErrUnknown
}

// Size is how many bytes a coordinate of a point takes.
func Size(c elliptic.Curve) int { return (c.Params().BitSize + 7) / 8 }
