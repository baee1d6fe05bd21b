package softcard

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/subtle"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
)

// The tags of the secrets of the digital signature application.
const (
	secretPIN       uint16 = 0x8005 // the holder's PIN, 6 to 12 bytes
	secretSignature uint16 = 0x8006 // the private key, PKCS #8; made on the card
	secretTries     uint16 = 0x8007 // wrong PINs in a row
)

// fileCertificate is the identifier of the holder's certificate, which everyone may
// read.
const fileCertificate uint16 = 0x4001

// maxPINTries is how many wrong PINs in a row block the application.
const maxPINTries = 3

// acceptsSignatureSecret accepts a PIN but no key: the key is made on the card.
func acceptsSignatureSecret(tag uint16, secret []byte) bool {
	return tag == secretPIN && len(secret) >= 6 && len(secret) <= 12
}

// signatureComplete reports whether the key, the PIN and the certificate are there.
func signatureComplete(a *application) bool {
	_, key := a.secret(secretSignature)
	_, pin := a.secret(secretPIN)
	return key && pin && a.file(fileCertificate) != nil
}

// generateSignatureKey is GENERATE ASYMMETRIC KEY PAIR: a P-256 key.
func (c *Card) generateSignatureKey(a *application, cmd apdu.Command) apdu.Response {
	if len(cmd.Data) != 0 {
		return status(apdu.WrongData)
	}
	return c.generateKeyPair(a, secretSignature, elliptic.P256())
}

// useSignature serves the digital signature application.
func (c *Card) useSignature(a *application, cmd apdu.Command) apdu.Response {
	everybody := func(*file) bool { return true }
	switch cmd.INS {
	case apdu.Select:
		return c.selectCurrent(a, cmd, everybody)
	case apdu.ReadBinary:
		return c.readBinary(a, cmd, everybody)
	case apdu.Verify:
		return status(c.verifyPIN(a, cmd))
	case apdu.PerformSecurityOperation:
		return c.sign(a, cmd)
	}
	return status(apdu.InstructionNotSupported)
}

// verifyPIN is VERIFY. The count of wrong PINs in a row is kept without power.
func (c *Card) verifyPIN(a *application, cmd apdu.Command) apdu.Status {
	pin, _ := a.secret(secretPIN)
	wrong := byte(0)
	if tries, found := a.secret(secretTries); found && len(tries) == 1 {
		wrong = tries[0]
	}
	c.ram.application.verified = false
	switch {
	case cmd.P1 != 0 || cmd.P2 != 0x81:
		return apdu.WrongParameters
	case wrong >= maxPINTries:
		return apdu.AuthenticationBlocked
	case len(cmd.Data) == 0:
		return apdu.VerificationFailed | 0xC0 | apdu.Status(maxPINTries-wrong)
	case subtle.ConstantTimeCompare(pin, cmd.Data) != 1:
		if sw := c.nv.setSecret(a, secretTries, []byte{wrong + 1}); sw != apdu.OK {
			return sw
		}
		return apdu.VerificationFailed | 0xC0 | apdu.Status(maxPINTries-wrong-1)
	}
	if wrong != 0 {
		if sw := c.nv.setSecret(a, secretTries, []byte{0}); sw != apdu.OK {
			return sw
		}
	}
	c.ram.application.verified = true
	return apdu.OK
}

// sign is PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE of a SHA-256 hash.
// The response is r || s. Each VERIFY allows one signature.
func (c *Card) sign(a *application, cmd apdu.Command) apdu.Response {
	switch {
	case cmd.P1 != 0x9E || cmd.P2 != 0x9A:
		return status(apdu.WrongParameters)
	case !c.ram.application.verified:
		return status(apdu.SecurityNotSatisfied)
	case len(cmd.Data) != crypto.SHA256.Size():
		return status(apdu.WrongLength)
	}
	c.ram.application.verified = false
	key, found := ecKey(a, secretSignature)
	if !found {
		return status(apdu.DataNotUsable)
	}
	signature, err := curve.SignPlain(c.random, key, bytes.Clone(cmd.Data), crypto.SHA256)
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	return apdu.Response{Data: signature, SW: apdu.OK}
}
