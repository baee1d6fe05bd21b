package curve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"math/big"
)

// Package crypto/ecdsa deprecates the fields X, Y and D of its keys, and offers
// nothing else for curves that are not its own, such as those of RFC 5639. This
// file alone touches them; the linter's settings say so.

// newPublicKey makes a public key of its coordinates.
func newPublicKey(c elliptic.Curve, x, y *big.Int) *ecdsa.PublicKey {
	return &ecdsa.PublicKey{Curve: c, X: x, Y: y}
}

// coordinates are those of a public key.
func coordinates(pub *ecdsa.PublicKey) (x, y *big.Int) { return pub.X, pub.Y }

// newPrivateKey makes a private key of its secret and its public key.
func newPrivateKey(pub *ecdsa.PublicKey, secret *big.Int) *ecdsa.PrivateKey {
	return &ecdsa.PrivateKey{PublicKey: *pub, D: secret}
}

// secretOf is the secret of a private key, as long as the group's order.
func secretOf(key *ecdsa.PrivateKey) []byte {
	return key.D.FillBytes(make([]byte, scalarSize(key.Curve)))
}
