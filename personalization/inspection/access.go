package inspection

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/subtle"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"example.org/cancuoc/personalization/apdu"
	"example.org/cancuoc/personalization/curve"
	"example.org/cancuoc/personalization/lds"
	"example.org/cancuoc/personalization/tlv"
)

// ErrAccess is a chip that does not let us in: the password is wrong, or the chip
// cannot prove that it knows it.
var ErrAccess = errors.New("access to the chip was refused")

// send sends a command and gives its data; a status word other than 9000 is an
// error of type apdu.Status, wrapped with what was being done.
func send(ctx context.Context, card apdu.Card, doing string, c apdu.Command) ([]byte, error) {
	r, err := apdu.Send(ctx, card, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return r.Data, nil
}

// basicAccess is Basic Access Control (ICAO Doc 9303-11 section 4.3). The
// application is selected.
func basicAccess(ctx context.Context, card apdu.Card, mrzInformation string, random io.Reader) (*session, error) {
	keys, err := newDESSuite(seedOf(mrzInformation)[:16])
	if err != nil {
		return nil, err
	}
	challenge, err := send(ctx, card, "get challenge", apdu.Command{INS: 0x84, Le: 8})
	if err != nil {
		return nil, err
	}
	if len(challenge) != 8 {
		return nil, fmt.Errorf("%w: a challenge of %d bytes", ErrAccess, len(challenge))
	}
	mine := make([]byte, 8+16) // RND.IFD, K.IFD
	if _, err := io.ReadFull(random, mine); err != nil {
		return nil, fmt.Errorf("draw challenge: %w", err)
	}
	secret, err := mutualAuthenticate(ctx, card, keys, mine, challenge)
	if err != nil {
		return nil, err
	}
	suite, err := newDESSuite(secret)
	if err != nil {
		return nil, err
	}
	return &session{card: card, suite: suite, ssc: append(bytes.Clone(challenge[4:]), mine[4:8]...)}, nil
}

// mutualAuthenticate exchanges the key halves and gives the session's secret.
func mutualAuthenticate(ctx context.Context, card apdu.Card, keys *desSuite, mine, challenge []byte) ([]byte, error) {
	plain := append(append(bytes.Clone(mine[:8]), challenge...), mine[8:]...)
	cryptogram := keys.encrypt(nil, plain)
	data := slices.Concat(cryptogram, keys.mac(pad(cryptogram, 8)))
	answer, err := send(ctx, card, "external authenticate", apdu.Command{INS: 0x82, Data: data, Le: 40})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	if len(answer) != 40 || subtle.ConstantTimeCompare(answer[32:], keys.mac(pad(answer[:32], 8))) != 1 {
		return nil, fmt.Errorf("%w: the chip's answer does not verify", ErrAccess)
	}
	theirs := make([]byte, 32)
	cipher.NewCBCDecrypter(keys.enc, make([]byte, 8)).CryptBlocks(theirs, answer[:32])
	if !bytes.Equal(theirs[:8], challenge) || !bytes.Equal(theirs[8:16], mine[:8]) {
		return nil, fmt.Errorf("%w: the chip's answer is to another question", ErrAccess)
	}
	secret := make([]byte, 16)
	subtle.XORBytes(secret, mine[8:], theirs[16:])
	return secret, nil
}

// Passwords of PACE (ICAO Doc 9303-11 section 4.4.4.1).
const (
	passwordMRZ = 1
	passwordCAN = 2
)

// password opens PACE.
type password struct {
	reference byte
	secret    []byte // SHA-1 of the MRZ information, or the digits of the CAN
}

// keySizes are the PACE protocols with ECDH, generic mapping and AES, by OID,
// with their key sizes in bytes.
var keySizes = map[string]int{
	"0.4.0.127.0.7.2.2.4.2.2": 16,
	"0.4.0.127.0.7.2.2.4.2.3": 24,
	"0.4.0.127.0.7.2.2.4.2.4": 32,
}

// pace is Password Authenticated Connection Establishment with generic mapping
// (ICAO Doc 9303-11 section 4.4), before the application is selected.
func pace(ctx context.Context, card apdu.Card, info lds.PACEInfo, with password, random io.Reader) (*session, error) {
	size, known := keySizes[info.Protocol.String()]
	if !known {
		return nil, fmt.Errorf("%w: PACE protocol %s is not known here", ErrAccess, info.Protocol)
	}
	c, err := curve.ByParameterID(info.ParameterID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	oid, err := rawOID(info.Protocol)
	if err != nil {
		return nil, err
	}
	data := append(tlv.Encode(0x80, oid), tlv.Encode(0x83, []byte{with.reference})...)
	data = append(data, tlv.Encode(0x84, []byte{byte(info.ParameterID & 0xFF)})...)
	if _, err := send(ctx, card, "set PACE", apdu.Command{INS: 0x22, P1: 0xC1, P2: 0xA4, Data: data}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	nonce, err := paceNonce(ctx, card, with, size)
	if err != nil {
		return nil, err
	}
	generator, err := paceMap(ctx, card, c.Params().Name, nonce, random, info)
	if err != nil {
		return nil, err
	}
	return paceAgree(ctx, card, generator, oid, size, random)
}

// authenticate is one step of GENERAL AUTHENTICATE.
func authenticate(ctx context.Context, card apdu.Card, last bool, out, in uint32, value []byte) ([]byte, error) {
	c := apdu.Command{CLA: 0x10, INS: 0x86, Le: 256}
	if last {
		c.CLA = 0
	}
	var object []byte
	if value != nil {
		object = tlv.Encode(out, value)
	}
	c.Data = tlv.Encode(0x7C, object)
	answer, err := send(ctx, card, "general authenticate", c)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	node, err := tlv.Find(answer, 0x7C, in)
	if err != nil {
		return nil, fmt.Errorf("%w: general authenticate: %w", ErrAccess, err)
	}
	return node.Value, nil
}

// paceNonce asks for the encrypted nonce and decrypts it by the password.
func paceNonce(ctx context.Context, card apdu.Card, with password, size int) (*big.Int, error) {
	encrypted, err := authenticate(ctx, card, false, 0, 0x80, nil)
	if err != nil {
		return nil, err
	}
	if len(encrypted) == 0 || len(encrypted)%aes.BlockSize != 0 || len(encrypted) > 2*aes.BlockSize {
		return nil, fmt.Errorf("%w: a nonce of %d bytes", ErrAccess, len(encrypted))
	}
	block, err := aes.NewCipher(derive(with.secret, forPassword, size))
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, len(encrypted))
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(nonce, encrypted)
	return new(big.Int).SetBytes(nonce), nil
}

// paceMap agrees on the ephemeral generator.
func paceMap(ctx context.Context, card apdu.Card, curveName string, nonce *big.Int, random io.Reader, info lds.PACEInfo) (*ecdsa.PublicKey, error) {
	c, err := curve.ByParameterID(info.ParameterID)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrAccess, curveName, err)
	}
	key, err := curve.GenerateKey(c, random)
	if err != nil {
		return nil, err
	}
	mine, err := curve.MarshalPoint(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	answer, err := authenticate(ctx, card, false, 0x81, 0x82, mine)
	if err != nil {
		return nil, err
	}
	theirs, err := curve.ParsePoint(c, answer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	shared, err := curve.MultiplyBy(key, theirs)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	generator, err := curve.Map(nonce, shared)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	return generator, nil
}

// paceAgree agrees on the session's keys over the ephemeral generator, and
// exchanges the tokens that prove it.
func paceAgree(ctx context.Context, card apdu.Card, generator *ecdsa.PublicKey, oid []byte, size int, random io.Reader) (*session, error) {
	key, err := curve.GenerateKey(generator.Curve, random)
	if err != nil {
		return nil, err
	}
	public, err := curve.MultiplyBy(key, generator)
	if err != nil {
		return nil, err
	}
	mine, err := curve.MarshalPoint(public)
	if err != nil {
		return nil, err
	}
	answer, err := authenticate(ctx, card, false, 0x83, 0x84, mine)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(answer, mine) {
		return nil, fmt.Errorf("%w: the chip sent our own key back", ErrAccess)
	}
	theirs, err := curve.ParsePoint(generator.Curve, answer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	shared, err := curve.ECDH(key, theirs)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAccess, err)
	}
	suite, err := newAESSuite(shared, size)
	if err != nil {
		return nil, err
	}
	token, err := authenticate(ctx, card, true, 0x85, 0x86, paceToken(suite, oid, answer))
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(token, paceToken(suite, oid, mine)) != 1 {
		return nil, fmt.Errorf("%w: the chip's token does not verify", ErrAccess)
	}
	return &session{card: card, suite: suite, ssc: make([]byte, aes.BlockSize)}, nil
}

// paceToken is the proof over the other's public key (ICAO Doc 9303-11 section
// 4.4.3.4).
func paceToken(s *aesSuite, oid, point []byte) []byte {
	return cmac8(s.macKey, tlv.Encode(0x7F49, tlv.Encode(0x06, oid), tlv.Encode(0x86, point)))
}

// rawOID gives the value of an object identifier, without tag and length.
func rawOID(oid asn1.ObjectIdentifier) ([]byte, error) {
	der, err := asn1.Marshal(oid)
	if err != nil {
		return nil, fmt.Errorf("encode object identifier: %w", err)
	}
	return der[2:], nil
}

// randomOr is the given source of randomness, or the system's.
func randomOr(r io.Reader) io.Reader {
	if r == nil {
		return rand.Reader
	}
	return r
}
