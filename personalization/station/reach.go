package station

import (
	"errors"
	"sync/atomic"

	"example.org/cancuoc/personalization/chip/apdu"
)

// reach is whether an encoder passes on commands of extended length, as far as it has shown.
type reach struct{ atomic.Int32 }

// What an encoder has shown.
const (
	untried int32 = iota
	long
	short
)

// atLength writes or reads a card with commands of extended length, unless the encoder has
// shown that it does not pass them on. Where it may be that which shows now, since it has not
// passed on any, all is done again with short ones, at once or, after a fault of the connection,
// at the next try: by an encoder no chip is ever spoiled. run takes its steps from the beginning.
func (s *Station) atLength(card *apdu.Watch, run func(short bool) error) error {
	if s.reader.Load() == short {
		err := run(true)
		if _, refused := errors.AsType[apdu.Status](err); err != nil && !refused {
			s.reader.CompareAndSwap(short, untried) // it may not have been the length
		}
		return err
	}
	err := run(false)
	if card.Taken {
		s.reader.CompareAndSwap(untried, long)
	}
	if err == nil || !card.Failed || !s.reader.CompareAndSwap(untried, short) || !answered(err) {
		return err
	}
	if err = run(true); err != nil {
		s.reader.CompareAndSwap(short, untried) // nor was it now
	}
	return err
}

// Read has a card in the encoder read, with short commands where the encoder has shown that
// it does not pass on others.
func (s *Station) Read(session Session, read func(card apdu.Card, short bool) error) error {
	watched := &apdu.Watch{Card: session}
	return s.atLength(watched, func(short bool) error { return read(watched, short) })
}

// answered reports whether an error is that of an answer, and not of no answer.
func answered(err error) bool {
	_, refused := errors.AsType[apdu.Status](err)
	return refused || errors.Is(err, apdu.ErrMalformed)
}
