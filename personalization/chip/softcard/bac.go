package softcard

import (
	"bytes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/subtle"
	"io"

	"example.org/cancuoc/personalization/chip/apdu"
)

// challengeSize is the length of a challenge in bytes.
const challengeSize = 8

// getChallenge is GET CHALLENGE of Basic Access Control (9303-11, 4.3.4.1).
func (c *Card) getChallenge(cmd apdu.Command) apdu.Response {
	switch {
	case cmd.P1|cmd.P2 != 0:
		return status(apdu.WrongParameters)
	case len(cmd.Data) != 0 || cmd.Le == 0:
		return status(apdu.WrongLength)
	case cmd.Le < challengeSize:
		return status(apdu.WrongLe | challengeSize)
	}
	challenge := make([]byte, challengeSize)
	if _, err := io.ReadFull(c.random, challenge); err != nil {
		return status(apdu.NoDiagnosis)
	}
	c.ram.application.challenge = challenge
	return apdu.Response{Data: bytes.Clone(challenge), SW: apdu.OK}
}

// basicAccess is EXTERNAL AUTHENTICATE of Basic Access Control (9303-11, 4.3.1):
// the terminal proves that it has read the MRZ, both sides agree on session keys,
// and secure messaging with Triple DES begins.
func (c *Card) basicAccess(a *application, cmd apdu.Command) apdu.Response {
	d := &c.ram.application
	challenge := d.challenge
	d.challenge = nil // a challenge serves for one try
	mrz, found := a.secret(secretMRZ)
	switch {
	case !found || challenge == nil || !d.inside || d.messaging != nil:
		return status(apdu.ConditionsNotSatisfied)
	case len(cmd.Data) != 40:
		return status(apdu.WrongLength)
	}
	seed := sha1.Sum(mrz)
	macKey := suite3DES.derive(seed[:16], deriveMAC)
	enc, err := tripleDES(suite3DES.derive(seed[:16], deriveEncryption))
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	sealed, mac := cmd.Data[:32], cmd.Data[32:]
	if subtle.ConstantTimeCompare(retailMAC(macKey, isoPad(bytes.Clone(sealed), 8)), mac) != 1 {
		return status(apdu.VerificationFailed)
	}
	token := make([]byte, 32) // RND.IFD, RND.IC, K.IFD
	cipher.NewCBCDecrypter(enc, make([]byte, 8)).CryptBlocks(token, sealed)
	if subtle.ConstantTimeCompare(token[8:16], challenge) != 1 {
		return status(apdu.VerificationFailed)
	}
	answer := make([]byte, 32, 40) // RND.IC, RND.IFD, K.IC
	copy(answer, challenge)
	copy(answer[8:], token[:8])
	if _, err := io.ReadFull(c.random, answer[16:]); err != nil {
		return status(apdu.NoDiagnosis)
	}
	secret := make([]byte, 16)
	subtle.XORBytes(secret, token[16:], answer[16:])
	counter := append(bytes.Clone(challenge[4:]), token[4:8]...)
	m, err := newMessaging(suite3DES, secret, counter)
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	cipher.NewCBCEncrypter(enc, make([]byte, 8)).CryptBlocks(answer, answer)
	answer = append(answer, retailMAC(macKey, isoPad(bytes.Clone(answer), 8))...)
	*d = applicationSession{inside: true, current: d.current, messaging: m, granted: true}
	return apdu.Response{Data: answer, SW: apdu.OK}
}
