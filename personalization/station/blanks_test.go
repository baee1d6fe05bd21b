package station_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

// tamper does something to a blank with its initial keys, as somebody on its way might.
func (c *center) tamper(t *testing.T, blank string, do func(*securechannel.Session)) {
	t.Helper()
	session, err := c.Encoder.Open(t.Context(), blank)
	require.NoError(t, err)
	defer session.Close()
	require.NoError(t, profile.Select(t.Context(), session, globalplatform.IssuerSecurityDomain()))
	keys, err := c.InitialKeys(t.Context(), 0x30, station.ChipSerial(blank))
	require.NoError(t, err)
	channel, err := securechannel.Open(t.Context(), session, keys, securechannel.FullProtection, rand.Reader)
	require.NoError(t, err)
	do(channel)
}

// A chip that is not the one that the maker delivered, or that holds what a blank must not,
// becomes no card, and stays as it is.
func TestPersonalize_ABlankIsProvedToBeOne(t *testing.T) {
	t.Parallel()
	delivered := func(serial []byte, version byte) func(context.Context, string) (station.Delivered, error) {
		return func(context.Context, string) (station.Delivered, error) {
			return station.Delivered{ChipSerial: serial, KeyVersion: version}, nil
		}
	}
	for name, tt := range map[string]struct {
		change func(t *testing.T, c *center)
		part   station.Part
	}{
		"not in the manifest": {func(_ *testing.T, c *center) { c.Delivered = delivered(station.ChipSerial("B-9"), 0x30) }, station.Slot},
		"another key version": {func(_ *testing.T, c *center) { c.Delivered = delivered(station.ChipSerial("B-1"), 0x31) }, station.Keys},
		"another key set":     {func(_ *testing.T, c *center) { c.InitialKeys = initially(keysOf(0x30, 24)) }, station.Keys},
		"an extra key set": {func(t *testing.T, c *center) {
			t.Helper()
			c.tamper(t, "B-1", func(s *securechannel.Session) {
				extra, err := keysOf(0x44, 16)(station.ChipSerial("B-1"))
				require.NoError(t, err)
				require.NoError(t, s.PutKey(t.Context(), 0, extra))
			})
		}, station.Chip},
		// A real PUT KEY would leave these on the chip.
		"a fourth key":              {lists("C00401308810C00402308810C00403308810C00404308810"), station.Chip},
		"a key of 3DES beside":      {lists("C00401308810C00402308810C00403308810C00401308010"), station.Chip},
		"keys of 3DES":              {lists("C00401308010C00402308010C00403308010"), station.Chip},
		"two keys of three":         {lists("C00401308810C00402308810"), station.Chip},
		"a key of another length":   {lists("C00401308810C00402308810C00403308820"), station.Chip},
		"a key that is not defined": {lists("C00401308810C00402308810C00403308810C000"), station.Chip},
		"no keys":                   {lists(""), station.Chip},
		"a foreign application":     {func(t *testing.T, c *center) { t.Helper(); c.tamper(t, "B-1", installForeign(t)) }, station.Chip},
		"no serial": {func(_ *testing.T, c *center) {
			c.Encoder = answering{c.Encoder, "80CA9F7F", "9F7F2A" + strings.Repeat("00", 42) + "9000"}
		}, station.Chip},
		"a serial that was never written": {func(_ *testing.T, c *center) {
			c.Encoder = answering{c.Encoder, "80CA9F7F", "9F7F2A" + strings.Repeat("FF", 42) + "9000"}
		}, station.Chip},
		"locked by somebody":     {func(_ *testing.T, c *center) { c.Encoder = answering{c.Encoder, "00A40400", "6283"} }, station.Device},
		"terminated by somebody": {func(_ *testing.T, c *center) { c.Encoder = answering{c.Encoder, "00A40400", "6A81"} }, station.Device},
		"one that tells nothing": {func(_ *testing.T, c *center) { c.Encoder = answering{c.Encoder, "80CA", "6D00"} }, station.Device},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t)
			right := c.InitialKeys
			c.tamper(t, "B-1", func(*securechannel.Session) {}) // it is in the magazine
			tt.change(t, c)
			before := memory(c.card(t))

			for range 3 {
				_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))

				fault, ok := errors.AsType[*station.Fault](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, tt.part, fault.Part)
				require.True(t, fault.Clean)
				require.NotErrorIs(t, err, identity.Spoiled)
			}

			require.Equal(t, before, memory(c.card(t)), "it is set aside unharmed")
			if tt.part == station.Keys || tt.part == station.Slot { // nothing is wrong with the chip
				c.InitialKeys, c.Delivered = right, delivered(station.ChipSerial("B-1"), 0x30)
				_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))
				require.NoError(t, err)
			}
		})
	}
}

// lists has chips give that key information, in hexadecimal.
func lists(keys string) func(*testing.T, *center) {
	return func(_ *testing.T, c *center) {
		c.Encoder = answering{c.Encoder, "80CA00E0", fmt.Sprintf("E0%02X%s9000", len(keys)/2, keys)}
	}
}

// A chip that comes into the slot by mistake, or whose serial is not heard well, is not bound to
// the blank while nothing is written to it: both become cards in their places.
func TestPersonalize_AChipIsBoundWhenItIsWrittenTo(t *testing.T) {
	t.Parallel()
	small := imageOf(t, "one", 1500)
	made := func(t *testing.T, c *center, blanks ...string) {
		t.Helper()
		for _, blank := range blanks {
			r, err := c.Personalize(t.Context(), blank, small)
			require.NoError(t, err)
			require.Equal(t, station.ChipSerial(blank), r.ChipSerial)
		}
	}
	for name, mistaken := range map[string]func(t *testing.T, c *center){
		"keys":                func(_ *testing.T, c *center) { c.InitialKeys = initially(keysOf(0x30, 24)) },
		"foreign application": func(t *testing.T, c *center) { t.Helper(); c.tamper(t, "B-9", installForeign(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t)
			encoder, keys := c.Encoder, c.InitialKeys
			mistaken(t, c)
			c.Encoder = swapped{encoder, "B-9"}
			_, err := c.Personalize(t.Context(), "B-1", small)
			fault, is := errors.AsType[*station.Fault](err)
			require.True(t, is, "%v", err)
			require.True(t, fault.Clean)
			c.Encoder, c.InitialKeys = encoder, keys

			made(t, c, "B-1")
			if name == "keys" {
				made(t, c, "B-9")
			}
		})
	}
	t.Run("serial", func(t *testing.T) {
		t.Parallel()
		for n := range 10 { // its bytes in the card production life cycle data
			c := newCenter(t)
			c.deliverAlike(t)
			encoder := c.Encoder
			at := 3 + n
			if n >= 2 {
				at = 3 + 8 + n
			}
			c.Encoder = garbling{encoder, 1, func(s station.Session, command []byte) ([]byte, error) {
				r, err := s.Transmit(t.Context(), command)
				r[at] ^= 1
				return r, err
			}}
			_, err := c.Personalize(t.Context(), "B-1", small)
			fault, is := errors.AsType[*station.Fault](err)
			require.True(t, is, "byte %d: %v", at, err)
			require.True(t, fault.Clean)
			c.Encoder = encoder

			made(t, c, "B-1")
		}
	})
}

// answering is an encoder whose chips answer commands that begin so, in hexadecimal, otherwise.
type answering struct {
	station.Encoder
	to, with string
}

type answeringSession struct {
	station.Session
	answering
}

func (a answering) Open(ctx context.Context, blank string) (station.Session, error) {
	s, err := a.Encoder.Open(ctx, blank)
	return answeringSession{s, a}, err
}

func (s answeringSession) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if strings.HasPrefix(strings.ToUpper(hex.EncodeToString(command)), s.to) {
		return hex.DecodeString(s.with)
	}
	return s.Session.Transmit(ctx, command)
}

// installForeign installs an application of somebody else's.
func installForeign(t *testing.T) func(*securechannel.Session) {
	t.Helper()
	return func(s *securechannel.Session) {
		data := []byte("\x05\xA0\x00\x00\x07\x24\x08\xA0\x00\x00\x07\x24\x56\x01\x02\x06\xA0\x00\x00\x09\x99\x01\x01\x00\x00\x00")
		r, err := s.Send(t.Context(), apdu.Command{CLA: 0x80, INS: 0xE6, P1: 0x0C, Data: data})
		require.NoError(t, err)
		require.NoError(t, r.Err())
	}
}

// With the manifest a station that has lost its journal knows whose card is in the slot.
func TestPersonalize_TheManifestTellsALockedChip(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))
	require.NoError(t, err)
	c.journal = t.TempDir()
	c.start(t)
	c.Delivered = func(_ context.Context, blank string) (station.Delivered, error) {
		return station.Delivered{ChipSerial: station.ChipSerial(blank), KeyVersion: 0x30}, nil
	}

	r, err := c.Personalize(t.Context(), "B-1", image(t, "one"))

	require.NoError(t, err)
	require.True(t, r.Found)
	c.journal = t.TempDir()
	deliver := c.Delivered
	c.start(t)
	c.Delivered = deliver
	_, err = c.Personalize(t.Context(), "B-1", image(t, "two"))
	require.ErrorIs(t, err, identity.Spoiled, "it is this blank, and was used")
}

// exchanged is an encoder in whose slot there is another card from some command on, and whose
// connection does not show it.
type exchanged struct {
	station.Encoder
	other string // the blank of the other card
	after int    // how many commands the right one serves
}

type exchangedSession struct {
	station.Session // with the right card
	other           station.Session
	left            int
}

func (e exchanged) Open(ctx context.Context, blank string) (station.Session, error) {
	right, err := e.Encoder.Open(ctx, blank)
	if err != nil {
		return nil, err
	}
	other, err := e.Encoder.Open(ctx, e.other)
	return &exchangedSession{right, other, e.after}, err
}

func (s *exchangedSession) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if s.left--; s.left >= 0 {
		return s.Session.Transmit(ctx, command)
	}
	return s.other.Transmit(ctx, command)
}

func (s *exchangedSession) Close() error { return errors.Join(s.Session.Close(), s.other.Close()) }

// Somebody puts another card into the slot in the middle of the work, at every command in turn and
// again and again. The other card stays as it is, whatever it is, and the blank is not spoiled: back
// in the slot, it becomes its card.
func TestPersonalize_AnotherCardInTheMiddleOfTheWork(t *testing.T) {
	t.Parallel()
	small := imageOf(t, "one", 1500)
	whole := newCenter(t)
	_, err := whole.Personalize(t.Context(), "B-1", small)
	require.NoError(t, err)
	want := memory(whole.card(t))
	for name, prepare := range map[string]func(t *testing.T, c *center){
		"a blank":      func(t *testing.T, c *center) { t.Helper(); c.tamper(t, "B-9", func(*securechannel.Session) {}) },
		"a begun card": func(t *testing.T, c *center) { t.Helper(); c.tear(t, "B-9", imageOf(t, "two", 1400), 20) },
		"another card": func(t *testing.T, c *center) { t.Helper(); c.finish(t, "B-9") },
		"a blank that was delivered with the same keys": func(t *testing.T, c *center) {
			t.Helper()
			c.deliverAlike(t)
			c.tamper(t, "B-9", func(*securechannel.Session) {})
		},
		"a begun card that was delivered with the same keys": func(t *testing.T, c *center) {
			t.Helper()
			c.deliverAlike(t)
			c.tear(t, "B-9", imageOf(t, "two", 1400), 20)
		},
		"a card whose blank nobody knows": func(t *testing.T, c *center) {
			t.Helper()
			c.finish(t, "B-9")
			c.journal = t.TempDir()
			c.start(t)
		},
	} {
		for _, begun := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", the right one was begun: ", begun), func(t *testing.T) {
				t.Parallel()
				for n := 0; ; n++ {
					c := newCenter(t)
					prepare(t, c)
					if begun {
						c.tear(t, "B-1", small, 20)
					}
					before := memory(c.cardOf(t, "B-9"))
					right := c.Encoder
					c.Delivered = func(_ context.Context, blank string) (station.Delivered, error) {
						return station.Delivered{ChipSerial: station.ChipSerial(blank), KeyVersion: 0x30}, nil
					}
					var err error
					for range 3 {
						c.Encoder = exchanged{right, "B-9", n}
						if _, err = c.Personalize(t.Context(), "B-1", small); err == nil {
							break
						}
						require.NotErrorIs(t, err, identity.Spoiled, "after %d commands", n)
					}
					require.True(t, bytes.Equal(before, memory(c.cardOf(t, "B-9"))), "after %d commands", n)
					if err == nil {
						require.Greater(t, n, 20)
						return
					}
					c.Encoder = right

					_, err = c.Personalize(t.Context(), "B-1", small)

					require.NoError(t, err, "after %d commands", n)
					require.True(t, bytes.Equal(want, memory(c.card(t))), "after %d commands", n)
					if begun && n == 12 {
						return // from here on it is as if it had not been begun
					}
				}
			})
		}
	}
}

// deliverAlike has the maker give every chip the same initial keys.
func (c *center) deliverAlike(tb testing.TB) {
	tb.Helper()
	alike := func([]byte) (securechannel.KeySet, error) { return keysOf(0x30, 16)(make([]byte, 10)) }
	encoder, err := station.NewSimulated(c.cards, station.SimulatedOptions{
		InitialKeys: func(context.Context, string, []byte) (securechannel.KeySet, error) { return alike(nil) },
	})
	require.NoError(tb, err)
	c.Encoder, c.InitialKeys = encoder, initially(alike)
}

// finish makes a card of a blank, for another person.
func (c *center) finish(t *testing.T, blank string) {
	t.Helper()
	_, err := c.Personalize(t.Context(), blank, imageOf(t, "two", 1400))
	require.NoError(t, err)
}

// tear begins to make a card of a blank, until it loses power.
func (c *center) tear(t *testing.T, blank string, image *chip.Image, after int) {
	t.Helper()
	right := c.Encoder
	c.Encoder = &tearing{Encoder: right, after: after, moment: softcard.AfterCommit}
	_, err := c.Personalize(t.Context(), blank, image)
	require.ErrorIs(t, err, softcard.ErrPowerLost)
	c.Encoder = right
}
