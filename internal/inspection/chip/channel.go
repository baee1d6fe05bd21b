package chip

import (
	"context"
	"errors"
	"fmt"

	"example.org/cancuoc/personalization/chip/apdu"
)

// maxCommands bounds the commands of one reading. A chip with 100 kB of files needs
// about 600 without extended lengths; one that answers with a few bytes at a time
// must not keep the reader busy.
const maxCommands = 4096

// errTooManyCommands means a chip that cannot be read in maxCommands commands.
var errTooManyCommands = fmt.Errorf("%w: the chip was not read after %d commands", ErrFile, maxCommands)

// fault is an error outside the chip: of the reader, the connection, the context or
// the source of random numbers. Every other error is the chip's.
type fault struct{ err error }

func (f *fault) Error() string { return f.err.Error() }

func (f *fault) Unwrap() error { return f.err }

// isFault reports whether an error is a fault, not an error of the chip.
func isFault(err error) bool {
	_, is := errors.AsType[*fault](err)
	return is
}

// plainChannel is the card in the reader, with commands in plain.
type plainChannel struct {
	card apdu.Card
	sent int
}

// Transmit implements apdu.Card. Its errors are faults, or errTooManyCommands.
func (l *plainChannel) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, &fault{err}
	}
	if l.sent == maxCommands {
		return nil, errTooManyCommands
	}
	l.sent++
	answer, err := l.card.Transmit(ctx, command)
	if err != nil {
		return nil, &fault{err}
	}
	if _, err := apdu.ParseResponse(answer); err != nil {
		return nil, &fault{err}
	}
	return answer, nil
}

// send implements channel.
func (l *plainChannel) send(ctx context.Context, c apdu.Command) (apdu.Response, error) {
	return apdu.Send(ctx, l, c)
}

// room implements channel.
func (l *plainChannel) room(longest int) int { return longest - 2 }

// channel is how commands reach the chip: in plain, or in secure messaging.
type channel interface {
	// send sends a command and gives the response with its status word.
	send(ctx context.Context, c apdu.Command) (apdu.Response, error)
	// room is how many bytes of data fit in a response APDU of at most longest
	// bytes.
	room(longest int) int
}

// ask sends a command and gives the data of the response. A status word other than
// 9000 is an error of type apdu.Status, wrapped with the name of the command.
func ask(ctx context.Context, to channel, name string, c apdu.Command) ([]byte, error) {
	r, err := to.send(ctx, c)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r.Data, nil
}
