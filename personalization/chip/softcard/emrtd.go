package softcard

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// The tags by which the secrets of the eMRTD application are stored.
const (
	secretMRZ                  uint16 = 0x8001 // MRZ information of 9303-11, 4.3: number, birth, expiry, each with its check digit
	secretCAN                  uint16 = 0x8002 // card access number, digits
	secretChipAuthentication   uint16 = 0x8003 // private key, PKCS #8
	secretActiveAuthentication uint16 = 0x8004 // private key, PKCS #8
)

// masterFile is the identifier of the master file.
const masterFile uint16 = 0x3F00

// maxSecret bounds a secret, in bytes: a PKCS #8 key of RSA-4096 has 2.4 kB.
const maxSecret = 4096

// acceptsEMRTDSecret checks a secret when it is stored.
func acceptsEMRTDSecret(tag uint16, secret []byte) bool {
	if len(secret) > maxSecret {
		return false
	}
	switch tag {
	case secretMRZ:
		return len(secret) >= 24
	case secretCAN:
		return len(secret) == 6
	case secretChipAuthentication:
		_, err := curve.ParsePrivateKey(secret)
		return err == nil
	case secretActiveAuthentication:
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

// emrtdComplete reports whether the chip has what every eMRTD must have: the
// required files, and the MRZ information that opens it.
func emrtdComplete(a *application) bool {
	for _, row := range lds.Table() {
		if row.Required && a.file(row.FID) == nil {
			return false
		}
	}
	_, mrz := a.secret(secretMRZ)
	return mrz
}

// applicationSession is what the selected application keeps until reset.
type applicationSession struct {
	inside    bool       // the application was selected by name; otherwise the master file is
	current   *file      // the current elementary file
	challenge []byte     // of BAC
	messaging *messaging // nil outside secure messaging
	granted   bool       // BAC or PACE has succeeded in this messaging session
	pace      *pace      // under way
	agreement *agreement // Chip Authentication under way
	renewed   *messaging // takes over after the response
	verified  bool       // the PIN of the digital signature was right
	room      int        // bytes of data that fit in the response to this command; 0: no limit
}

// enter is what SELECT does to the session. Secure messaging stays.
func (d *applicationSession) enter(inside bool) {
	d.inside, d.current, d.verified = inside, nil, false
}

// endMessaging ends secure messaging, if there is any, and all access granted in
// it.
func (d *applicationSession) endMessaging() {
	if d.messaging == nil {
		return
	}
	*d = applicationSession{inside: d.inside}
}

// useEMRTD serves the eMRTD application.
func (c *Card) useEMRTD(a *application, cmd apdu.Command) apdu.Response {
	switch cmd.INS {
	case apdu.Select:
		return c.selectCurrent(a, cmd, c.mayRead)
	case apdu.ReadBinary:
		return c.readBinary(a, cmd, c.mayRead)
	case apdu.ReadBinaryOdd:
		return c.readBinaryOdd(a, cmd, c.mayRead)
	case apdu.GetChallenge:
		return c.getChallenge(cmd)
	case apdu.ExternalAuthenticate:
		r := c.basicAccess(a, cmd)
		c.tried(a, r.SW)
		return r
	case apdu.ManageSecurityEnvironment:
		return status(c.manageSecurity(a, cmd))
	case apdu.GeneralAuthenticate:
		return c.generalAuthenticate(a, cmd)
	case apdu.InternalAuthenticate:
		return c.activeAuthenticate(a, cmd)
	}
	return status(apdu.InstructionNotSupported)
}

// rowOf finds a file in the table of elementary files. A file that is not in it
// belongs to the application and needs BAC or PACE.
func rowOf(id uint16) lds.Row {
	if row, found := lds.FindFunc(func(r lds.Row) bool { return r.FID == id }); found {
		return row
	}
	return lds.Row{FID: id, Read: lds.BasicAccess}
}

// mayRead checks the access condition of a file. The chip does not do Terminal
// Authentication: fingers and irises stay closed.
func (c *Card) mayRead(f *file) bool {
	switch rowOf(f.id).Read {
	case lds.Always:
		return true
	case lds.BasicAccess:
		return c.ram.application.granted
	case lds.ExtendedAccess:
	}
	return false
}

// selectCurrent is SELECT of an elementary file by its identifier. SELECT of the
// master file is allowed, because readers begin with it.
func (c *Card) selectCurrent(a *application, cmd apdu.Command, mayRead func(*file) bool) apdu.Response {
	d := &c.ram.application
	id := masterFile
	switch {
	case len(cmd.Data) == 2:
		id = binary.BigEndian.Uint16(cmd.Data)
	case len(cmd.Data) != 0:
		return status(apdu.WrongLength)
	}
	switch cmd.P1 {
	case apdu.SelectAny, apdu.SelectChild, apdu.SelectEF, apdu.SelectParent:
	default:
		return status(apdu.WrongParameters)
	}
	if id == masterFile || cmd.P1 == apdu.SelectParent {
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

// fileInformation is the response to SELECT: the file control parameters, or
// nothing where P2 asks for nothing.
func (c *Card) fileInformation(cmd apdu.Command, f *file) apdu.Response {
	if cmd.P2&apdu.NoResponse == apdu.NoResponse || cmd.Le == 0 {
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
		return r.SFI == sfi && (r.MasterFile != c.ram.application.inside || r.EF == lds.CardAccess)
	})
	if !found {
		return nil
	}
	return a.file(row.FID)
}

// maxRead is how many bytes of a file fit in one response with secure messaging
// around them. EF.ATR/INFO announces no more.
const maxRead = apdu.MaxExtendedLe - 256

// readBinary is READ BINARY with even instruction: by short identifier and an
// offset up to 255, or of the current file and an offset up to 32767.
func (c *Card) readBinary(a *application, cmd apdu.Command, mayRead func(*file) bool) apdu.Response {
	offset := int(cmd.P1)<<8 | int(cmd.P2)
	f := c.ram.application.current
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

// read gives up to le bytes of a file. Le of 256 or 65536 asks for everything that
// is left; a smaller one that goes past the end gets the warning 6282.
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
		c.ram.application.current = f
	}
	left := len(f.data) - offset
	n := min(le, left, maxRead)
	if room := c.ram.application.room; room > 0 {
		n = min(n, room)
	}
	sw := apdu.OK
	if le > left && le != apdu.MaxShortLe && le != apdu.MaxExtendedLe {
		sw = apdu.EndOfFile
	}
	return apdu.Response{Data: c.bytesOf(f, offset, n), SW: sw}
}

// bytesOf are n bytes of a file as the chip gives them, with its defects.
func (c *Card) bytesOf(f *file, offset, n int) []byte {
	b := bytes.Clone(f.data[offset : offset+n])
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
	f := c.ram.application.current
	switch id := binary.BigEndian.Uint16([]byte{cmd.P1, cmd.P2}); {
	case id == 0:
	case id <= 0x1F:
		if f = c.byShortIdentifier(a, byte(id)); f == nil {
			return status(apdu.FileNotFound)
		}
	default:
		if f = a.file(id); f == nil || (!c.ram.application.inside && !rowOf(id).MasterFile) {
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
	if room := c.ram.application.room; room > 0 {
		le = min(le, room-objectOverhead(room))
	}
	r := c.read(f, offset, le, false, mayRead, cmd.P1|cmd.P2 != 0)
	if failed(r.SW) {
		return r
	}
	r.Data = tlv.Encode(0x53, r.Data)
	return r
}

// objectOverhead is how many bytes of an object 53 of n bytes its header takes.
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

// ecKey reads a stored key on an elliptic curve.
func ecKey(a *application, tag uint16) (*ecdsa.PrivateKey, bool) {
	der, found := a.secret(tag)
	if !found {
		return nil, false
	}
	key, err := curve.ParsePrivateKey(der)
	return key, err == nil
}
