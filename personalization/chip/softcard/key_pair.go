package softcard

import (
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/tlv"
)

// generateKeyPair is what GENERATE ASYMMETRIC KEY PAIR (ISO/IEC 7816-8, 5.1) does: a key that
// never leaves the card. The response has its public point.
func (c *Card) generateKeyPair(a *application, tag uint16, on elliptic.Curve) apdu.Response {
	key, err := curve.GenerateKey(on, c.random)
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	der, err := curve.MarshalPrivateKey(key, curve.Named)
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	point, err := curve.MarshalPoint(&key.PublicKey)
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	if sw := c.nv.setSecret(a, tag, der); sw != apdu.OK {
		return status(sw)
	}
	return apdu.Response{Data: tlv.Encode(0x7F49, tlv.Encode(0x86, point)), SW: apdu.OK}
}

// generateEMRTDKey makes the key of Chip or Active Authentication. The command has a control
// reference template (ISO/IEC 7816-4, 10.3.1) with the reference of the key (83) and the
// object identifier of its curve (80), or of RSA for Active Authentication.
func (c *Card) generateEMRTDKey(a *application, cmd apdu.Command) apdu.Response {
	reference, err := tlv.Find(cmd.Data, 0xA4, 0x83)
	if err != nil || len(reference.Value) != 2 {
		return status(apdu.WrongData)
	}
	tag := binary.BigEndian.Uint16(reference.Value)
	if tag != secretChipAuthentication && tag != secretActiveAuthentication {
		return status(apdu.ReferenceNotFound)
	}
	mechanism, err := tlv.Find(cmd.Data, 0xA4, 0x80)
	if err != nil {
		return status(apdu.WrongData)
	}
	var oid asn1.ObjectIdentifier
	object := cryptobyte.String(tlv.Encode(uint32(cbasn1.OBJECT_IDENTIFIER), mechanism.Value))
	if !object.ReadASN1ObjectIdentifier(&oid) {
		return status(apdu.WrongData)
	}
	if oid.Equal(curve.OIDRSA) && tag == secretActiveAuthentication {
		return c.generateRSA(a, tag)
	}
	on, err := curve.ByOID(oid)
	if err != nil {
		return status(apdu.FunctionNotSupported)
	}
	return c.generateKeyPair(a, tag, on)
}

// rsaBits is the length of the modulus of the keys of RSA that the card makes.
const rsaBits = 2048

// generateRSA makes a key of RSA. The response has its modulus and its exponent.
func (c *Card) generateRSA(a *application, tag uint16) apdu.Response {
	key, err := rsa.GenerateKey(c.random, rsaBits)
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return status(apdu.NoDiagnosis)
	}
	if sw := c.nv.setSecret(a, tag, der); sw != apdu.OK {
		return status(sw)
	}
	exponent := big.NewInt(int64(key.E)).Bytes()
	return apdu.Response{Data: tlv.Encode(0x7F49, tlv.Encode(0x81, key.N.Bytes()), tlv.Encode(0x82, exponent)), SW: apdu.OK}
}
