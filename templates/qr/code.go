package qr

import "rsc.io/qr/coding"

// Code is the modules of one QR code.
type Code struct {
	size int
	rows [][]uint64 // a bit for each dark module; the leftmost is the highest bit of a row's first word
}

// Size is how many modules a side has.
func (m *Code) Size() int { return m.size }

// Runs calls run for each run of dark modules in row y, from left to right; to is the
// column after the last one.
func (m *Code) Runs(y int, run func(from, to int)) {
	for x := 0; x < m.size; x++ {
		if !m.dark(x, y) {
			continue
		}
		from := x
		for x < m.size && m.dark(x, y) {
			x++
		}
		run(from, x)
	}
}

func newCode(size int) *Code {
	words := (size + 63) / 64
	all := make([]uint64, size*words)
	m := &Code{size: size, rows: make([][]uint64, size)}
	for y := range m.rows {
		m.rows[y] = all[y*words : (y+1)*words]
	}
	return m
}

// dark reports whether the module in column x of row y is dark.
func (m *Code) dark(x, y int) bool { return m.rows[y][x/64]>>(63-x%64)&1 != 0 }

func unpack(c *coding.Code) *Code {
	m := newCode(c.Size)
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
