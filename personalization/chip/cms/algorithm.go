package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes that algorithm identifiers name
	_ "crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/curve"
)

// Errors of this package, for errors.Is.
var (
	ErrMalformed = errors.New("structure is malformed")
	ErrAlgorithm = errors.New("algorithm is not supported")
	ErrSignature = errors.New("signature is wrong")
	ErrDigest    = errors.New("message digest is not that of the content")
)

var (
	oidRSA    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// algorithms are the identifiers of a hash, alone and with a signature algorithm.
type algorithms struct {
	hash               crypto.Hash
	digest, ecdsa, rsa asn1.ObjectIdentifier

	digestIdentifier, ecdsaIdentifier []byte // AlgorithmIdentifiers, DER; never changed
}

// hashes lists the hashes of 9303-12, 4.4, which SHA-1 is not one of. The list is
// never changed.
var hashes = sync.OnceValue(func() []algorithms {
	nist := func(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, n} }
	ec := func(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, n} }
	pkcs1 := func(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, n} }
	list := []algorithms{
		{hash: crypto.SHA224, digest: nist(4), ecdsa: ec(1), rsa: pkcs1(14)},
		{hash: crypto.SHA256, digest: nist(1), ecdsa: ec(2), rsa: pkcs1(11)},
		{hash: crypto.SHA384, digest: nist(2), ecdsa: ec(3), rsa: pkcs1(12)},
		{hash: crypto.SHA512, digest: nist(3), ecdsa: ec(4), rsa: pkcs1(13)},
	}
	for i, a := range list {
		list[i].digestIdentifier, list[i].ecdsaIdentifier = identifier(a.digest), identifier(a.ecdsa)
	}
	return list
})

// byHash finds the identifiers of a hash. The error is ErrAlgorithm.
func byHash(h crypto.Hash) (algorithms, error) {
	for _, a := range hashes() {
		if a.hash == h {
			return a, nil
		}
	}
	return algorithms{}, fmt.Errorf("%w: hash %d", ErrAlgorithm, h)
}

// HashFor is the hash for a key: as long as the order of its curve (9303-12, 4.4.1);
// SHA-256 for RSA.
func HashFor(key crypto.PublicKey) crypto.Hash {
	ec, ok := key.(*ecdsa.PublicKey)
	switch {
	case !ok || ec.Curve.Params().BitSize <= 256:
		return crypto.SHA256
	case ec.Curve.Params().BitSize <= 384:
		return crypto.SHA384
	}
	return crypto.SHA512
}

// DigestAlgorithm writes the AlgorithmIdentifier of a hash.
func DigestAlgorithm(h crypto.Hash) ([]byte, error) {
	a, err := byHash(h)
	if err != nil {
		return nil, err
	}
	return slices.Clip(a.digestIdentifier), nil
}

// identifier writes an AlgorithmIdentifier without parameters.
func identifier(oid asn1.ObjectIdentifier) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
	return b.BytesOrPanic()
}

// ParseDigestAlgorithm reads the AlgorithmIdentifier of a hash.
func ParseDigestAlgorithm(der []byte) (crypto.Hash, error) {
	oid, _, err := readIdentifier(der)
	if err != nil {
		return 0, err
	}
	for _, a := range hashes() {
		if a.digest.Equal(oid) {
			return a.hash, nil
		}
	}
	return 0, fmt.Errorf("%w: hash %s", ErrAlgorithm, oid)
}

// readIdentifier splits an AlgorithmIdentifier.
func readIdentifier(der []byte) (oid asn1.ObjectIdentifier, parameters cryptobyte.String, err error) {
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if !input.ReadASN1(&body, cbasn1.SEQUENCE) || !input.Empty() || !body.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, fmt.Errorf("%w: the algorithm identifier", ErrMalformed)
	}
	return oid, body, nil
}

// SignatureAlgorithm writes the AlgorithmIdentifier of ECDSA with a hash (RFC 5758,
// 3.2). Keys of other algorithms cannot sign here.
func SignatureAlgorithm(key crypto.PublicKey, h crypto.Hash) ([]byte, error) {
	if _, ok := key.(*ecdsa.PublicKey); !ok {
		return nil, fmt.Errorf("%w: signing with %T", ErrAlgorithm, key)
	}
	a, err := byHash(h)
	if err != nil {
		return nil, err
	}
	return slices.Clip(a.ecdsaIdentifier), nil
}

// CheckSignature checks a signature over a message by the algorithm of an
// AlgorithmIdentifier: ECDSA on any curve of package curve, RSASSA-PSS, or RSA of
// PKCS #1 v1.5. The identifier of RSA without a hash, which CMS allows, goes with
// the hash bare. Errors are ErrSignature, ErrAlgorithm and ErrMalformed.
func CheckSignature(algorithm []byte, bare crypto.Hash, key crypto.PublicKey, message, signature []byte) error {
	oid, parameters, err := readIdentifier(algorithm)
	if err != nil {
		return err
	}
	if oid.Equal(oidRSAPSS) {
		return checkPSS(parameters, key, message, signature)
	}
	for _, a := range hashes() {
		switch {
		case a.ecdsa.Equal(oid):
			return checkECDSA(a.hash, key, message, signature)
		case a.rsa.Equal(oid), oidRSA.Equal(oid) && a.hash == bare:
			return checkPKCS1(a.hash, key, message, signature)
		}
	}
	return fmt.Errorf("%w: signature %s", ErrAlgorithm, oid)
}

// digest hashes a message.
func digest(h crypto.Hash, message []byte) []byte {
	d := h.New()
	d.Write(message)
	return d.Sum(nil)
}

// checkECDSA checks an ECDSA signature.
func checkECDSA(h crypto.Hash, key crypto.PublicKey, message, signature []byte) error {
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("%w: the key is a %T", ErrSignature, key)
	}
	if err := curve.Verify(ec, digest(h, message), signature); err != nil {
		return ErrSignature
	}
	return nil
}

// checkPKCS1 checks an RSA signature of PKCS #1 v1.5.
func checkPKCS1(h crypto.Hash, key crypto.PublicKey, message, signature []byte) error {
	pub, ok := key.(*rsa.PublicKey)
	if !ok || rsa.VerifyPKCS1v15(pub, h, digest(h, message), signature) != nil {
		return ErrSignature
	}
	return nil
}

// checkPSS checks an RSASSA-PSS signature (RFC 4055, 3.1).
func checkPSS(parameters cryptobyte.String, key crypto.PublicKey, message, signature []byte) error {
	h, salt, err := readPSS(parameters)
	if err != nil {
		return err
	}
	pub, ok := key.(*rsa.PublicKey)
	if !ok || rsa.VerifyPSS(pub, h, digest(h, message), signature, &rsa.PSSOptions{SaltLength: salt, Hash: h}) != nil {
		return ErrSignature
	}
	return nil
}

// readPSS reads RSASSA-PSS-params. It refuses the default hash, SHA-1; the mask must
// use the same hash, and the trailer field must be 1.
func readPSS(s cryptobyte.String) (h crypto.Hash, salt int, err error) {
	explicit := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).Constructed().ContextSpecific() }
	var params, hashField, maskField, saltField, trailerField cryptobyte.String
	var hasHash, hasMask, hasSalt, hasTrailer bool
	if !s.ReadASN1(&params, cbasn1.SEQUENCE) || !s.Empty() ||
		!params.ReadOptionalASN1(&hashField, &hasHash, explicit(0)) ||
		!params.ReadOptionalASN1(&maskField, &hasMask, explicit(1)) ||
		!params.ReadOptionalASN1(&saltField, &hasSalt, explicit(2)) ||
		!params.ReadOptionalASN1(&trailerField, &hasTrailer, explicit(3)) || !params.Empty() {
		return 0, 0, fmt.Errorf("%w: the RSASSA-PSS parameters", ErrMalformed)
	}
	if !hasHash || !hasMask {
		return 0, 0, fmt.Errorf("%w: RSASSA-PSS with SHA-1", ErrAlgorithm)
	}
	if h, err = ParseDigestAlgorithm(hashField); err != nil {
		return 0, 0, err
	}
	mask, maskHash, err := readIdentifier(maskField)
	if err != nil {
		return 0, 0, err
	}
	if m, err := ParseDigestAlgorithm(maskHash); err != nil || !mask.Equal(oidMGF1) || m != h {
		return 0, 0, fmt.Errorf("%w: the mask of RSASSA-PSS", ErrAlgorithm)
	}
	salt = 20
	trailer := 1
	if hasSalt && (!saltField.ReadASN1Integer(&salt) || salt < 1 || salt > 512) ||
		hasTrailer && (!trailerField.ReadASN1Integer(&trailer) || trailer != 1) {
		return 0, 0, fmt.Errorf("%w: the RSASSA-PSS parameters", ErrMalformed)
	}
	return h, salt, nil
}
