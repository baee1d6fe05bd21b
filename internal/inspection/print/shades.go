package print

import (
	"encoding/binary"
	"slices"
	"sync"
)

// shades is a picture in gray, of which a level is sixteen, in two bytes to a dot, the lower
// one first: so four dots side by side are read as one number, and added at once. Each row
// has a dot more before it, and some after it, which blur fills.
type shades struct {
	w, h, stride int // dots, rows, and bytes from row to row
	pix          []byte
}

const (
	dotSize = 2 // bytes
	four    = 4 // dots in a number
)

// usedShades are pictures that are used again.
var usedShades sync.Pool

// newShades gives a picture in which anything may be.
func newShades(w, h int) *shades {
	s, ok := usedShades.Get().(*shades)
	if !ok {
		s = &shades{}
	}
	s.w, s.h = w, h
	s.stride = dotSize * (four*s.numbers() + 2)
	s.pix = slices.Grow(s.pix[:0], h*s.stride)[:h*s.stride]
	return s
}

// numbers is how many there are to a row.
func (s *shades) numbers() int { return (s.w + four - 1) / four }

// row gives the dots of a row, and one before and after them.
func (s *shades) row(y int) []byte { return s.pix[y*s.stride:][:s.stride:s.stride] }

// dotAt is a dot of a row, of which the first is 0.
func dotAt(row []byte, x int) int { return int(binary.LittleEndian.Uint16(row[dotSize*(x+1):])) }

// put sets a dot of a row.
func put(row []byte, x, v int) { binary.LittleEndian.PutUint16(row[dotSize*(x+1):], uint16(v&0xffff)) }

// blurred blurs a picture a little (1 2 1, both ways) into another of its size. At its edges
// there is only the edge.
// It takes a quarter as many numbers as there are dots, in which anything may be.
func (s *shades) blurred(to *shades, across []uint64) {
	n := s.numbers()
	for y := range s.h {
		row := s.row(y)
		put(row, -1, dotAt(row, 0))
		for x := s.w; dotSize*(x+2) <= len(row); x++ {
			put(row, x, dotAt(row, s.w-1))
		}
		sums := across[y*n:][:n]
		for i := range sums {
			b := row[dotSize*four*i:][: dotSize*(four+2) : dotSize*(four+2)]
			sums[i] = binary.LittleEndian.Uint64(b) + 2*binary.LittleEndian.Uint64(b[dotSize:]) + binary.LittleEndian.Uint64(b[2*dotSize:])
		}
	}
	for y := range s.h {
		above, mid, below := across[max(y-1, 0)*n:][:n], across[y*n:][:n], across[min(y+1, s.h-1)*n:][:n]
		row := to.row(y)[dotSize:]
		for i, v := range mid {
			sum := above[i] + 2*v + below[i] + sixteenth/2*lanes
			binary.LittleEndian.PutUint64(row[dotSize*four*i:], sum>>4&(0xfff*lanes))
		}
	}
}

// misses is how far two pictures of a size are from each other, in squares of a sixteenth level.
func (s *shades) misses(t *shades) (sum int) {
	for y := range s.h {
		a, b := s.row(y), t.row(y)
		for x := range s.w {
			d := dotAt(a, x) - dotAt(b, x)
			sum += d * d
		}
	}
	return sum
}
