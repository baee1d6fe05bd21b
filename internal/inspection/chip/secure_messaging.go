package chip

import (
	"context"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/tlv"
)

// ErrMessaging means a response whose checksum is wrong or that is not protected.
var ErrMessaging = errors.New("secure messaging failed")

// wrongMessage makes an ErrMessaging with its reason.
func wrongMessage(reason string) error { return fmt.Errorf("%w: %s", ErrMessaging, reason) }

// Data objects of secure messaging (ICAO Doc 9303-11 section 9.8).
const (
	doEncrypted    = 0x87 // padding indicator and cryptogram
	doEncryptedTLV = 0x85 // cryptogram of data objects, with odd instructions
	doLe           = 0x97
	doStatus       = 0x99
	doMAC          = 0x8E
)

// macSize is the length of a checksum in bytes, for all suites.
const macSize = 8

// session is the terminal's side of secure messaging (ICAO Doc 9303-11 section 9.8).
type session struct {
	line     *plainChannel
	suite    suite
	ssc      []byte // send sequence counter, one block
	extended bool   // the chip takes extended lengths
	unproven bool   // there was no protected response with these keys yet

	objects []byte // buffer for the objects of a command
}

// send implements channel: it protects the command, sends it, and checks and
// decrypts the response, whose data points into what the card returned.
func (s *session) send(ctx context.Context, c apdu.Command) (apdu.Response, error) {
	protected := s.protect(c)
	r, err := apdu.Send(ctx, s.line, protected)
	if err != nil {
		return apdu.Response{}, err
	}
	s.count()
	return s.open(r)
}

// room implements channel. Beside the cryptogram, which has a header, an indicator
// and padding, a response has the objects of status word and checksum.
func (s *session) room(longest int) int {
	const beside = 2 + (2 + 2) + (2 + macSize) // status word, objects 99 and 8E
	header := 1 + 2 + 1
	if longest > apdu.MaxShortLe+2 {
		header++
	}
	block := s.suite.blockSize()
	return (longest-beside-header)/block*block - 1
}

// count steps the send sequence counter.
func (s *session) count() {
	for i, b := range slices.Backward(s.ssc) {
		if s.ssc[i] = b + 1; s.ssc[i] != 0 {
			return
		}
	}
}

// protect protects a command. The result is valid until the next call.
func (s *session) protect(c apdu.Command) apdu.Command {
	s.count()
	objects := s.objects[:0]
	if len(c.Data) > 0 {
		cryptogram := s.suite.encrypt(s.ssc, pad(c.Data, s.suite.blockSize()))
		if c.INS&1 == 1 {
			objects = tlv.AppendHeader(objects, doEncryptedTLV, len(cryptogram))
		} else {
			objects = append(tlv.AppendHeader(objects, doEncrypted, 1+len(cryptogram)), 1)
		}
		objects = append(objects, cryptogram...)
	}
	switch {
	case c.Le > apdu.MaxShortLe:
		objects = append(objects, doLe, 2, byte(c.Le>>8&0xFF), byte(c.Le&0xFF))
	case c.Le > 0:
		objects = append(objects, doLe, 1, byte(c.Le&0xFF))
	}
	header := [4]byte{c.CLA | apdu.ClassSecureMessaging, c.INS, c.P1, c.P2}
	mac := s.mac(header[:], s.padding(len(header)), objects, s.padding(len(objects)))
	objects = append(tlv.AppendHeader(objects, doMAC, macSize), mac...)
	s.objects = objects
	le := apdu.MaxShortLe
	if s.extended {
		le = apdu.MaxExtendedLe
	}
	return apdu.Command{CLA: header[0], INS: c.INS, P1: c.P1, P2: c.P2, Data: objects, Le: le}
}

// mac is the checksum over the counter and a message in parts, all padded.
func (s *session) mac(parts ...[]byte) []byte {
	return s.suite.mac(append([][]byte{s.ssc}, parts...)...)
}

// padding is what padding method 2 of ISO/IEC 9797-1 adds to n bytes. An absent
// part, of 0 bytes, is not padded.
func (s *session) padding(n int) []byte {
	if n == 0 {
		return nil
	}
	const longest = "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	block := s.suite.blockSize()
	return []byte(longest)[:block-n%block]
}

// open checks and decrypts a response. Some chips report errors by a status word that
// is not protected: it is the response, unless it ends the session.
func (s *session) open(r apdu.Response) (apdu.Response, error) {
	if len(r.Data) == 0 && r.SW != apdu.OK {
		if r.SW == apdu.SecureMessagingMissing || r.SW == apdu.SecureMessagingWrong {
			return r, fmt.Errorf("%w: the chip ended the session: %w", ErrMessaging, r.SW)
		}
		return r, nil
	}
	p, err := readProtected(r.Data)
	if err != nil {
		return apdu.Response{}, err
	}
	if subtle.ConstantTimeCompare(p.mac, s.mac(p.covered, s.padding(len(p.covered)))) != 1 {
		return apdu.Response{}, wrongMessage("the checksum of a response is wrong")
	}
	s.unproven = false
	if p.status != r.SW {
		return apdu.Response{}, wrongMessage("the status word outside is not the one inside")
	}
	data, err := s.suite.decrypt(s.ssc, p.cryptogram)
	if err != nil {
		return apdu.Response{}, err
	}
	return apdu.Response{Data: data, SW: p.status}, nil
}

// protected are the objects of a response.
type protected struct {
	cryptogram []byte // nil if the response has no data
	status     apdu.Status
	covered    []byte // what the checksum covers, before padding
	mac        []byte
}

// readProtected reads the objects of a response: at most one cryptogram, then one
// status word, then the checksum over both.
func readProtected(b []byte) (protected, error) {
	var p protected
	for rest := b; p.mac == nil; {
		n, after, err := tlv.Parse(rest)
		if err != nil {
			return p, fmt.Errorf("%w: %w", ErrMessaging, err)
		}
		switch {
		case n.Tag == doMAC && len(n.Value) == macSize && len(after) == 0 && p.status != 0:
			p.covered, p.mac = b[:len(b)-len(n.Raw)], n.Value
		case n.Tag == doStatus && len(n.Value) == 2 && p.status == 0:
			p.status = apdu.Status(n.Value[0])<<8 | apdu.Status(n.Value[1])
		case n.Tag == doEncrypted && len(n.Value) > 1 && n.Value[0] == 1 && p.cryptogram == nil && p.status == 0:
			p.cryptogram = n.Value[1:]
		case n.Tag == doEncryptedTLV && len(n.Value) > 0 && p.cryptogram == nil && p.status == 0:
			p.cryptogram = n.Value
		default:
			return p, wrongMessage("a response is not protected as it must be")
		}
		rest = after
	}
	return p, nil
}

// pad is padding method 2 of ISO/IEC 9797-1.
func pad(b []byte, size int) []byte {
	out := make([]byte, (len(b)/size+1)*size)
	out[copy(out, b)] = 0x80
	return out
}

// unpad removes the padding.
func unpad(b []byte) ([]byte, error) {
	for i, v := range slices.Backward(b) {
		switch v {
		case 0x80:
			return b[:i:i], nil
		case 0:
		default:
			return nil, wrongMessage("the padding of a response is wrong")
		}
	}
	return nil, wrongMessage("the padding of a response is wrong")
}

// decryptCBC decrypts in place.
func decryptCBC(block cipher.Block, iv, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b)%block.BlockSize() != 0 {
		return nil, wrongMessage("a cryptogram is not whole blocks")
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(b, b)
	return unpad(b)
}
