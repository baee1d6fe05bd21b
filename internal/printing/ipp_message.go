package printing

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// tag is a delimiter tag or a value tag (RFC 8010, 3.5).
type tag byte

// The tags that are written and read here. A tag below tagFirstValue is a delimiter:
// it ends a group and begins another.
const (
	tagOperation  tag = 0x01
	tagJob        tag = 0x02
	tagEnd        tag = 0x03
	tagPrinter    tag = 0x04
	tagFirstValue tag = 0x10

	tagInteger  tag = 0x21
	tagBoolean  tag = 0x22
	tagEnum     tag = 0x23
	tagTextIn   tag = 0x35 // textWithLanguage
	tagNameIn   tag = 0x36 // nameWithLanguage
	tagName     tag = 0x42 // nameWithoutLanguage
	tagKeyword  tag = 0x44
	tagURI      tag = 0x45
	tagCharset  tag = 0x47
	tagLanguage tag = 0x48
	tagMIMEType tag = 0x49
)

// message is a request or a response (RFC 8010, 3.1). All numbers are big-endian.
type message struct {
	version [2]byte
	code    uint16 // operation-id, or status-code
	request int32  // request-id
	groups  []group
}

// group is the attributes of the operation, of the printer, or of one job.
type group struct {
	tag        tag
	attributes []attribute
}

// attribute is a name with its values. The members of a collection are among the
// values, under the name of the collection.
type attribute struct {
	name   string
	values []value
}

type value struct {
	tag tag
	raw []byte
}

func text(t tag, s string) value { return value{t, []byte(s)} }

func integer(t tag, n int32) value { return value{t, binary.BigEndian.AppendUint32(nil, uint32(n))} }

// String gives a text, without the language that some printers put before it (RFC 8010,
// 3.9).
func (v value) String() string {
	if v.tag != tagTextIn && v.tag != tagNameIn {
		return string(v.raw)
	}
	r := bytes.NewBuffer(v.raw)
	if _, err := field(r); err != nil {
		return ""
	}
	s, err := field(r)
	if err != nil {
		return ""
	}
	return string(s)
}

// integer gives the value of an integer or an enum, and 0 for anything else.
func (v value) integer() int32 {
	if v.tag != tagInteger && v.tag != tagEnum || len(v.raw) != 4 {
		return 0
	}
	return int32(binary.BigEndian.Uint32(v.raw))
}

// get gives the values of an attribute, or none if it is not there.
func (g group) get(name string) []value {
	for _, a := range g.attributes {
		if a.name == name {
			return a.values
		}
	}
	return nil
}

// first gives the first value of an attribute, or an empty one if it is not there.
func (g group) first(name string) value {
	if values := g.get(name); len(values) > 0 {
		return values[0]
	}
	return value{}
}

// all gives the groups of a kind.
func (m message) all(t tag) []group {
	var list []group
	for _, g := range m.groups {
		if g.tag == t {
			list = append(list, g)
		}
	}
	return list
}

// one gives the first group of a kind, or an empty one if there is none.
func (m message) one(t tag) group {
	if list := m.all(t); len(list) > 0 {
		return list[0]
	}
	return group{tag: t}
}

// encode writes a message (RFC 8010, 3.1). A document follows it directly.
func (m message) encode() []byte {
	b := append([]byte{}, m.version[:]...)
	b = binary.BigEndian.AppendUint16(b, m.code)
	b = binary.BigEndian.AppendUint32(b, uint32(m.request))
	for _, g := range m.groups {
		b = append(b, byte(g.tag))
		for _, a := range g.attributes {
			name := a.name
			for _, v := range a.values {
				b = append(b, byte(v.tag))
				b = appendField(b, []byte(name))
				b = appendField(b, v.raw)
				name = "" // a further value has no name
			}
		}
	}
	return append(b, byte(tagEnd))
}

// appendField adds a field after its length of two bytes.
func appendField(b, field []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(field)))
	return append(b, field...)
}

var errCutShort = errors.New("the message is cut short")

// decode reads a message strictly, up to its end tag, and ignores what follows. The
// message shares its bytes with b.
func decode(b []byte) (message, error) {
	if len(b) < 8 {
		return message{}, errCutShort
	}
	m := message{
		version: [2]byte(b), code: binary.BigEndian.Uint16(b[2:]),
		request: int32(binary.BigEndian.Uint32(b[4:])),
	}
	if m.version[0] != 1 && m.version[0] != 2 {
		return message{}, fmt.Errorf("version %d.%d is not one of IPP", m.version[0], m.version[1])
	}
	r := bytes.NewBuffer(b[8:])
	for {
		next, err := r.ReadByte()
		switch t := tag(next); {
		case err != nil:
			return message{}, errCutShort
		case t == tagEnd:
			return m, nil
		case t < tagFirstValue:
			m.groups = append(m.groups, group{tag: t})
		case len(m.groups) == 0:
			return message{}, errors.New("a value precedes the first group")
		default:
			if err := m.groups[len(m.groups)-1].read(r, t); err != nil {
				return message{}, err
			}
		}
	}
}

// read adds one value, whose tag was read before. A value without a name is a
// further value of the attribute before it.
func (g *group) read(r *bytes.Buffer, t tag) error {
	name, err := field(r)
	if err != nil {
		return err
	}
	raw, err := field(r)
	if err != nil {
		return err
	}
	if len(name) > 0 {
		g.attributes = append(g.attributes, attribute{name: string(name)})
	}
	if len(g.attributes) == 0 {
		return errors.New("the first value of a group has no name")
	}
	a := &g.attributes[len(g.attributes)-1]
	a.values = append(a.values, value{t, raw})
	return nil
}

// field reads a field after its length of two bytes.
func field(r *bytes.Buffer) ([]byte, error) {
	length := r.Next(2)
	if len(length) < 2 {
		return nil, errCutShort
	}
	n := int(binary.BigEndian.Uint16(length))
	if r.Len() < n {
		return nil, errCutShort
	}
	return r.Next(n), nil
}
