package softcard

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// MemorySize is how many bytes a chip has for files and secrets: 144 kB.
const MemorySize = 144 << 10

// The memory that an item takes beside its content, in bytes.
const (
	applicationOverhead = 256
	fileOverhead        = 32
	pageSize            = 64 // memory is written by pages; a torn write ends between two
)

// maxKeySets bounds the key sets of the issuer security domain.
const maxKeySets = 4

// memory is what the card keeps without power. Every change records how to undo it
// until commit, so that each command is one transaction.
type memory struct {
	serial   [globalplatform.SerialSize]byte
	life     globalplatform.LifeCycle
	sequence uint32 // of secure channels
	keys     []securechannel.KeySet
	objects  []object // of the issuer security domain
	apps     []*application

	size    int // bytes that applications may use
	undo    []func()
	commits uint64
}

// object is a data object with its tag.
type object struct {
	tag   uint16
	value []byte
}

// application is an installed instance of a module.
type application struct {
	aid, module []byte
	privileges  byte
	life        byte
	files       []*file
	secrets     []object // keys and passwords, by the tags that wrote them
}

// file is a transparent elementary file.
type file struct {
	id   uint16
	data []byte
}

// change records how to undo what is about to be done.
func (m *memory) change(undo func()) { m.undo = append(m.undo, undo) }

// commit makes the changes of this command final.
func (m *memory) commit() {
	if len(m.undo) == 0 {
		return
	}
	clear(m.undo)
	m.undo = m.undo[:0]
	m.commits++
}

// rollback undoes the changes of this command, the last first, and keeps the first
// keep of them, as a chip without anti-tearing would.
func (m *memory) rollback(keep int) {
	for len(m.undo) > keep {
		last := len(m.undo) - 1
		m.undo[last]()
		m.undo[last] = nil
		m.undo = m.undo[:last]
	}
	m.commit()
}

// used is how many bytes are in use.
func (m *memory) used() int {
	n := 0
	for _, o := range m.objects {
		n += len(o.value)
	}
	for _, a := range m.apps {
		n += applicationOverhead
		for _, f := range a.files {
			n += fileOverhead + len(f.data)
		}
		for _, s := range a.secrets {
			n += fileOverhead + len(s.value)
		}
	}
	return n
}

// fits reports whether n more bytes fit.
func (m *memory) fits(n int) bool { return n >= 0 && m.used()+n <= m.size }

func (m *memory) setLife(l globalplatform.LifeCycle) {
	old := m.life
	m.change(func() { m.life = old })
	m.life = l
}

func (m *memory) stepSequence() {
	m.change(func() { m.sequence-- })
	m.sequence++
}

// keySet finds the key set with a key version number; 0 asks for the first one.
func (m *memory) keySet(version byte) (securechannel.KeySet, bool) {
	for _, k := range m.keys {
		if version == 0 || k.Version == version {
			return k, true
		}
	}
	return securechannel.KeySet{}, false
}

// replaceKeys stores a key set in place of the one with version number old, or
// beside the others where old is 0.
func (m *memory) replaceKeys(old byte, next securechannel.KeySet) apdu.Status {
	before := m.keys
	after := slices.DeleteFunc(slices.Clone(before), func(k securechannel.KeySet) bool { return k.Version == old })
	if old != 0 && len(after) == len(before) {
		return apdu.ReferenceNotFound
	}
	if len(after) == maxKeySets || slices.ContainsFunc(after, func(k securechannel.KeySet) bool { return k.Version == next.Version }) {
		return apdu.WrongData
	}
	m.change(func() { m.keys = before })
	after = append(after, next)
	m.keys = after
	return apdu.OK
}

// setObject stores a data object of the issuer security domain.
func (m *memory) setObject(tag uint16, value []byte) {
	before := m.objects
	m.change(func() { m.objects = before })
	m.objects = withObject(before, tag, value)
}

func withObject(before []object, tag uint16, value []byte) []object {
	after := slices.DeleteFunc(slices.Clone(before), func(o object) bool { return o.tag == tag })
	return append(after, object{tag, bytes.Clone(value)})
}

func findObject(objects []object, tag uint16) ([]byte, bool) {
	for _, o := range objects {
		if o.tag == tag {
			return o.value, true
		}
	}
	return nil, false
}

func (m *memory) application(aid []byte) *application {
	for _, a := range m.apps {
		if bytes.Equal(a.aid, aid) {
			return a
		}
	}
	return nil
}

func (m *memory) install(a *application) apdu.Status {
	if !m.fits(applicationOverhead) {
		return apdu.NotEnoughMemory
	}
	before := m.apps
	m.change(func() { m.apps = before })
	m.apps = append(slices.Clone(before), a)
	return apdu.OK
}

func (m *memory) remove(a *application) {
	before := m.apps
	m.change(func() { m.apps = before })
	m.apps = slices.DeleteFunc(slices.Clone(before), func(b *application) bool { return a == b })
}

func (m *memory) setApplicationLife(a *application, life byte) {
	old := a.life
	m.change(func() { a.life = old })
	a.life = life
}

func (m *memory) setSecret(a *application, tag uint16, value []byte) apdu.Status {
	if !m.fits(fileOverhead + len(value)) {
		return apdu.NotEnoughMemory
	}
	m.keepSecret(a, tag, value)
	return apdu.OK
}

// keepSecret stores a secret for which there is room.
func (m *memory) keepSecret(a *application, tag uint16, value []byte) {
	before := a.secrets
	m.change(func() { a.secrets = before })
	a.secrets = withObject(before, tag, value)
}

func (a *application) secret(tag uint16) ([]byte, bool) { return findObject(a.secrets, tag) }

func (a *application) file(id uint16) *file {
	for _, f := range a.files {
		if f.id == id {
			return f
		}
	}
	return nil
}

// elementary finds a file of the eMRTD application by its name.
func (a *application) elementary(ef lds.EF) *file {
	row, _ := lds.Find(ef)
	return a.file(row.FID)
}

// create makes a file of size bytes, all zero.
func (m *memory) create(a *application, id uint16, size int) (*file, apdu.Status) {
	if a.file(id) != nil {
		return nil, apdu.FileExists
	}
	if !m.fits(fileOverhead + size) {
		return nil, apdu.NotEnoughMemory
	}
	before := a.files
	m.change(func() { a.files = before })
	f := &file{id: id, data: make([]byte, size)}
	a.files = append(slices.Clone(before), f)
	return f, apdu.OK
}

// write overwrites part of a file, page by page.
func (m *memory) write(f *file, offset int, b []byte) apdu.Status {
	if offset < 0 || offset+len(b) > len(f.data) {
		return apdu.OutsideFile
	}
	for page := range slices.Chunk(b, pageSize) {
		into := f.data[offset : offset+len(page)]
		before := bytes.Clone(into)
		m.change(func() { copy(into, before) })
		copy(into, page)
		offset += len(page)
	}
	return apdu.OK
}

// snapshotMagic is how every snapshot begins; its last byte is the version.
const snapshotMagic = "CANCUOC-CHIP\x01"

// ErrSnapshot is wrapped by the errors of [Restore].
var ErrSnapshot = errors.New("snapshot of a software card is malformed")

// encode appends the memory to a slice. Equal memories give equal bytes.
func (m *memory) encode(to []byte) []byte {
	b := cryptobyte.NewBuilder(slices.Grow(to, 1024+m.used()+m.used()/16))
	b.AddBytes([]byte(snapshotMagic))
	b.AddBytes(m.serial[:])
	b.AddUint8(byte(m.life))
	b.AddUint24(m.sequence)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, k := range m.keys {
			b.AddUint8(k.Version)
			for _, key := range [][]byte{k.ENC, k.MAC, k.DEK} {
				addBytes(b, key)
			}
		}
	})
	addObjects(b, m.objects)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, a := range m.apps {
			a.encode(b)
		}
	})
	return b.BytesOrPanic() // nothing on a card needs a longer length than 24 bits
}

func (a *application) encode(b *cryptobyte.Builder) {
	addBytes(b, a.aid)
	addBytes(b, a.module)
	b.AddUint8(a.privileges)
	b.AddUint8(a.life)
	addObjects(b, a.secrets)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, f := range a.files {
			b.AddUint16(f.id)
			addBytes(b, f.data)
		}
	})
}

func addBytes(b *cryptobyte.Builder, v []byte) {
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
}

func addObjects(b *cryptobyte.Builder, objects []object) {
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, o := range objects {
			b.AddUint16(o.tag)
			addBytes(b, o.value)
		}
	})
}

// decodeMemory reads what encode wrote. What it allocates is bounded by the input.
func decodeMemory(snapshot []byte) (*memory, error) {
	m := &memory{}
	s := cryptobyte.String(snapshot)
	var magic, serial []byte
	var life byte
	var keys, apps cryptobyte.String
	if !s.ReadBytes(&magic, len(snapshotMagic)) || string(magic) != snapshotMagic ||
		!s.ReadBytes(&serial, globalplatform.SerialSize) || !s.ReadUint8(&life) || !s.ReadUint24(&m.sequence) ||
		!s.ReadUint24LengthPrefixed(&keys) || !readObjects(&s, &m.objects) ||
		!s.ReadUint24LengthPrefixed(&apps) || !s.Empty() {
		return nil, ErrSnapshot
	}
	copy(m.serial[:], serial)
	m.life = globalplatform.LifeCycle(life)
	for !keys.Empty() {
		var k securechannel.KeySet
		if !keys.ReadUint8(&k.Version) || !readBytes(&keys, &k.ENC) || !readBytes(&keys, &k.MAC) || !readBytes(&keys, &k.DEK) {
			return nil, ErrSnapshot
		}
		if err := k.Check(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
		m.keys = append(m.keys, k)
	}
	for !apps.Empty() {
		a := &application{}
		if !a.decode(&apps) {
			return nil, ErrSnapshot
		}
		m.apps = append(m.apps, a)
	}
	return m, nil
}

func (a *application) decode(s *cryptobyte.String) bool {
	var files cryptobyte.String
	if !readBytes(s, &a.aid) || !readBytes(s, &a.module) || !s.ReadUint8(&a.privileges) || !s.ReadUint8(&a.life) ||
		!readObjects(s, &a.secrets) || !s.ReadUint24LengthPrefixed(&files) {
		return false
	}
	for !files.Empty() {
		f := &file{}
		if !files.ReadUint16(&f.id) || !readBytes(&files, &f.data) {
			return false
		}
		a.files = append(a.files, f)
	}
	return true
}

func readBytes(s *cryptobyte.String, into *[]byte) bool {
	var v cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&v) {
		return false
	}
	*into = bytes.Clone(v)
	return true
}

func readObjects(s *cryptobyte.String, into *[]object) bool {
	var list cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var o object
		if !list.ReadUint16(&o.tag) || !readBytes(&list, &o.value) {
			return false
		}
		*into = append(*into, o)
	}
	return true
}
