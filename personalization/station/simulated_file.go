package station

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// cardFile keeps a simulated card's memory on disk. The file has two places; each
// snapshot replaces the older one, so that the newer one is whole whenever writing
// is interrupted. A place begins with a header: the number of the snapshot, its
// length and its CRC-32, big-endian.
type cardFile struct {
	file   *os.File
	last   uint64 // number of the newest snapshot
	sync   bool   // wait for the disk
	buffer []byte // what was written last, for reuse
}

const (
	placeBytes  = 256 << 10
	placeHeader = 8 + 4 + 4
	maxSnapshot = placeBytes - placeHeader
)

// openCardFile opens a card's file, or makes it, and reads the newest whole
// snapshot, or nil.
func openCardFile(name string, sync bool) (*cardFile, []byte, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, err
	}
	c := &cardFile{file: f, sync: sync}
	var newest []byte
	for place := range uint64(2) {
		number, snapshot, err := c.read(place)
		if err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
		if number > c.last {
			c.last, newest = number, snapshot
		}
	}
	return c, newest, nil
}

// read reads one place. A snapshot that is not whole has number 0.
func (c *cardFile) read(place uint64) (number uint64, snapshot []byte, err error) {
	at := io.NewSectionReader(c.file, int64(place)*placeBytes, placeBytes)
	var header [placeHeader]byte
	if _, err := io.ReadFull(at, header[:]); err != nil {
		return 0, nil, unlessShort(err)
	}
	length := binary.BigEndian.Uint32(header[8:])
	if length > maxSnapshot {
		return 0, nil, nil
	}
	snapshot = make([]byte, length)
	if _, err := io.ReadFull(at, snapshot); err != nil {
		return 0, nil, unlessShort(err)
	}
	number = binary.BigEndian.Uint64(header[:])
	if checksum(number, snapshot) != binary.BigEndian.Uint32(header[12:]) {
		return 0, nil, nil
	}
	return number, snapshot, nil
}

// unlessShort gives the error unless it is the end of the file.
func unlessShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// checksum covers the number too, so that an old header does not fit new bytes.
func checksum(number uint64, snapshot []byte) uint32 {
	sum := crc32.ChecksumIEEE(binary.BigEndian.AppendUint64(nil, number))
	return crc32.Update(sum, crc32.IEEETable, snapshot)
}

// write writes the next snapshot, which appendTo appends to its argument.
func (c *cardFile) write(appendTo func([]byte) []byte) error {
	c.buffer = appendTo(append(c.buffer[:0], make([]byte, placeHeader)...))
	b := c.buffer
	snapshot := b[placeHeader:]
	if len(snapshot) > maxSnapshot {
		return fmt.Errorf("a snapshot of %d bytes does not fit; at most %d do", len(snapshot), maxSnapshot)
	}
	number := c.last + 1
	binary.BigEndian.PutUint64(b, number)
	binary.BigEndian.PutUint32(b[8:], uint32(len(snapshot)))
	binary.BigEndian.PutUint32(b[12:], checksum(number, snapshot))
	if _, err := c.file.WriteAt(b, int64(number%2)*placeBytes); err != nil {
		return err
	}
	if c.sync {
		if err := c.file.Sync(); err != nil {
			return err
		}
	}
	c.last = number
	return nil
}

// Close closes the file.
func (c *cardFile) Close() error { return c.file.Close() }
