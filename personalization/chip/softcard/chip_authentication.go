package softcard

import (
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/tlv"
)

// agreement is Chip Authentication between MSE:Set AT and GENERAL AUTHENTICATE.
type agreement struct{ suite suite }

// beginChipAuthentication is MSE:Set AT for Chip Authentication with AES
// (9303-11, 6.2.4.2).
func (c *Card) beginChipAuthentication(a *application, objects map[uint32][]byte) apdu.Status {
	d := &c.ram.application
	d.agreement = nil
	if !d.granted {
		return apdu.SecurityNotSatisfied
	}
	s, known := suiteOf(objects[0x80], chipPrefix())
	if !known || s == suite3DES {
		return apdu.WrongData
	}
	if _, found := a.secret(secretChipAuthentication); !found {
		return apdu.ReferenceNotFound
	}
	d.agreement = &agreement{s}
	return apdu.OK
}

// agree is GENERAL AUTHENTICATE of Chip Authentication: the chip's static key and
// the terminal's ephemeral one give new session keys, which only the genuine chip
// can have.
func (c *Card) agree(a *application, object tlv.Node) apdu.Response {
	d := &c.ram.application
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

// chipAuthenticateByTripleDES is MSE:Set KAT: Chip Authentication with Triple DES,
// in one command (9303-11, 6.2.4.1).
func (c *Card) chipAuthenticateByTripleDES(a *application, objects map[uint32][]byte) apdu.Status {
	if !c.ram.application.granted {
		return apdu.SecurityNotSatisfied
	}
	return c.renew(a, suite3DES, objects[0x91])
}

// renew agrees on new session keys, which are used after this response.
func (c *Card) renew(a *application, s suite, point []byte) apdu.Status {
	key, found := ecKey(a, secretChipAuthentication)
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
	c.ram.application.renewed = m
	return apdu.OK
}
