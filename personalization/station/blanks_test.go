package station_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/securechannel"
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
		"a foreign application": {func(t *testing.T, c *center) { t.Helper(); c.tamper(t, "B-1", installForeign(t)) }, station.Chip},
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
			if tt.part != station.Chip { // nothing is wrong with the chip
				c.InitialKeys, c.Delivered = right, delivered(station.ChipSerial("B-1"), 0x30)
				_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))
				require.NoError(t, err)
			}
		})
	}
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
