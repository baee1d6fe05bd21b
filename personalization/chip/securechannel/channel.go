package securechannel

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"

	"github.com/aead/cmac"

	"example.org/cancuoc/personalization/chip/apdu"
)

// Level is the security level of a channel: what it protects (Amendment D,
// 7.1.2.1).
type Level byte

// The security levels. Amendment D allows no others.
const (
	CMAC           Level = 0x01 // commands authenticated
	CMACDecryption Level = 0x03 // and encrypted
	CMACRMAC       Level = 0x11 // commands and responses authenticated
	DecryptionRMAC Level = 0x13 // and commands encrypted
	FullProtection Level = 0x33 // both encrypted and authenticated
)

// The bits of a security level beside that of authenticated commands, which is
// always set.
const (
	bitDecryption  = 0x02
	bitRMAC        = 0x10
	bitREncryption = 0x20
)

// Lengths of the S8 mode (Amendment D, 6.2.2), in bytes.
const (
	macBytes        = 8
	challengeBytes  = 8
	cryptogramBytes = 8
)

// Allowed reports whether l is one of the levels of Amendment D.
func (l Level) Allowed() bool {
	return slices.Contains([]Level{CMAC, CMACDecryption, CMACRMAC, DecryptionRMAC, FullProtection}, l)
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

	hostCryptogram, cardCryptogram []byte
}

// newChannel derives the session keys and both cryptograms from the static keys
// and the challenges (Amendment D, 6.2.1 and 6.2.2).
func newChannel(keys KeySet, hostChallenge, cardChallenge []byte) (*channel, error) {
	context := slices.Concat(hostChallenge, cardChallenge)
	bits := len(keys.ENC) * 8
	staticENC, err := newCMAC(keys.ENC)
	if err != nil {
		return nil, err
	}
	staticMAC, err := newCMAC(keys.MAC)
	if err != nil {
		return nil, err
	}
	enc, err := derive(staticENC, deriveENC, context, bits)
	if err != nil {
		return nil, err
	}
	mac, err := derive(staticMAC, deriveMAC, context, bits)
	if err != nil {
		return nil, err
	}
	rmac, err := derive(staticMAC, deriveRMAC, context, bits)
	if err != nil {
		return nil, err
	}
	c := &channel{}
	if c.enc, err = aes.NewCipher(enc); err != nil {
		return nil, err
	}
	if c.mac, err = newCMAC(mac); err != nil {
		return nil, err
	}
	if c.rmac, err = newCMAC(rmac); err != nil {
		return nil, err
	}
	if c.cardCryptogram, err = derive(c.mac, deriveCardCryptogram, context, 8*cryptogramBytes); err != nil {
		return nil, err
	}
	c.hostCryptogram, err = derive(c.mac, deriveHostCryptogram, context, 8*cryptogramBytes)
	return c, err
}

// derive derives a key or a cryptogram by a CMAC.
func derive(mac hash.Hash, purpose byte, context []byte, bits int) ([]byte, error) {
	prf := func(message []byte) ([]byte, error) {
		mac.Reset()
		mac.Write(message)
		return mac.Sum(nil), nil
	}
	return Derive(prf, Label(purpose), context, bits)
}

func newCMAC(key []byte) (hash.Hash, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return cmac.New(block)
}

// commandMAC extends the chain over a command, without its MAC, and returns the
// eight bytes of MAC that the command carries (Amendment D, 6.2.4).
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

// count steps the encryption counter, once per command (6.2.6).
func (c *channel) count() {
	for i := len(c.counter) - 1; i >= 0; i-- {
		if c.counter[i]++; c.counter[i] != 0 {
			return
		}
	}
}

// iv is the encrypted counter block; for a response its top bit is set (6.2.7).
func (c *channel) iv(response bool) []byte {
	c.scratch = c.counter
	if response {
		c.scratch[0] |= 0x80
	}
	c.enc.Encrypt(c.scratch[:], c.scratch[:])
	return c.scratch[:]
}

// protectsResponse reports whether a response with this status word carries a
// MAC: successes and warnings do, errors do not.
func (c *channel) protectsResponse(sw apdu.Status) bool {
	if c.level&bitRMAC == 0 {
		return false
	}
	return sw == apdu.OK || sw.SW1() == 0x62 || sw.SW1() == 0x63
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
