package securechannel

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"github.com/aead/cmac"

	"example.org/cancuoc/personalization/chip/apdu"
)

// Level is what a channel protects, a sum of the bits below (Amendment D,
// 7.1.2.1).
type Level byte

// The levels of protection. Amendment D allows these sums and no others.
const (
	CMAC           Level = 0x01 // commands authenticated
	CMACDecryption Level = 0x03 // and encrypted
	CMACRMAC       Level = 0x11 // commands and responses authenticated
	DecryptionRMAC Level = 0x13 // commands encrypted, responses authenticated
	FullProtection Level = 0x33 // both encrypted and authenticated
	bitDecryption  Level = 0x02
	bitRMAC        Level = 0x10
	bitREncryption Level = 0x20
	noProtection   Level = 0x00
)

// The lengths of the S8 mode (Amendment D, 6.2.2), in bytes.
const (
	macBytes        = 8
	challengeBytes  = 8
	cryptogramBytes = 8
)

// Allowed reports whether l is one of the levels of Amendment D.
func (l Level) Allowed() bool {
	switch l {
	case CMAC, CMACDecryption, CMACRMAC, DecryptionRMAC, FullProtection:
		return true
	case noProtection, bitDecryption, bitRMAC, bitREncryption:
		return false
	}
	return false
}

// Errors of a channel. Each ends it.
var (
	ErrMAC    = errors.New("wrong message authentication code")
	ErrClosed = errors.New("the secure channel is closed")
)

// channel is what both ends of an open secure channel keep: session keys, the
// MAC chaining value and the encryption counter.
type channel struct {
	level   Level
	enc     cipher.Block
	mac     hash.Hash
	rmac    hash.Hash
	chain   [aes.BlockSize]byte
	counter [aes.BlockSize]byte
	scratch [aes.BlockSize]byte

	hostCryptogram, cardCryptogram [cryptogramBytes]byte
}

// newChannel derives the session keys and both cryptograms from the static keys
// and the challenges (Amendment D, 6.2.1 and 6.2.2).
func newChannel(keys Keys, hostChallenge, cardChallenge []byte) (*channel, error) {
	context := append(append(make([]byte, 0, 2*challengeBytes), hostChallenge...), cardChallenge...)
	bits := len(keys.ENC) * 8
	staticENC, err := newCMAC(keys.ENC)
	if err != nil {
		return nil, err
	}
	staticMAC, err := newCMAC(keys.MAC)
	if err != nil {
		return nil, err
	}
	c := &channel{}
	if c.enc, err = aes.NewCipher(derive(staticENC, deriveENC, context, bits)); err != nil {
		return nil, err
	}
	if c.mac, err = newCMAC(derive(staticMAC, deriveMAC, context, bits)); err != nil {
		return nil, err
	}
	if c.rmac, err = newCMAC(derive(staticMAC, deriveRMAC, context, bits)); err != nil {
		return nil, err
	}
	copy(c.cardCryptogram[:], derive(c.mac, deriveCardCryptogram, context, 8*cryptogramBytes))
	copy(c.hostCryptogram[:], derive(c.mac, deriveHostCryptogram, context, 8*cryptogramBytes))
	return c, nil
}

func newCMAC(key []byte) (hash.Hash, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return cmac.New(block)
}

// commandMAC extends the chain over a command whose data does not yet hold the
// MAC, and returns the eight bytes that the command carries (Amendment D, 6.2.4).
func (c *channel) commandMAC(cmd apdu.Command) []byte {
	n := len(cmd.Data) + macBytes
	head := [7]byte{cmd.CLA, cmd.INS, cmd.P1, cmd.P2, byte(n & 0xFF)}
	length := 5
	if n > apdu.MaxShortData || cmd.Le > apdu.MaxShortLe {
		head[4] = 0
		binary.BigEndian.PutUint16(head[5:], uint16(n))
		length = 7
	}
	c.mac.Reset()
	c.mac.Write(c.chain[:])
	c.mac.Write(head[:length])
	c.mac.Write(cmd.Data)
	c.mac.Sum(c.chain[:0])
	return c.chain[:macBytes]
}

// responseMAC is the MAC over a response, chained to the command's (6.2.5).
func (c *channel) responseMAC(data []byte, sw apdu.Status) []byte {
	c.rmac.Reset()
	c.rmac.Write(c.chain[:])
	c.rmac.Write(data)
	c.rmac.Write([]byte{sw.SW1(), sw.SW2()})
	return c.rmac.Sum(c.scratch[:0])[:macBytes]
}

// count steps the encryption counter, once for each command (6.2.6).
func (c *channel) count() {
	for i := len(c.counter) - 1; i >= 0; i-- {
		if c.counter[i]++; c.counter[i] != 0 {
			return
		}
	}
}

// iv is the counter block encrypted; the top bit of a response's is set (6.2.7).
func (c *channel) iv(response bool) []byte {
	c.scratch = c.counter
	if response {
		c.scratch[0] |= 0x80
	}
	c.enc.Encrypt(c.scratch[:], c.scratch[:])
	return c.scratch[:]
}

// protectsResponse reports whether a response with this status word carries a
// MAC: a success or a warning does, an error has no protection.
func (c *channel) protectsResponse(sw apdu.Status) bool {
	if c.level&bitRMAC == 0 {
		return false
	}
	return sw == apdu.OK || sw.SW1() == 0x62 || sw.SW1() == 0x63
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
