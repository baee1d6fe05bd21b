package render

import (
	"fmt"
	"math/bits"

	"rsc.io/qr/coding"

	"example.org/cancuoc/internal/identity"
)

// code is a QR code in its place.
type code struct {
	x, y, module float64
	modules      *modules
}

// levels are the error correction levels, and which are tried after one.
var levels = map[string][]coding.Level{
	"H": {coding.H, coding.Q, coding.M, coding.L},
	"Q": {coding.Q, coding.M, coding.L},
	"M": {coding.M, coding.L},
	"L": {coding.L},
}

// encodeQR makes the code with the best error correction whose modules are large
// enough, centred in the field.
func (c *cache) encodeQR(g Field, payload string) (code, error) {
	for _, level := range levels[g.Level] {
		segments := g.segments(payload)
		version, ok := smallest(segments, level)
		if !ok {
			continue // too long for this level
		}
		module := g.W / float64(17+4*int(version)+2*g.Quiet)
		if module < g.Module-1e-9 {
			continue
		}
		m, err := c.modules(segments, version, level)
		if err != nil {
			return code{}, fmt.Errorf("encode QR code: %w", err)
		}
		quiet := module * float64(g.Quiet)
		return code{x: g.X + quiet, y: g.Y + quiet, module: module, modules: m}, nil
	}
	return code{}, identity.RefuseField(identity.Invalid, "person", "holds more than the QR code can: its modules would be under %.3g mm", g.Module)
}

// segments gives a payload as one segment of bytes. Cutting its digits out would
// save a version now and then, but a reader guesses the character set of each
// segment by itself: of 60 generated cards zbar read 56 exactly in one segment, and
// 21 as go-qrcode cuts them.
func (g *Field) segments(payload string) []coding.Encoding {
	if g.ECI || mistaken(payload) {
		return []coding.Encoding{utf8Mark{}, coding.String(payload)}
	}
	return []coding.Encoding{coding.String(payload)}
}

// mistaken reports whether a reader that guesses may take a text for one in another
// character set than UTF-8: zbar tries Latin-1 and Shift-JIS first. Nearly every
// Vietnamese text has bytes that are neither; the codes of the others, a few in a
// hundred, say what they are.
func mistaken(payload string) bool {
	ascii := true
	for i := range len(payload) {
		ascii = ascii && payload[i] < 0x80
	}
	return !ascii && (maybeLatin1(payload) || maybeShiftJIS(payload))
}

// maybeLatin1 reports whether no byte is a control character of ISO/IEC 8859-1.
func maybeLatin1(payload string) bool {
	for i := range len(payload) {
		if payload[i] >= 0x80 && payload[i] < 0xA0 {
			return false
		}
	}
	return true
}

// maybeShiftJIS reports whether the bytes are letters of one or two bytes in JIS X
// 0208, appendix 1.
func maybeShiftJIS(payload string) bool {
	for i := 0; i < len(payload); i++ {
		switch b := payload[i]; {
		case b < 0x80, b >= 0xA1 && b <= 0xDF:
		case b >= 0x81 && b <= 0xFC && b != 0xA0:
			i++
			if i == len(payload) || payload[i] < 0x40 || payload[i] == 0x7F || payload[i] > 0xFC {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// utf8Mark says that what follows is UTF-8 (ECI 26, ISO/IEC 18004, 7.4.2).
type utf8Mark struct{}

// Check implements coding.Encoding.
func (utf8Mark) Check() error { return nil }

// Bits implements coding.Encoding.
func (utf8Mark) Bits(coding.Version) int { return 12 }

// Encode implements coding.Encoding.
func (utf8Mark) Encode(b *coding.Bits, _ coding.Version) {
	b.Write(7, 4)
	b.Write(26, 8)
}

// smallest is the smallest version that holds the segments at a level.
func smallest(segments []coding.Encoding, level coding.Level) (coding.Version, bool) {
	for v := coding.Version(coding.MinVersion); v <= coding.MaxVersion; v++ {
		bits := 0
		for _, s := range segments {
			bits += s.Bits(v)
		}
		if bits <= v.DataBytes(level)*8 {
			return v, true
		}
	}
	return 0, false
}

// modules are the dark modules of a code, row by row, the leftmost in the highest
// bit of a row's first word.
type modules struct {
	size int
	rows [][]uint64
}

func newModules(size int) *modules {
	words := (size + 63) / 64
	all := make([]uint64, size*words)
	m := &modules{size: size, rows: make([][]uint64, size)}
	for y := range m.rows {
		m.rows[y] = all[y*words : (y+1)*words]
	}
	return m
}

// dark reports whether the module in column x of row y is dark.
func (m *modules) dark(x, y int) bool { return m.rows[y][x/64]>>(63-x%64)&1 != 0 }

// modules lays the modules of a code under the mask of least penalty. They are laid
// once, under mask 0, and turned over by each mask's difference.
func (c *cache) modules(segments []coding.Encoding, version coding.Version, level coding.Level) (*modules, error) {
	p, err := c.plan(planKey{version, level})
	if err != nil {
		return nil, err
	}
	drawn, err := p.base.Encode(segments...)
	if err != nil {
		return nil, err
	}
	base := unpack(drawn)
	var best *modules
	least := 0
	for _, mask := range p.masks {
		m := newModules(base.size)
		for y, row := range m.rows {
			for i := range row {
				row[i] = base.rows[y][i] ^ mask.rows[y][i]
			}
		}
		if penalty := m.penalty(); best == nil || penalty < least {
			best, least = m, penalty
		}
	}
	return best, nil
}

// plan is what all codes of one version and level share: where the bits of a payload
// go under mask 0, and how each mask differs from it.
type plan struct {
	base  *coding.Plan
	masks [8]*modules
}

// planKey names a plan.
type planKey struct {
	version coding.Version
	level   coding.Level
}

// plan gives the plan of a version and level, made once.
func (c *cache) plan(key planKey) (*plan, error) {
	if p, ok := c.plans.Load(key); ok {
		return p.(*plan), nil
	}
	p, err := newPlan(key)
	if err != nil {
		return nil, err
	}
	c.plans.Store(key, p)
	return p, nil
}

func newPlan(key planKey) (*plan, error) {
	p := &plan{}
	var first *modules
	for i := range p.masks {
		drawing, err := coding.NewPlan(key.version, key.level, coding.Mask(i))
		if err != nil {
			return nil, err
		}
		empty, err := drawing.Encode(coding.Num("0"))
		if err != nil {
			return nil, err
		}
		m := unpack(empty)
		if i == 0 {
			p.base, first = drawing, unpack(empty)
		}
		for y, row := range m.rows {
			for j := range row {
				row[j] ^= first.rows[y][j]
			}
		}
		p.masks[i] = m
	}
	return p, nil
}

func unpack(c *coding.Code) *modules {
	m := newModules(c.Size)
	for y, row := range m.rows {
		for i := range (c.Size + 7) / 8 {
			row[i/8] |= uint64(c.Bitmap[y*c.Stride+i]) << (56 - 8*(i%8))
		}
		if spare := c.Size % 64; spare != 0 {
			row[len(row)-1] &= ^uint64(0) << (64 - spare)
		}
	}
	return m
}

// penalty scores a mask (ISO/IEC 18004, 7.8.3), counting as go-qrcode does: a test
// holds the modules to be its own.
func (m *modules) penalty() int {
	columns := newModules(m.size)
	dark := 0
	for y, row := range m.rows {
		for i, word := range row {
			dark += bits.OnesCount64(word)
			for ; word != 0; word &= word - 1 {
				x := i*64 + 63 - bits.TrailingZeros64(word)
				columns.rows[x][y/64] |= 1 << (63 - y%64)
			}
		}
	}
	penalty := m.blocks()
	for i := range m.size {
		penalty += m.line(m.rows[i]) + m.line(columns.rows[i])
	}
	all := m.size * m.size
	deviation := all/2 - dark
	return penalty + 10*(max(deviation, -deviation)/(all/20))
}

// line scores runs of one colour longer than five, and patterns like a finder's,
// in one row or column.
func (m *modules) line(row []uint64) int {
	penalty, count := 0, 1
	var window uint16
	var last uint64
	for i := range m.size {
		bit := row[i/64] >> (63 - i%64) & 1
		switch {
		case i == 0 || bit != last:
			count, last = 1, bit
		default:
			count++
			if count == 6 {
				penalty += 4
			} else if count > 6 {
				penalty++
			}
		}
		window = window<<1 | uint16(bit)
		if pattern := window & 0x7ff; pattern == 0x05d || pattern == 0x5d0 || i == m.size-1 && window&0x7f == 0x5d {
			penalty += 40
			window = 0xff
		}
	}
	return penalty
}

// blocks scores squares of two by two of one colour.
func (m *modules) blocks() int {
	n := 0
	for y := 1; y < m.size; y++ {
		above, row := m.rows[y-1], m.rows[y]
		for i := range row {
			carryAbove, carryRow := uint64(0), uint64(0)
			if i > 0 {
				carryAbove, carryRow = above[i-1]<<63, row[i-1]<<63
			}
			equal := ^(above[i] ^ row[i]) & ^(above[i] ^ (above[i]>>1 | carryAbove)) & ^(above[i] ^ (row[i]>>1 | carryRow))
			if i == 0 {
				equal &^= 1 << 63 // the first column has none before it
			}
			if spare := m.size - 64*i; spare < 64 {
				equal &= ^uint64(0) << (64 - spare)
			}
			n += bits.OnesCount64(equal)
		}
	}
	return 3 * n
}
