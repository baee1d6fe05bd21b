package qr

import (
	"math/bits"
	"sync"

	"rsc.io/qr/coding"
)

// encode lays the modules of a code under the mask of least penalty. They are laid
// once, under mask 0, and turned over by each mask's difference.
func encode(segments []coding.Encoding, version coding.Version, level coding.Level) (*Code, error) {
	p, err := planOf(planKey{version, level})
	if err != nil {
		return nil, err
	}
	drawn, err := p.base.Encode(segments...)
	if err != nil {
		return nil, err
	}
	base := unpack(drawn)
	var best *Code
	least := 0
	for _, mask := range p.masks {
		m := newCode(base.size)
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
	masks [8]*Code
}

// planKey names a plan.
type planKey struct {
	version coding.Version
	level   coding.Level
}

// plans holds the plans made so far, by planKey: at most 160.
var plans sync.Map

// planOf gives the plan of a version and level, made once.
func planOf(key planKey) (*plan, error) {
	if p, ok := plans.Load(key); ok {
		return p.(*plan), nil
	}
	p, err := newPlan(key)
	if err != nil {
		return nil, err
	}
	plans.Store(key, p)
	return p, nil
}

func newPlan(key planKey) (*plan, error) {
	p := &plan{}
	var first *Code
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

// penalty scores a mask (ISO/IEC 18004, 7.8.3), counting as go-qrcode does: a test
// holds the modules to be its own.
func (m *Code) penalty() int {
	columns := newCode(m.size)
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

// line scores runs of one color longer than five, and patterns like a finder's,
// in one row or column.
func (m *Code) line(row []uint64) int {
	if m.size <= 64 && !m.likeFinder(row[0]) {
		return m.runs(row[0])
	}
	return m.modules(row)
}

// likeFinder reports whether a line of up to 64 modules has a pattern like a finder's:
// 1011101 after four light modules or the edge, before four of them, or at the end.
func (m *Code) likeFinder(w uint64) bool {
	core := w &^ (w << 1) & (w << 2) & (w << 3) & (w << 4) &^ (w << 5) & (w << 6)
	before := w>>1 | w>>2 | w>>3 | w>>4
	after := w<<7 | w<<8 | w<<9 | w<<10
	return core&^before != 0 || core&^after&(^uint64(0)<<(64-(m.size-10))) != 0 || core&(1<<(63-(m.size-7))) != 0
}

// runs scores runs of one color in a line of up to 64 modules, all at once.
func (m *Code) runs(w uint64) int {
	same := ^(w ^ w>>1) &^ (1 << 63) & (^uint64(0) << (64 - m.size)) // as the module before
	sixth := same & (same >> 1) & (same >> 2) & (same >> 3) & (same >> 4)
	return bits.OnesCount64(sixth) + 3*bits.OnesCount64(sixth&^(sixth>>1))
}

// modules scores a line module by module.
func (m *Code) modules(row []uint64) int {
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

// blocks scores squares of two by two of one color.
func (m *Code) blocks() int {
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
