package station_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

// issued is a card with a digital signature, whose holder has a PIN of his own, on blank B-1.
func issued(t *testing.T) (c *center, serial []byte) {
	t.Helper()
	c = newCenter(t)
	signs := image(t, "one")
	signs.Applications, signs.TransportPIN = []string{profile.DigitalSignature}, "271828"
	c.Certify = func(context.Context, identity.CardSerial, string, []byte) ([]byte, error) {
		return []byte{0x30, 1, 7}, nil
	}
	made, err := c.Personalize(t.Context(), "B-1", signs)
	require.NoError(t, err)
	inReader := c.card(t)
	c.Encoder = inSlot{inReader}
	require.NoError(t, c.signature(t).ChangePIN(t.Context(), "271828", "314159"))
	return c, made.ChipSerial
}

// inReader is the card in the reader.
func (c *center) inReader(t *testing.T) *softcard.Card {
	t.Helper()
	slot, is := c.Encoder.(inSlot)
	require.True(t, is)
	return slot.Card
}

func (c *center) signature(t *testing.T) *chipinspection.Signature {
	t.Helper()
	s, err := chipinspection.OpenSignature(t.Context(), c.inReader(t), chipinspection.Access{MRZInformation: "L898902C<369080619406236"})
	require.NoError(t, err)
	return s
}

func (c *center) manage(t *testing.T, serial []byte, do identity.CardManagement, application, content string) error {
	t.Helper()
	change, err := station.ChangeOf(c.Catalog, do, application, []byte(content))
	require.NoError(t, err)
	return c.Manage(t.Context(), "B-1", serial, change)
}

// insured reports whether the card has that health insurance, which it tells to no stranger.
func (c *center) insured(t *testing.T, document string) bool {
	t.Helper()
	card := c.inReader(t)
	require.NoError(t, profile.Select(t.Context(), card, []byte{0xA0, 0, 0, 0x07, 0x24, 0x56, 0x02, 0, 0x01}))
	r, err := apdu.Send(t.Context(), card, apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{0x41, 0x01}})
	require.NoError(t, err)
	require.Equal(t, apdu.SecurityNotSatisfied, r.SW)
	return bytes.Contains(card.Snapshot(), []byte(document))
}

// A card that was issued is managed through its security domain: a PIN that its holder forgot
// is replaced by a first one, a document is added and written anew, the key set is replaced.
// What it was issued with stays.
func TestManage_AnIssuedCard(t *testing.T) {
	t.Parallel()
	c, serial := issued(t)
	s := c.signature(t)
	for range 3 {
		require.Error(t, s.Verify(t.Context(), "000000"))
	}
	require.ErrorIs(t, s.Verify(t.Context(), "314159"), apdu.AuthenticationBlocked)

	require.NoError(t, c.manage(t, serial, identity.UnblockSignature, "", "161803"))
	s = c.signature(t)
	require.ErrorIs(t, s.Verify(t.Context(), "161803"), apdu.ConditionsNotSatisfied)
	_, err := s.Sign(t.Context(), [32]byte{})
	require.ErrorIs(t, err, apdu.SecurityNotSatisfied)
	require.NoError(t, s.ChangePIN(t.Context(), "161803", "141421"))
	require.NoError(t, s.Verify(t.Context(), "141421"))
	_, err = s.Sign(t.Context(), [32]byte{})
	require.NoError(t, err)

	for _, document := range []string{"HS4010000000000", "HS4019999999999"} {
		require.NoError(t, c.manage(t, serial, identity.UpdateApplication, "health-insurance", document))
		require.True(t, c.insured(t, document))
	}

	c.CardKeys, c.FormerKeys = now(keysOf(0x02, 32)), initially(keysOf(0x01, 32))
	for range 2 {
		require.NoError(t, c.manage(t, serial, identity.RotateKeys, "", ""))
	}
	c.FormerKeys = nil
	require.NoError(t, c.manage(t, serial, identity.UpdateApplication, "driving-licence", "A1"))
	require.True(t, c.insured(t, "HS4019999999999"))
	require.False(t, c.insured(t, "HS4010000000000"))
	card := c.inReader(t)
	require.Equal(t, globalplatform.Secured, card.LifeCycle())
	require.True(t, readable(t, card))
	require.NoError(t, c.signature(t).Verify(t.Context(), "141421"))
}

// A card that is not the one that was meant is left as it is, whatever it is.
func TestManage_AnotherCardIsLeftAlone(t *testing.T) {
	t.Parallel()
	c, _ := issued(t)
	before := memory(c.inReader(t))

	err := c.manage(t, []byte("9999999999"), identity.UnblockSignature, "", "161803")
	require.True(t, identity.Refused(err, identity.Conflict), "%v", err)
	c.CardKeys = now(keysOf(0x02, 32))
	err = c.manage(t, []byte("9999999999"), identity.RotateKeys, "", "")
	require.True(t, identity.Refused(err, identity.Conflict), "%v", err)

	require.Equal(t, before, memory(c.inReader(t)))
}

// exchangedInReader is an encoder in whose slot there is another card from some command on.
type exchangedInReader struct {
	inSlot
	other *softcard.Card
	left  int // how many commands the right one serves
}

func (e *exchangedInReader) Open(context.Context, string) (station.Session, error) { return e, nil }

func (e *exchangedInReader) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if e.left--; e.left >= 0 {
		return e.Card.Transmit(ctx, command)
	}
	return e.other.Transmit(ctx, command)
}

// Another issued card comes into the reader in the middle, at every command in turn: it stays as
// it is, and the right one is managed the next time.
func TestManage_AnotherCardInTheMiddle(t *testing.T) {
	t.Parallel()
	c, serial := issued(t)
	whole := c.inReader(t).Snapshot()
	d := newCenter(t)
	d.finish(t, "B-9")
	other := d.cardOf(t, "B-9")
	before := memory(other)
	for _, do := range []identity.CardManagement{identity.UnblockSignature, identity.RotateKeys} {
		for n, done := 0, false; !done; n++ {
			card, err := softcard.Restore(whole, softcard.Options{})
			require.NoError(t, err)
			s := *c
			s.Station = &station.Station{
				Encoder: &exchangedInReader{inSlot{card}, other, n}, Catalog: c.Catalog,
				CardKeys: now(keysOf(0x02, 32)), FormerKeys: initially(keysOf(0x01, 32)),
			}
			done = s.manage(t, serial, do, "", "161803") == nil
			require.True(t, bytes.Equal(before, memory(other)), "%s, after %d commands", do, n)
			s.Encoder = inSlot{card}

			require.NoError(t, s.manage(t, serial, do, "", "161803"), "%s, after %d commands", do, n)

			require.True(t, readable(t, card))
		}
	}
}

// Wherever a card loses power while it is managed, doing it again makes it whole.
func TestManage_TornAtEveryCommand(t *testing.T) {
	t.Parallel()
	c, serial := issued(t)
	whole := c.inReader(t).Snapshot()
	for _, change := range []struct {
		do                   identity.CardManagement
		application, content string
	}{
		{identity.UnblockSignature, "", "161803"}, {identity.UpdateApplication, "health-insurance", "HS401"}, {identity.RotateKeys, "", ""},
	} {
		for _, moment := range []softcard.Moment{softcard.BeforeCommit, softcard.MidWrite, softcard.AfterCommit} {
			for n, torn := 0, true; torn; n++ {
				card, err := softcard.Restore(whole, softcard.Options{})
				require.NoError(t, err)
				s := *c
				s.Station = &station.Station{
					Encoder: inSlot{card}, Catalog: c.Catalog, CardKeys: now(keysOf(0x02, 32)),
					FormerKeys: initially(keysOf(0x01, 32)),
				}
				card.PowerLossAfter(n, moment)
				torn = s.manage(t, serial, change.do, change.application, change.content) != nil
				card.PowerLossAfter(-1, moment)
				require.NoError(t, card.Reset(t.Context()))

				require.NoError(t, s.manage(t, serial, change.do, change.application, change.content), "%s torn after %d commands", change.do, n)

				require.Equal(t, globalplatform.Secured, card.LifeCycle())
				require.True(t, readable(t, card))
			}
		}
	}
}

// inSlot is an encoder with one card.
type inSlot struct{ *softcard.Card }

func (s inSlot) Open(context.Context, string) (station.Session, error) { return s, nil }
func (s inSlot) Prove(context.Context) error                           { return nil }
func (s inSlot) Close() error                                          { return nil }
