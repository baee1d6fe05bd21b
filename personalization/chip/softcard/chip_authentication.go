package softcard

import (
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
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
	if !known || s == suite3DES || !announcesChipAuthentication(a, s) {
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
	if !announcesChipAuthentication(a, suite3DES) {
		return apdu.WrongData
	}
	return c.renew(a, suite3DES, objects[0x91])
}

// announcesChipAuthentication reports whether EF.DG14 announces Chip Authentication with a
// suite. One that announces none offers Triple DES (BSI TR-03110-3, A.1.1.2).
func announcesChipAuthentication(a *application, s suite) bool {
	infos, _ := securityInfos(a, lds.DG14)
	none := true
	for _, info := range infos {
		fields, err := info.Children()
		if err != nil || len(fields) == 0 {
			continue
		}
		if announced, known := suiteOf(fields[0].Value, chipPrefix()); known {
			none = false
			if announced == s {
				return true
			}
		}
	}
	return none && s == suite3DES
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
