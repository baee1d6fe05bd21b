//go:build pcsc

package station

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ebfe/scard"
)

// pcsc is an encoder that is a PC/SC reader.
type pcsc struct{ reader string }

// NewPCSC gives the encoder for the PC/SC reader whose name contains reader, or for
// the first one where reader is empty.
func NewPCSC(reader string) (Encoder, error) { return pcsc{reader}, nil }

// Open connects to the card in the slot, exclusively, and resets it.
func (p pcsc) Open(ctx context.Context, _ string) (Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	readers, err := scard.EstablishContext()
	if err != nil {
		return nil, fmt.Errorf("PC/SC: %w", err)
	}
	s, err := p.connect(readers)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("PC/SC: %w", err), readers.Release())
	}
	return s, nil
}

// Prove looks for the reader; whether a card is in it is seen when it is opened.
func (p pcsc) Prove(context.Context) error {
	readers, err := scard.EstablishContext()
	if err != nil {
		return fmt.Errorf("PC/SC: %w", err)
	}
	_, err = p.find(readers)
	return errors.Join(err, readers.Release())
}

// find gives the name of the reader.
func (p pcsc) find(readers *scard.Context) (string, error) {
	names, err := readers.ListReaders()
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if strings.Contains(name, p.reader) {
			return name, nil
		}
	}
	return "", fmt.Errorf("there is no reader %q; there are %q", p.reader, names)
}

func (p pcsc) connect(readers *scard.Context) (*pcscSession, error) {
	name, err := p.find(readers)
	if err != nil {
		return nil, err
	}
	card, err := readers.Connect(name, scard.ShareExclusive, scard.ProtocolAny)
	if errors.Is(err, scard.ErrNoSmartcard) || errors.Is(err, scard.ErrRemovedCard) {
		return nil, fmt.Errorf("reader %q: %w", name, ErrEmptySlot)
	}
	if err != nil {
		return nil, fmt.Errorf("reader %q: %w", name, err)
	}
	status, err := card.Status()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reader %q: %w", name, err), card.Disconnect(scard.ResetCard))
	}
	return &pcscSession{readers: readers, card: card, atr: status.Atr}, nil
}

type pcscSession struct {
	readers *scard.Context
	card    *scard.Card
	atr     []byte
}

// Transmit sends one command. PC/SC has its own time limits; ctx is checked between
// commands.
func (s *pcscSession) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	response, err := s.card.Transmit(command)
	if err != nil {
		return nil, fmt.Errorf("PC/SC: %w", err)
	}
	return response, nil
}

// ATR is the answer to reset.
func (s *pcscSession) ATR() []byte { return s.atr }

// Close resets the card and leaves it in the slot.
func (s *pcscSession) Close() error {
	return errors.Join(s.card.Disconnect(scard.ResetCard), s.readers.Release())
}
