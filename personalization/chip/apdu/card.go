package apdu

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Card is anything that answers command APDUs: a chip in a reader, a chip behind a
// network connection, a card in software.
type Card interface {
	// Transmit sends one command APDU and returns the whole response APDU. An error
	// is a fault of the connection (the reader is gone, the card does not answer),
	// never a status word. The response belongs to the caller; the command is not
	// kept. Transmit need not be safe for concurrent use.
	Transmit(ctx context.Context, command []byte) (response []byte, err error)
}

// Resetter is a card that can be reset without taking it out of the reader.
type Resetter interface {
	// Reset ends every session on the card and restarts it.
	Reset(ctx context.Context) error
	// ATR is the answer to the last reset (ISO/IEC 7816-3, 8.2).
	ATR() []byte
}

// ErrEndless is the error of [Send] for a card that goes on asking for GET RESPONSE.
var ErrEndless = errors.New("the card does not stop asking for GET RESPONSE")

// maxExchanges bounds the GET RESPONSE commands after one command: 65536 bytes in
// parts of at least 64.
const maxExchanges = 1024

// Send sends one command and collects the whole response: it repeats the command
// with the right length after 6Cxx and gets the remaining bytes after 61xx. Any
// other status word is in the response, not an error.
func Send(ctx context.Context, card Card, c Command) (Response, error) {
	r, err := exchange(ctx, card, c)
	if err != nil {
		return Response{}, err
	}
	if r.SW.SW1() == WrongLe.SW1() {
		c.Le = shortLe(r.SW.SW2())
		if r, err = exchange(ctx, card, c); err != nil {
			return Response{}, err
		}
	}
	if r.SW.SW1() != BytesRemaining.SW1() {
		return r, nil
	}
	return collect(ctx, card, c.CLA, r)
}

// collect gets the remaining bytes until a status word other than 61xx.
func collect(ctx context.Context, card Card, class byte, r Response) (Response, error) {
	data := slices.Clone(r.Data)
	next := Command{CLA: class & 0x03, INS: GetResponse}
	for range maxExchanges {
		next.Le = shortLe(r.SW.SW2())
		var err error
		if r, err = exchange(ctx, card, next); err != nil {
			return Response{}, fmt.Errorf("get response: %w", err)
		}
		data = append(data, r.Data...)
		if len(data) > MaxExtendedLe {
			return Response{}, fmt.Errorf("get response: %w", ErrEndless)
		}
		if r.SW.SW1() != BytesRemaining.SW1() {
			return Response{Data: data, SW: r.SW}, nil
		}
	}
	return Response{}, fmt.Errorf("get response: %w", ErrEndless)
}

// exchange sends one command and receives one response.
func exchange(ctx context.Context, card Card, c Command) (Response, error) {
	b, err := c.Bytes()
	if err != nil {
		return Response{}, err
	}
	answer, err := card.Transmit(ctx, b)
	if err != nil {
		return Response{}, fmt.Errorf("transmit %02X %02X: %w", c.CLA, c.INS, err)
	}
	return ParseResponse(answer)
}
