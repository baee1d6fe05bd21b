package softcard

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"slices"

	"github.com/aead/cmac"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/tlv"
)

// suite is a cipher with a MAC (9303-11, 9.8): Triple DES for BAC, AES for PACE and
// Chip Authentication.
type suite int

// The suites have the values of the last arc in the protocols' object identifiers.
const (
	suite3DES   suite = 1
	suiteAES128 suite = 2
	suiteAES192 suite = 3
	suiteAES256 suite = 4
)

// The counters of the key derivation function (9303-11, 9.7.1).
const (
	deriveEncryption = 1
	deriveMAC        = 2
	derivePassword   = 3
)

// derive is KDF(K, c) of 9303-11, 9.7.1.2.
func (s suite) derive(secret []byte, counter uint32) []byte {
	input := binary.BigEndian.AppendUint32(bytes.Clone(secret), counter)
	switch s {
	case suite3DES:
		h := sha1.Sum(input)
		return oddParity(h[:16])
	case suiteAES192:
		h := sha256.Sum256(input)
		return h[:24]
	case suiteAES256:
		h := sha256.Sum256(input)
		return h[:]
	case suiteAES128:
	}
	h := sha1.Sum(input)
	return h[:16]
}

// oddParity sets the parity bits of a DES key.
func oddParity(key []byte) []byte {
	out := bytes.Clone(key)
	for i, b := range out {
		ones := 0
		for bit := b >> 1; bit != 0; bit >>= 1 {
			ones += int(bit & 1)
		}
		out[i] = b&^1 | byte(1-ones&1)
	}
	return out
}

// messaging is one session of secure messaging (9303-11, 9.8).
type messaging struct {
	suite   suite
	enc     cipher.Block
	macKey  []byte
	counter []byte // send sequence counter, stepped before each command and each response
}

// newMessaging derives the session keys from a shared secret.
func newMessaging(s suite, secret, counter []byte) (*messaging, error) {
	return messagingWith(s, s.derive(secret, deriveEncryption), s.derive(secret, deriveMAC), counter)
}

// messagingWith begins secure messaging with session keys.
func messagingWith(s suite, enc, mac, counter []byte) (*messaging, error) {
	m := &messaging{suite: s, macKey: mac, counter: counter}
	var err error
	if s == suite3DES {
		m.enc, err = tripleDES(enc)
		return m, err
	}
	m.counter = make([]byte, aes.BlockSize)
	m.enc, err = aes.NewCipher(enc)
	return m, err
}

// tripleDES is two-key Triple DES.
func tripleDES(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(append(bytes.Clone(key), key[:8]...))
}

// step steps the send sequence counter.
func (m *messaging) step() {
	for i := len(m.counter) - 1; i >= 0; i-- {
		if m.counter[i]++; m.counter[i] != 0 {
			return
		}
	}
}

// iv is zero for Triple DES and the encrypted counter for AES.
func (m *messaging) iv() []byte {
	iv := make([]byte, m.enc.BlockSize())
	if m.suite != suite3DES {
		m.enc.Encrypt(iv, m.counter)
	}
	return iv
}

func (m *messaging) encrypt(plain []byte) []byte {
	out := isoPad(bytes.Clone(plain), m.enc.BlockSize())
	cipher.NewCBCEncrypter(m.enc, m.iv()).CryptBlocks(out, out)
	return out
}

func (m *messaging) decrypt(sealed []byte) ([]byte, bool) {
	if len(sealed) == 0 || len(sealed)%m.enc.BlockSize() != 0 {
		return nil, false
	}
	out := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(m.enc, m.iv()).CryptBlocks(out, sealed)
	return isoUnpad(out)
}

// mac is the checksum over the counter and a message, 8 bytes.
func (m *messaging) mac(message []byte) []byte {
	return m.suite.mac(m.macKey, append(bytes.Clone(m.counter), message...), m.enc.BlockSize())
}

// mac is the checksum of 9303-11, 9.8.6 over a message, which it pads: retail MAC or
// CMAC.
func (s suite) mac(key, message []byte, block int) []byte {
	if s == suite3DES {
		return retailMAC(key, isoPad(message, block))
	}
	return aesMAC(key, isoPad(message, block))
}

// aesMAC is AES-CMAC cut to 8 bytes.
func aesMAC(key, message []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		return make([]byte, 8) // cannot be: keys of derive have AES lengths
	}
	sum, err := cmac.Sum(message, block, 8)
	if err != nil {
		return make([]byte, 8)
	}
	return sum
}

// retailMAC is ISO/IEC 9797-1 MAC algorithm 3 with DES over padded blocks.
func retailMAC(key, padded []byte) []byte {
	first, err := des.NewCipher(key[:8])
	if err != nil {
		return make([]byte, 8)
	}
	second, err := des.NewCipher(key[8:16])
	if err != nil {
		return make([]byte, 8)
	}
	sum := make([]byte, des.BlockSize)
	for len(padded) > 0 {
		subtle.XORBytes(sum, sum, padded[:des.BlockSize])
		first.Encrypt(sum, sum)
		padded = padded[des.BlockSize:]
	}
	second.Decrypt(sum, sum)
	first.Encrypt(sum, sum)
	return sum
}

// isoPad pads by ISO/IEC 9797-1 method 2.
func isoPad(b []byte, block int) []byte {
	b = append(b, 0x80)
	return append(b, make([]byte, (block-len(b)%block)%block)...)
}

// isoUnpad takes that padding off.
func isoUnpad(b []byte) ([]byte, bool) {
	for i, last := range slices.Backward(b) {
		switch last {
		case 0:
		case 0x80:
			return b[:i], true
		default:
			return nil, false
		}
	}
	return nil, false
}

// serveSecured serves a command in secure messaging. An error in its protection is
// answered in plain and ends the session.
func (c *Card) serveSecured(cmd apdu.Command) apdu.Response {
	d := &c.ram.application
	m := d.messaging
	if m == nil || c.ram.selected == nil {
		return status(apdu.SecurityNotSatisfied)
	}
	plain, sw := m.unwrap(cmd)
	if sw != apdu.OK {
		d.endMessaging()
		return status(sw)
	}
	d.room = 0
	if cmd.Le <= apdu.MaxShortLe {
		d.room = m.room(apdu.MaxShortLe)
	}
	r := m.wrap(c.dispatch(plain), cmd.INS&1 != 0)
	d.room = 0
	if d.renewed != nil { // the response still had the old keys
		d.messaging, d.renewed = d.renewed, nil
	}
	return r
}

// room is how many bytes of data fit in a protected response of n bytes. The
// cryptogram has a header of three bytes and an indicator of one, the status word
// takes four bytes, the checksum ten.
func (m *messaging) room(n int) int {
	block := m.enc.BlockSize()
	return (n-3-1-4-10)/block*block - 1
}

// objects are the data objects of a protected command.
type objects struct {
	data     []byte // 85 or 87, whole
	sealed   []byte // the cryptogram in it
	expected []byte // 97, whole
	le       int
	mac      []byte // 8E
}

// unwrap checks and decrypts a protected command (9303-11, 9.8.4).
func (m *messaging) unwrap(cmd apdu.Command) (apdu.Command, apdu.Status) {
	o, sw := parseObjects(cmd)
	if sw != apdu.OK {
		return apdu.Command{}, sw
	}
	m.step()
	message := isoPad([]byte{cmd.CLA, cmd.INS, cmd.P1, cmd.P2}, m.enc.BlockSize())
	message = append(append(message, o.data...), o.expected...)
	if subtle.ConstantTimeCompare(m.mac(message), o.mac) != 1 {
		return apdu.Command{}, apdu.SecureMessagingWrong
	}
	plain := apdu.Command{CLA: cmd.CLA &^ apdu.ClassSecureMessaging, INS: cmd.INS, P1: cmd.P1, P2: cmd.P2, Le: o.le}
	if o.data == nil {
		return plain, apdu.OK
	}
	data, ok := m.decrypt(o.sealed)
	if !ok {
		return apdu.Command{}, apdu.SecureMessagingWrong
	}
	plain.Data = data
	return plain, apdu.OK
}

// parseObjects reads the objects of a protected command and checks their order.
func parseObjects(cmd apdu.Command) (objects, apdu.Status) {
	var o objects
	nodes, err := tlv.ParseAll(cmd.Data)
	if err != nil {
		return o, apdu.SecureMessagingWrong
	}
	for _, n := range nodes {
		switch {
		case o.mac != nil: // the checksum comes last
			return o, apdu.SecureMessagingWrong
		case n.Tag == 0x87 && cmd.INS&1 == 0 && o.data == nil && len(n.Value) > 1 && n.Value[0] == 0x01:
			o.data, o.sealed = n.Raw, n.Value[1:]
		case n.Tag == 0x85 && cmd.INS&1 != 0 && o.data == nil && len(n.Value) > 0:
			o.data, o.sealed = n.Raw, n.Value
		case n.Tag == 0x97 && o.expected == nil && (len(n.Value) == 1 || len(n.Value) == 2):
			o.expected, o.le = n.Raw, expectedLength(n.Value)
		case n.Tag == 0x8E && len(n.Value) == 8:
			o.mac = n.Value
		default:
			return o, apdu.SecureMessagingWrong
		}
	}
	if o.mac == nil {
		return o, apdu.SecureMessagingMissing
	}
	return o, apdu.OK
}

// expectedLength reads the Le of object 97; zero means the largest.
func expectedLength(b []byte) int {
	if len(b) == 1 {
		if b[0] == 0 {
			return apdu.MaxShortLe
		}
		return int(b[0])
	}
	if n := int(binary.BigEndian.Uint16(b)); n != 0 {
		return n
	}
	return apdu.MaxExtendedLe
}

// wrap protects a response: 87 or 85, 99, 8E (9303-11, 9.8.5).
func (m *messaging) wrap(r apdu.Response, odd bool) apdu.Response {
	m.step()
	var out []byte
	if len(r.Data) > 0 {
		if odd {
			out = tlv.Encode(0x85, m.encrypt(r.Data))
		} else {
			out = tlv.Encode(0x87, []byte{0x01}, m.encrypt(r.Data))
		}
	}
	out = append(out, tlv.Encode(0x99, []byte{r.SW.SW1(), r.SW.SW2()})...)
	out = append(out, tlv.Encode(0x8E, m.mac(out))...)
	return apdu.Response{Data: out, SW: r.SW}
}
