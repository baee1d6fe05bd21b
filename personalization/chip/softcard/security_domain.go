package softcard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/tlv"
)

// channelCommand serves what the issuer security domain and an application that is
// being personalized both serve: INITIALIZE UPDATE, which begins a secure channel.
func (c *Card) channelCommand(cmd apdu.Command) (r apdu.Response, served bool) {
	if cmd.CLA&apdu.ClassGlobalPlatform == 0 || cmd.INS != apdu.InitializeUpdate {
		return apdu.Response{}, false
	}
	c.endChannel()
	if a := c.ram.selected; a != nil && !c.personalizable(a) {
		return status(apdu.ConditionsNotSatisfied), true
	}
	keys, found := c.nv.keySet(cmd.P1)
	switch {
	case !found:
		return status(apdu.ReferenceNotFound), true
	case len(cmd.Data) != 8:
		return status(apdu.WrongLength), true
	}
	channel, answer, err := c.answer(keys, cmd.Data)
	if err != nil { // the sequence counter is exhausted
		return status(apdu.AuthenticationBlocked), true
	}
	c.ram.channel = channel
	return apdu.Response{Data: answer, SW: apdu.OK}, true
}

// answer begins a channel. A locked card does not tell which one it is.
func (c *Card) answer(keys securechannel.KeySet, hostChallenge []byte) (*securechannel.CardSession, []byte, error) {
	if c.nv.life == globalplatform.Secured {
		return securechannel.AnswerUnknown(keys, c.random, hostChallenge)
	}
	c.nv.stepSequence()
	return securechannel.Answer(keys, c.nv.serial[:], c.nv.sequence, globalplatform.IssuerSecurityDomain(), hostChallenge)
}

// externalAuthenticate is EXTERNAL AUTHENTICATE of SCP03, which opens the channel.
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

// securityDomainCommand serves a command to the issuer security domain.
func (c *Card) securityDomainCommand(cmd apdu.Command) apdu.Response {
	if cmd.INS == apdu.GetData {
		return c.getData(cmd)
	}
	if !c.ram.channel.Open() {
		return status(withoutChannel(cmd))
	}
	if cmd.INS == apdu.GetStatus {
		return c.getStatus(cmd)
	}
	if c.nv.life == globalplatform.Secured && c.final(cmd) {
		return status(apdu.ConditionsNotSatisfied)
	}
	if serve, known := c.management(cmd.INS); known {
		return serve(cmd)
	}
	return status(apdu.InstructionNotSupported)
}

// final reports whether a command would change what stays as it is on a locked card, whoever
// has its keys: its life cycle, what the issuer stored, and the eMRTD application. Its keys and
// other applications are managed on (GlobalPlatform 2.3.1, 5.1.1.4).
func (c *Card) final(cmd apdu.Command) bool {
	switch cmd.INS {
	case apdu.SetStatus:
		return cmd.P1 == globalplatform.ScopeCard
	case apdu.StoreData:
		return c.ram.personal == nil
	case apdu.Delete:
		aid, err := tlv.ParseOnly(cmd.Data, 0x4F)
		return err != nil || c.isEMRTD(aid.Value)
	case apdu.Install:
		fields, ok := lengthValues(cmd.Data)
		return !ok || len(fields) != 6 || c.isEMRTD(fields[2]) || hex.EncodeToString(fields[1]) == moduleEMRTD
	case apdu.PutKey:
		return false
	}
	return true
}

// isEMRTD reports whether an instance is the eMRTD application.
func (c *Card) isEMRTD(aid []byte) bool {
	a := c.nv.application(aid)
	return a != nil && hex.EncodeToString(a.module) == moduleEMRTD
}

// withoutChannel is the answer to a command that needs a secure channel, or that
// the issuer security domain does not serve. SELECT MF, with which some readers
// begin, gets 6A82.
func withoutChannel(cmd apdu.Command) apdu.Status {
	switch {
	case writes(cmd.INS), cmd.INS == apdu.GetStatus:
		return apdu.SecurityNotSatisfied
	case cmd.INS == apdu.Select:
		return apdu.FileNotFound
	}
	return apdu.InstructionNotSupported
}

// management finds what serves an instruction that changes the card.
func (c *Card) management(ins byte) (func(apdu.Command) apdu.Response, bool) {
	switch ins {
	case apdu.Install:
		return c.install, true
	case apdu.Delete:
		return c.deleteApplication, true
	case apdu.StoreData:
		return c.storeData, true
	case apdu.PutKey:
		return c.putKey, true
	case apdu.SetStatus:
		return c.setStatus, true
	}
	return nil, false
}

// getData is GET DATA. Key information and recognition data are public, and so are the life
// cycle data until the card is locked: with the serial in them a holder could be followed.
// They, and what the issuer stored, are read through a secure channel only.
func (c *Card) getData(cmd apdu.Command) apdu.Response {
	tag := binary.BigEndian.Uint16([]byte{cmd.P1, cmd.P2})
	switch tag {
	case globalplatform.TagCPLC:
		if c.nv.life == globalplatform.Secured && !c.ram.channel.Open() {
			return status(apdu.SecurityNotSatisfied)
		}
		return apdu.Response{Data: tlv.Encode(globalplatform.TagCPLC, globalplatform.CPLC(c.nv.serial[:])), SW: apdu.OK}
	case globalplatform.TagKeys:
		return apdu.Response{Data: tlv.Encode(globalplatform.TagKeys, c.keyInformation()), SW: apdu.OK}
	case globalplatform.TagRecognition:
		return apdu.Response{Data: recognitionData(c.nv.life), SW: apdu.OK}
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

// keyInformation lists the keys: identifier, key version number, type AES, length.
func (c *Card) keyInformation() []byte {
	var b []byte
	for _, k := range c.nv.keys {
		for id := byte(1); id <= 3; id++ {
			b = append(b, tlv.Encode(0xC0, []byte{id, k.Version, 0x88, byte(len(k.ENC) & 0xFF)})...)
		}
	}
	return b
}

// recognitionData announces GlobalPlatform 2.3.1 and SCP03 with i = 70, or 60 when the card
// is locked (appendix H.2).
func recognitionData(life globalplatform.LifeCycle) []byte {
	option := byte(0x70)
	if life == globalplatform.Secured {
		option = 0x60
	}
	globalPlatform := []byte{0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B}
	version := append(slices.Clone(globalPlatform), 0x02, 0x02, 0x03, 0x01)
	protocol := append(slices.Clone(globalPlatform), 0x04, 0x03, option)
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
	case globalplatform.ScopeCard:
		data = entry(globalplatform.IssuerSecurityDomain(), byte(c.nv.life), globalplatform.PrivilegeSecurityDomain)
	case globalplatform.ScopeApplications:
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

// setStatus is SET STATUS. The life cycle state of the card goes forward, never
// back; an application becomes personalized.
func (c *Card) setStatus(cmd apdu.Command) apdu.Response {
	switch cmd.P1 {
	case globalplatform.ScopeCard:
		next := globalplatform.LifeCycle(cmd.P2)
		if (next != globalplatform.Initialized && next != globalplatform.Secured) || next < c.nv.life {
			return status(apdu.WrongParameters)
		}
		if next == globalplatform.Secured && c.nv.life == globalplatform.OpReady { // 5.1.1: not past INITIALIZED
			return status(apdu.ConditionsNotSatisfied)
		}
		c.nv.setLife(next)
		return status(apdu.OK)
	case globalplatform.ScopeApplications:
		a := c.nv.application(cmd.Data)
		switch {
		case a == nil:
			return status(apdu.ReferenceNotFound)
		case cmd.P2 != globalplatform.Personalized:
			return status(apdu.WrongParameters)
		}
		return status(c.personalized(a))
	}
	return status(apdu.WrongParameters)
}

// personalized ends the personalization of an application, if nothing is missing.
func (c *Card) personalized(a *application) apdu.Status {
	m, known := moduleOf(a.module)
	if !known || !c.ram.store.done() || !m.complete(a) {
		return apdu.ConditionsNotSatisfied
	}
	c.nv.setApplicationLife(a, globalplatform.Personalized)
	c.ram.personal = nil
	return apdu.OK
}

// putKey is PUT KEY, of a whole key set.
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

// deleteApplication is DELETE of an application by its identifier.
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

// install is INSTALL, in two of its forms.
func (c *Card) install(cmd apdu.Command) apdu.Response {
	fields, ok := lengthValues(cmd.Data)
	switch cmd.P1 {
	case globalplatform.InstallAndMakeSelectable:
		if !ok || len(fields) != 6 || len(fields[2]) < 5 || len(fields[2]) > 16 || len(fields[3]) == 0 {
			return status(apdu.WrongData)
		}
		return c.installInstance(fields[1], fields[2], fields[3][0])
	case globalplatform.InstallForPersonalization:
		if !ok || len(fields) != 6 {
			return status(apdu.WrongData)
		}
		a := c.nv.application(fields[2])
		if a == nil || !c.personalizable(a) && c.nv.life != globalplatform.Secured {
			return status(apdu.ConditionsNotSatisfied)
		}
		c.ram.personal, c.ram.store = a, stream{}
		return apdu.Response{Data: []byte{0}, SW: apdu.OK}
	}
	return status(apdu.WrongParameters)
}

// installInstance makes an instance of a module.
func (c *Card) installInstance(module, aid []byte, privileges byte) apdu.Response {
	if _, known := moduleOf(module); !known {
		return status(apdu.ReferenceNotFound)
	}
	if c.nv.application(aid) != nil || bytes.Equal(aid, globalplatform.IssuerSecurityDomain()) {
		return status(apdu.NameExists)
	}
	a := &application{aid: bytes.Clone(aid), module: bytes.Clone(module), privileges: privileges, life: globalplatform.Selectable}
	if sw := c.nv.install(a); sw != apdu.OK {
		return status(sw)
	}
	return apdu.Response{Data: []byte{0}, SW: apdu.OK}
}

// lengthValues splits data into fields, each after one byte of length.
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

// selectionAnswer is the file control information in the response to SELECT by name.
func selectionAnswer(a *application) []byte {
	if a == nil {
		return tlv.Encode(0x6F, tlv.Encode(0x84, globalplatform.IssuerSecurityDomain()), tlv.Encode(0xA5, tlv.Encode(0x9F65, []byte{0xFF})))
	}
	return tlv.Encode(0x6F, tlv.Encode(0x84, a.aid))
}
