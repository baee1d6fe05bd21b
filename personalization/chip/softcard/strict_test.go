package softcard

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// Whoever puts a plain command into an open channel is not who opened it: the command is
// not served, and the channel is closed.
func TestChannel_NoPlainCommandIsServedInIt(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]string{
		"SET STATUS":              "80F08007",
		"STORE DATA":              "80E2900004DF200101",
		"INSTALL":                 "80E60C0001AA",
		"DELETE":                  "80E40000094F07A0000002471001",
		"PUT KEY":                 "80D8008101AA",
		"GET STATUS":              "80F28002024F0000",
		"GET DATA":                "80CA00E000",
		"READ BINARY":             "00B09C0000",
		"SELECT of a file":        "00A4020C02011C",
		"secure messaging":        "0CB0000000",
		"a class of both kinds":   "8CF08007",
		"a step of a chain":       "90E2100001DF",
		"SELECT in another class": "0CA4040C07A0000002471001",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := blankCard(t)
			s := domain(t, c)
			expect(t, s, apdu.OK, installCommand(moduleEMRTD))
			before := c.Snapshot()

			r, err := c.Transmit(t.Context(), unhex(t, plain))

			require.NoError(t, err)
			require.Equal(t, "6982", hex.EncodeToString(r))
			require.Equal(t, before, c.Snapshot())
			r, err = c.Transmit(t.Context(), unhex(t, "84F2800208AAAAAAAAAAAAAAAA"))
			require.NoError(t, err)
			require.Equal(t, "6982", hex.EncodeToString(r), "the channel is closed")
		})
	}
}

// SELECT and INITIALIZE UPDATE leave a channel; between INITIALIZE UPDATE and EXTERNAL
// AUTHENTICATE no other command is.
func TestChannel_IsLeftByTheCommandsThatBeginAnew(t *testing.T) {
	t.Parallel()
	c := blankCard(t)
	domain(t, c)
	domain(t, c) // SELECT, then both again
	_, err := securechannel.Open(t.Context(), c, transportKeys(), securechannel.FullProtection, rand.Reader)
	require.NoError(t, err)

	interrupted := interrupting{c, unhex(t, "80CA00E000")}
	_, err = securechannel.Open(t.Context(), interrupted, transportKeys(), securechannel.FullProtection, rand.Reader)

	require.ErrorIs(t, err, apdu.ConditionsNotSatisfied)
}

// interrupting sends another command before each EXTERNAL AUTHENTICATE.
type interrupting struct {
	*Card
	with []byte
}

func (i interrupting) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if command[1] == apdu.ExternalAuthenticate {
		if _, err := i.Card.Transmit(ctx, i.with); err != nil {
			return nil, err
		}
	}
	return i.Card.Transmit(ctx, command)
}

// What is not in secure messaging ends it, with the access that it gave, whatever its class is and
// whether the card serves it.
func TestMessaging_IsEndedByWhatIsNotInIt(t *testing.T) {
	t.Parallel()
	card := finished(t, nil, lds.Files{lds.COM: {0x60, 0}}, nil)
	for _, command := range []string{
		"00B0000000", "0084000008", "80CA00E000", "10B0000000", "84F2800200", "04B0000000", "8CB0000000", "94E2000000", "01B0000000", "FFB0000000", "00B0", "0CB0000005",
	} {
		s := accessed(t, card)
		require.Equal(t, apdu.OK, s.send(apdu.Command{INS: apdu.Select, P1: apdu.SelectEF, P2: apdu.NoResponse, Data: unhex(t, "011E")}).SW)

		_, err := card.Transmit(t.Context(), unhex(t, command))

		require.NoError(t, err)
		require.Nil(t, card.ram.application.messaging, command)
		require.False(t, card.ram.application.granted, command)
	}
}

// No answer is longer than a terminal said that it may be. Of files as many bytes are read, and of
// all else the card says how many there are.
func TestCard_AnswersNoMoreThanIsAskedFor(t *testing.T) {
	t.Parallel()
	c := finished(t, nil, lds.Files{lds.COM: {0x60, 0}}, nil)
	converse(t, c, [][2]string{{"00A4040008A00000015100000001", "6C12"}, {"00A4040C08A000000151000000", "9000"}, {"80CA006605", "6C28"}})

	r, err := c.Transmit(t.Context(), unhex(t, "80CA006628"))

	require.NoError(t, err)
	require.Len(t, r, 0x28+2)
}

// By nothing that a locked card says to strangers can it be known again.
func TestLockedCard_CannotBeFollowed(t *testing.T) {
	t.Parallel()
	c := finished(t, nil, lds.Files{lds.COM: {0x60, 0}}, nil)
	ask := func(command string) []byte {
		t.Helper()
		converse(t, c, [][2]string{{"00A4040C08A000000151000000", "9000"}})
		r, err := c.Transmit(t.Context(), unhex(t, command))
		require.NoError(t, err)
		return r
	}

	require.Equal(t, "6982", hex.EncodeToString(ask("80CA9F7F00")))
	first, second := ask("8050000008010203040506070800"), ask("8050000008010203040506070800")
	require.Len(t, first, 29+2) // no sequence counter
	require.Equal(t, "300360", hex.EncodeToString(first[10:13]))
	require.NotEqual(t, first[:10], second[:10])
	require.NotEqual(t, first[13:21], second[13:21])
	for _, answer := range [][]byte{first, second, ask("80CA006600"), ask("80CA00E000"), c.ATR()} {
		require.NotContains(t, string(answer), string(testSerial[2:]))
		require.NotContains(t, string(answer), string(testSerial[6:]))
	}
	require.True(t, bytes.Contains(ask("80CA006600"), unhex(t, "2A864886FC6B040360")))

	s := domain(t, c)
	r, err := s.Send(t.Context(), apdu.Command{CLA: 0x80, INS: 0xCA, P1: 0x9F, P2: 0x7F, Le: 256})

	require.NoError(t, err)
	serial, err := globalplatform.ParseCPLC(r.Data[3:])
	require.NoError(t, err)
	require.Equal(t, testSerial, serial)
}

// guessed is a card that is tried with wrong passwords, and how long it made the terminal
// wait.
type guessed struct {
	*Card
	waited time.Duration
}

func guessable(t *testing.T) *guessed {
	t.Helper()
	c := finished(t, nil,
		lds.Files{lds.CardAccess: unhex(t, "31143012060A04007F0007020204020202010202010D"), lds.COM: {0x60, 0}},
		map[uint16][]byte{secretMRZ: []byte("L898902C<369080619406236"), secretCAN: []byte("123456")})
	g := &guessed{Card: c}
	g.meter()
	return g
}

// meter counts the waits instead of waiting.
func (g *guessed) meter() {
	g.wait = func(_ context.Context, d time.Duration) error {
		g.waited += d
		return nil
	}
}

// wrongMRZ is one try of BAC.
func (g *guessed) wrongMRZ(t *testing.T) {
	t.Helper()
	converse(t, g.Card, [][2]string{{"00A4040C07A0000002471001", "9000"}})
	_, err := g.Transmit(t.Context(), unhex(t, "0084000008"))
	require.NoError(t, err)
	r, err := g.Transmit(t.Context(), append(unhex(t, "0082000028"), make([]byte, 41)...))
	require.NoError(t, err)
	require.Equal(t, "6300", hex.EncodeToString(r))
}

// wrongCAN is one try of PACE, in which the terminal's keys are those of the worked example.
func (g *guessed) wrongCAN(t *testing.T) {
	t.Helper()
	const point = "047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D"
	for _, step := range []string{"0022C1A40F800A04007F00070202040202830102", "10860000027C0000", "10860000457C438141" + point + "00", "10860000457C438341" + point + "00"} {
		r, err := g.Transmit(t.Context(), unhex(t, step))
		require.NoError(t, err)
		require.Equal(t, "9000", hex.EncodeToString(r[len(r)-2:]))
	}
	r, err := g.Transmit(t.Context(), unhex(t, "008600000C7C0A8508000102030405060700"))
	require.NoError(t, err)
	require.Equal(t, "6300", hex.EncodeToString(r))
}

func TestPasswords_SixtyWrongOnesTakeMinutes(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]func(*guessed, *testing.T){"BAC": (*guessed).wrongMRZ, "PACE": (*guessed).wrongCAN} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guessable(t)
			last := time.Duration(0)
			for n := range 60 {
				before := g.waited
				if n%2 == 1 { // power is cut, or the card moved to another reader
					var err error
					g.Card, err = Restore(g.Snapshot(), Options{})
					require.NoError(t, err)
					g.meter()
				}
				try(g, t)
				require.GreaterOrEqual(t, g.waited-before, last)
				last = g.waited - before
			}

			require.Greater(t, g.waited, 4*time.Minute)
			require.Equal(t, 5*time.Second, last, "who knows the password waits no longer than a reader does")
		})
	}
}

// A holder whose card was tried by others waits once.
func TestPasswords_ARightOneEndsTheWait(t *testing.T) {
	t.Parallel()
	g := guessable(t)
	for range 3 {
		g.wrongMRZ(t)
	}
	a := g.nv.apps[0]
	require.Equal(t, byte(3), a.wrongPasswords())

	g.tried(a, apdu.OK)

	require.Zero(t, a.wrongPasswords())
	g.waited = 0
	g.wrongMRZ(t)
	require.Zero(t, g.waited)
}

// A terminal that does not wait has tried nothing.
func TestPasswords_TheWaitEndsWithTheTerminal(t *testing.T) {
	t.Parallel()
	g := guessable(t)
	g.wrongMRZ(t)
	g.wait = func(context.Context, time.Duration) error { return context.Canceled }
	_, err := g.Transmit(t.Context(), unhex(t, "0084000008"))
	require.NoError(t, err)

	_, err = g.Transmit(t.Context(), append(unhex(t, "0082000028"), make([]byte, 41)...))

	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, byte(1), g.nv.apps[0].wrongPasswords())
}

// The chip does not verify terminals, and does not act as if it did.
func TestEMRTD_OffersNoTerminalAuthentication(t *testing.T) {
	t.Parallel()
	s := accessed(t, finished(t, nil, lds.Files{lds.COM: {0x60, 0}}, nil))
	for _, p := range [][2]byte{{0x81, 0xA4}, {0x81, 0xB6}, {0xC1, 0xB6}} {
		require.Equal(t, apdu.WrongParameters, s.send(apdu.Command{INS: 0x22, P1: p[0], P2: p[1], Data: []byte{0x83, 1, 0}}).SW)
	}
}
