package chip

import (
	"context"
	"errors"
	"fmt"

	"example.org/cancuoc/personalization/chip/apdu"
)

// maxCommands bounds the commands of one reading. A chip with 100 kB of files
// needs some 600 of them without extended lengths; one that answers in crumbs
// must not hold the reader for ever.
const maxCommands = 4096

// errCrumbs is a chip that makes the reader ask without end.
var errCrumbs = fmt.Errorf("%w: the chip has not ended after %d commands", ErrFile, maxCommands)

// fault is what went wrong outside the chip: the reader, the line, the context,
// the source of randomness. Everything else is the chip's doing.
type fault struct{ err error }

func (f *fault) Error() string { return f.err.Error() }

func (f *fault) Unwrap() error { return f.err }

// isFault tells what the line did wrong from what the chip did.
func isFault(err error) bool {
	_, is := errors.AsType[*fault](err)
	return is
}

// line is the card as it is in the reader, its commands in clear.
type line struct {
	card apdu.Card
	sent int
}

// Transmit implements apdu.Card. Its errors are faults, but for a card that goes
// on without end.
func (l *line) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, &fault{err}
	}
	if l.sent == maxCommands {
		return nil, errCrumbs
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

// send makes a line a channel.
func (l *line) send(ctx context.Context, c apdu.Command) (apdu.Response, error) {
	return apdu.Send(ctx, l, c)
}

// room implements channel.
func (l *line) room(longest int) int { return longest - 2 }

// channel is how commands reach the chip: in clear, or in secure messaging.
type channel interface {
	// send sends a command and gives the response with its status word.
	send(ctx context.Context, c apdu.Command) (apdu.Response, error)
	// room is how many bytes of data a response APDU of at most longest bytes
	// brings.
	room(longest int) int
}

// ask sends a command and gives the data; a status word other than 9000 is an
// error of type apdu.Status, wrapped with what was being done.
func ask(ctx context.Context, to channel, doing string, c apdu.Command) ([]byte, error) {
	r, err := to.send(ctx, c)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return r.Data, nil
}
