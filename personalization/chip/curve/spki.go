package curve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Form is how a SubjectPublicKeyInfo identifies its curve.
type Form int

// The forms of RFC 5480 (named) and of 9303-12, 4.4 and 9303-11 (explicit).
const (
	Explicit Form = iota // by all domain parameters
	Named                // by an object identifier
)

// String names the form as configuration does.
func (f Form) String() string {
	if f == Named {
		return "named"
	}
	return "explicit"
}

var (
	oidPublicKey  = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidPrimeField = asn1.ObjectIdentifier{1, 2, 840, 10045, 1, 1}
)

// Errors of reading keys, for errors.Is.
var (
	ErrMalformed = errors.New("key is malformed")
	ErrPoint     = errors.New("point is not on the curve")
)

// MarshalPublicKey writes a SubjectPublicKeyInfo (DER) with an uncompressed point.
func MarshalPublicKey(pub *ecdsa.PublicKey, form Form) ([]byte, error) {
	d, err := lookup(pub.Curve)
	if err != nil {
		return nil, err
	}
	encodedPoint, err := MarshalPoint(pub)
	if err != nil {
		return nil, err
	}
	algorithm := d.algorithm(form)
	b := cryptobyte.NewBuilder(make([]byte, 0, len(algorithm)+len(encodedPoint)+16))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(algorithm)
		b.AddASN1BitString(encodedPoint)
	})
	return b.Bytes()
}

// algorithm is the AlgorithmIdentifier of a key on the curve.
func (d domain) algorithm(form Form) []byte {
	if form == Named {
		return d.named
	}
	return d.explicit
}

// encodeAlgorithm writes that AlgorithmIdentifier.
func (d domain) encodeAlgorithm(form Form) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidPublicKey)
		if form == Named {
			b.AddASN1ObjectIdentifier(d.oid)
			return
		}
		d.addParameters(b)
	})
	return b.BytesOrPanic() // of constants
}

// addParameters writes ECParameters (RFC 3279, 2.3.5; BSI TR-03111, 5.1).
func (d domain) addParameters(b *cryptobyte.Builder) {
	p, size := d.curve.Params(), Size(d.curve)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidPrimeField)
			b.AddASN1BigInt(p.P)
		})
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(d.a.FillBytes(make([]byte, size)))
			b.AddASN1OctetString(p.B.FillBytes(make([]byte, size)))
		})
		b.AddASN1OctetString(pointBytes(p.Gx, p.Gy, size))
		b.AddASN1BigInt(p.N)
		b.AddASN1Int64(1)
	})
}

// ParsePublicKey reads a SubjectPublicKeyInfo on one of this package's curves, and
// says in which form it identifies the curve. Errors are ErrMalformed, ErrUnknown
// and ErrPoint.
func ParsePublicKey(spki []byte) (*ecdsa.PublicKey, Form, error) {
	input := cryptobyte.String(spki)
	var outer cryptobyte.String
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() {
		return nil, 0, fmt.Errorf("%w: it is not a SubjectPublicKeyInfo", ErrMalformed)
	}
	c, form, err := readAlgorithm(&outer)
	if err != nil {
		return nil, 0, err
	}
	var bits asn1.BitString
	if !outer.ReadASN1BitString(&bits) || bits.BitLength%8 != 0 || !outer.Empty() {
		return nil, 0, fmt.Errorf("%w: the public point is missing", ErrMalformed)
	}
	pub, err := ParsePoint(c, bits.Bytes)
	if err != nil {
		return nil, 0, err
	}
	return pub, form, nil
}

// readAlgorithm reads the AlgorithmIdentifier of an elliptic curve key.
func readAlgorithm(s *cryptobyte.String) (elliptic.Curve, Form, error) {
	var algorithm, parameters cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !s.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return nil, 0, fmt.Errorf("%w: the algorithm is missing", ErrMalformed)
	}
	if !oid.Equal(oidPublicKey) {
		return nil, 0, fmt.Errorf("%w: algorithm %s", ErrUnknown, oid)
	}
	if algorithm.PeekASN1Tag(cbasn1.OBJECT_IDENTIFIER) {
		if !algorithm.ReadASN1ObjectIdentifier(&oid) || !algorithm.Empty() {
			return nil, 0, fmt.Errorf("%w: the name of the curve", ErrMalformed)
		}
		c, err := ByOID(oid)
		return c, Named, err
	}
	if !algorithm.ReadASN1(&parameters, cbasn1.SEQUENCE) || !algorithm.Empty() {
		return nil, 0, fmt.Errorf("%w: the domain parameters", ErrMalformed)
	}
	c, err := readParameters(parameters)
	return c, Explicit, err
}

// readParameters reads ECParameters and finds the curve that has all of them. It
// never computes with parameters that are not those of a known curve
// (CVE-2020-0601).
func readParameters(s cryptobyte.String) (elliptic.Curve, error) {
	var version int
	var fieldID, coefficients, a, b, g cryptobyte.String
	var oid asn1.ObjectIdentifier
	p, order, cofactor := new(big.Int), new(big.Int), big.NewInt(1)
	ok := s.ReadASN1Integer(&version) && version >= 1 && version <= 3 &&
		s.ReadASN1(&fieldID, cbasn1.SEQUENCE) && fieldID.ReadASN1ObjectIdentifier(&oid) &&
		fieldID.ReadASN1Integer(p) && fieldID.Empty() &&
		s.ReadASN1(&coefficients, cbasn1.SEQUENCE) && coefficients.ReadASN1(&a, cbasn1.OCTET_STRING) &&
		coefficients.ReadASN1(&b, cbasn1.OCTET_STRING) && // a seed may follow
		s.ReadASN1(&g, cbasn1.OCTET_STRING) && s.ReadASN1Integer(order) &&
		(s.Empty() || s.ReadASN1Integer(cofactor))
	if !ok || !oid.Equal(oidPrimeField) {
		return nil, fmt.Errorf("%w: the domain parameters", ErrMalformed)
	}
	for _, d := range domains() {
		params := d.curve.Params()
		if params.P.Cmp(p) == 0 && params.N.Cmp(order) == 0 && cofactor.IsInt64() && cofactor.Int64() == 1 &&
			d.a.Cmp(new(big.Int).SetBytes(a)) == 0 && params.B.Cmp(new(big.Int).SetBytes(b)) == 0 &&
			d.hasGenerator(g) {
			return d.curve, nil
		}
	}
	return nil, fmt.Errorf("%w: it has explicit parameters and %d bits", ErrUnknown, p.BitLen())
}

// hasGenerator reports whether g is the curve's generator, compressed or
// uncompressed.
func (d domain) hasGenerator(g []byte) bool {
	p, size := d.curve.Params(), Size(d.curve)
	full := pointBytes(p.Gx, p.Gy, size)
	if len(g) == 1+size {
		return g[0] == 2|full[len(full)-1]&1 && string(g[1:]) == string(full[1:1+size])
	}
	return string(g) == string(full)
}

// MarshalPoint writes a public key as the uncompressed point 04 || x || y.
func MarshalPoint(pub *ecdsa.PublicKey) ([]byte, error) {
	if _, err := lookup(pub.Curve); err != nil {
		return nil, err
	}
	x, y := coordinates(pub)
	if !onCurve(pub.Curve, x, y) {
		return nil, ErrPoint
	}
	return pointBytes(x, y, Size(pub.Curve)), nil
}

// pointBytes writes an uncompressed point.
func pointBytes(x, y *big.Int, size int) []byte {
	b := make([]byte, 1+2*size)
	b[0] = 4
	x.FillBytes(b[1 : 1+size])
	y.FillBytes(b[1+size:])
	return b
}

// ParsePoint reads an uncompressed point and checks that it is on the curve and not
// at infinity. Errors are ErrMalformed and ErrPoint.
func ParsePoint(c elliptic.Curve, b []byte) (*ecdsa.PublicKey, error) {
	size := Size(c)
	if len(b) != 1+2*size || b[0] != 4 {
		return nil, fmt.Errorf("%w: it is not an uncompressed point of %s", ErrMalformed, c.Params().Name)
	}
	x, y := new(big.Int).SetBytes(b[1:1+size]), new(big.Int).SetBytes(b[1+size:])
	if !onCurve(c, x, y) {
		return nil, ErrPoint
	}
	return newPublicKey(c, x, y), nil
}

// MarshalPrivateKey writes a private key as PKCS#8 (RFC 5208), with the public key
// inside (RFC 5915), as OpenSSL does.
func MarshalPrivateKey(key *ecdsa.PrivateKey, form Form) ([]byte, error) {
	d, err := lookup(key.Curve)
	if err != nil {
		return nil, err
	}
	public, err := MarshalPoint(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddBytes(d.algorithm(form))
		b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1OctetString(secretOf(key))
				b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
					b.AddASN1BitString(public)
				})
			})
		})
	})
	return b.Bytes()
}

// ParsePrivateKey reads a PKCS#8 private key on one of this package's curves. The
// public key is computed, not read. Errors are ErrMalformed and ErrUnknown.
func ParsePrivateKey(der []byte) (*ecdsa.PrivateKey, error) {
	input := cryptobyte.String(der)
	var outer, wrapped, inner, secret cryptobyte.String
	var version int
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1Integer(&version) || version > 1 {
		return nil, fmt.Errorf("%w: it is not a PKCS#8 private key", ErrMalformed)
	}
	c, _, err := readAlgorithm(&outer)
	if err != nil {
		return nil, err
	}
	if !outer.ReadASN1(&wrapped, cbasn1.OCTET_STRING) || !wrapped.ReadASN1(&inner, cbasn1.SEQUENCE) ||
		!inner.ReadASN1Integer(&version) || version != 1 || !inner.ReadASN1(&secret, cbasn1.OCTET_STRING) {
		return nil, fmt.Errorf("%w: it is not an elliptic curve private key", ErrMalformed)
	}
	return privateKey(c, secret)
}
