// Package globalplatform names what the GlobalPlatform Card Specification 2.3.1
// defines beside the secure channel: the issuer security domain, life cycle
// states, data objects, and the parameters of the commands that personalize a
// chip. Package securechannel is the channel itself.
package globalplatform

import (
	"bytes"
	"errors"
	"fmt"
)

// IssuerSecurityDomain is the application identifier of the issuer security
// domain (H.1.3).
func IssuerSecurityDomain() []byte { return []byte{0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00} }

// LifeCycle is the life cycle state of a card (5.1.1 and 11.1.1).
type LifeCycle byte

// The life cycle states of a card, in their order.
const (
	OpReady     LifeCycle = 0x01
	Initialized LifeCycle = 0x07
	Secured     LifeCycle = 0x0F
)

// String is the name in the specification.
func (l LifeCycle) String() string {
	switch l {
	case OpReady:
		return "OP_READY"
	case Initialized:
		return "INITIALIZED"
	case Secured:
		return "SECURED"
	}
	return fmt.Sprintf("%02X", byte(l))
}

// The life cycle states of an application (11.1.1, table 11-4).
const (
	Selectable   = 0x07
	Personalized = 0x0F // specific to the application
)

// The tags of data objects of the issuer security domain (11.3 and appendix H).
const (
	TagCPLC        = 0x9F7F // card production life cycle data: who made the chip, when, and its serial
	TagKeys        = 0x00E0 // key information template
	TagRecognition = 0x0066 // card recognition data
)

// The parameter P1 of INSTALL (11.5.2.1).
const (
	InstallAndMakeSelectable  = 0x0C // [for install and make selectable]
	InstallForPersonalization = 0x20 // [for personalization]
)

// The bits of the parameter P1 of STORE DATA (11.11.2.1).
const (
	StoreLast      = 0x80 // the last block
	StoreEncrypted = 0x60 // the values are encrypted
	StoreBER       = 0x10 // data objects in BER-TLV
	StoreDGI       = 0x08 // data groupings: identifier of two bytes, length, value
	StoreStructure = StoreBER | StoreDGI
)

// The parameter P1 of GET STATUS and SET STATUS (11.4.2.1, 11.10.2.1).
const (
	ScopeCard         = 0x80 // the issuer security domain, and with it the card
	ScopeApplications = 0x40
)

// Privileges of applications, first byte (11.1.2).
const (
	PrivilegeCardReset      = 0x04 // selected by default after reset
	PrivilegeSecurityDomain = 0x80
)

// SerialSize is the length of a chip's serial in bytes. It is also the key
// diversification data of the chip.
const SerialSize = 10

// cplcSize is the length of the card production life cycle data.
const cplcSize = 42

// CPLC makes card production life cycle data of a chip's serial: fabricator,
// fabrication date, serial and batch in their places, the rest zero.
func CPLC(serial []byte) []byte {
	b := make([]byte, cplcSize)
	copy(b[0:2], serial[0:2])
	copy(b[10:18], serial[2:SerialSize])
	return b
}

// ErrNoSerial means a chip whose maker has not given it a serial.
var ErrNoSerial = errors.New("the chip has no serial of its own")

// ParseCPLC reads a chip's serial from its card production life cycle data. Where its place is as
// memory is that was never written, the error is ErrNoSerial.
func ParseCPLC(b []byte) (serial []byte, err error) {
	if len(b) != cplcSize {
		return nil, fmt.Errorf("card production life cycle data of %d bytes, not %d", len(b), cplcSize)
	}
	if own := b[12:18]; bytes.Count(own, []byte{0}) == len(own) || bytes.Count(own, []byte{0xFF}) == len(own) {
		return nil, ErrNoSerial
	}
	return append(bytes.Clone(b[0:2]), b[10:18]...), nil
}
