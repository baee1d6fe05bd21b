package api

import "sync"

// A packet is kept in pieces while it comes in and waits: they are used again by the
// next, so that packets which come to nothing leave nothing to be collected.
const (
	firstPiece = 1 << 10 // holds the header of any packet
	piece      = 16 << 10
)

var pieces = sync.Pool{New: func() any { return new([piece]byte) }}

// body is what has come in of a packet.
type body struct {
	first [firstPiece]byte
	rest  []*[piece]byte
	size  int
}

// space is where the next bytes go, and how many bytes had to be taken for it.
func (b *body) space() (into []byte, taken int64) {
	if b.size < firstPiece {
		return b.first[b.size:], 0
	}
	at := (b.size - firstPiece) % piece
	if at == 0 && b.size-firstPiece == len(b.rest)*piece {
		b.rest = append(b.rest, pieces.Get().(*[piece]byte))
		taken = piece
	}
	return b.rest[len(b.rest)-1][at:], taken
}

// beginning is the first of what has come in.
func (b *body) beginning() []byte { return b.first[:min(b.size, firstPiece)] }

// whole joins the pieces, and gives them back.
func (b *body) whole() []byte {
	all := append(make([]byte, 0, b.size), b.beginning()...)
	for _, p := range b.rest {
		all = append(all, p[:min(b.size-len(all), piece)]...)
	}
	b.release()
	return all
}

// release gives the pieces back.
func (b *body) release() {
	for _, p := range b.rest {
		pieces.Put(p)
	}
	b.rest = nil
}
