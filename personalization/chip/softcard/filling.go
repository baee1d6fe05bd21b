package softcard

import (
	"encoding/binary"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/tlv"
)

// STORE DATA, P1 (GlobalPlatform Card Specification 2.3.1, 11.11.2).
const (
	storeLast      = 0x80
	storeEncrypted = 0x60
	storeDGI       = 0x08 // data groupings: tag of two bytes, length, value
	storeBER       = 0x10 // data objects
	storeStructure = 0x18
)

// firstSecret is the first tag that carries a key or a password; below it are
// the identifiers of files.
const firstSecret = 0x8000

// stream is a sequence of STORE DATA commands: the block number that is next,
// and the data grouping that the last block left unfinished.
type stream struct {
	next byte
	into *file // the file being written, or nil
	at   int   // how much of it is
	ends bool  // the last block has come

	secrets []byte // encrypted groupings so far; opened when the last block has come
}

// done reports whether no data grouping is left unfinished.
func (s *stream) done() bool { return s.into == nil && s.secrets == nil }

// storeData is STORE DATA, to the application named by INSTALL [for
// personalization] or, without that, to the security domain.
func (c *Card) storeData(cmd apdu.Command) apdu.Response {
	s := &c.ram.store
	if s.ends {
		*s = stream{}
	}
	if cmd.P2 != s.next {
		return status(apdu.WrongParameters)
	}
	s.next++
	s.ends = cmd.P1&storeLast != 0
	a := c.ram.personal
	if c.ram.selected != nil {
		a = c.ram.selected
	}
	var sw apdu.Status
	switch {
	case a == nil && cmd.P1&storeStructure == storeBER:
		sw = c.storeObject(cmd.Data)
	case a != nil && cmd.P1&storeStructure == storeDGI && cmd.P1&storeEncrypted == storeEncrypted:
		sw = c.storeSecrets(a, cmd.Data)
	case a != nil && cmd.P1&storeStructure == storeDGI && cmd.P1&storeEncrypted == 0:
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

// storeObject stores one data object of the security domain.
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

// storeFiles writes data groupings to files. One that does not fit into a
// command goes on in the next.
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
// of the channel, and stores them when the sequence is whole.
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

// storeSecret opens a sealed secret and stores it if the module takes it.
func (c *Card) storeSecret(a *application, tag uint16, sealed []byte) apdu.Status {
	m, known := moduleOf(a.module)
	if !known || tag < firstSecret {
		return apdu.WrongData
	}
	secret, err := c.ram.channel.Keys().OpenSecret(sealed)
	if err != nil || !m.accepts(tag, secret) {
		return apdu.WrongData
	}
	return c.nv.setSecret(a, tag, secret)
}

// groupingHeader reads the tag and length of a data grouping: one length byte,
// or FF and two more.
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

// fillable reports whether an application is still being made.
func (c *Card) fillable(a *application) bool {
	return a.life == appSelectable && c.nv.life != Secured
}

// writes reports whether an instruction of ISO/IEC 7816-4, 7816-9 or
// GlobalPlatform would change the card. The card knows a few of them; all are
// refused in the same way when it is locked.
func writes(ins byte) bool {
	switch ins {
	case insCreateFile, insUpdateBinary, insUpdateBinaryOdd, insPutData, insStoreData, insGenerateKeyPair,
		insInstall, insDelete, insPutKey, insSetStatus,
		0x04, 0x44, // deactivate, activate file
		0x0E, 0x0F, // erase binary
		0xD0, 0xD1, 0xD2, 0xDB, 0xDC, 0xDD, // write, update and put in their other forms
		0xE8, 0xFE: // load, terminate
		return true
	}
	return false
}

// fill serves the commands that make an application, inside its own secure
// channel.
func (c *Card) fill(a *application, cmd apdu.Command) apdu.Response {
	if !c.ram.channel.Open() {
		return status(apdu.SecurityNotSatisfied)
	}
	if !c.fillable(a) {
		return status(apdu.ConditionsNotSatisfied)
	}
	switch cmd.INS {
	case insCreateFile:
		return status(c.createFile(a, cmd))
	case insUpdateBinary:
		return status(c.updateBinary(a, cmd))
	case insUpdateBinaryOdd:
		return status(c.updateBinaryOdd(a, cmd))
	case insStoreData:
		return c.storeData(cmd)
	case insGenerateKeyPair:
		if m, known := moduleOf(a.module); known && m.generate != nil {
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
		c.ram.document.current = f
	}
	return sw
}

// updateBinary is UPDATE BINARY of the current file at the offset P1-P2.
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
	f := c.ram.document.current
	if f == nil || a.file(f.id) != f {
		return apdu.NotAllowed
	}
	return c.nv.write(f, offset, data)
}
