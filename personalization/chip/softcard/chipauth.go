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
	"example.org/cancuoc/personalization/chip/tlv"
)

// agreement is Chip Authentication between MSE:Set AT and GENERAL AUTHENTICATE.
type agreement struct{ suite suite }

// beginChipAuthentication is MSE:Set AT for Chip Authentication with AES
// (9303-11, 6.2.4.2).
func (c *Card) beginChipAuthentication(a *application, objects map[uint32][]byte) apdu.Status {
	d := &c.ram.document
	d.agreement = nil
	if !d.granted {
		return apdu.SecurityNotSatisfied
	}
	s, known := suiteOf(objects[0x80], chipPrefix())
	if !known || s == suite3DES {
		return apdu.WrongData
	}
	if _, found := a.secret(secretChip); !found {
		return apdu.ReferenceNotFound
	}
	d.agreement = &agreement{s}
	return apdu.OK
}

// agree is GENERAL AUTHENTICATE of Chip Authentication: the chip's static key
// and the terminal's ephemeral one give new session keys, which only the true
// chip can know.
func (c *Card) agree(a *application, object tlv.Node) apdu.Response {
	d := &c.ram.document
	s := d.agreement.suite
	d.agreement = nil
	if object.Tag != 0x80 {
		return status(apdu.WrongData)
	}
	if sw := c.renew(a, s, object.Value); sw != apdu.OK {
		return status(sw)
	}
	return apdu.Response{Data: tlv.Encode(0x7C), SW: apdu.OK}
}

// keyAgreement3DES is MSE:Set KAT, Chip Authentication with Triple DES in one
// command (9303-11, 6.2.4.1).
func (c *Card) keyAgreement3DES(a *application, objects map[uint32][]byte) apdu.Status {
	if !c.ram.document.granted {
		return apdu.SecurityNotSatisfied
	}
	return c.renew(a, suite3DES, objects[0x91])
}

// renew agrees on new session keys, which take over after this response.
func (c *Card) renew(a *application, s suite, point []byte) apdu.Status {
	key, found := ecKey(a, secretChip)
	if !found {
		return apdu.ReferenceNotFound
	}
	other, err := curve.ParsePoint(key.Curve, point)
	if err != nil {
		return apdu.WrongData
	}
	secret, err := curve.ECDH(key, other)
	if err != nil {
		return apdu.WrongData
	}
	m, err := newMessaging(s, secret, make([]byte, 8))
	if err != nil {
		return apdu.NoDiagnosis
	}
	c.ram.document.renewed = m
	return apdu.OK
}

// activeAuthenticate is INTERNAL AUTHENTICATE: the chip signs the terminal's
// challenge with a key that never leaves it (9303-11, 6.1).
func (c *Card) activeAuthenticate(a *application, cmd apdu.Command) apdu.Response {
	der, found := a.secret(secretActive)
	switch {
	case !c.ram.document.granted:
		return status(apdu.SecurityNotSatisfied)
	case !found:
		return status(apdu.ReferenceNotFound)
	case c.defects.RefuseActiveAuthentication:
		return status(apdu.ConditionsNotSatisfied)
	case cmd.P1|cmd.P2 != 0:
		return status(apdu.WrongParameters)
	case len(cmd.Data) != challengeBytes || cmd.Le == 0:
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

// signPlain is r || s over the hash of the message, as strong as the curve.
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
// challenge, trailer 34 CC. The standard library has no raw private operation
// and math/big is not constant in time, which a card in software can bear.
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
