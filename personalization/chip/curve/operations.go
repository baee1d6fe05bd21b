package curve

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// ErrSignature means a signature that the key did not make over that digest.
var ErrSignature = errors.New("signature is wrong")

// Scalar draws a secret uniformly from random: 1 to the group's order less 1,
// as long as the order, by rejection. The same random bytes give the same secret.
func Scalar(c elliptic.Curve, random io.Reader) ([]byte, error) {
	n := c.Params().N
	secret := make([]byte, scalarSize(c))
	for {
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, fmt.Errorf("draw a secret: %w", err)
		}
		if excess := 8*len(secret) - n.BitLen(); excess > 0 { // P-521
			secret[0] &= 0xFF >> excess
		}
		if k := new(big.Int).SetBytes(secret); k.Sign() > 0 && k.Cmp(n) < 0 {
			return secret, nil
		}
	}
}

// scalarSize is how many bytes the order of a curve's group takes.
func scalarSize(c elliptic.Curve) int { return (c.Params().N.BitLen() + 7) / 8 }

// GenerateKey draws a key uniformly from random. The same bytes give the same
// key, which package crypto/ecdsa no longer promises.
func GenerateKey(c elliptic.Curve, random io.Reader) (*ecdsa.PrivateKey, error) {
	if _, err := lookup(c); err != nil {
		return nil, err
	}
	secret, err := Scalar(c, random)
	if err != nil {
		return nil, err
	}
	return privateKey(c, secret)
}

// privateKey makes the key of a secret from 1 to the group's order less 1.
func privateKey(c elliptic.Curve, secret []byte) (*ecdsa.PrivateKey, error) {
	d := new(big.Int).SetBytes(secret)
	if d.Sign() == 0 || d.Cmp(c.Params().N) >= 0 {
		return nil, fmt.Errorf("%w: the secret is not between 1 and the group's order", ErrMalformed)
	}
	x, y := group(c).ScalarBaseMult(d.Bytes())
	return newPrivateKey(newPublicKey(c, x, y), d), nil
}

// group is the arithmetic of elliptic.Curve. The standard library deprecates it
// for its own curves and has no other for anyone else's.
type group interface {
	IsOnCurve(x, y *big.Int) bool
	Add(x1, y1, x2, y2 *big.Int) (x, y *big.Int)
	Double(x1, y1 *big.Int) (x, y *big.Int)
	ScalarMult(x1, y1 *big.Int, k []byte) (x, y *big.Int)
	ScalarBaseMult(k []byte) (x, y *big.Int)
}

// onCurve reports whether x and y are a point other than infinity.
func onCurve(c elliptic.Curve, x, y *big.Int) bool {
	if x == nil || y == nil || x.Sign() < 0 || y.Sign() < 0 || x.Cmp(c.Params().P) >= 0 || y.Cmp(c.Params().P) >= 0 {
		return false
	}
	return group(c).IsOnCurve(x, y)
}

// ECDH is the secret shared by a private and another's public key: the x
// coordinate of their product (9303-11, 9.4.5; BSI TR-03111, 4.3), in the field's
// size.
func ECDH(key *ecdsa.PrivateKey, pub *ecdsa.PublicKey) ([]byte, error) {
	product, err := MultiplyBy(key, pub)
	if err != nil {
		return nil, err
	}
	return Coordinate(product), nil
}

// Coordinate is the x coordinate of a point, in the field's size.
func Coordinate(p *ecdsa.PublicKey) []byte {
	x, _ := coordinates(p)
	return x.FillBytes(make([]byte, Size(p.Curve)))
}

// MultiplyBy is the product of a point and a key's secret. Both are on one curve.
func MultiplyBy(key *ecdsa.PrivateKey, p *ecdsa.PublicKey) (*ecdsa.PublicKey, error) {
	if key.Curve != p.Curve {
		return nil, fmt.Errorf("%w: the keys are on two curves", ErrMalformed)
	}
	return Multiply(p, secretOf(key))
}

// Multiply is the product of a point and a scalar, big-endian. A product at
// infinity is ErrPoint.
func Multiply(p *ecdsa.PublicKey, scalar []byte) (*ecdsa.PublicKey, error) {
	x, y := coordinates(p)
	if !onCurve(p.Curve, x, y) {
		return nil, ErrPoint
	}
	x, y = group(p.Curve).ScalarMult(x, y, reduced(p.Curve, scalar))
	return pointKey(p.Curve, x, y)
}

// Add is the sum of two points. A sum at infinity is ErrPoint.
func Add(p, q *ecdsa.PublicKey) (*ecdsa.PublicKey, error) {
	if p.Curve != q.Curve {
		return nil, fmt.Errorf("%w: the points are on two curves", ErrMalformed)
	}
	px, py := coordinates(p)
	qx, qy := coordinates(q)
	if !onCurve(p.Curve, px, py) || !onCurve(q.Curve, qx, qy) {
		return nil, ErrPoint
	}
	x, y := group(p.Curve).Add(px, py, qx, qy)
	return pointKey(p.Curve, x, y)
}

// Map is the generic mapping of PACE (9303-11, 4.4.3.3.1): the generator s*G + h
// of a nonce s, big-endian, and a secret point h.
func Map(s []byte, h *ecdsa.PublicKey) (*ecdsa.PublicKey, error) {
	x, y := group(h.Curve).ScalarBaseMult(reduced(h.Curve, s))
	product, err := pointKey(h.Curve, x, y)
	if err != nil {
		return nil, err
	}
	return Add(product, h)
}

// reduced is a number modulo the group's order, as long as that.
func reduced(c elliptic.Curve, b []byte) []byte {
	k := new(big.Int).SetBytes(b)
	return k.Mod(k, c.Params().N).FillBytes(make([]byte, scalarSize(c)))
}

// pointKey makes a public key of what a computation gave.
func pointKey(c elliptic.Curve, x, y *big.Int) (*ecdsa.PublicKey, error) {
	if x.Sign() == 0 && y.Sign() == 0 {
		return nil, ErrPoint
	}
	return newPublicKey(c, x, y), nil
}

// Sign signs a digest, as DER (RFC 3279, 2.2.3). The signer may be an HSM's.
func Sign(random io.Reader, signer crypto.Signer, digest []byte, hash crypto.Hash) ([]byte, error) {
	if _, ok := signer.Public().(*ecdsa.PublicKey); !ok {
		return nil, fmt.Errorf("%w: %T cannot sign by ECDSA", ErrUnknown, signer.Public())
	}
	return signer.Sign(random, digest, hash)
}

// Verify checks a DER signature over a digest. The error is ErrSignature.
func Verify(pub *ecdsa.PublicKey, digest, signature []byte) error {
	if !ecdsa.VerifyASN1(pub, digest, signature) {
		return ErrSignature
	}
	return nil
}

// signature is ECDSA-Sig-Value of RFC 3279.
type signature struct{ R, S *big.Int }

// SignPlain signs a digest, as r || s, each as long as the group's order (BSI
// TR-03111, 5.2.1). Active Authentication signs so.
func SignPlain(random io.Reader, signer crypto.Signer, digest []byte, hash crypto.Hash) ([]byte, error) {
	der, err := Sign(random, signer, digest, hash)
	if err != nil {
		return nil, err
	}
	pub, ok := signer.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, ErrUnknown
	}
	return Plain(pub.Curve, der)
}

// VerifyPlain checks a signature r || s over a digest. The error is ErrSignature.
func VerifyPlain(pub *ecdsa.PublicKey, digest, plain []byte) error {
	size := scalarSize(pub.Curve)
	if len(plain) != 2*size {
		return fmt.Errorf("%w: %d bytes, not %d", ErrSignature, len(plain), 2*size)
	}
	der, err := asn1.Marshal(signature{new(big.Int).SetBytes(plain[:size]), new(big.Int).SetBytes(plain[size:])})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return Verify(pub, digest, der)
}

// Plain makes r || s of a DER signature.
func Plain(c elliptic.Curve, der []byte) ([]byte, error) {
	var s signature
	rest, err := asn1.Unmarshal(der, &s)
	n := c.Params().N
	if err != nil || len(rest) > 0 || s.R.Sign() <= 0 || s.S.Sign() <= 0 || s.R.Cmp(n) >= 0 || s.S.Cmp(n) >= 0 {
		return nil, fmt.Errorf("%w: it is not an ECDSA-Sig-Value", ErrSignature)
	}
	size := scalarSize(c)
	out := make([]byte, 2*size)
	s.R.FillBytes(out[:size])
	s.S.FillBytes(out[size:])
	return out, nil
}
