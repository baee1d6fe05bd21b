package softcard

import (
	"encoding/hex"

	"example.org/cancuoc/personalization/chip/apdu"
)

// module is a program in the chip's ROM, of which applications are instances.
type module struct {
	accepts  func(tag uint16, secret []byte) bool                  // which secrets it takes
	complete func(a *application) bool                             // nothing is missing
	generate func(*Card, *application, apdu.Command) apdu.Response // GENERATE KEY PAIR, or nil
	use      func(*Card, *application, apdu.Command) apdu.Response // what it does once personalized
}

// The identifiers of the modules. The first is the travel document of ICAO Doc
// 9303-10 and is its instance's too; the others are this chip's own.
const (
	moduleDocument  = "a0000002471001"
	moduleSignature = "a000000724560101"
	moduleData      = "a000000724560102"
)

// moduleOf finds a module in ROM.
func moduleOf(aid []byte) (module, bool) {
	switch hex.EncodeToString(aid) {
	case moduleDocument:
		return module{accepts: acceptsDocumentSecret, complete: documentComplete, use: (*Card).useDocument}, true
	case moduleSignature:
		return module{accepts: acceptsSignatureSecret, complete: signatureComplete, generate: (*Card).generateKeyPair, use: (*Card).useSignature}, true
	case moduleData:
		return module{
			accepts:  func(uint16, []byte) bool { return false },
			complete: func(a *application) bool { return len(a.files) > 0 },
			use:      (*Card).useData,
		}, true
	}
	return module{}, false
}

// useData serves an application that is nothing but files for all to read.
func (c *Card) useData(a *application, cmd apdu.Command) apdu.Response {
	switch cmd.INS {
	case insSelect:
		return c.selectCurrent(a, cmd, func(*file) bool { return true })
	case insReadBinary:
		return c.readBinary(a, cmd, func(*file) bool { return true })
	}
	return status(apdu.InstructionNotSupported)
}
