package statement

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"math/big"
	"slices"

	"example.org/cancuoc/internal/identity"
)

// ReadKey reads a public key by which acts are signed. It refuses another kind, another
// spelling than the one that every program writes, with which one key would pass for two, and
// a point for which anybody can sign.
func ReadKey(der []byte) (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(der)
	if err == nil {
		spelled, failed := x509.MarshalPKIXPublicKey(key)
		if failed == nil && bytes.Equal(spelled, der) && signs(key) {
			return key, nil
		}
	}
	return nil, identity.RefuseField(identity.Invalid, "key", "is not a public key of Ed25519, or of ECDSA on P-256 (SubjectPublicKeyInfo)")
}

func signs(key crypto.PublicKey) bool {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return ofLargeOrder(k)
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256()
	}
	return false
}

// ofLargeOrder reports whether an Ed25519 key is spelled canonically, and is none of the eight
// points of small order (RFC 8032, section 5.1): of these the y is 0, 1, -1, or one of two
// that are each other's negative.
func ofLargeOrder(key ed25519.PublicKey) bool {
	b := slices.Clone(key)
	b[len(b)-1] &= 0x7f // the sign of x
	slices.Reverse(b)
	y, p := new(big.Int).SetBytes(b), new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	if y.Cmp(p) >= 0 {
		return false
	}
	eighth, _ := new(big.Int).SetString("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7", 16)
	for _, small := range []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1)), eighth, new(big.Int).Sub(p, eighth)} {
		if y.Cmp(small) == 0 {
			return false
		}
	}
	return true
}
