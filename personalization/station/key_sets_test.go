package station_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/des"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/chip/tlv"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

var serialOfTest = []byte("0123456789")

func masters(t *testing.T, today *identity.Date, registered ...identity.ChipKey) station.Masters {
	t.Helper()
	store, err := keys.OpenFile(t.TempDir(), false)
	require.NoError(t, err)
	return station.Masters{
		Store: store, Today: func() identity.Date { return *today },
		Registered: func(context.Context) ([]identity.ChipKey, error) { return registered, nil },
	}
}

// A master key that is made by the way is nobody's but this station's: its maker's chips do
// not have it, and other stations make other cards.
func TestMasters_ProductionMakesNone(t *testing.T) {
	t.Parallel()
	day := identity.Date{Year: 2026, Month: 11, Day: 29}
	m := masters(t, &day)

	err := m.Ensure(t.Context(), true)
	require.ErrorIs(t, err, station.ErrNoMaster)
	require.ErrorContains(t, err, "card-master")
	_, err = station.MakeMaster(m.Store, identity.FirstCardVersion, day)
	require.NoError(t, err)
	err = m.Ensure(t.Context(), true)
	require.ErrorIs(t, err, station.ErrNoMaster)
	require.ErrorContains(t, err, "card-transport")
	require.NoError(t, m.Store.EnsureMaster("card-transport"))
	require.NoError(t, m.Ensure(t.Context(), true))

	one, err := m.Initial(t.Context(), identity.FirstTransportVersion, serialOfTest)
	require.NoError(t, err)
	two, err := m.Card(t.Context(), serialOfTest)
	require.NoError(t, err)
	require.NotEqual(t, one.ENC, two.ENC)
	require.NoError(t, m.Ensure(t.Context(), false))
	same, err := m.Card(t.Context(), serialOfTest)
	require.NoError(t, err)
	require.Equal(t, two, same)
}

// Cards are given keys of a new master key from its day on; those of before are found by the
// version that a card tells. What nobody signed for is used by no station.
func TestMasters_ANewOneCountsFromItsDay(t *testing.T) {
	t.Parallel()
	day := identity.Date{Year: 2026, Month: 12, Day: 31}
	next := identity.ChipKey{Use: identity.CardUse, Version: 0x02, Bits: 128, Diversification: identity.BySP800108, From: identity.Date{Year: 2027, Month: 1, Day: 1}}
	m := masters(t, &day, next)
	require.NoError(t, m.Ensure(t.Context(), false))
	described, err := station.MakeMaster(m.Store, next.Version, next.From)
	require.NoError(t, err)
	again, err := station.MakeMaster(m.Store, next.Version, next.From)
	require.NoError(t, err)
	require.Equal(t, described, again, "it is made once")
	require.Len(t, described.Check, 3)
	_, err = station.MakeMaster(m.Store, 0x03, day) // nobody signed for it
	require.NoError(t, err)

	before, err := m.Card(t.Context(), serialOfTest)
	require.NoError(t, err)
	day = day.AddDays(1)
	after, err := m.Card(t.Context(), serialOfTest)
	require.NoError(t, err)

	require.Equal(t, []byte{0x01, 0x02}, []byte{before.Version, after.Version})
	require.NotEqual(t, before.ENC, after.ENC)
	former, err := m.Former(t.Context(), 0x01, serialOfTest)
	require.NoError(t, err)
	require.Equal(t, before, former)
	for _, version := range []byte{0x03, 0x7F} {
		_, err = m.Former(t.Context(), version, serialOfTest)
		require.ErrorIs(t, err, station.ErrNoKeys)
	}
	_, err = m.Initial(t.Context(), 0x02, serialOfTest)
	require.ErrorIs(t, err, station.ErrNoKeys)
}

// A maker's key that came by a ceremony opens the maker's blanks, which become cards; and a card
// that was torn on the eve of a new master key is finished under the one that it was begun under.
func TestPersonalize_MakersKeysAndANewMasterKey(t *testing.T) {
	t.Parallel()
	under, key := bytes.Repeat([]byte{3}, 32), []byte("a maker's 3DES k")
	wrapped := keys.Wrapped{Key: wrapped(t, under, key), Under: under, Check: checkOf3DES(t, key)}
	maker := identity.ChipKey{Use: identity.TransportUse, Version: 0x30, Bits: 128, Diversification: identity.ByEMV, Check: wrapped.Check}
	next := identity.ChipKey{Use: identity.CardUse, Version: 0x02, Bits: 128, Diversification: identity.BySP800108, From: identity.Date{Year: 2027, Month: 1, Day: 1}}
	day := identity.Date{Year: 2026, Month: 12, Day: 31}
	m := masters(t, &day, maker, next)
	require.NoError(t, m.Store.Import(maker.Label(), maker.Diversification, wrapped))
	require.NoError(t, m.Ensure(t.Context(), false))
	_, err := station.MakeMaster(m.Store, next.Version, next.From)
	require.NoError(t, err)
	const lastSteps = 8 // from before the card's keys are put into the chip to its lock
	commands, formerly := 0, 0
	for step := range lastSteps {
		torn := -1
		if step > 0 {
			torn = commands - 3*step
		}
		c := newCenter(t)
		begin := func(after int) {
			var err error
			c.Encoder, err = station.NewSimulated(c.cards, station.SimulatedOptions{
				InitialKeys: func(ctx context.Context, _ string, serial []byte) (securechannel.KeySet, error) {
					return m.Initial(ctx, 0x30, serial)
				},
			})
			require.NoError(t, err)
			c.InitialKeys, c.CardKeys, c.FormerKeys = m.Initial, m.Card, m.Former
			if after >= 0 {
				c.Encoder = &tearing{Encoder: c.Encoder, after: after, moment: softcard.AfterCommit}
			}
		}
		day = identity.Date{Year: 2026, Month: 12, Day: 31}
		begin(torn)
		r, err := c.Personalize(t.Context(), "B-1", image(t, "one"))
		commands = max(commands, r.APDUs)
		if torn >= 0 {
			require.ErrorIs(t, err, softcard.ErrPowerLost)
			day = day.AddDays(1)
			c.start(t)
			begin(-1)
			_, err = c.Personalize(t.Context(), "B-1", image(t, "one"))
		}
		require.NoError(t, err, "torn at %d", torn)
		require.Equal(t, globalplatform.Secured, c.card(t).LifeCycle())
		day = day.AddDays(1)
		require.NoError(t, c.Holds(t.Context(), "B-1"), "it is found to be the card")
		r, err = c.Personalize(t.Context(), "B-1", image(t, "one"))
		require.NoError(t, err)
		require.True(t, r.Found)
		if torn >= 0 && keyVersion(t, c.card(t)) == 0x01 {
			formerly++
		}
		require.NoError(t, c.Manage(t.Context(), "B-1", station.ChipSerial("B-1"), station.Change{Do: identity.RotateKeys}))
		require.Equal(t, byte(0x02), keyVersion(t, c.card(t)))
		_, err = c.Personalize(t.Context(), "B-1", image(t, "one"))
		require.NoError(t, err)
	}
	require.Positive(t, formerly, "finished under the key that it was begun under")
	require.Less(t, formerly, lastSteps-1, "the others have the new one")
}

// wrapped is a key by AES key wrap (RFC 3394), as a maker sends it.
func wrapped(t *testing.T, under, key []byte) []byte {
	t.Helper()
	c, err := aes.NewCipher(under)
	require.NoError(t, err)
	out := append(bytes.Repeat([]byte{0xA6}, 8), key...)
	n := len(key) / 8
	for step := 1; step <= 6*n; step++ {
		at := ((step-1)%n + 1) * 8
		block := append(bytes.Clone(out[:8]), out[at:at+8]...)
		c.Encrypt(block, block)
		binary.BigEndian.PutUint64(out, binary.BigEndian.Uint64(block)^uint64(step))
		copy(out[at:], block[8:])
	}
	return out
}

func checkOf3DES(t *testing.T, key []byte) []byte {
	t.Helper()
	c, err := des.NewTripleDESCipher(append(bytes.Clone(key), key[:8]...))
	require.NoError(t, err)
	out := make([]byte, 8)
	c.Encrypt(out, out)
	return out[:3]
}

// keyVersion is the one that a chip tells.
func keyVersion(t *testing.T, card *softcard.Card) byte {
	t.Helper()
	require.NoError(t, card.Reset(t.Context()))
	require.NoError(t, profile.Select(t.Context(), card, globalplatform.IssuerSecurityDomain()))
	r, err := apdu.Send(t.Context(), card, apdu.Command{CLA: 0x80, INS: 0xCA, P2: 0xE0, Le: 256})
	require.NoError(t, err)
	node, err := tlv.ParseOnly(r.Data, 0xE0)
	require.NoError(t, err)
	version, _, err := profile.KeySetOf(node.Value)
	require.NoError(t, err)
	return version
}
