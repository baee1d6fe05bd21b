package softcard

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// The tags by which the document's secrets are stored.
const (
	secretMRZ    uint16 = 0x8001 // MRZ information of 9303-11, 4.3: number, birth, expiry, each with its check digit
	secretCAN    uint16 = 0x8002 // card access number, digits
	secretChip   uint16 = 0x8003 // private key of Chip Authentication, PKCS #8
	secretActive uint16 = 0x8004 // private key of Active Authentication, PKCS #8
)

// masterFile is the identifier of the master file.
const masterFile uint16 = 0x3F00

// maxSecret bounds a secret: a PKCS #8 key of RSA-4096 has 2.4 kB.
const maxSecret = 4096

// acceptsDocumentSecret checks a secret when it is stored, so that it serves
// afterwards.
func acceptsDocumentSecret(tag uint16, secret []byte) bool {
	if len(secret) > maxSecret {
		return false
	}
	switch tag {
	case secretMRZ:
		return len(secret) >= 24
	case secretCAN:
		return len(secret) == 6
	case secretChip:
		_, err := curve.ParsePrivateKey(secret)
		return err == nil
	case secretActive:
		return activeKey(secret) != nil
	}
	return false
}

// activeKey reads the private key of Active Authentication: elliptic curve or RSA.
func activeKey(der []byte) any {
	if key, err := curve.ParsePrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key
		}
	}
	return nil
}

// documentComplete reports whether the chip has what every eMRTD must have: the
// required files and a way in.
func documentComplete(a *application) bool {
	for _, row := range lds.Table() {
		if row.Required && a.file(row.FID) == nil {
			return false
		}
	}
	_, mrz := a.secret(secretMRZ)
	return mrz
}

// documentSession is what the document application keeps until reset.
type documentSession struct {
	inside    bool  // the application was selected by name; otherwise at the master file
	current   *file // the current elementary file
	challenge []byte
	messaging *messaging // nil outside secure messaging
	granted   bool       // BAC or PACE has succeeded in this messaging session
	pace      *pace
	agreement *agreement // Chip Authentication under way
	renewed   *messaging // takes over after the response
	verified  bool       // the PIN of the digital signature was right
	room      int        // bytes that the response to this command can carry; 0: as many as there are
}

// enter is what SELECT by name does to the session: secure messaging stays.
func (d *documentSession) enter(inside bool) {
	d.inside, d.current, d.verified = inside, nil, false
}

// endMessaging ends secure messaging, if there is any, and all that was granted
// in it.
func (d *documentSession) endMessaging() {
	if d.messaging == nil {
		return
	}
	*d = documentSession{inside: d.inside}
}

// useDocument serves the travel document.
func (c *Card) useDocument(a *application, cmd apdu.Command) apdu.Response {
	switch cmd.INS {
	case insSelect:
		return c.selectCurrent(a, cmd, c.mayRead)
	case insReadBinary:
		return c.readBinary(a, cmd, c.mayRead)
	case insReadBinaryOdd:
		return c.readBinaryOdd(a, cmd, c.mayRead)
	case insGetChallenge:
		return c.getChallenge(cmd)
	case insExternalAuth:
		return c.basicAccess(a, cmd)
	case insManageSecurity:
		return status(c.manageSecurity(a, cmd))
	case insGeneralAuth:
		return c.generalAuthenticate(a, cmd)
	case insInternalAuth:
		return c.activeAuthenticate(a, cmd)
	}
	return status(apdu.InstructionNotSupported)
}

// rowOf finds a file in the table of elementary files. A file that is not there
// is one of the application, closed as most of them are.
func rowOf(id uint16) lds.Row {
	if row, found := lds.FindFunc(func(r lds.Row) bool { return r.FID == id }); found {
		return row
	}
	return lds.Row{FID: id, Read: lds.BasicAccess}
}

// mayRead is the access condition of each file. Terminal Authentication is
// announced but no terminal is trusted: fingers and irises stay closed.
func (c *Card) mayRead(f *file) bool {
	switch rowOf(f.id).Read {
	case lds.Always:
		return true
	case lds.BasicAccess:
		return c.ram.document.granted
	case lds.ExtendedAccess:
	}
	return false
}

// selectCurrent is SELECT of an elementary file by its identifier. SELECT of
// the master file is allowed: readers begin so.
func (c *Card) selectCurrent(a *application, cmd apdu.Command, mayRead func(*file) bool) apdu.Response {
	d := &c.ram.document
	id := masterFile
	switch {
	case len(cmd.Data) == 2:
		id = binary.BigEndian.Uint16(cmd.Data)
	case len(cmd.Data) != 0:
		return status(apdu.WrongLength)
	}
	switch cmd.P1 {
	case selectAny, selectChild, selectFile, selectParent:
	default:
		return status(apdu.WrongParameters)
	}
	if id == masterFile || cmd.P1 == selectParent {
		d.enter(false)
		return c.fileInformation(cmd, nil)
	}
	f := a.file(id)
	switch {
	case f == nil || (!d.inside && !rowOf(id).MasterFile):
		return status(apdu.FileNotFound)
	case !mayRead(f):
		return status(apdu.SecurityNotSatisfied)
	}
	d.current = f
	return c.fileInformation(cmd, f)
}

// fileInformation is the response to SELECT: none where P2 asks for none, else
// the control parameters.
func (c *Card) fileInformation(cmd apdu.Command, f *file) apdu.Response {
	if cmd.P2&selectNoReply == selectNoReply || cmd.Le == 0 {
		return status(apdu.OK)
	}
	if f == nil {
		return apdu.Response{Data: tlv.Encode(0x6F, tlv.Encode(0x83, []byte{0x3F, 0x00})), SW: apdu.OK}
	}
	size := binary.BigEndian.AppendUint16(nil, uint16(min(len(f.data), 0xFFFF)))
	id := binary.BigEndian.AppendUint16(nil, f.id)
	return apdu.Response{Data: tlv.Encode(0x6F, tlv.Encode(0x80, size), tlv.Encode(0x82, []byte{0x01}), tlv.Encode(0x83, id)), SW: apdu.OK}
}

// byShortIdentifier finds a file by the five bits of READ BINARY: one of the
// eMRTD application when that is selected, else one of the master file, whose
// EF.CardAccess is found in both.
func (c *Card) byShortIdentifier(a *application, sfi byte) *file {
	row, found := lds.FindFunc(func(r lds.Row) bool {
		return r.SFI == sfi && (r.MasterFile != c.ram.document.inside || r.EF == lds.CardAccess)
	})
	if !found {
		return nil
	}
	return a.file(row.FID)
}

// maxRead is how many bytes of a file one response carries, so that secure
// messaging fits around them. EF.ATR/INFO announces no more.
const maxRead = apdu.MaxExtendedLe - 256

// readBinary is READ BINARY with even instruction: short identifier and offset
// to 255, or the current file and offset to 32767.
func (c *Card) readBinary(a *application, cmd apdu.Command, mayRead func(*file) bool) apdu.Response {
	offset := int(cmd.P1)<<8 | int(cmd.P2)
	f := c.ram.document.current
	if cmd.P1&0x80 != 0 {
		if cmd.P1&0x60 != 0 {
			return status(apdu.WrongParameters)
		}
		f, offset = c.byShortIdentifier(a, cmd.P1&0x1F), int(cmd.P2)
		if f == nil {
			return status(apdu.FileNotFound)
		}
	}
	return c.read(f, offset, cmd.Le, len(cmd.Data) != 0, mayRead, cmd.P1&0x80 != 0)
}

// read gives up to le bytes of a file. Le of 256 or 65536 asks for all that is
// left; a smaller one that passes the end is answered with the warning 6282.
func (c *Card) read(f *file, offset, le int, hasData bool, mayRead func(*file) bool, makeCurrent bool) apdu.Response {
	switch {
	case f == nil:
		return status(apdu.NotAllowed)
	case hasData || le == 0:
		return status(apdu.WrongLength)
	case !mayRead(f):
		return status(apdu.SecurityNotSatisfied)
	case offset >= len(f.data):
		return status(apdu.OutsideFile)
	}
	if makeCurrent {
		c.ram.document.current = f
	}
	left := len(f.data) - offset
	n := min(le, left, maxRead)
	if room := c.ram.document.room; room > 0 {
		n = min(n, room)
	}
	sw := apdu.OK
	if le > left && le != apdu.MaxShortLe && le != apdu.MaxExtendedLe {
		sw = apdu.EndOfFile
	}
	return apdu.Response{Data: c.bytesOf(f, offset, n), SW: sw}
}

// bytesOf are n bytes of a file as the chip gives them, defects included.
func (c *Card) bytesOf(f *file, offset, n int) []byte {
	b := append([]byte(nil), f.data[offset:offset+n]...)
	if at := c.defects.CorruptOffset - offset; c.defects.CorruptFile == f.id && at >= 0 && at < n {
		b[at] ^= 0xFF
	}
	return b
}

// readBinaryOdd is READ BINARY with odd instruction, for offsets beyond 32767:
// the offset in object 54, the data in object 53 (ISO/IEC 7816-4, 11.3.3).
func (c *Card) readBinaryOdd(a *application, cmd apdu.Command, mayRead func(*file) bool) apdu.Response {
	offset, ok := offsetObject(cmd.Data)
	if !ok {
		return status(apdu.WrongData)
	}
	f := c.ram.document.current
	switch id := binary.BigEndian.Uint16([]byte{cmd.P1, cmd.P2}); {
	case id == 0:
	case id <= 0x1F:
		if f = c.byShortIdentifier(a, byte(id)); f == nil {
			return status(apdu.FileNotFound)
		}
	default:
		if f = a.file(id); f == nil || (!c.ram.document.inside && !rowOf(id).MasterFile) {
			return status(apdu.FileNotFound)
		}
	}
	if cmd.Le == 0 {
		return status(apdu.WrongLength)
	}
	le := cmd.Le
	if le != apdu.MaxShortLe && le != apdu.MaxExtendedLe {
		le -= objectOverhead(le) // Le counts the whole object 53
		if le <= 0 {
			return status(apdu.WrongLength)
		}
	} else if le == apdu.MaxShortLe {
		le = apdu.MaxShortLe - objectOverhead(apdu.MaxShortLe)
		if f != nil && len(f.data)-offset > 0 && len(f.data)-offset < le {
			le = len(f.data) - offset
		}
	}
	if room := c.ram.document.room; room > 0 {
		le = min(le, room-objectOverhead(room))
	}
	r := c.read(f, offset, le, false, mayRead, cmd.P1|cmd.P2 != 0)
	if failed(r.SW) {
		return r
	}
	r.Data = tlv.Encode(0x53, r.Data)
	return r
}

// objectOverhead is how many bytes the header of object 53 takes when the whole
// object has n bytes.
func objectOverhead(n int) int {
	switch {
	case n <= 2+0x7F:
		return 2
	case n <= 3+0xFF:
		return 3
	}
	return 4
}

// offsetObject reads object 54.
func offsetObject(data []byte) (int, bool) {
	node, err := tlv.ParseOnly(data, 0x54)
	if err != nil || len(node.Value) == 0 || len(node.Value) > 3 {
		return 0, false
	}
	offset := 0
	for _, b := range node.Value {
		offset = offset<<8 | int(b)
	}
	return offset, true
}

// ecKey reads a stored elliptic curve key.
func ecKey(a *application, tag uint16) (*ecdsa.PrivateKey, bool) {
	der, found := a.secret(tag)
	if !found {
		return nil, false
	}
	key, err := curve.ParsePrivateKey(der)
	return key, err == nil
}
