package templates

import (
	"fmt"
	"math/bits"

	"github.com/skip2/go-qrcode"
	"rsc.io/qr/coding"

	"example.org/cancuoc/internal/identity"
)

// code is a QR code in its place.
type code struct {
	x, y, module float64
	modules      *modules
}

// levels are the error correction levels, and which are tried after one.
var levels = map[string][]qrcode.RecoveryLevel{
	"H": {qrcode.Highest, qrcode.High, qrcode.Medium, qrcode.Low},
	"Q": {qrcode.High, qrcode.Medium, qrcode.Low},
	"M": {qrcode.Medium, qrcode.Low},
	"L": {qrcode.Low},
}

// encodeQR makes the code with the best error correction whose modules are large
// enough, centred in the field.
func (c *cache) encodeQR(g Field, payload string) (code, error) {
	for _, level := range levels[g.Level] {
		qr, err := qrcode.New(payload, level)
		if err != nil {
			continue // too long for this level
		}
		module := g.W / float64(17+4*qr.VersionNumber+2*g.Quiet)
		if module < g.Module-1e-9 {
			continue
		}
		m, err := c.modules(qr)
		if err != nil {
			return code{}, fmt.Errorf("encode QR code: %w", err)
		}
		quiet := module * float64(g.Quiet)
		return code{x: g.X + quiet, y: g.Y + quiet, module: module, modules: m}, nil
	}
	return code{}, identity.RefuseField(identity.Invalid, "person", "holds more than the QR code can: its modules would be under %.2f mm", g.Module)
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

// modules lays the modules that go-qrcode would lay: the same segments, version,
// level and choice of mask. It lays them once and turns them over by each mask's
// difference, where go-qrcode draws eight whole symbols bit by bit, which costs
// more than all the rest of a card (a test holds the two to be equal).
func (c *cache) modules(qr *qrcode.QRCode) (*modules, error) {
	p, err := c.plan(qr.VersionNumber, qr.Level)
	if err != nil {
		return nil, err
	}
	drawn, err := p.base.Encode(segments(qr.Content, qr.VersionNumber)...)
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

// plan is what all codes of one version and level share: the symbol without a
// payload under mask 0, and how each mask differs from it.
type plan struct {
	base  *coding.Plan
	masks [8]*modules
}

// planKey names a plan.
type planKey struct {
	version int
	level   qrcode.RecoveryLevel
}

// plan gives the plan of a version and level, made once.
func (c *cache) plan(version int, level qrcode.RecoveryLevel) (*plan, error) {
	key := planKey{version, level}
	if p, ok := c.plans.Load(key); ok {
		return p.(*plan), nil //nolint:forcetypeassert // nothing else is stored
	}
	p, err := newPlan(version, level)
	if err != nil {
		return nil, err
	}
	c.plans.Store(key, p)
	return p, nil
}

func newPlan(version int, level qrcode.RecoveryLevel) (*plan, error) {
	name := map[qrcode.RecoveryLevel]coding.Level{qrcode.Low: coding.L, qrcode.Medium: coding.M, qrcode.High: coding.Q, qrcode.Highest: coding.H}[level]
	p := &plan{}
	var first *modules
	for i := range p.masks {
		drawing, err := coding.NewPlan(coding.Version(version), name, coding.Mask(i))
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

// The modes of ISO/IEC 18004, 7.3, each holding the ones before.
const (
	numeric = iota
	alphanumeric
	bytewise
)

// segments cuts a payload into runs of one mode, and joins a run to the one before
// where that is shorter, as go-qrcode does.
func segments(payload string, version int) []coding.Encoding {
	type segment struct{ mode, from, to int }
	var list []segment
	widest := numeric
	for i := range len(payload) {
		mode := modeOf(payload[i])
		widest = max(widest, mode)
		if n := len(list); n > 0 && list[n-1].mode == mode {
			list[n-1].to = i + 1
		} else {
			list = append(list, segment{mode, i, i + 1})
		}
	}
	size := func(mode, n int) int { return encodingOf(mode, payload[:n]).Bits(coding.Version(version)) }
	var out []coding.Encoding
	total := 0
	for i := 0; i < len(list); {
		s, j := list[i], i+1
		for ; j < len(list) && list[j].mode <= s.mode; j++ {
			next := list[j].to - list[j].from
			joined := s.to - s.from + next
			if size(s.mode, joined) >= size(s.mode, s.to-s.from)+size(list[j].mode, next) {
				break
			}
			s.to = list[j].to
		}
		e := encodingOf(s.mode, payload[s.from:s.to])
		out = append(out, e)
		total += e.Bits(coding.Version(version))
		i = j
	}
	if whole := encodingOf(widest, payload); whole.Bits(coding.Version(version)) <= total {
		return []coding.Encoding{whole}
	}
	return out
}

func modeOf(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return numeric
	case b >= 'A' && b <= 'Z', b == ' ', b == '$', b == '%', b == '*', b == '+', b == '-', b == '.', b == '/', b == ':':
		return alphanumeric
	}
	return bytewise
}

func encodingOf(mode int, s string) coding.Encoding {
	switch mode {
	case numeric:
		return coding.Num(s)
	case alphanumeric:
		return coding.Alpha(s)
	}
	return coding.String(s)
}

// penalty scores a mask (ISO/IEC 18004, 7.8.3) with the weights and the counting
// of go-qrcode.
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
