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
	secretTransportPIN uint16 = 0x8005 // the issuer's, which the holder changes for his own
	secretSignature    uint16 = 0x8006 // the private key, PKCS #8; made on the card
	secretTries        uint16 = 0x8007 // wrong PINs in a row
	secretPIN          uint16 = 0x800A // the holder's; empty until the transport PIN is changed
)

// fileCertificate is the identifier of the holder's certificate.
const fileCertificate uint16 = 0x4001

// maxPINTries is how many wrong PINs in a row block the application.
const maxPINTries = 3

// referencePIN is the reference of the PIN in P2 (ISO/IEC 7816-4, 11.5.2).
const referencePIN = 0x81

// isPIN reports whether it can be a PIN: 6 to 12 digits.
func isPIN(secret []byte) bool {
	return len(secret) >= 6 && len(secret) <= 12 && len(bytes.Trim(secret, "0123456789")) == 0
}

// acceptsSignatureSecret accepts a transport PIN but no key: the key is made on the card.
func acceptsSignatureSecret(tag uint16, secret []byte) bool {
	return tag == secretTransportPIN && isPIN(secret)
}

// transportPINStored makes the application as it is delivered: the holder has no PIN, and none
// was wrong. So it is unblocked, too.
func transportPINStored(m *memory, a *application) {
	m.keepSecret(a, secretPIN, nil)
	m.keepSecret(a, secretTries, []byte{0})
}

// signatureComplete reports whether the key, a PIN and the certificate are there.
func signatureComplete(a *application) bool {
	_, key := a.secret(secretSignature)
	_, pin := a.secret(secretTransportPIN)
	return key && pin && a.file(fileCertificate) != nil
}

// generateSignatureKey is GENERATE ASYMMETRIC KEY PAIR: a P-256 key.
func (c *Card) generateSignatureKey(a *application, cmd apdu.Command) apdu.Response {
	if len(cmd.Data) != 0 {
		return status(apdu.WrongData)
	}
	return c.generateKeyPair(a, secretSignature, elliptic.P256())
}

// useSignature serves the digital signature application: in secure messaging alone, which
// needs what is printed on the card. Outside, the certificate would tell who the holder is,
// and the PIN could be heard.
func (c *Card) useSignature(a *application, cmd apdu.Command) apdu.Response {
	allowed := func(*file) bool { return c.ram.application.granted }
	switch cmd.INS {
	case apdu.Select:
		return c.selectCurrent(a, cmd, allowed)
	case apdu.ReadBinary:
		return c.readBinary(a, cmd, allowed)
	case apdu.Verify, apdu.ChangeReferenceData, apdu.PerformSecurityOperation:
		if !c.ram.application.granted {
			return status(apdu.SecurityNotSatisfied)
		}
	}
	switch cmd.INS {
	case apdu.Verify:
		return status(c.verifyPIN(a, cmd))
	case apdu.ChangeReferenceData:
		return status(c.changePIN(a, cmd))
	case apdu.PerformSecurityOperation:
		return c.sign(a, cmd)
	}
	return status(apdu.InstructionNotSupported)
}

// verifyPIN is VERIFY of the holder's PIN. Until there is one, nothing is compared.
func (c *Card) verifyPIN(a *application, cmd apdu.Command) apdu.Status {
	pin, _ := a.secret(secretPIN)
	c.ram.application.verified = false
	switch {
	case cmd.P1 != 0 || cmd.P2 != referencePIN:
		return apdu.WrongParameters
	case len(pin) == 0:
		return apdu.ConditionsNotSatisfied
	}
	if len(cmd.Data) == 0 {
		return triesLeft(a)
	}
	sw := c.tryPIN(a, pin, cmd.Data)
	c.ram.application.verified = sw == apdu.OK
	return sw
}

// changePIN is CHANGE REFERENCE DATA: the PIN until now, then the holder's new one. The
// transport PIN is gone then, and is nobody's PIN again.
func (c *Card) changePIN(a *application, cmd apdu.Command) apdu.Status {
	now, _ := a.secret(secretPIN)
	if len(now) == 0 {
		now, _ = a.secret(secretTransportPIN)
	}
	c.ram.application.verified = false
	if cmd.P1 != 0 || cmd.P2 != referencePIN {
		return apdu.WrongParameters
	}
	given, next := cmd.Data[:min(len(now), len(cmd.Data))], cmd.Data[min(len(now), len(cmd.Data)):]
	if sw := c.tryPIN(a, now, given); sw != apdu.OK {
		return sw
	}
	transport, _ := a.secret(secretTransportPIN)
	if !isPIN(next) || bytes.Equal(next, now) || bytes.Equal(next, transport) {
		return apdu.WrongData
	}
	c.nv.keepSecret(a, secretPIN, next)
	return apdu.OK
}

// wrongPINs is how many PINs in a row were wrong. It is kept without power.
func wrongPINs(a *application) byte {
	if tries, found := a.secret(secretTries); found && len(tries) == 1 {
		return tries[0]
	}
	return 0
}

// triesLeft is the status that tells how many more PINs may be tried.
func triesLeft(a *application) apdu.Status {
	wrong := wrongPINs(a)
	if wrong >= maxPINTries {
		return apdu.AuthenticationBlocked
	}
	return apdu.VerificationFailed | 0xC0 | apdu.Status(maxPINTries-wrong)
}

// tryPIN compares a PIN, and counts it when it is wrong.
func (c *Card) tryPIN(a *application, pin, given []byte) apdu.Status {
	wrong := wrongPINs(a)
	switch {
	case wrong >= maxPINTries:
		return apdu.AuthenticationBlocked
	case subtle.ConstantTimeCompare(pin, given) != 1:
		c.nv.keepSecret(a, secretTries, []byte{wrong + 1})
		return apdu.VerificationFailed | 0xC0 | apdu.Status(maxPINTries-wrong-1)
	case wrong != 0:
		c.nv.keepSecret(a, secretTries, []byte{0})
	}
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
