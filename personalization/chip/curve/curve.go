// Package curve is the one way to elliptic curves on this side of the chip:
// P-256, P-384 and P-521 from the standard library, brainpoolP256r1 and
// brainpoolP384r1 (RFC 5639) by its own arithmetic, because a card as observed
// uses them and a factory cannot wait 4 ms for each multiplication.
//
// Beside the curves stand what package crypto/x509 cannot do and ICAO Doc
// 9303-12 demands, explicit domain parameters in a SubjectPublicKeyInfo, and
// the signatures and key agreements of 9303-11 over any of the curves.
//
// Side channels: point and field arithmetic on the Brainpool curves neither
// branch nor index by secrets. What surrounds it does not go so far: scalars
// pass through math/big here, and in crypto/ecdsa's path for curves of others.
// It is meant for chips in software, for development keys and for checking;
// the country's keys live in an HSM (package keys).
package curve

import (
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"sync"
)

// ErrUnknown means a curve that is none of this package's.
var ErrUnknown = errors.New("curve is not supported")

// known is what standards call a curve, and what an explicit SubjectPublicKeyInfo needs.
type known struct {
	curve       elliptic.Curve
	a           *big.Int
	oid         asn1.ObjectIdentifier
	parameterID int // standardized domain parameters of 9303-11, 9.5.1

	explicit, named []byte // AlgorithmIdentifier of a key on the curve, DER
}

// all lists the curves of this package.
var all = sync.OnceValue(func() []known {
	return []known{
		nist(elliptic.P256(), asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, 12),
		describe(brainpoolP256r1(), brainpoolP256r1().a, asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}, 13),
		nist(elliptic.P384(), asn1.ObjectIdentifier{1, 3, 132, 0, 34}, 15),
		describe(brainpoolP384r1(), brainpoolP384r1().a, asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 11}, 16),
		nist(elliptic.P521(), asn1.ObjectIdentifier{1, 3, 132, 0, 35}, 18),
	}
})

// nist describes a curve of the standard library; they all have a = -3.
func nist(c elliptic.Curve, oid asn1.ObjectIdentifier, parameterID int) known {
	return describe(c, new(big.Int).Sub(c.Params().P, big.NewInt(3)), oid, parameterID)
}

// describe writes down what is the same for every key on the curve.
func describe(c elliptic.Curve, a *big.Int, oid asn1.ObjectIdentifier, parameterID int) known {
	k := known{curve: c, a: a, oid: oid, parameterID: parameterID}
	k.explicit, k.named = k.encodeAlgorithm(Explicit), k.encodeAlgorithm(Named)
	return k
}

// P256 is NIST P-256, secp256r1.
func P256() elliptic.Curve { return elliptic.P256() }

// P384 is NIST P-384, secp384r1.
func P384() elliptic.Curve { return elliptic.P384() }

// BrainpoolP256r1 is the curve of that name of RFC 5639, 3.4.
func BrainpoolP256r1() elliptic.Curve { return brainpoolP256r1() }

// BrainpoolP384r1 is the curve of that name of RFC 5639, 3.6.
func BrainpoolP384r1() elliptic.Curve { return brainpoolP384r1() }

// ByOID finds a curve by the object identifier of RFC 5480 or RFC 5639. The
// error is ErrUnknown.
func ByOID(oid asn1.ObjectIdentifier) (elliptic.Curve, error) {
	for _, k := range all() {
		if k.oid.Equal(oid) {
			return k.curve, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknown, oid)
}

// ByParameterID finds a curve by the number of its standardized domain
// parameters, which PACE and Chip Authentication use (9303-11, 9.5.1). The
// error is ErrUnknown.
func ByParameterID(id int) (elliptic.Curve, error) {
	for _, k := range all() {
		if k.parameterID == id {
			return k.curve, nil
		}
	}
	return nil, fmt.Errorf("%w: domain parameters %d", ErrUnknown, id)
}

// ByName finds a curve by the name that its parameters bear: "P-256",
// "brainpoolP384r1". The error is ErrUnknown.
func ByName(name string) (elliptic.Curve, error) {
	for _, k := range all() {
		if k.curve.Params().Name == name {
			return k.curve, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
}

// OID is the object identifier of a curve of this package.
func OID(c elliptic.Curve) (asn1.ObjectIdentifier, error) {
	k, err := lookup(c)
	return k.oid, err
}

// ParameterID is the number of a curve's standardized domain parameters.
func ParameterID(c elliptic.Curve) (int, error) {
	k, err := lookup(c)
	return k.parameterID, err
}

// lookup finds what is known of a curve.
func lookup(c elliptic.Curve) (known, error) {
	for _, k := range all() {
		if k.curve == c {
			return k, nil
		}
	}
	return known{}, ErrUnknown
}

// Size is how many bytes a coordinate of a point takes.
func Size(c elliptic.Curve) int { return (c.Params().BitSize + 7) / 8 }
