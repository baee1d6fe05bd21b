package softcard

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"io"
	"math/big"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
)

// activeAuthenticate is INTERNAL AUTHENTICATE: the chip signs the terminal's
// challenge with a key that never leaves it (9303-11, 6.1).
func (c *Card) activeAuthenticate(a *application, cmd apdu.Command) apdu.Response {
	der, found := a.secret(secretActiveAuthentication)
	switch {
	case !c.ram.application.granted:
		return status(apdu.SecurityNotSatisfied)
	case !found:
		return status(apdu.ReferenceNotFound)
	case c.defects.RefuseActiveAuthentication:
		return status(apdu.ConditionsNotSatisfied)
	case cmd.P1|cmd.P2 != 0:
		return status(apdu.WrongParameters)
	case len(cmd.Data) != challengeSize || cmd.Le == 0:
		return status(apdu.WrongLength)
	}
	var signature []byte
	var err error
	switch key := activeKey(der).(type) {
	case *ecdsa.PrivateKey:
		signature, err = signPlain(c.random, key, cmd.Data)
	case *rsa.PrivateKey:
		signature, err = signRecoverable(c.random, key, cmd.Data)
	default:
		return status(apdu.DataNotUsable)
	}
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	return apdu.Response{Data: signature, SW: apdu.OK}
}

// signPlain is r || s over a hash of the message that is as strong as the curve.
func signPlain(random io.Reader, key *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	if curve.Size(key.Curve) > sha256.Size {
		h := sha512.Sum384(message)
		return curve.SignPlain(random, key, h[:], crypto.SHA384)
	}
	h := sha256.Sum256(message)
	return curve.SignPlain(random, key, h[:], crypto.SHA256)
}

// signRecoverable is a signature with message recovery, ISO/IEC 9796-2 digital
// signature scheme 1 with SHA-256: 6A, random bytes, their hash with the
// challenge, trailer 34 CC. The standard library has no raw private operation, and
// math/big does not compute in constant time, which does not matter in a card in
// software.
func signRecoverable(random io.Reader, key *rsa.PrivateKey, message []byte) ([]byte, error) {
	n := key.Size()
	representative := make([]byte, n)
	representative[0] = 0x6A
	recoverable := representative[1 : n-sha256.Size-2]
	if _, err := io.ReadFull(random, recoverable); err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write(recoverable)
	h.Write(message)
	copy(representative[n-sha256.Size-2:], h.Sum(nil))
	representative[n-2], representative[n-1] = 0x34, 0xCC
	s := new(big.Int).Exp(new(big.Int).SetBytes(representative), key.D, key.N)
	return s.FillBytes(make([]byte, n)), nil
}
