package softcard

import (
	"encoding/hex"

	"example.org/cancuoc/personalization/chip/apdu"
)

// module is a program in the chip's ROM. Applications are its instances.
type module struct {
	accepts  func(tag uint16, secret []byte) bool                  // whether a secret can be stored
	stored   func(*memory, *application)                           // after a secret was stored, or nil
	complete func(a *application) bool                             // whether nothing is missing
	generate func(*Card, *application, apdu.Command) apdu.Response // GENERATE ASYMMETRIC KEY PAIR, or nil
	use      func(*Card, *application, apdu.Command) apdu.Response // serves a command once personalized
}

// The identifiers of the modules. The first is that of the eMRTD application (ICAO
// Doc 9303-10), which its instance has too; the others are this chip's own.
const (
	moduleEMRTD     = "a0000002471001"
	moduleSignature = "a000000724560101"
	moduleData      = "a000000724560102"
)

// moduleOf finds a module in ROM.
func moduleOf(aid []byte) (module, bool) {
	switch hex.EncodeToString(aid) {
	case moduleEMRTD:
		return module{accepts: acceptsEMRTDSecret, complete: emrtdComplete, generate: (*Card).generateEMRTDKey, use: (*Card).useEMRTD}, true
	case moduleSignature:
		return module{
			accepts: acceptsSignatureSecret, stored: transportPINStored, complete: signatureComplete,
			generate: (*Card).generateSignatureKey, use: (*Card).useSignature,
		}, true
	case moduleData:
		return module{
			accepts:  func(uint16, []byte) bool { return false },
			complete: func(a *application) bool { return len(a.files) > 0 },
			use:      (*Card).useData,
		}, true
	}
	return module{}, false
}

// useData serves an application that has only files: in secure messaging alone, which needs what
// is printed on the card. Outside, a document would tell strangers who the holder is.
func (c *Card) useData(a *application, cmd apdu.Command) apdu.Response {
	allowed := func(*file) bool { return c.ram.application.granted }
	switch cmd.INS {
	case apdu.Select:
		return c.selectCurrent(a, cmd, allowed)
	case apdu.ReadBinary:
		return c.readBinary(a, cmd, allowed)
	}
	return status(apdu.InstructionNotSupported)
}
