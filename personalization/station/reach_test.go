package station_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/station"
)

// narrow is an encoder whose reader does not pass on what has extended length.
type narrow struct {
	station.Encoder
	by   func(s *narrowSession, command []byte) ([]byte, error) // what it does with such a command
	long int                                                    // such commands so far
}

type narrowSession struct {
	station.Session
	reader *narrow
	lost   bool
}

var errReader = errors.New("PC/SC: the reader does not support the requested feature")

func (n *narrow) Open(ctx context.Context, blank string) (station.Session, error) {
	s, err := n.Encoder.Open(ctx, blank)
	if err != nil {
		return nil, err
	}
	return &narrowSession{Session: s, reader: n}, nil
}

func (s *narrowSession) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if s.lost {
		return nil, errReader
	}
	if len(command) > 5 && command[4] == 0 {
		s.reader.long++
		return s.reader.by(s, command)
	}
	return s.Session.Transmit(ctx, command)
}

// narrowReaders are the ways in which readers fail.
func narrowReaders(ctx context.Context) map[string]func(s *narrowSession, command []byte) ([]byte, error) {
	return map[string]func(s *narrowSession, command []byte) ([]byte, error){
		"answers 6700":        func(*narrowSession, []byte) ([]byte, error) { return []byte{0x67, 0x00}, nil },
		"answers 6F00":        func(*narrowSession, []byte) ([]byte, error) { return []byte{0x6F, 0x00}, nil },
		"answers nothing":     func(*narrowSession, []byte) ([]byte, error) { return nil, nil },
		"fails":               func(*narrowSession, []byte) ([]byte, error) { return nil, errReader },
		"fails and is wedged": func(s *narrowSession, _ []byte) ([]byte, error) { s.lost = true; return nil, errReader },
		"cuts the answer": func(s *narrowSession, command []byte) ([]byte, error) {
			r, err := s.Session.Transmit(ctx, command)
			return r[:min(len(r), 258)], err
		},
	}
}

// A reader that does not pass on extended lengths makes the same cards, with short commands.
// It takes another try at the most, and no blank.
func TestPersonalize_AReaderWithoutExtendedLengthMakesGoodCards(t *testing.T) {
	t.Parallel()
	for name, by := range narrowReaders(t.Context()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := lds.Profiles()[1]
			p.AACurve = "" // a key and a signature of RSA are longer than a short response
			i := prepared(t, p)
			c := newCenter(t)
			c.Profile, c.Sealer = "store-data", i.sealer
			reader := &narrow{Encoder: c.Encoder, by: by}
			c.Encoder = reader
			again := func(do func() error) {
				t.Helper()
				if err := do(); err != nil {
					require.ErrorIs(t, err, errReader)
					require.NotErrorIs(t, err, identity.Spoiled)
					require.NoError(t, do())
				}
			}

			again(func() error {
				_, err := c.Personalize(t.Context(), "B-1", i.open)
				return err
			})

			again(func() error {
				session, err := c.Encoder.Open(t.Context(), "B-1")
				require.NoError(t, err)
				defer session.Close()
				return c.Read(session, func(card apdu.Card, short bool) error {
					access := chipinspection.Access{CAN: i.open.CAN, ShortAPDUs: short}
					r, err := chipinspection.Inspect(t.Context(), card, access, i.expect, i.trust, i.at)
					if err == nil {
						require.Empty(t, r.Failures())
					}
					return err
				})
			})
			if name != "cuts the answer" {
				asked := reader.long
				_, err := c.Personalize(t.Context(), "B-2", i.open)
				require.NoError(t, err)
				require.Equal(t, asked, reader.long, "it is asked once")
			}
		})
	}
}

// Whatever word a reader has for what it does not pass on, it is the reader's.
func TestPersonalize_AReaderRefusesExtendedLengthByAnyWord(t *testing.T) {
	t.Parallel()
	for _, sw := range []uint16{0x6300, 0x6400, 0x6581, 0x6982, 0x6985, 0x6A80, 0x6A87, 0x6D00, 0x6E00} {
		t.Run(apdu.Status(sw).Error(), func(t *testing.T) {
			t.Parallel()
			c := newCenter(t)
			c.Encoder = &narrow{Encoder: c.Encoder, by: func(*narrowSession, []byte) ([]byte, error) {
				return apdu.Response{SW: apdu.Status(sw)}.Bytes(), nil
			}}

			_, err := c.Personalize(t.Context(), "B-1", imageOf(t, "one", 1500))
			if sw == 0x6300 { // without a MAC, it is no answer
				require.ErrorIs(t, err, securechannel.ErrMAC)
				_, err = c.Personalize(t.Context(), "B-1", imageOf(t, "one", 1500))
			}

			require.NoError(t, err)
		})
	}
}

// Who reads a card with a reader of his own needs to know nothing of its reader.
func TestInspect_AReaderWithoutExtendedLengthReadsTheCard(t *testing.T) {
	t.Parallel()
	i := prepared(t, lds.Profiles()[0])
	c := newCenter(t)
	_, err := c.Personalize(t.Context(), "B-1", i.image)
	require.NoError(t, err)
	for _, name := range []string{"answers 6700", "answers 6F00", "answers nothing", "cuts the answer"} {
		reader := &narrow{Encoder: c.Encoder, by: narrowReaders(t.Context())[name]}
		session, err := reader.Open(t.Context(), "B-1")
		require.NoError(t, err)

		r, err := chipinspection.Inspect(t.Context(), session, chipinspection.Access{MRZInformation: i.image.MRZInformation}, i.expect, i.trust, i.at)

		require.NoError(t, err, name)
		require.Empty(t, r.Failures(), name)
		require.Positive(t, reader.long, name)
		require.NoError(t, session.Close())
	}
}

// A reader with a buffer of 64 bytes, which no card of this kind can be written with, and one that
// cuts every answer, spoil no blank: a better reader makes the card of it.
func TestPersonalize_AReaderThatIsTooSmallSpoilsNothing(t *testing.T) {
	t.Parallel()
	const buffer = 64
	for name, by := range map[string]func(inner apdu.Card, command []byte) ([]byte, error){
		"answers 6700": func(inner apdu.Card, command []byte) ([]byte, error) {
			if len(command) > buffer {
				return []byte{0x67, 0x00}, nil
			}
			return inner.Transmit(t.Context(), command)
		},
		"cuts answers": func(inner apdu.Card, command []byte) ([]byte, error) {
			r, err := inner.Transmit(t.Context(), command)
			return r[:min(len(r), buffer)], err
		},
		"cuts commands": func(inner apdu.Card, command []byte) ([]byte, error) {
			return inner.Transmit(t.Context(), command[:min(len(command), buffer)])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := prepared(t, lds.Profiles()[1])
			c := newCenter(t)
			c.Sealer = i.sealer
			better := c.Encoder
			c.Encoder = &small{better, by}
			for range 7 {
				_, err := c.Personalize(t.Context(), "B-1", i.open)
				if err == nil {
					break
				}
				_, fault := errors.AsType[*station.Fault](err)
				require.True(t, fault, "%v", err)
				require.NotErrorIs(t, err, identity.Spoiled)
			}
			c.Encoder = better

			_, err := c.Personalize(t.Context(), "B-1", i.open)

			require.NoError(t, err)
			require.Empty(t, i.inspect(t, c, chipinspection.Access{CAN: i.open.CAN}).Failures())
		})
	}
}

// small is an encoder with a small reader.
type small struct {
	station.Encoder
	by func(inner apdu.Card, command []byte) ([]byte, error)
}

type smallSession struct {
	station.Session
	by func(inner apdu.Card, command []byte) ([]byte, error)
}

func (s *small) Open(ctx context.Context, blank string) (station.Session, error) {
	session, err := s.Encoder.Open(ctx, blank)
	if err != nil {
		return nil, err
	}
	return smallSession{session, s.by}, nil
}

func (s smallSession) Transmit(_ context.Context, command []byte) ([]byte, error) {
	return s.by(s.Session, command)
}

// garbling is an encoder that spoils the exchange of one command.
type garbling struct {
	station.Encoder
	at int // which command
	by func(s station.Session, command []byte) ([]byte, error)
}

type garblingSession struct {
	station.Session
	garbling
	sent int
}

func (g garbling) Open(ctx context.Context, blank string) (station.Session, error) {
	s, err := g.Encoder.Open(ctx, blank)
	return &garblingSession{Session: s, garbling: g}, err
}

func (s *garblingSession) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if s.sent++; s.sent-1 == s.at {
		return s.by(s.Session, command)
	}
	return s.Session.Transmit(ctx, command)
}

// spoilt are the ways in which a reader spoils an exchange.
func spoilt(ctx context.Context) map[string]func(s station.Session, command []byte) ([]byte, error) {
	return map[string]func(s station.Session, command []byte) ([]byte, error){
		"answers 6700 itself": func(station.Session, []byte) ([]byte, error) { return []byte{0x67, 0x00}, nil },
		"answers 6F00 itself": func(station.Session, []byte) ([]byte, error) { return []byte{0x6F, 0x00}, nil },
		"answers 6700 afterwards": func(s station.Session, c []byte) ([]byte, error) {
			_, err := s.Transmit(ctx, c)
			return []byte{0x67, 0}, err
		},
		"cuts the answer": func(s station.Session, c []byte) ([]byte, error) {
			r, err := s.Transmit(ctx, c)
			return r[:len(r)-1], err
		},
		"cuts the command": func(s station.Session, c []byte) ([]byte, error) { return s.Transmit(ctx, c[:len(c)-1]) },
		"changes a bit of the command": func(s station.Session, c []byte) ([]byte, error) {
			c = bytes.Clone(c)
			c[len(c)/2] ^= 1
			return s.Transmit(ctx, c)
		},
		"changes a bit of the answer": func(s station.Session, c []byte) ([]byte, error) {
			r, err := s.Transmit(ctx, c)
			if len(r) > 2 {
				r[len(r)/2] ^= 1
			}
			return r, err
		},
	}
}

// A reader spoils the exchange of any one command, PUT KEY and STORE DATA among them, before or
// after the chip has served it, or when a finished card is looked at again. The next try ends
// with the intended card, byte for byte.
func TestPersonalize_AReaderThatSpoilsAnExchangeSpoilsNoBlank(t *testing.T) {
	t.Parallel()
	small := imageOf(t, "one", 1500)
	whole := newCenter(t)
	_, err := whole.Personalize(t.Context(), "B-1", small)
	require.NoError(t, err)
	want := memory(whole.card(t))
	for name, by := range spoilt(t.Context()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := range 45 {
				c := newCenter(t)
				right := c.Encoder
				c.Encoder = garbling{right, n, by}
				_, err := c.Personalize(t.Context(), "B-1", small)
				require.NotErrorIs(t, err, identity.Spoiled, "command %d", n)
				c.Encoder = right

				_, err = c.Personalize(t.Context(), "B-1", small)

				require.NoError(t, err, "command %d", n)
				require.True(t, bytes.Equal(want, memory(c.card(t))), "command %d", n)
			}
			c := newCenter(t)
			_, err := c.Personalize(t.Context(), "B-1", small)
			require.NoError(t, err)
			for n := range 9 {
				right := c.Encoder
				for range 4 { // more often than a chip may refuse a step
					c.Encoder = garbling{right, n, by}
					_, err := c.Personalize(t.Context(), "B-1", small)
					require.NotErrorIs(t, err, identity.Spoiled, "command %d on the finished card", n)
				}
				c.Encoder = right

				r, err := c.Personalize(t.Context(), "B-1", small)

				require.NoError(t, err, "command %d on the finished card", n)
				require.True(t, r.Found)
			}
		})
	}
}
