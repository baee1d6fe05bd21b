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

// ErrSignature means a signature that is not the key's over that digest.
var ErrSignature = errors.New("signature is wrong")

// GenerateKey draws a key uniformly from random, by rejection. The same bytes
// give the same key, which package crypto/ecdsa no longer promises.
func GenerateKey(c elliptic.Curve, random io.Reader) (*ecdsa.PrivateKey, error) {
	if _, err := lookup(c); err != nil {
		return nil, err
	}
	n := c.Params().N
	secret := make([]byte, (n.BitLen()+7)/8)
	for {
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, fmt.Errorf("draw a key: %w", err)
		}
		if excess := 8*len(secret) - n.BitLen(); excess > 0 { // P-521
			secret[0] &= 0xFF >> excess
		}
		if key, err := privateKey(c, secret); err == nil {
			return key, nil
		}
	}
}

// privateKey makes the key of a secret from 1 to the group's order less 1.
func privateKey(c elliptic.Curve, secret []byte) (*ecdsa.PrivateKey, error) {
	d := new(big.Int).SetBytes(secret)
	if d.Sign() == 0 || d.Cmp(c.Params().N) >= 0 {
		return nil, fmt.Errorf("%w: secret is not below the group's order", ErrMalformed)
	}
	x, y := group(c).ScalarBaseMult(d.Bytes())
	return &ecdsa.PrivateKey{PublicKey: *publicKey(c, x, y), D: d}, nil //nolint:staticcheck // SA1019: see coordinates
}

// group is the arithmetic of elliptic.Curve. The standard library deprecates it
// for its own curves, and curves of others have nothing else.
type group interface {
	IsOnCurve(x, y *big.Int) bool
	Add(x1, y1, x2, y2 *big.Int) (x, y *big.Int)
	Double(x1, y1 *big.Int) (x, y *big.Int)
	ScalarMult(x1, y1 *big.Int, k []byte) (x, y *big.Int)
	ScalarBaseMult(k []byte) (x, y *big.Int)
}

// publicKey is a public key by its coordinates.
func publicKey(c elliptic.Curve, x, y *big.Int) *ecdsa.PublicKey {
	return &ecdsa.PublicKey{Curve: c, X: x, Y: y} //nolint:staticcheck // SA1019: see coordinates
}

// Generator is the public key whose secret is 1.
func Generator(c elliptic.Curve) *ecdsa.PublicKey {
	return publicKey(c, c.Params().Gx, c.Params().Gy)
}

// coordinates are a public key's. Package crypto/ecdsa deprecates the fields
// for its own curves and has nothing else for others.
func coordinates(pub *ecdsa.PublicKey) (x, y *big.Int) {
	return pub.X, pub.Y //nolint:staticcheck // SA1019: see above
}

// scalar is a private key's secret.
func scalar(key *ecdsa.PrivateKey) *big.Int {
	return key.D //nolint:staticcheck // SA1019: see coordinates
}

// onCurve reports whether x and y are a point other than infinity.
func onCurve(c elliptic.Curve, x, y *big.Int) bool {
	if x == nil || y == nil || x.Sign() < 0 || y.Sign() < 0 || x.Cmp(c.Params().P) >= 0 || y.Cmp(c.Params().P) >= 0 {
		return false
	}
	return group(c).IsOnCurve(x, y)
}

// ECDH is the x coordinate of the product of a private and another's public
// key (9303-11, 9.4.5; BSI TR-03111, 4.3), in the field's size.
func ECDH(key *ecdsa.PrivateKey, pub *ecdsa.PublicKey) ([]byte, error) {
	if key.Curve != pub.Curve {
		return nil, fmt.Errorf("%w: the keys are on two curves", ErrMalformed)
	}
	product, err := Multiply(pub, scalar(key))
	if err != nil {
		return nil, err
	}
	x, _ := coordinates(product)
	return x.FillBytes(make([]byte, Size(pub.Curve))), nil
}

// Multiply is k times a point. A product at infinity is ErrPoint.
func Multiply(p *ecdsa.PublicKey, k *big.Int) (*ecdsa.PublicKey, error) {
	x, y := coordinates(p)
	if !onCurve(p.Curve, x, y) {
		return nil, ErrPoint
	}
	n := p.Params().N
	k = new(big.Int).Mod(k, n)
	x, y = group(p.Curve).ScalarMult(x, y, k.FillBytes(make([]byte, (n.BitLen()+7)/8)))
	return pointKey(p.Curve, x, y)
}

// MultiplyBy is a point times a key's secret: the ephemeral keys of PACE stand on
// a generator that was agreed on.
func MultiplyBy(key *ecdsa.PrivateKey, p *ecdsa.PublicKey) (*ecdsa.PublicKey, error) {
	return Multiply(p, scalar(key))
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

// Map is the generic mapping of PACE (9303-11, 4.4.3.3.1): the generator s*G + h.
func Map(s *big.Int, h *ecdsa.PublicKey) (*ecdsa.PublicKey, error) {
	n := h.Params().N
	k := new(big.Int).Mod(s, n)
	x, y := group(h.Curve).ScalarBaseMult(k.FillBytes(make([]byte, (n.BitLen()+7)/8)))
	product, err := pointKey(h.Curve, x, y)
	if err != nil {
		return nil, err
	}
	return Add(product, h)
}

// pointKey makes a public key of what a computation gave.
func pointKey(c elliptic.Curve, x, y *big.Int) (*ecdsa.PublicKey, error) {
	if x.Sign() == 0 && y.Sign() == 0 {
		return nil, ErrPoint
	}
	return publicKey(c, x, y), nil
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
	size := (pub.Params().N.BitLen() + 7) / 8
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
		return nil, fmt.Errorf("%w: no ECDSA signature", ErrSignature)
	}
	size := (n.BitLen() + 7) / 8
	out := make([]byte, 2*size)
	s.R.FillBytes(out[:size])
	s.S.FillBytes(out[size:])
	return out, nil
}
