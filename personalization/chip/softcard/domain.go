package softcard

import (
	"bytes"
	"encoding/binary"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/tlv"
)

// domainAID names the issuer security domain.
func domainAID() []byte { return []byte{0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00} }

// The data objects of the security domain (GlobalPlatform Card Specification
// 2.3.1, 11.3 and appendix H).
const (
	tagProductionData = 0x9F7F // CPLC: who made the chip, when, and its serial
	tagKeyInformation = 0x00E0
	tagRecognition    = 0x0066
	productionBytes   = 42
)

// The privileges of applications (11.1.2), first byte.
const (
	privilegeDefaultSelected = 0x04
	privilegeDomain          = 0x80
)

// channelCommand serves what both the security domain and an application that
// is being made know: the opening of a secure channel.
func (c *Card) channelCommand(cmd apdu.Command) (r apdu.Response, served bool) {
	if cmd.CLA&apdu.ClassGlobalPlatform == 0 || cmd.INS != insInitUpdate {
		return apdu.Response{}, false
	}
	c.endChannel()
	if a := c.ram.selected; a != nil && !c.fillable(a) {
		return status(apdu.ConditionsNotSatisfied), true
	}
	keys, found := c.nv.keySet(cmd.P1)
	switch {
	case !found:
		return status(apdu.ReferenceNotFound), true
	case len(cmd.Data) != 8:
		return status(apdu.WrongLength), true
	}
	c.nv.stepSequence()
	channel, answer, err := securechannel.Answer(keys, c.nv.serial[:], c.nv.sequence, domainAID(), cmd.Data)
	if err != nil { // the counter has come to its end
		return status(apdu.AuthenticationBlocked), true
	}
	c.ram.channel = channel
	return apdu.Response{Data: answer, SW: apdu.OK}, true
}

func (c *Card) externalAuthenticate(cmd apdu.Command) apdu.Response {
	if c.ram.channel == nil || c.ram.channel.Open() {
		c.endChannel()
		return status(apdu.ConditionsNotSatisfied)
	}
	sw := c.ram.channel.Authenticate(cmd)
	if sw != apdu.OK {
		c.endChannel()
	}
	return status(sw)
}

// domainCommand serves a command to the security domain.
func (c *Card) domainCommand(cmd apdu.Command) apdu.Response {
	if cmd.INS == insGetData {
		return c.getData(cmd)
	}
	if !c.ram.channel.Open() {
		return status(withoutChannel(cmd))
	}
	if cmd.INS == insGetStatus {
		return c.getStatus(cmd)
	}
	if c.nv.life == Secured {
		return status(apdu.ConditionsNotSatisfied)
	}
	if serve, known := c.management(cmd.INS); known {
		return serve(cmd)
	}
	return status(apdu.InstructionNotSupported)
}

// withoutChannel is the answer to a command that needs a secure channel, or
// that the security domain does not know. SELECT MF by a reader that has not
// selected the document is met kindly.
func withoutChannel(cmd apdu.Command) apdu.Status {
	switch {
	case writes(cmd.INS), cmd.INS == insGetStatus:
		return apdu.SecurityNotSatisfied
	case cmd.INS == insSelect:
		return apdu.FileNotFound
	}
	return apdu.InstructionNotSupported
}

// management finds the command that changes the card.
func (c *Card) management(ins byte) (func(apdu.Command) apdu.Response, bool) {
	switch ins {
	case insInstall:
		return c.install, true
	case insDelete:
		return c.deleteApplication, true
	case insStoreData:
		return c.storeData, true
	case insPutKey:
		return c.putKey, true
	case insSetStatus:
		return c.setStatus, true
	}
	return nil, false
}

// getData is GET DATA. Production data and key versions are public; what the
// issuer stored is read through a secure channel only.
func (c *Card) getData(cmd apdu.Command) apdu.Response {
	tag := binary.BigEndian.Uint16([]byte{cmd.P1, cmd.P2})
	switch tag {
	case tagProductionData:
		return apdu.Response{Data: tlv.Encode(tagProductionData, c.productionData()), SW: apdu.OK}
	case tagKeyInformation:
		return apdu.Response{Data: tlv.Encode(tagKeyInformation, c.keyInformation()), SW: apdu.OK}
	case tagRecognition:
		return apdu.Response{Data: recognitionData(), SW: apdu.OK}
	}
	value, found := findObject(c.nv.objects, tag)
	switch {
	case !c.ram.channel.Open():
		return status(apdu.SecurityNotSatisfied)
	case !found:
		return status(apdu.ReferenceNotFound)
	}
	return apdu.Response{Data: tlv.Encode(uint32(tag), value), SW: apdu.OK}
}

// productionData is the CPLC: the parts of the serial where they belong, the
// rest zero.
func (c *Card) productionData() []byte {
	b := make([]byte, productionBytes)
	copy(b[0:2], c.nv.serial[0:2])    // IC fabricator
	copy(b[10:18], c.nv.serial[2:10]) // IC fabrication date, serial, batch
	return b
}

// keyInformation lists the key versions: identifier, version, type AES, length.
func (c *Card) keyInformation() []byte {
	var b []byte
	for _, k := range c.nv.keys {
		for id := byte(1); id <= 3; id++ {
			b = append(b, tlv.Encode(0xC0, []byte{id, k.Version, 0x88, byte(len(k.ENC) & 0xFF)})...)
		}
	}
	return b
}

// recognitionData says GlobalPlatform 2.3.1 and SCP03 with i = 70 (appendix H.2).
func recognitionData() []byte {
	globalPlatform := []byte{0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B}
	version := append(slices.Clone(globalPlatform), 0x02, 0x02, 0x03, 0x01)
	protocol := append(slices.Clone(globalPlatform), 0x04, 0x03, 0x70)
	return tlv.Encode(0x66, tlv.Encode(0x73,
		tlv.Encode(0x06, append(slices.Clone(globalPlatform), 0x01)),
		tlv.Encode(0x60, tlv.Encode(0x06, version)),
		tlv.Encode(0x64, tlv.Encode(0x06, protocol)),
	))
}

// getStatus is GET STATUS: the card (P1 80) or its applications (P1 40).
func (c *Card) getStatus(cmd apdu.Command) apdu.Response {
	if cmd.P2&0x02 == 0 {
		return status(apdu.WrongParameters)
	}
	entry := func(aid []byte, life, privileges byte) []byte {
		return tlv.Encode(0xE3, tlv.Encode(0x4F, aid), tlv.Encode(0x9F70, []byte{life}), tlv.Encode(0xC5, []byte{privileges, 0, 0}))
	}
	var data []byte
	switch cmd.P1 {
	case scopeCard:
		data = entry(domainAID(), byte(c.nv.life), privilegeDomain)
	case scopeApplications:
		for _, a := range c.nv.apps {
			data = append(data, entry(a.aid, a.life, a.privileges)...)
		}
	default:
		return status(apdu.WrongParameters)
	}
	if len(data) == 0 {
		return status(apdu.ReferenceNotFound)
	}
	return apdu.Response{Data: data, SW: apdu.OK}
}

// The scopes of GET STATUS and SET STATUS.
const (
	scopeCard         = 0x80
	scopeApplications = 0x40
)

// setStatus is SET STATUS: the card goes forward, never back; an application
// becomes personalized.
func (c *Card) setStatus(cmd apdu.Command) apdu.Response {
	switch cmd.P1 {
	case scopeCard:
		next := Life(cmd.P2)
		if (next != Initialized && next != Secured) || next < c.nv.life {
			return status(apdu.WrongParameters)
		}
		if next == Secured && c.nv.life == OpReady { // 5.1.1: not past INITIALIZED
			return status(apdu.ConditionsNotSatisfied)
		}
		c.nv.setLife(next)
		return status(apdu.OK)
	case scopeApplications:
		a := c.nv.application(cmd.Data)
		switch {
		case a == nil:
			return status(apdu.ReferenceNotFound)
		case cmd.P2 != appPersonalized:
			return status(apdu.WrongParameters)
		}
		return status(c.personalized(a))
	}
	return status(apdu.WrongParameters)
}

// personalized ends the making of an application, if nothing of it is missing.
func (c *Card) personalized(a *application) apdu.Status {
	m, known := moduleOf(a.module)
	if !known || !c.ram.store.done() || !m.complete(a) {
		return apdu.ConditionsNotSatisfied
	}
	c.nv.setApplicationLife(a, appPersonalized)
	c.ram.personal = nil
	return apdu.OK
}

func (c *Card) putKey(cmd apdu.Command) apdu.Response {
	if cmd.P2 != 0x81 {
		return status(apdu.WrongParameters)
	}
	next, err := securechannel.ParsePutKey(c.ram.channel.Keys().DEK, cmd.Data)
	if err != nil {
		return status(apdu.WrongData)
	}
	receipt := []byte{next.Version}
	for _, key := range [][]byte{next.ENC, next.MAC, next.DEK} {
		check, err := securechannel.CheckValue(key)
		if err != nil {
			return status(apdu.WrongData)
		}
		receipt = append(receipt, check...)
	}
	if sw := c.nv.replaceKeys(cmd.P1, next); sw != apdu.OK {
		return status(sw)
	}
	return apdu.Response{Data: receipt, SW: apdu.OK}
}

// deleteApplication is DELETE with the instance's AID.
func (c *Card) deleteApplication(cmd apdu.Command) apdu.Response {
	aid, err := tlv.ParseOnly(cmd.Data, 0x4F)
	if err != nil {
		return status(apdu.WrongData)
	}
	a := c.nv.application(aid.Value)
	if a == nil {
		return status(apdu.ReferenceNotFound)
	}
	c.nv.remove(a)
	c.ram.personal, c.ram.store = nil, stream{}
	return apdu.Response{Data: []byte{0}, SW: apdu.OK}
}

// The forms of INSTALL (11.5), P1.
const (
	installAndSelectable = 0x0C // [for install and make selectable]
	installPersonalize   = 0x20 // [for personalization]
)

func (c *Card) install(cmd apdu.Command) apdu.Response {
	fields, ok := lengthValues(cmd.Data)
	switch cmd.P1 {
	case installAndSelectable:
		if !ok || len(fields) != 6 || len(fields[2]) < 5 || len(fields[2]) > 16 || len(fields[3]) == 0 {
			return status(apdu.WrongData)
		}
		return c.installInstance(fields[1], fields[2], fields[3][0])
	case installPersonalize:
		if !ok || len(fields) != 6 {
			return status(apdu.WrongData)
		}
		a := c.nv.application(fields[2])
		if a == nil || !c.fillable(a) {
			return status(apdu.ConditionsNotSatisfied)
		}
		c.ram.personal, c.ram.store = a, stream{}
		return apdu.Response{Data: []byte{0}, SW: apdu.OK}
	}
	return status(apdu.WrongParameters)
}

// installInstance makes an instance of one of the modules in the chip's ROM.
func (c *Card) installInstance(module, aid []byte, privileges byte) apdu.Response {
	if _, known := moduleOf(module); !known {
		return status(apdu.ReferenceNotFound)
	}
	if c.nv.application(aid) != nil || bytes.Equal(aid, domainAID()) {
		return status(apdu.NameExists)
	}
	a := &application{aid: bytes.Clone(aid), module: bytes.Clone(module), privileges: privileges, life: appSelectable}
	if sw := c.nv.install(a); sw != apdu.OK {
		return status(sw)
	}
	return apdu.Response{Data: []byte{0}, SW: apdu.OK}
}

// lengthValues splits data into fields of one length byte each.
func lengthValues(data []byte) (fields [][]byte, ok bool) {
	for len(data) > 0 {
		n := int(data[0])
		if n >= len(data) {
			return nil, false
		}
		fields = append(fields, data[1:1+n])
		data = data[1+n:]
	}
	return fields, true
}

// selectionAnswer is the file control information after SELECT by name.
func selectionAnswer(a *application) []byte {
	if a == nil {
		return tlv.Encode(0x6F, tlv.Encode(0x84, domainAID()), tlv.Encode(0xA5, tlv.Encode(0x9F65, []byte{0xFF})))
	}
	return tlv.Encode(0x6F, tlv.Encode(0x84, a.aid))
}
