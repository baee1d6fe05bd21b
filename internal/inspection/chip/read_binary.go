package chip

import (
	"context"
	"errors"
	"fmt"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// ErrFile means a file that cannot be read as in the standard.
var ErrFile = errors.New("file cannot be read")

// wrongFile makes an ErrFile with its reason.
func wrongFile(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFile, fmt.Errorf(format, args...))
}

// The largest files that are accepted, in bytes, whatever lengths a chip gives. Our
// chips have a memory of 144 kB.
const (
	maxGroup = 160 << 10 // a data group
	maxOther = 32 << 10  // any other file
)

// shortResponse is the longest response APDU without extended lengths.
const shortResponse = apdu.MaxShortLe + 2

// reader reads files.
type reader struct {
	Options
	line    *plainChannel
	channel channel
	session *session // the channel, once it is secure messaging
	reading *Reading
	longest int // the longest response APDU that the chip can send, in bytes
}

// read reads a file to the end of its data object. Of a file that is not a single
// data object it reads what one command gives.
func (r *reader) read(ctx context.Context, file lds.Row) ([]byte, error) {
	start, err := r.start(ctx, file)
	if err != nil {
		return nil, err
	}
	if file.Tag == 0 {
		return start, nil
	}
	tag, header, length, err := tlv.Header(start)
	if err != nil {
		return nil, wrongFile("%w", err)
	}
	total, limit := header+length, maxOther
	if file.DataGroup > 0 {
		limit = maxGroup
	}
	switch {
	case tag != file.Tag:
		return nil, wrongFile("it begins with tag %X, not %X", tag, file.Tag)
	case total > limit:
		return nil, wrongFile("its length is %d bytes; at most %d are accepted", total, limit)
	case total <= len(start):
		return start[:total:total], nil
	}
	return r.rest(ctx, append(make([]byte, 0, total), start...), total)
}

// rest reads the rest of a file.
func (r *reader) rest(ctx context.Context, b []byte, total int) ([]byte, error) {
	for len(b) < total {
		more, err := r.binary(ctx, len(b), min(r.channel.room(r.longest), total-len(b)))
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return nil, wrongFile("it ends after %d of %d bytes", len(b), total)
		}
		b = append(b, more[:min(len(more), total-len(b))]...)
	}
	return b, nil
}

// start makes a file the current one and gives its first bytes: by short identifier in
// one command, or by identifier in two if the chip does not find it.
func (r *reader) start(ctx context.Context, file lds.Row) ([]byte, error) {
	if !r.SelectFiles {
		b, err := r.opening(ctx, apdu.Command{INS: apdu.ReadBinary, P1: 0x80 | file.SFI})
		if err == nil || !unknownShort(err) {
			return b, err
		}
	}
	fid := []byte{byte(file.FID >> 8), byte(file.FID & 0xFF)}
	if _, err := ask(ctx, r.channel, "SELECT", apdu.Command{INS: apdu.Select, P1: apdu.SelectEF, P2: apdu.NoResponse, Data: fid}); err != nil {
		return nil, err
	}
	return r.opening(ctx, apdu.Command{INS: apdu.ReadBinary})
}

// unknownShort reports whether a chip may find a file by its identifier that it has
// not found by its short identifier.
func unknownShort(err error) bool {
	for _, sw := range []apdu.Status{
		apdu.FileNotFound, apdu.WrongParameters, apdu.OutsideFile, apdu.NotAllowed,
		apdu.IncompatibleStructure, apdu.FunctionNotSupported, apdu.InstructionNotSupported,
	} {
		if errors.Is(err, sw) {
			return true
		}
	}
	return false
}

// opening reads the first bytes of a file of unknown length: as many as fit in a
// response, so that most files take one command. If the chip refuses a length beyond
// the end of the file, it reads only the header of the data object.
func (r *reader) opening(ctx context.Context, c apdu.Command) ([]byte, error) {
	c.Le = r.channel.room(r.longest)
	b, err := r.data(ctx, c)
	status, is := errors.AsType[apdu.Status](err)
	if is && (status == apdu.WrongLength || status.SW1() == apdu.WrongLe.SW1()) {
		c.Le = 1 + 4 // the tag of a file, and the longest length
		return r.data(ctx, c)
	}
	return b, err
}

// binary reads n bytes of the current file from an offset, beyond 32 kB by the odd
// instruction (ISO/IEC 7816-4, 11.3.3).
func (r *reader) binary(ctx context.Context, offset, n int) ([]byte, error) {
	const far = 0x8000
	if offset < far {
		return r.data(ctx, apdu.Command{INS: apdu.ReadBinary, P1: byte(offset >> 8 & 0xFF), P2: byte(offset & 0xFF), Le: n})
	}
	at := []byte{byte(offset >> 16 & 0xFF), byte(offset >> 8 & 0xFF), byte(offset & 0xFF)}
	if at[0] == 0 {
		at = at[1:]
	}
	const header = 1 + 3 // of object 53
	n = min(n, r.channel.room(r.longest)-header)
	b, err := r.data(ctx, apdu.Command{INS: apdu.ReadBinaryOdd, Data: tlv.Encode(0x54, at), Le: tlv.Size(0x53, n)})
	if err != nil || len(b) == 0 {
		return nil, err
	}
	node, err := tlv.ParseOnly(b, 0x53)
	if err != nil {
		return nil, wrongFile("%w", err)
	}
	return node.Value, nil
}

// data sends READ BINARY. The warning that the file ends before Le bytes is accepted.
func (r *reader) data(ctx context.Context, c apdu.Command) ([]byte, error) {
	answer, err := r.channel.send(ctx, c)
	if err != nil {
		return nil, err
	}
	if answer.SW != apdu.EndOfFile {
		if err := answer.Err(); err != nil {
			return nil, err
		}
	}
	return answer.Data, nil
}
