package chip

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/subtle"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// Passwords of PACE (ICAO Doc 9303-11 section 4.4.4.1).
const (
	passwordMRZ = 1
	passwordCAN = 2
)

// password is a password of PACE.
type password struct {
	name      string // as in Reading.Access
	reference byte
	secret    []byte // SHA-1 of the MRZ information, or the digits of the CAN
}

// passwords are the passwords that are given, the MRZ first.
func (a Access) passwords() []password {
	var list []password
	if a.MRZInformation != "" {
		list = append(list, password{"PACE-MRZ", passwordMRZ, seedOf(a.MRZInformation)})
	}
	if a.CAN != "" {
		list = append(list, password{"PACE-CAN", passwordCAN, []byte(a.CAN)})
	}
	return list
}

// paceKeySize is the size of the session keys, in bytes, of a PACE protocol with
// ECDH, generic mapping and AES; 0 for other protocols.
func paceKeySize(protocol asn1.ObjectIdentifier) int {
	switch protocol.String() {
	case "0.4.0.127.0.7.2.2.4.2.2":
		return 16
	case "0.4.0.127.0.7.2.2.4.2.3":
		return 24
	case "0.4.0.127.0.7.2.2.4.2.4":
		return 32
	}
	return 0
}

// pace is one run of Password Authenticated Connection Establishment with generic
// mapping (ICAO Doc 9303-11 section 4.4).
type pace struct {
	line    *plainChannel
	random  io.Reader
	curve   elliptic.Curve
	oid     []byte // of the protocol, without tag and length
	keySize int    // bytes
	// The number of the domain parameters, if the chip announces several; else 0.
	parameter int
}

// choosePACE finds the first announced protocol that is supported.
func choosePACE(to *plainChannel, infos []lds.PACEInfo, random io.Reader) (*pace, bool) {
	for _, info := range infos {
		size := paceKeySize(info.Protocol)
		c, err := curve.ByParameterID(info.ParameterID)
		if size == 0 || err != nil || info.Version != 2 {
			continue
		}
		oid, err := rawOID(info.Protocol)
		if err != nil {
			continue
		}
		p := &pace{line: to, random: random, curve: c, oid: oid, keySize: size}
		for _, other := range infos { // the same protocol with other parameters
			if other.Protocol.Equal(info.Protocol) && other.ParameterID != info.ParameterID {
				p.parameter = info.ParameterID
			}
		}
		return p, true
	}
	return nil, false
}

// run establishes secure messaging by a password, before the application is selected.
// It takes five multiplications, two of them of the curve's generator.
func (p *pace) run(ctx context.Context, with password) (*session, error) {
	data := append(tlv.Encode(0x80, p.oid), tlv.Encode(0x83, []byte{with.reference})...)
	if p.parameter != 0 {
		data = append(data, tlv.Encode(0x84, []byte{byte(p.parameter & 0xFF)})...)
	}
	if _, err := ask(ctx, p.line, "MSE:Set AT for PACE", apdu.Command{INS: apdu.ManageSecurityEnvironment, P1: 0xC1, P2: 0xA4, Data: data}); err != nil {
		return nil, denied(err)
	}
	nonce, err := p.nonce(ctx, with)
	if err != nil {
		return nil, err
	}
	generator, err := p.mapNonce(ctx, nonce)
	if err != nil {
		return nil, err
	}
	return p.agree(ctx, generator)
}

// step sends one GENERAL AUTHENTICATE; all but the last have the chaining bit.
func (p *pace) step(ctx context.Context, chained byte, out, in uint32, value []byte) ([]byte, error) {
	var object []byte
	if value != nil {
		object = tlv.Encode(out, value)
	}
	c := apdu.Command{CLA: chained, INS: apdu.GeneralAuthenticate, Data: tlv.Encode(0x7C, object), Le: apdu.MaxShortLe}
	answer, err := ask(ctx, p.line, "GENERAL AUTHENTICATE", c)
	if err != nil {
		return nil, denied(err)
	}
	template, err := tlv.ParseOnly(answer, 0x7C)
	if err != nil {
		return nil, denied(fmt.Errorf("GENERAL AUTHENTICATE: %w", err))
	}
	node, err := tlv.ParseOnly(template.Value, in)
	if err != nil {
		return nil, denied(fmt.Errorf("GENERAL AUTHENTICATE: %w", err))
	}
	return node.Value, nil
}

// nonce gets the nonce and decrypts it by the password.
func (p *pace) nonce(ctx context.Context, with password) (*big.Int, error) {
	encrypted, err := p.step(ctx, apdu.ClassChaining, 0, 0x80, nil)
	if err != nil {
		return nil, err
	}
	if len(encrypted) == 0 || len(encrypted)%aes.BlockSize != 0 || len(encrypted) > 2*aes.BlockSize {
		return nil, denied(fmt.Errorf("the nonce has %d bytes", len(encrypted)))
	}
	block, err := aes.NewCipher(derive(with.secret, forPassword, p.keySize))
	if err != nil {
		return nil, fmt.Errorf("password key: %w", err)
	}
	nonce := make([]byte, len(encrypted))
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(nonce, encrypted)
	return new(big.Int).SetBytes(nonce), nil
}

// mapNonce agrees on a secret point and maps the generator by it and the nonce
// (section 4.4.3.3.1).
func (p *pace) mapNonce(ctx context.Context, nonce *big.Int) (*ecdsa.PublicKey, error) {
	key, err := curve.GenerateKey(p.curve, p.random)
	if err != nil {
		return nil, &fault{err}
	}
	mine, err := curve.MarshalPoint(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	theirs, err := p.exchange(ctx, 0x81, mine)
	if err != nil {
		return nil, err
	}
	shared, err := curve.MultiplyBy(key, theirs)
	if err != nil {
		return nil, denied(err)
	}
	// The point to be added is the public key of the nonce as a secret. To make that
	// key uses the tables of the generator.
	order := p.curve.Params().N
	nonce.Mod(nonce, order)
	nonceKey, err := curve.GenerateKey(p.curve, bytes.NewReader(nonce.FillBytes(make([]byte, (order.BitLen()+7)/8))))
	if err != nil {
		return nil, denied(errors.New("the nonce is zero"))
	}
	generator, err := curve.Add(&nonceKey.PublicKey, shared)
	if err != nil {
		return nil, denied(err)
	}
	return generator, nil
}

// exchange sends our point and gives the chip's, which must differ.
func (p *pace) exchange(ctx context.Context, out uint32, mine []byte) (*ecdsa.PublicKey, error) {
	answer, err := p.step(ctx, apdu.ClassChaining, out, out+1, mine)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(answer, mine) {
		return nil, denied(errors.New("the chip sent our own key back"))
	}
	theirs, err := curve.ParsePoint(p.curve, answer)
	if err != nil {
		return nil, denied(err)
	}
	return theirs, nil
}

// agree agrees on the session keys over the mapped generator and exchanges the
// authentication tokens.
func (p *pace) agree(ctx context.Context, generator *ecdsa.PublicKey) (*session, error) {
	secret, err := curve.Scalar(p.curve, p.random)
	if err != nil {
		return nil, &fault{err}
	}
	public, err := curve.Multiply(generator, secret)
	if err != nil {
		return nil, denied(err)
	}
	mine, err := curve.MarshalPoint(public)
	if err != nil {
		return nil, err
	}
	theirs, err := p.exchange(ctx, 0x83, mine)
	if err != nil {
		return nil, err
	}
	product, err := curve.Multiply(theirs, secret)
	if err != nil {
		return nil, denied(err)
	}
	suite, err := newAESSuite(curve.Coordinate(product), p.keySize)
	if err != nil {
		return nil, err
	}
	return p.confirm(ctx, suite, mine, theirs)
}

// confirm exchanges the authentication tokens.
func (p *pace) confirm(ctx context.Context, suite *aesSuite, mine []byte, theirs *ecdsa.PublicKey) (*session, error) {
	other, err := curve.MarshalPoint(theirs)
	if err != nil {
		return nil, err
	}
	token, err := p.step(ctx, 0, 0x85, 0x86, p.token(suite, other))
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(token, p.token(suite, mine)) != 1 {
		return nil, denied(errors.New("the chip's authentication token is wrong"))
	}
	return &session{line: p.line, suite: suite, ssc: make([]byte, aes.BlockSize)}, nil
}

// token is the authentication token of a public key (section 4.4.3.4).
func (p *pace) token(s *aesSuite, point []byte) []byte {
	return s.mac(tlv.Encode(0x7F49, tlv.Encode(0x06, p.oid), tlv.Encode(0x86, point)))
}

// rawOID is the DER of an object identifier without tag and length.
func rawOID(oid asn1.ObjectIdentifier) ([]byte, error) {
	der, err := asn1.Marshal(oid)
	if err != nil {
		return nil, fmt.Errorf("encode object identifier: %w", err)
	}
	node, err := tlv.ParseOnly(der, 0x06)
	if err != nil {
		return nil, fmt.Errorf("encode object identifier: %w", err)
	}
	return node.Value, nil
}
