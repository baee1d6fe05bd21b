// Package apdu has what a terminal and a card exchange: the commands and responses
// of ISO/IEC 7816-3 (12.1) and 7816-4 (5.1 to 5.6), short and extended, and the
// status words at the end of each response.
//
// [Command] and [Response] are the APDUs and [Card] is what they are exchanged
// with. [Send] sends one command and does what the card asks for to complete it:
// GET RESPONSE after 61xx, the right length after 6Cxx.
package apdu

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The sizes of ISO/IEC 7816-3 (12.1.3). Lengths are in bytes.
const (
	MaxShortData    = 255             // command data in a short APDU
	MaxShortLe      = 256             // expected response data in a short APDU
	MaxExtendedData = 65535           // command data in an extended APDU
	MaxExtendedLe   = 65536           // expected response data in an extended APDU
	MaxCommand      = 7 + 65535 + 2   // a whole extended command APDU
	MaxResponse     = 65536 + swBytes // a whole response APDU
)

const (
	headerBytes = 4
	swBytes     = 2
)

// The bits of the class byte (ISO/IEC 7816-4, 5.4.1).
const (
	ClassChaining        = 0x10 // more commands of this chain follow
	ClassSecureMessaging = 0x0C // secure messaging, the command header authenticated
	ClassGlobalPlatform  = 0x80 // proprietary class of GlobalPlatform commands
)

// Command is a command APDU. Le is how many bytes of response data are expected: 0
// for none, 256 (or 65536, extended) for as many as there are.
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
	Le               int
}

// ErrMalformed is wrapped by every error of [Parse], [ParseResponse] and
// [Command.Bytes].
var ErrMalformed = errors.New("malformed APDU")

// Extended reports whether c needs the extended encoding.
func (c Command) Extended() bool {
	return len(c.Data) > MaxShortData || c.Le > MaxShortLe
}

// Bytes encodes c: short where that is possible, else extended.
func (c Command) Bytes() ([]byte, error) {
	if len(c.Data) > MaxExtendedData {
		return nil, fmt.Errorf("%w: %d bytes of command data; at most %d are possible", ErrMalformed, len(c.Data), MaxExtendedData)
	}
	if c.Le < 0 || c.Le > MaxExtendedLe {
		return nil, fmt.Errorf("%w: %d bytes of response data are expected; at most %d are possible", ErrMalformed, c.Le, MaxExtendedLe)
	}
	return c.Append(make([]byte, 0, headerBytes+3+len(c.Data)+3)), nil
}

// Append adds the encoding of c to b. The lengths of c must be in range, as
// [Command.Bytes] checks.
func (c Command) Append(b []byte) []byte {
	b = append(b, c.CLA, c.INS, c.P1, c.P2)
	if c.Extended() {
		return c.appendExtendedBody(b)
	}
	if len(c.Data) > 0 {
		b = append(b, byte(len(c.Data)&0xFF))
		b = append(b, c.Data...)
	}
	if c.Le > 0 {
		b = append(b, byte(c.Le&0xFF)) // 256 becomes 00
	}
	return b
}

func (c Command) appendExtendedBody(b []byte) []byte {
	b = append(b, 0)
	if len(c.Data) > 0 {
		b = binary.BigEndian.AppendUint16(b, uint16(len(c.Data)))
		b = append(b, c.Data...)
	}
	if c.Le > 0 {
		b = binary.BigEndian.AppendUint16(b, uint16(c.Le&0xFFFF)) // 65536 becomes 0000
	}
	return b
}

// Parse decodes a command APDU, in one of the seven cases of ISO/IEC 7816-3
// (12.1.3). The data of the result points into b. The error wraps ErrMalformed.
func Parse(b []byte) (Command, error) {
	if len(b) < headerBytes {
		return Command{}, fmt.Errorf("%w: it has %d bytes; the header alone has %d", ErrMalformed, len(b), headerBytes)
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	body := b[headerBytes:]
	switch {
	case len(body) == 0: // case 1
		return c, nil
	case len(body) == 1: // case 2 short
		c.Le = shortLe(body[0])
		return c, nil
	case body[0] != 0:
		return parseShort(c, body)
	default:
		return parseExtended(c, body)
	}
}

// parseShort decodes Lc, data and, if there is one, Le (cases 3 and 4 short).
func parseShort(c Command, body []byte) (Command, error) {
	n, rest := int(body[0]), body[1:]
	switch len(rest) {
	case n:
	case n + 1:
		c.Le = shortLe(rest[n])
	default:
		return Command{}, fmt.Errorf("%w: Lc is %d, but %d bytes follow", ErrMalformed, n, len(rest))
	}
	c.Data = rest[:n:n]
	return c, nil
}

// parseExtended decodes what follows the 00 of an extended APDU (cases 2, 3
// and 4 extended).
func parseExtended(c Command, body []byte) (Command, error) {
	if len(body) < 3 {
		return Command{}, fmt.Errorf("%w: an extended length has 3 bytes, but there are %d", ErrMalformed, len(body))
	}
	n, rest := int(binary.BigEndian.Uint16(body[1:3])), body[3:]
	if len(rest) == 0 {
		c.Le = extendedLe(n)
		return c, nil
	}
	switch {
	case n == 0:
		return Command{}, fmt.Errorf("%w: extended Lc is zero", ErrMalformed)
	case len(rest) == n:
	case len(rest) == n+2:
		c.Le = extendedLe(int(binary.BigEndian.Uint16(rest[n:])))
	default:
		return Command{}, fmt.Errorf("%w: Lc is %d, but %d bytes follow", ErrMalformed, n, len(rest))
	}
	c.Data = rest[:n:n]
	return c, nil
}

func shortLe(b byte) int {
	if b == 0 {
		return MaxShortLe
	}
	return int(b)
}

func extendedLe(n int) int {
	if n == 0 {
		return MaxExtendedLe
	}
	return n
}

// Response is a response APDU.
type Response struct {
	Data []byte
	SW   Status
}

// ParseResponse decodes a response APDU. The data of the result points into b. The
// error wraps ErrMalformed.
func ParseResponse(b []byte) (Response, error) {
	n := len(b) - swBytes
	if n < 0 {
		return Response{}, fmt.Errorf("%w: a response of %d bytes; the status word alone has %d", ErrMalformed, len(b), swBytes)
	}
	if n > MaxExtendedLe {
		return Response{}, fmt.Errorf("%w: %d bytes of response data; at most %d are possible", ErrMalformed, n, MaxExtendedLe)
	}
	if sw1 := b[n]; sw1 <= 0x60 || sw1 > 0x6F && sw1 < 0x90 || sw1 > 0x9F { // ISO/IEC 7816-3, 10.3.3
		return Response{}, fmt.Errorf("%w: %X is no status word: the response was cut", ErrMalformed, b[n:])
	}
	return Response{Data: b[:n:n], SW: Status(binary.BigEndian.Uint16(b[n:]))}, nil
}

// Bytes encodes r.
func (r Response) Bytes() []byte {
	return r.Append(make([]byte, 0, len(r.Data)+swBytes))
}

// Append adds the encoding of r to b.
func (r Response) Append(b []byte) []byte {
	b = append(b, r.Data...)
	return binary.BigEndian.AppendUint16(b, uint16(r.SW))
}

// Err is nil after status word 9000; any other status word is the error.
func (r Response) Err() error {
	if r.SW == OK {
		return nil
	}
	return r.SW
}
