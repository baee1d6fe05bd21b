package softcard

import (
	"encoding/binary"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/tlv"
)

// firstSecret is the lowest identifier of a data grouping with a key or a password;
// lower ones are the identifiers of files.
const firstSecret = 0x8000

// stream is a sequence of STORE DATA commands.
type stream struct {
	next byte  // the number of the next block
	into *file // the file of an unfinished data grouping, or nil
	at   int   // how much of it is written
	ends bool  // the last block has come

	secrets []byte // encrypted groupings so far; decrypted when the last block has come
}

// done reports whether no data grouping is unfinished.
func (s *stream) done() bool { return s.into == nil && s.secrets == nil }

// storeData is STORE DATA, to the selected application, else to the one named by
// INSTALL [for personalization], else to the issuer security domain.
func (c *Card) storeData(cmd apdu.Command) apdu.Response {
	s := &c.ram.store
	if s.ends {
		*s = stream{}
	}
	if cmd.P2 != s.next {
		return status(apdu.WrongParameters)
	}
	s.next++
	s.ends = cmd.P1&globalplatform.StoreLast != 0
	a := c.ram.personal
	if c.ram.selected != nil {
		a = c.ram.selected
	}
	structure, encrypted := cmd.P1&globalplatform.StoreStructure, cmd.P1&globalplatform.StoreEncrypted
	var sw apdu.Status
	switch {
	case a == nil && structure == globalplatform.StoreBER:
		sw = c.storeObject(cmd.Data)
	case a != nil && structure == globalplatform.StoreDGI && encrypted == globalplatform.StoreEncrypted:
		sw = c.storeSecrets(a, cmd.Data)
	case a != nil && structure == globalplatform.StoreDGI && encrypted == 0:
		sw = c.storeFiles(a, cmd.Data)
	default:
		sw = apdu.WrongParameters
	}
	if sw == apdu.OK && s.ends && !s.done() {
		sw = apdu.WrongData
	}
	if sw != apdu.OK {
		*s = stream{}
	}
	return status(sw)
}

// storeObject stores one data object of the issuer security domain.
func (c *Card) storeObject(data []byte) apdu.Status {
	node, rest, err := tlv.Parse(data)
	switch {
	case err != nil || len(rest) != 0 || node.Tag > 0xFFFF || node.Tag < 0xDF00:
		return apdu.WrongData
	case !c.nv.fits(len(node.Value)):
		return apdu.NotEnoughMemory
	}
	c.nv.setObject(uint16(node.Tag), node.Value)
	return apdu.OK
}

// storeFiles writes data groupings to files. A grouping may go on in the next
// command.
func (c *Card) storeFiles(a *application, data []byte) apdu.Status {
	s := &c.ram.store
	for len(data) > 0 {
		if s.into == nil {
			id, n, rest, ok := groupingHeader(data)
			if !ok || id >= firstSecret {
				return apdu.WrongData
			}
			f, sw := c.nv.create(a, id, n)
			if sw != apdu.OK {
				return sw
			}
			s.into, s.at, data = f, 0, rest
		}
		n := min(len(data), len(s.into.data)-s.at)
		if sw := c.nv.write(s.into, s.at, data[:n]); sw != apdu.OK {
			return sw
		}
		s.at, data = s.at+n, data[n:]
		if s.at == len(s.into.data) {
			s.into = nil
		}
	}
	return apdu.OK
}

// maxSecrets bounds the encrypted groupings of one sequence, in bytes.
const maxSecrets = 8192

// storeSecrets collects data groupings whose values are encrypted under the DEK
// of the channel, and stores them when the last block has come.
func (c *Card) storeSecrets(a *application, block []byte) apdu.Status {
	s := &c.ram.store
	if s.into != nil || len(s.secrets)+len(block) > maxSecrets {
		return apdu.WrongData
	}
	s.secrets = append(s.secrets, block...)
	if !s.ends {
		return apdu.OK
	}
	data := s.secrets
	s.secrets = nil
	for len(data) > 0 {
		tag, n, rest, ok := groupingHeader(data)
		if !ok || n > len(rest) {
			return apdu.WrongData
		}
		if sw := c.storeSecret(a, tag, rest[:n]); sw != apdu.OK {
			return sw
		}
		data = rest[n:]
	}
	return apdu.OK
}

// storeSecret decrypts a secret and stores it if the module accepts it.
func (c *Card) storeSecret(a *application, tag uint16, sealed []byte) apdu.Status {
	m, known := moduleOf(a.module)
	if !known || tag < firstSecret {
		return apdu.WrongData
	}
	secret, err := c.ram.channel.Keys().OpenSecret(sealed)
	if err != nil || !m.accepts(tag, secret) {
		return apdu.WrongData
	}
	sw := c.nv.setSecret(a, tag, secret)
	if sw == apdu.OK && m.stored != nil {
		m.stored(c.nv, a)
	}
	return sw
}

// groupingHeader reads the identifier of a data grouping and its length: one byte,
// or FF and two bytes.
func groupingHeader(b []byte) (tag uint16, length int, rest []byte, ok bool) {
	if len(b) < 3 {
		return 0, 0, nil, false
	}
	tag = binary.BigEndian.Uint16(b)
	if b[2] != 0xFF {
		return tag, int(b[2]), b[3:], true
	}
	if len(b) < 5 {
		return 0, 0, nil, false
	}
	return tag, int(binary.BigEndian.Uint16(b[3:])), b[5:], true
}

// personalizable reports whether an application is not personalized yet.
func (c *Card) personalizable(a *application) bool { return a.life == globalplatform.Selectable }

// writes reports whether an instruction of ISO/IEC 7816-4, 7816-9 or
// GlobalPlatform changes a card. A locked card refuses them all in the same way,
// also those that this card never serves.
func writes(ins byte) bool {
	switch ins {
	case apdu.CreateFile, apdu.UpdateBinary, apdu.UpdateBinaryOdd, apdu.PutData, apdu.StoreData, apdu.GenerateKeyPair,
		apdu.Install, apdu.Delete, apdu.PutKey, apdu.SetStatus,
		0x04, 0x44, // DEACTIVATE FILE, ACTIVATE FILE
		0x0E, 0x0F, // ERASE BINARY
		0xD0, 0xD1, 0xD2, 0xDB, 0xDC, 0xDD, // WRITE, UPDATE and PUT DATA in their other forms
		0xE8, 0xFE: // LOAD, TERMINATE
		return true
	}
	return false
}

// personalize serves the commands that personalize an application, in its own
// secure channel.
func (c *Card) personalize(a *application, cmd apdu.Command) apdu.Response {
	if !c.ram.channel.Open() {
		return status(apdu.SecurityNotSatisfied)
	}
	if !c.personalizable(a) {
		return status(apdu.ConditionsNotSatisfied)
	}
	switch cmd.INS {
	case apdu.CreateFile:
		return status(c.createFile(a, cmd))
	case apdu.UpdateBinary:
		return status(c.updateBinary(a, cmd))
	case apdu.UpdateBinaryOdd:
		return status(c.updateBinaryOdd(a, cmd))
	case apdu.StoreData:
		return c.storeData(cmd)
	case apdu.GenerateKeyPair:
		m, known := moduleOf(a.module)
		switch {
		case !known || m.generate == nil:
		case cmd.P1 != 0x80 || cmd.P2 != 0:
			return status(apdu.WrongParameters)
		default:
			return m.generate(c, a, cmd)
		}
	}
	return status(apdu.InstructionNotSupported)
}

// createFile is CREATE FILE of a transparent elementary file (ISO/IEC 7816-9,
// 4.3.1): file control parameters 62 with the size (80), the descriptor (82)
// and the identifier (83). The new file is the current one.
func (c *Card) createFile(a *application, cmd apdu.Command) apdu.Status {
	size, err := tlv.Find(cmd.Data, 0x62, 0x80)
	if err != nil || len(size.Value) == 0 || len(size.Value) > 3 {
		return apdu.WrongData
	}
	id, err := tlv.Find(cmd.Data, 0x62, 0x83)
	if err != nil || len(id.Value) != 2 {
		return apdu.WrongData
	}
	n := 0
	for _, b := range size.Value {
		n = n<<8 | int(b)
	}
	f, sw := c.nv.create(a, binary.BigEndian.Uint16(id.Value), n)
	if sw == apdu.OK {
		c.ram.application.current = f
	}
	return sw
}

// updateBinary is UPDATE BINARY of the current file at offset P1-P2.
func (c *Card) updateBinary(a *application, cmd apdu.Command) apdu.Status {
	if cmd.P1&0x80 != 0 {
		return apdu.WrongParameters
	}
	return c.update(a, int(cmd.P1)<<8|int(cmd.P2), cmd.Data)
}

// updateBinaryOdd is UPDATE BINARY with odd instruction, for offsets beyond
// 32767: the offset in object 54, the data in object 53 (ISO/IEC 7816-4, 11.3.5).
func (c *Card) updateBinaryOdd(a *application, cmd apdu.Command) apdu.Status {
	if cmd.P1|cmd.P2 != 0 {
		return apdu.WrongParameters
	}
	at, rest, err := tlv.Parse(cmd.Data)
	if err != nil {
		return apdu.WrongData
	}
	offset, ok := offsetObject(at.Raw)
	data, err := tlv.ParseOnly(rest, 0x53)
	if !ok || err != nil {
		return apdu.WrongData
	}
	return c.update(a, offset, data.Value)
}

func (c *Card) update(a *application, offset int, data []byte) apdu.Status {
	f := c.ram.application.current
	if f == nil || a.file(f.id) != f {
		return apdu.NotAllowed
	}
	return c.nv.write(f, offset, data)
}
