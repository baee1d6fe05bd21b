package chip

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // the hash of ISO/IEC 9796-2 trailer BC, by crypto.SHA1
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"
	"io"
	"math/big"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
)

// activeAuthenticate is Active Authentication (ICAO Doc 9303-11 section 6.1): the chip
// signs a challenge with the private key for EF.DG15.
func activeAuthenticate(ctx context.Context, to channel, key crypto.PublicKey, infos lds.SecurityInfos, random io.Reader) error {
	challenge, err := draw(random, challengeSize)
	if err != nil {
		return err
	}
	signature, err := ask(ctx, to, "INTERNAL AUTHENTICATE", apdu.Command{INS: apdu.InternalAuthenticate, Data: challenge, Le: apdu.MaxShortLe})
	if err != nil {
		return failed(err)
	}
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return checkPlain(key, infos, challenge, signature)
	case *rsa.PublicKey:
		return checkRecoverable(key, challenge, signature)
	}
	return failed(errors.New("EF.DG15 has an unsupported key"))
}

// checkPlain checks an ECDSA signature r || s. EF.DG14 gives the hash, which must be at
// least as long as the curve's order.
func checkPlain(key *ecdsa.PublicKey, infos lds.SecurityInfos, challenge, signature []byte) error {
	if len(infos.ActiveAuthentication) == 0 || infos.ActiveAuthentication[0].Hash == 0 {
		return failed(errors.New("EF.DG14 does not say with which hash the chip signs"))
	}
	hash := infos.ActiveAuthentication[0].Hash
	if bits := key.Params().N.BitLen(); bits > 8*hash.Size() && bits != 521 { // no hash is as long as P-521
		return failed(errors.New("the key in EF.DG15 is on a curve larger than its hash"))
	}
	h := hash.New()
	h.Write(challenge)
	if err := curve.VerifyPlain(key, h.Sum(nil), signature); err != nil {
		return failed(err)
	}
	return nil
}

// The smallest and the largest modulus of RSA that are accepted, in bits: a chip must
// not keep the reader busy by its modulus.
const (
	minModulus = 1024
	maxModulus = 4096
)

// checkRecoverable checks a signature with message recovery, ISO/IEC 9796-2 scheme 1.
// The challenge is the part of the message that is not recovered.
func checkRecoverable(key *rsa.PublicKey, challenge, signature []byte) error {
	wrong := failed(curve.ErrSignature)
	if bits := key.N.BitLen(); bits < minModulus || bits > maxModulus {
		return failed(fmt.Errorf("EF.DG15 has a modulus of %d bits; %d to %d are accepted", bits, minModulus, maxModulus))
	}
	s := new(big.Int).SetBytes(signature)
	if len(signature) != key.Size() || s.Cmp(key.N) >= 0 {
		return wrong
	}
	f := s.Exp(s, big.NewInt(int64(key.E)), key.N)
	if f.Bit(0) != 0 { // every trailer ends in C, which is even: the signer has taken the modulus less f
		f.Sub(key.N, f)
	}
	m := f.FillBytes(make([]byte, key.Size()))
	hash, trailer := hashOfTrailer(m[len(m)-2], m[len(m)-1])
	if hash == 0 {
		return wrong
	}
	end := len(m) - trailer - hash.Size()
	if m[0] != 0x6A || end < 1 { // 6A: some of the message is recovered, in whole bytes
		return wrong
	}
	h := hash.New()
	h.Write(m[1:end])
	h.Write(challenge)
	if !bytes.Equal(h.Sum(nil), m[end:end+hash.Size()]) {
		return wrong
	}
	return nil
}

// hashOfTrailer gives the hash for the last bytes of a representative, and how many of
// them are the trailer (ISO/IEC 9796-2; numbers of hashes in ISO/IEC 10118-3).
func hashOfTrailer(before, last byte) (crypto.Hash, int) {
	if last == 0xBC {
		return crypto.SHA1, 1
	}
	if last != 0xCC {
		return 0, 0
	}
	switch before {
	case 0x33:
		return crypto.SHA1, 2
	case 0x34:
		return crypto.SHA256, 2
	case 0x35:
		return crypto.SHA512, 2
	case 0x36:
		return crypto.SHA384, 2
	case 0x38:
		return crypto.SHA224, 2
	}
	return 0, 0
}
