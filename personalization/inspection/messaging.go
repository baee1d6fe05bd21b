package inspection

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // BAC is 3DES (ICAO Doc 9303-11 section 9.8.6)
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"github.com/aead/cmac"

	"example.org/cancuoc/personalization/apdu"
	"example.org/cancuoc/personalization/tlv"
)

// ErrMessaging is a response that does not hold: its checksum is wrong, or it is
// not protected at all.
var ErrMessaging = errors.New("secure messaging failed")

// suite is the cryptography of a session.
type suite interface {
	blockSize() int
	encrypt(ssc, padded []byte) []byte
	decrypt(ssc, b []byte) ([]byte, error)
	mac(b []byte) []byte // 8 bytes, over b with its padding
}

// session is secure messaging on a card (ICAO Doc 9303-11 section 9.8), from the
// terminal's side. It is itself a card whose commands are in clear.
type session struct {
	card  apdu.Card
	suite suite
	ssc   []byte
}

// Data objects of secure messaging.
const (
	doEncrypted    = 0x87 // padding indicator and cryptogram
	doEncryptedTLV = 0x85 // cryptogram of data objects, with odd instructions
	doLe           = 0x97
	doStatus       = 0x99
	doMAC          = 0x8E
)

// Transmit implements apdu.Card: it protects the command, sends it, and checks and
// opens the response.
func (s *session) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	c, err := apdu.Parse(command)
	if err != nil {
		return nil, fmt.Errorf("protect command: %w", err)
	}
	protected, err := s.protect(c)
	if err != nil {
		return nil, err
	}
	raw, err := s.card.Transmit(ctx, protected)
	if err != nil {
		return nil, err
	}
	r, err := apdu.ParseResponse(raw)
	if err != nil {
		return nil, fmt.Errorf("read protected response: %w", err)
	}
	s.count()
	if len(r.Data) == 0 && !ok(r.SW) { // a bare status word: the card ended the session
		return raw, nil
	}
	return s.open(r)
}

func ok(sw apdu.Status) bool { return sw == 0x9000 }

// count moves the send sequence counter.
func (s *session) count() {
	for i := len(s.ssc) - 1; i >= 0; i-- {
		if s.ssc[i]++; s.ssc[i] != 0 {
			return
		}
	}
}

// protect wraps a command.
func (s *session) protect(c apdu.Command) ([]byte, error) {
	s.count()
	var objects []byte
	if len(c.Data) > 0 {
		cryptogram := s.suite.encrypt(s.ssc, pad(c.Data, s.suite.blockSize()))
		if c.INS&1 == 1 {
			objects = tlv.Encode(doEncryptedTLV, cryptogram)
		} else {
			objects = tlv.Encode(doEncrypted, []byte{1}, cryptogram)
		}
	}
	if c.Le > 0 {
		le := []byte{byte(c.Le & 0xFF)}
		if c.Le > 256 {
			le = []byte{byte(c.Le >> 8 & 0xFF), byte(c.Le & 0xFF)}
		}
		objects = append(objects, tlv.Encode(doLe, le)...)
	}
	header := pad([]byte{c.CLA | 0x0C, c.INS, c.P1, c.P2}, s.suite.blockSize())
	input := append(append(append([]byte{}, s.ssc...), header...), objects...)
	if len(objects) > 0 {
		input = pad(input, s.suite.blockSize())
	}
	objects = append(objects, tlv.Encode(doMAC, s.suite.mac(input))...)
	le := 256
	if c.Le > 231 || len(objects) > 255 {
		le = apdu.MaxExtendedLe
	}
	wrapped := apdu.Command{CLA: c.CLA | 0x0C, INS: c.INS, P1: c.P1, P2: c.P2, Data: objects, Le: le}
	return wrapped.Bytes()
}

// open checks a response and gives it in clear.
func (s *session) open(r apdu.Response) ([]byte, error) {
	nodes, err := tlv.ParseAll(r.Data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessaging, err)
	}
	var cryptogram, status, mac []byte
	var covered []byte
	for _, n := range nodes {
		switch n.Tag {
		case doEncrypted:
			if len(n.Value) < 1 || n.Value[0] != 1 {
				return nil, fmt.Errorf("%w: padding indicator", ErrMessaging)
			}
			cryptogram = n.Value[1:]
		case doEncryptedTLV:
			cryptogram = n.Value
		case doStatus:
			status = n.Value
		case doMAC:
			mac = n.Value
			continue
		}
		covered = append(covered, n.Raw...)
	}
	input := pad(append(append([]byte{}, s.ssc...), covered...), s.suite.blockSize())
	if len(status) != 2 || subtle.ConstantTimeCompare(mac, s.suite.mac(input)) != 1 {
		return nil, fmt.Errorf("%w: the checksum is wrong or missing", ErrMessaging)
	}
	data, err := s.suite.decrypt(s.ssc, cryptogram)
	if err != nil {
		return nil, err
	}
	return append(data, status...), nil
}

// pad is padding method 2 of ISO/IEC 9797-1.
func pad(b []byte, size int) []byte {
	out := append(append(make([]byte, 0, len(b)+size), b...), 0x80)
	for len(out)%size != 0 {
		out = append(out, 0)
	}
	return out
}

// unpad takes the padding off.
func unpad(b []byte) ([]byte, error) {
	for i, v := range slices.Backward(b) {
		switch v {
		case 0x80:
			return b[:i], nil
		case 0:
		default:
			return nil, fmt.Errorf("%w: padding", ErrMessaging)
		}
	}
	return nil, fmt.Errorf("%w: padding", ErrMessaging)
}

// aesSuite is AES with CMAC (ICAO Doc 9303-11 section 9.8.6.1).
type aesSuite struct {
	enc    cipher.Block
	macKey cipher.Block
}

func newAESSuite(secret []byte, size int) (*aesSuite, error) {
	enc, err := aes.NewCipher(derive(secret, forEncryption, size))
	if err != nil {
		return nil, err
	}
	mac, err := aes.NewCipher(derive(secret, forMAC, size))
	if err != nil {
		return nil, err
	}
	return &aesSuite{enc: enc, macKey: mac}, nil
}

func (a *aesSuite) blockSize() int { return aes.BlockSize }

// iv is the send sequence counter, encrypted.
func (a *aesSuite) iv(ssc []byte) []byte {
	iv := make([]byte, aes.BlockSize)
	a.enc.Encrypt(iv, ssc)
	return iv
}

func (a *aesSuite) encrypt(ssc, padded []byte) []byte {
	out := make([]byte, len(padded))
	cipher.NewCBCEncrypter(a.enc, a.iv(ssc)).CryptBlocks(out, padded)
	return out
}

func (a *aesSuite) decrypt(ssc, b []byte) ([]byte, error) {
	return decryptCBC(a.enc, a.iv(ssc), b)
}

func (a *aesSuite) mac(b []byte) []byte { return cmac8(a.macKey, b) }

// cmac8 is AES-CMAC cut to 8 bytes.
func cmac8(key cipher.Block, b []byte) []byte {
	sum, err := cmac.Sum(b, key, 8)
	if err != nil { // a block cipher of 16 bytes and a tag of 8 are always taken
		panic(err)
	}
	return sum
}

func decryptCBC(block cipher.Block, iv, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b)%block.BlockSize() != 0 {
		return nil, fmt.Errorf("%w: cryptogram of %d bytes", ErrMessaging, len(b))
	}
	out := make([]byte, len(b))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, b)
	return unpad(out)
}

// desSuite is two-key triple DES with the retail MAC (ICAO Doc 9303-11 section
// 9.8.6.2).
type desSuite struct {
	enc         cipher.Block
	first, both cipher.Block // single DES by the first half; triple DES
}

func newDESSuite(secret []byte) (*desSuite, error) {
	enc, err := des.NewTripleDESCipher(desKey(derive(secret, forEncryption, 16))) //nolint:gosec // BAC
	if err != nil {
		return nil, err
	}
	key := desKey(derive(secret, forMAC, 16))
	first, err := des.NewCipher(key[:8]) //nolint:gosec // BAC
	if err != nil {
		return nil, err
	}
	both, err := des.NewTripleDESCipher(key) //nolint:gosec // BAC
	if err != nil {
		return nil, err
	}
	return &desSuite{enc: enc, first: first, both: both}, nil
}

func (d *desSuite) blockSize() int { return des.BlockSize }

func (d *desSuite) encrypt(_, padded []byte) []byte {
	out := make([]byte, len(padded))
	cipher.NewCBCEncrypter(d.enc, make([]byte, des.BlockSize)).CryptBlocks(out, padded) //nolint:gosec // ICAO Doc 9303-11 section 9.8.6.2: an IV of zeros
	return out
}

func (d *desSuite) decrypt(_, b []byte) ([]byte, error) {
	return decryptCBC(d.enc, make([]byte, des.BlockSize), b)
}

// mac is algorithm 3 of ISO/IEC 9797-1: DES to the last block, that by triple DES.
func (d *desSuite) mac(b []byte) []byte {
	state := make([]byte, des.BlockSize)
	for len(b) > 0 {
		subtle.XORBytes(state, state, b[:des.BlockSize])
		if b = b[des.BlockSize:]; len(b) == 0 {
			d.both.Encrypt(state, state)
		} else {
			d.first.Encrypt(state, state)
		}
	}
	return state
}
