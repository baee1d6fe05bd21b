package softcard

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/subtle"
	"io"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// The object identifiers of PACE and Chip Authentication without their last arc,
// which is the suite (9303-11, 9.2.3 and 9.2.5).
func pacePrefix() []byte { return []byte{0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, 0x02} }
func chipPrefix() []byte { return []byte{0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02} }

// suiteOf reads the suite off an object identifier with that prefix.
func suiteOf(oid, prefix []byte) (suite, bool) {
	if len(oid) != len(prefix)+1 || !bytes.HasPrefix(oid, prefix) {
		return 0, false
	}
	s := suite(oid[len(prefix)])
	return s, s >= suite3DES && s <= suiteAES256
}

// The password references of MSE:Set AT (9303-11, 4.4.4.1).
const (
	passwordMRZ = 0x01
	passwordCAN = 0x02
)

// pace is Password Authenticated Connection Establishment under way, with elliptic
// curves and generic mapping (9303-11, 4.4).
type pace struct {
	suite     suite
	oid       []byte
	curve     elliptic.Curve
	key       []byte // derived from the password
	step      int
	nonce     []byte
	generator *ecdsa.PublicKey // the mapped one
	own       *ecdsa.PublicKey // ephemeral, on the mapped generator
	other     *ecdsa.PublicKey
	messaging *messaging
}

// The parameters P1-P2 of MSE:SET: Set AT for PACE (9303-11, 4.4.4.1), Set AT and
// Set KAT for Chip Authentication (6.2.4).
const (
	setPACE               = 0xC1A4
	setChipAuthentication = 0x41A4
	setKeyAgreement       = 0x41A6
)

// manageSecurity is MANAGE SECURITY ENVIRONMENT in its form SET.
func (c *Card) manageSecurity(a *application, cmd apdu.Command) apdu.Status {
	nodes, err := tlv.ParseAll(cmd.Data)
	if err != nil {
		return apdu.WrongData
	}
	objects := make(map[uint32][]byte, len(nodes))
	for _, n := range nodes {
		objects[n.Tag] = n.Value
	}
	switch uint16(cmd.P1)<<8 | uint16(cmd.P2) {
	case setPACE:
		return c.beginPACE(a, objects)
	case setChipAuthentication:
		return c.beginChipAuthentication(a, objects)
	case setKeyAgreement:
		return c.chipAuthenticateByTripleDES(a, objects)
	}
	return apdu.WrongParameters
}

// beginPACE is MSE:Set AT for PACE.
func (c *Card) beginPACE(a *application, objects map[uint32][]byte) apdu.Status {
	d := &c.ram.application
	if d.messaging != nil {
		return apdu.ConditionsNotSatisfied
	}
	d.pace = nil
	s, known := suiteOf(objects[0x80], pacePrefix())
	if !known || s == suite3DES {
		return apdu.WrongData
	}
	domain, sw := announcedDomain(a, objects[0x80], objects[0x84])
	if sw != apdu.OK {
		return sw
	}
	password, found := pacePassword(a, objects[0x83])
	if !found {
		return apdu.ReferenceNotFound
	}
	d.pace = &pace{suite: s, oid: bytes.Clone(objects[0x80]), curve: domain, key: s.derive(password, derivePassword)}
	return apdu.OK
}

// pacePassword is f of the password (9303-11, 9.7.3).
func pacePassword(a *application, reference []byte) ([]byte, bool) {
	if len(reference) != 1 {
		return nil, false
	}
	switch reference[0] {
	case passwordMRZ:
		mrz, found := a.secret(secretMRZ)
		h := sha1.Sum(mrz)
		return h[:], found
	case passwordCAN:
		return a.secret(secretCAN)
	}
	return nil, false
}

// announcedDomain finds the curve that EF.CardAccess announces for a protocol: the
// one that the terminal names, where it names one.
func announcedDomain(a *application, oid, parameter []byte) (elliptic.Curve, apdu.Status) {
	infos, sw := securityInfos(a, lds.CardAccess)
	if sw != apdu.OK {
		return nil, sw
	}
	announced := false
	for _, info := range infos {
		fields, err := info.Children()
		if err != nil || len(fields) < 3 || !bytes.Equal(fields[0].Value, oid) || len(fields[2].Value) != 1 {
			continue
		}
		announced = true
		if parameter != nil && !bytes.Equal(parameter, fields[2].Value) {
			continue
		}
		if domain, err := curve.ByParameterID(int(fields[2].Value[0])); err == nil {
			return domain, apdu.OK
		}
	}
	if announced {
		return nil, apdu.ReferenceNotFound
	}
	return nil, apdu.WrongData
}

// securityInfos are the SecurityInfos of EF.CardAccess or EF.DG14.
func securityInfos(a *application, ef lds.EF) ([]tlv.Node, apdu.Status) {
	f := a.elementary(ef)
	if f == nil {
		return nil, apdu.ReferenceNotFound
	}
	file, err := tlv.ParseOnly(f.data, 0x31)
	if ef == lds.DG14 {
		file, err = tlv.Find(f.data, 0x6E, 0x31)
	}
	if err != nil {
		return nil, apdu.DataNotUsable
	}
	infos, err := file.Children()
	if err != nil {
		return nil, apdu.DataNotUsable
	}
	return infos, apdu.OK
}

// generalAuthenticate is GENERAL AUTHENTICATE, of PACE or Chip Authentication.
func (c *Card) generalAuthenticate(a *application, cmd apdu.Command) apdu.Response {
	d := &c.ram.application
	template, err := tlv.ParseOnly(cmd.Data, 0x7C)
	if err != nil {
		return status(apdu.WrongData)
	}
	var object tlv.Node
	if len(template.Value) > 0 {
		if object, _, err = tlv.Parse(template.Value); err != nil {
			return status(apdu.WrongData)
		}
	}
	switch {
	case d.agreement != nil:
		return c.agree(a, object)
	case d.pace != nil:
		last := d.pace.step == 3
		answer, sw := c.paceStep(object)
		if last {
			c.tried(a, sw)
		}
		if sw != apdu.OK {
			d.pace = nil
			return status(sw)
		}
		return apdu.Response{Data: tlv.Encode(0x7C, answer), SW: apdu.OK}
	}
	return status(apdu.ConditionsNotSatisfied)
}

// paceStep is one of the four steps. The terminal must send what the step expects.
func (c *Card) paceStep(object tlv.Node) ([]byte, apdu.Status) {
	p := c.ram.application.pace
	p.step++
	switch {
	case p.step == 1 && object.Raw == nil:
		return p.sendNonce(c.random)
	case p.step == 2 && object.Tag == 0x81:
		return p.mapNonce(c.random, object.Value)
	case p.step == 3 && object.Tag == 0x83:
		return p.agree(c.random, object.Value)
	case p.step == 4 && object.Tag == 0x85:
		answer, sw := p.confirm(object.Value)
		if sw == apdu.OK {
			d := &c.ram.application
			*d = applicationSession{inside: d.inside, messaging: p.messaging, granted: true}
		}
		return answer, sw
	}
	return nil, apdu.ConditionsNotSatisfied
}

// sendNonce gives the nonce, encrypted under the password. It is as long as the
// key, in whole blocks (9303-11, 4.4.3.2).
func (p *pace) sendNonce(random io.Reader) ([]byte, apdu.Status) {
	p.nonce = make([]byte, (len(p.key)+aes.BlockSize-1)/aes.BlockSize*aes.BlockSize)
	if _, err := io.ReadFull(random, p.nonce); err != nil {
		return nil, apdu.NoDiagnosis
	}
	block, err := aes.NewCipher(p.key)
	if err != nil {
		return nil, apdu.NoDiagnosis
	}
	sealed := make([]byte, len(p.nonce))
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(sealed, p.nonce)
	return tlv.Encode(0x80, sealed), apdu.OK
}

// mapNonce agrees on a secret point and maps the generator by it and the nonce
// (4.4.3.3.1).
func (p *pace) mapNonce(random io.Reader, theirs []byte) ([]byte, apdu.Status) {
	other, err := curve.ParsePoint(p.curve, theirs)
	if err != nil {
		return nil, apdu.WrongData
	}
	own, err := curve.GenerateKey(p.curve, random)
	if err != nil {
		return nil, apdu.NoDiagnosis
	}
	secret, err := curve.MultiplyBy(own, other)
	if err != nil {
		return nil, apdu.WrongData
	}
	if p.generator, err = curve.Map(p.nonce, secret); err != nil {
		return nil, apdu.WrongData
	}
	point, err := curve.MarshalPoint(&own.PublicKey)
	if err != nil {
		return nil, apdu.NoDiagnosis
	}
	return tlv.Encode(0x82, point), apdu.OK
}

// agree agrees on the session keys, by ephemeral keys on the mapped generator.
func (p *pace) agree(random io.Reader, theirs []byte) ([]byte, apdu.Status) {
	other, err := curve.ParsePoint(p.curve, theirs)
	if err != nil {
		return nil, apdu.WrongData
	}
	scalar, err := curve.Scalar(p.curve, random)
	if err != nil {
		return nil, apdu.NoDiagnosis
	}
	own, err := curve.Multiply(p.generator, scalar)
	if err != nil {
		return nil, apdu.NoDiagnosis
	}
	if own.Equal(other) { // 4.4.1: the public keys must differ
		return nil, apdu.WrongData
	}
	shared, err := curve.Multiply(other, scalar)
	if err != nil {
		return nil, apdu.WrongData
	}
	if p.messaging, err = newMessaging(p.suite, curve.Coordinate(shared), nil); err != nil {
		return nil, apdu.NoDiagnosis
	}
	p.own, p.other = own, other
	point, err := curve.MarshalPoint(own)
	if err != nil {
		return nil, apdu.NoDiagnosis
	}
	return tlv.Encode(0x84, point), apdu.OK
}

// confirm checks the terminal's token and gives the chip's (4.4.3.4).
func (p *pace) confirm(theirs []byte) ([]byte, apdu.Status) {
	expected, err := p.token(p.own)
	if err != nil {
		return nil, apdu.NoDiagnosis
	}
	if subtle.ConstantTimeCompare(expected, theirs) != 1 {
		return nil, apdu.VerificationFailed
	}
	own, err := p.token(p.other)
	if err != nil {
		return nil, apdu.NoDiagnosis
	}
	return tlv.Encode(0x86, own), apdu.OK
}

// token is the authentication token of a public key: CMAC over the object
// identifier and the point.
func (p *pace) token(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := curve.MarshalPoint(key)
	if err != nil {
		return nil, err
	}
	return aesMAC(p.messaging.macKey, tlv.Encode(0x7F49, tlv.Encode(0x06, p.oid), tlv.Encode(0x86, point))), nil
}
