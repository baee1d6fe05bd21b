package station_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

func keysOf(version byte, length int) func([]byte) (securechannel.KeySet, error) {
	return func(serial []byte) (securechannel.KeySet, error) {
		key := func(n byte) []byte { return bytes.Repeat(append(serial[:7:7], version+n), 4)[:length] }
		return securechannel.KeySet{Version: version, ENC: key(0), MAC: key(1), DEK: key(2)}, nil
	}
}

// image has files of realistic sizes; their meaning does not matter here.
func image(tb testing.TB, holder string) *chip.Image {
	tb.Helper()
	return imageOf(tb, holder, 20000)
}

// imageOf is an image with a portrait of that many bytes.
func imageOf(tb testing.TB, holder string, portrait int) *chip.Image {
	tb.Helper()
	file := func(tag byte, n int) []byte {
		return append([]byte{tag, 0x82, byte(n >> 8 & 0xFF), byte(n & 0xFF)}, bytes.Repeat([]byte(holder), n/len(holder)+1)[:n]...)
	}
	key, err := curve.GenerateKey(curve.BrainpoolP256r1(), bytes.NewReader(bytes.Repeat([]byte{5}, 32)))
	require.NoError(tb, err)
	der, err := curve.MarshalPrivateKey(key, curve.Explicit)
	require.NoError(tb, err)
	return &chip.Image{
		Files: lds.Files{
			lds.CardAccess: []byte("\x31\x14\x30\x12\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x04\x02\x02\x02\x01\x02\x02\x01\x0D"),
			lds.COM:        file(0x60, 30), lds.DG1: file(0x61, 93), lds.DG2: file(0x75, portrait), lds.DG13: file(0x6D, 400),
			lds.DG14: file(0x6E, 500), lds.DG15: file(0x6F, 300), lds.SOD: file(0x77, 2000),
		},
		MRZInformation: "L898902C<369080619406236", CAN: "123456", CAPrivate: der, AAPrivate: der,
	}
}

// initially is a station's initial key set, of one key version number.
func initially(keys func([]byte) (securechannel.KeySet, error)) func(context.Context, byte, []byte) (securechannel.KeySet, error) {
	return func(_ context.Context, version byte, serial []byte) (securechannel.KeySet, error) {
		k, err := keys(serial)
		if err == nil && k.Version != version {
			err = station.ErrNoKeys
		}
		return k, err
	}
}

// now is a station's card key set.
func now(keys func([]byte) (securechannel.KeySet, error)) func(context.Context, []byte) (securechannel.KeySet, error) {
	return func(_ context.Context, serial []byte) (securechannel.KeySet, error) { return keys(serial) }
}

// center is one station with simulated cards, in temporary folders.
type center struct {
	*station.Station
	cards, journal string
}

func newCenter(tb testing.TB, faults ...station.SimulatedFault) *center {
	tb.Helper()
	c := &center{cards: tb.TempDir(), journal: tb.TempDir()}
	c.start(tb, faults...)
	return c
}

// start restarts the station's program, as after a crash: only the folders remain.
func (c *center) start(tb testing.TB, faults ...station.SimulatedFault) {
	tb.Helper()
	catalog, err := profile.Load()
	require.NoError(tb, err)
	journal, err := station.OpenJournal(c.journal, false)
	require.NoError(tb, err)
	encoder, err := station.NewSimulated(c.cards, station.SimulatedOptions{
		InitialKeys: func(_ context.Context, _ string, serial []byte) (securechannel.KeySet, error) {
			return keysOf(0x30, 16)(serial)
		},
		Faults: func(string) []station.SimulatedFault { return faults },
	})
	require.NoError(tb, err)
	c.Station = &station.Station{
		Encoder: encoder, Journal: journal, Catalog: catalog,
		InitialKeys: initially(keysOf(0x30, 16)), CardKeys: now(keysOf(0x01, 32)),
	}
}

// card is the card of blank B-1, read from its folder.
func (c *center) card(tb testing.TB) *softcard.Card {
	tb.Helper()
	return c.cardOf(tb, "B-1")
}

// cardOf is the card of a blank, read from its folder.
func (c *center) cardOf(tb testing.TB, blank string) *softcard.Card {
	tb.Helper()
	b, err := station.ReadSimulated(filepath.Join(c.cards, "card-"+blank+".chip"))
	require.NoError(tb, err)
	card, err := softcard.Restore(b, softcard.Options{})
	require.NoError(tb, err)
	return card
}

// memory is the memory of a card without the number of channels opened so far, which
// is after magic, serial and life cycle state.
func memory(card *softcard.Card) []byte {
	b := card.Snapshot()
	return append(b[:24], b[27:]...)
}

func readable(tb testing.TB, card *softcard.Card) bool {
	tb.Helper()
	require.NoError(tb, card.Reset(tb.Context()))
	r, err := apdu.Send(tb.Context(), card, apdu.Command{INS: 0xB0, P1: 0x9C, Le: 256})
	require.NoError(tb, err)
	return r.SW == apdu.OK
}

func TestPersonalize_MakesALockedCardOnce(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"store-data", "update-binary"} {
		t.Run(p, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t)
			c.Profile = p

			first, err := c.Personalize(t.Context(), "B-1", image(t, "one"))

			require.NoError(t, err)
			require.False(t, first.Found)
			require.Equal(t, station.ChipSerial("B-1"), first.ChipSerial)
			require.Equal(t, globalplatform.Secured, c.card(t).LifeCycle())
			require.True(t, readable(t, c.card(t)))
			made := memory(c.card(t))

			again, err := c.Personalize(t.Context(), "B-1", image(t, "one"))

			require.NoError(t, err)
			require.True(t, again.Found)
			require.Less(t, again.APDUs, 10)
			require.Equal(t, made, memory(c.card(t)))
		})
	}
}

func TestPersonalize_ABlankIsForOneImageOnly(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))
	require.NoError(t, err)

	_, err = c.Personalize(t.Context(), "B-1", image(t, "two"))
	require.ErrorIs(t, err, identity.Spoiled)

	// A station that has lost its journal cannot know whose card is in the slot, since a locked
	// chip does not tell. It leaves card and blank to a person.
	c.journal = t.TempDir()
	c.start(t)
	for range 2 {
		_, err = c.Personalize(t.Context(), "B-1", image(t, "two"))
		fault, ok := errors.AsType[*station.Fault](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, station.Slot, fault.Part)
		require.True(t, fault.Clean)
	}
}

// The station's program dies and the card loses power, at every command of
// personalization in turn and at each moment of a write. The card cannot be read
// before it is finished; the next try ends with the intended card, byte for byte.
func TestPersonalize_TornAtEveryCommand(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"store-data", "update-binary"} {
		for _, moment := range []softcard.Moment{softcard.BeforeCommit, softcard.MidWrite, softcard.AfterCommit} {
			t.Run(fmt.Sprint(p, " moment ", moment), func(t *testing.T) {
				t.Parallel()
				small := imageOf(t, "one", 1500) // fewer commands of the same kinds
				whole := newCenter(t)
				whole.Profile = p
				_, err := whole.Personalize(t.Context(), "B-1", small)
				require.NoError(t, err)
				want := memory(whole.card(t))
				for n := 0; ; n++ {
					c := newCenter(t)
					c.Profile = p
					torn := &tearing{Encoder: c.Encoder, after: n, moment: moment}
					c.Encoder = torn
					_, err := c.Personalize(t.Context(), "B-1", small)
					if err == nil {
						require.Greater(t, n, 20)
						return
					}
					require.ErrorIs(t, err, softcard.ErrPowerLost)
					card := c.card(t)
					require.Equal(t, card.LifeCycle() == globalplatform.Secured, readable(t, card), "torn at %d", n)

					c.start(t)
					c.Profile = p
					_, err = c.Personalize(t.Context(), "B-1", small)

					require.NoError(t, err, "torn at %d", n)
					require.Equal(t, want, memory(c.card(t)), "torn at %d", n)
				}
			})
		}
	}
}

// A station stops in the middle of a card and loses its journal. The blank comes to
// another station, for another card: it becomes that card as a whole, or none.
func TestPersonalize_ATornCardIsNeverMixedWithAnother(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"store-data", "update-binary"} {
		t.Run(p, func(t *testing.T) {
			t.Parallel()
			one, two := imageOf(t, "one", 1500), imageOf(t, "two", 1400)
			whole := newCenter(t)
			whole.Profile = p
			_, err := whole.Personalize(t.Context(), "B-1", two)
			require.NoError(t, err)
			want := memory(whole.card(t))
			for n := 0; ; n++ {
				c := newCenter(t)
				c.Profile = p
				c.Encoder = &tearing{Encoder: c.Encoder, after: n, moment: softcard.MidWrite}
				_, err := c.Personalize(t.Context(), "B-1", one)
				if err == nil {
					require.Greater(t, n, 20)
					return
				}
				require.ErrorIs(t, err, softcard.ErrPowerLost)
				c.journal = t.TempDir()
				c.start(t)
				c.Profile = p

				_, err = c.Personalize(t.Context(), "B-1", two)

				card := c.card(t)
				if err == nil {
					require.Equal(t, want, memory(card), "torn at %d", n)
					continue
				}
				require.ErrorIs(t, err, identity.Spoiled, "torn at %d", n)
				require.Equal(t, card.LifeCycle() == globalplatform.Secured, readable(t, card), "torn at %d", n)
				require.NotContains(t, string(memory(card)), "twotwotwo", "torn at %d", n)
			}
		})
	}
}

// tearing is an encoder in which the card loses power at one command.
type tearing struct {
	station.Encoder
	after  int
	moment softcard.Moment
}

func (e *tearing) Open(ctx context.Context, blank string) (station.Session, error) {
	s, err := e.Encoder.Open(ctx, blank)
	if err == nil {
		s.(interface {
			PowerLossAfter(n int, m softcard.Moment)
		}).PowerLossAfter(e.after, e.moment)
	}
	return s, err
}

func TestPersonalize_FaultsOfTheConnectionPassAndFaultsOfTheChipSpoil(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault   station.SimulatedFault
		tries   int // that fail before the end
		fails   error
		spoiled bool
	}{
		"mute once":               {station.SimulatedFault{Kind: station.Mute, After: 12}, 1, station.ErrMute, false},
		"reader lost once":        {station.SimulatedFault{Kind: station.ReaderLost, After: 20}, 1, station.ErrReaderLost, false},
		"torn once":               {station.SimulatedFault{Kind: station.Torn, After: 15}, 1, softcard.ErrPowerLost, false},
		"wrong status once":       {station.SimulatedFault{Kind: station.WrongStatus, Status: 0x6581, After: 17}, 1, apdu.MemoryFailure, false},
		"wrong status always":     {station.SimulatedFault{Kind: station.WrongStatus, Status: 0x6581, After: 17, Always: true}, 2, apdu.MemoryFailure, true},
		"slow":                    {station.SimulatedFault{Kind: station.Slow, Delay: time.Millisecond, Always: true}, 0, nil, false},
		"refuses at the very end": {station.SimulatedFault{Kind: station.WrongStatus, Status: 0x6985, After: 49}, 1, apdu.ConditionsNotSatisfied, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t, tt.fault)

			for range tt.tries {
				_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))
				require.ErrorIs(t, err, tt.fails)
				require.NotErrorIs(t, err, identity.Spoiled)
			}
			_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))

			if !tt.spoiled {
				require.NoError(t, err)
				require.True(t, readable(t, c.card(t)))
				return
			}
			require.ErrorIs(t, err, identity.Spoiled)
			_, err = c.Personalize(t.Context(), "B-1", image(t, "one"))
			require.ErrorIs(t, err, identity.Spoiled)
			require.False(t, readable(t, c.card(t)))
		})
	}
}

// Keys that do not fit harm no blank: with the right ones it becomes any card.
func TestPersonalize_AChipWithOtherKeysIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	right := c.InitialKeys
	for range 5 {
		c.InitialKeys = initially(keysOf(0x30, 24))

		_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))

		var fault *station.Fault
		require.ErrorAs(t, err, &fault)
		require.Equal(t, station.Keys, fault.Part)
		require.True(t, fault.Clean)
	}
	c.InitialKeys = right
	_, err := c.Personalize(t.Context(), "B-1", image(t, "two"))
	require.NoError(t, err)
}

// What keeps a journal or a magazine from being written is seen before a blank is taken.
func TestProve_SeesFoldersThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	require.NoError(t, c.Prove(t.Context()))
	require.NoError(t, os.RemoveAll(c.journal))
	var fault *station.Fault

	require.ErrorAs(t, c.Prove(t.Context()), &fault)

	require.Equal(t, station.Notes, fault.Part)
}

// swapped is an encoder that always has the same card in its slot.
type swapped struct {
	station.Encoder
	blank string
}

func (e swapped) Open(ctx context.Context, _ string) (station.Session, error) {
	return e.Encoder.Open(ctx, e.blank)
}

// A card that was begun is found by what it is to become: not while its blank is clean,
// nor when it is spoiled.
func TestBlankOf_FindsTheBlankThatWasWrittenTo(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	one, other := image(t, "one"), image(t, "other")
	find := func(image *chip.Image) string {
		t.Helper()
		c.start(t)
		blank, err := c.BlankOf(image)
		require.NoError(t, err)
		return blank
	}
	require.Empty(t, find(one))
	c.start(t, station.SimulatedFault{Kind: station.Mute})
	_, err := c.Personalize(t.Context(), "B-1", one)
	require.Error(t, err)
	require.Empty(t, find(one), "the blank is clean")

	_, err = c.Personalize(t.Context(), "B-1", one)
	require.NoError(t, err)

	require.Equal(t, "B-1", find(one))
	require.Empty(t, find(other))
	entry, _, err := c.Journal.Load("B-1")
	require.NoError(t, err)
	entry.State = station.Spoiled
	require.NoError(t, c.Journal.Save(entry))
	require.Empty(t, find(one))
}

func TestPersonalize_NoTwoBlanksGetOneChip(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	_, err := c.Personalize(t.Context(), "B-1", image(t, "one"))
	require.NoError(t, err)
	c.Encoder = swapped{c.Encoder, "B-1"}

	_, err = c.Personalize(t.Context(), "B-2", image(t, "two"))

	require.ErrorIs(t, err, identity.Conflict)
	require.ErrorContains(t, err, "belongs to a finished card, not to blank B-2")
}

func TestHolds_TellsTheCardOfABlankFromAnother(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	require.NoError(t, c.Holds(t.Context(), "B-1"), "nothing is known of it")
	for _, blank := range []string{"B-1", "B-2"} {
		_, err := c.Personalize(t.Context(), blank, image(t, blank))
		require.NoError(t, err)
	}

	require.NoError(t, c.Holds(t.Context(), "B-1"))
	c.Encoder = swapped{c.Encoder, "B-1"}
	err := c.Holds(t.Context(), "B-2")
	fault, ok := errors.AsType[*station.Fault](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, station.Slot, fault.Part)
	require.NoError(t, c.Holds(t.Context(), "B-1"))
}

// An encoder with one slot, whose cards an operator changes by hand, makes one card after
// the other: a slot that is empty, or has the card of before in it, harms no blank.
func TestPersonalize_OneSlotMakesOneCardAfterTheOther(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	slot := &handFed{cards: c.Encoder}
	c.Encoder = slot
	var fault *station.Fault
	for i, blank := range []string{"B-1", "B-2", "B-3"} {
		picture := image(t, blank)
		slot.blank = ""
		for range 3 {
			_, err := c.Personalize(t.Context(), blank, picture)
			require.ErrorAs(t, err, &fault)
			require.Equal(t, station.Slot, fault.Part)
			require.True(t, fault.Clean)
		}
		if i > 0 {
			slot.blank = fmt.Sprintf("B-%d", i)
			_, err := c.Personalize(t.Context(), blank, picture)
			require.ErrorContains(t, err, "belongs to a finished card, not to blank "+blank)
		}
		slot.blank = blank

		_, err := c.Personalize(t.Context(), blank, picture)

		require.NoError(t, err)
	}
}

// handFed is an encoder that takes what is in its slot.
type handFed struct {
	cards station.Encoder
	blank string // in the slot; empty: none
}

func (h *handFed) Open(ctx context.Context, _ string) (station.Session, error) {
	if h.blank == "" {
		return emptySlot{}, nil
	}
	return h.cards.Open(ctx, h.blank)
}

func (h *handFed) Prove(ctx context.Context) error { return h.cards.Prove(ctx) }

// emptySlot is a session of an encoder that cuts the connection.
type emptySlot struct{}

func (emptySlot) Transmit(context.Context, []byte) ([]byte, error) { return nil, io.EOF }
func (emptySlot) ATR() []byte                                      { return nil }
func (emptySlot) Close() error                                     { return nil }

func TestPersonalize_CardsAreMadeConcurrently(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	var cards sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		cards.Go(func() {
			_, errs[i] = c.Personalize(t.Context(), fmt.Sprint("B-", i/2), image(t, fmt.Sprint("holder", i/2)))
		})
	}
	cards.Wait()

	require.NoError(t, errors.Join(errs...))
}

// The card makes the key, a CA of its own certifies it, and the holder's PIN lets it sign;
// nothing does before. A run that was torn after the certificate is made has another one made.
func TestPersonalize_ASignatureKeyIsCertifiedAndItsCertificateStored(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	authority, err := pki.OpenDev(t.TempDir(), pki.Options{})
	require.NoError(t, err)
	ca, err := authority.MakeSignatureCA(time.Now())
	require.NoError(t, err)
	signs := image(t, "one")
	signs.Applications, signs.TransportPIN = []string{"digital-signature"}, "271828"
	var issued [][]byte
	c.Certify = func(_ context.Context, card identity.CardSerial, application string, publicKey []byte) ([]byte, error) {
		require.Equal(t, signs.Serial, card)
		require.Equal(t, "digital-signature", application)
		der, err := ca.Certify(pki.Holder{Name: "ĐẶNG THỊ NGỌC ƯỚC", Number: "001199999990"}, publicKey, time.Now())
		issued = append(issued, der)
		if len(issued) == 1 {
			return nil, errors.New("the registry does not answer")
		}
		return der, err
	}

	_, err = c.Personalize(t.Context(), "B-1", signs)
	fault, is := errors.AsType[*station.Fault](err)
	require.True(t, is)
	require.Equal(t, station.Signer, fault.Part)
	_, err = c.Personalize(t.Context(), "B-1", signs)

	require.NoError(t, err)
	require.Len(t, issued, 2)
	card := c.card(t)
	refused := func(command apdu.Command) {
		t.Helper()
		r, err := apdu.Send(t.Context(), card, command)
		require.NoError(t, err)
		require.ErrorIs(t, r.SW, apdu.SecurityNotSatisfied)
	}
	require.NoError(t, profile.Select(t.Context(), card, chipinspection.SignatureAID()))
	refused(apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{0x40, 0x01}}) // whose card it is
	refused(apdu.Command{INS: 0x24, P2: 0x81, Data: []byte("271828314159")})    // where it can be heard
	access := chipinspection.Access{MRZInformation: signs.MRZInformation}
	application, err := chipinspection.OpenSignature(t.Context(), card, access)
	require.NoError(t, err)
	der, err := application.Certificate(t.Context())
	require.NoError(t, err)
	require.Equal(t, issued[1], der)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	issuer, err := x509.ParseCertificate(ca.Certificate())
	require.NoError(t, err)
	require.NoError(t, certificate.CheckSignatureFrom(issuer))
	digest := sha256.Sum256([]byte("a contract"))
	_, err = application.Sign(t.Context(), digest)
	require.ErrorIs(t, err, apdu.SecurityNotSatisfied)
	require.NoError(t, application.ChangePIN(t.Context(), "271828", "314159"))
	require.ErrorIs(t, application.ChangePIN(t.Context(), "314159", "271828"), apdu.WrongData, "which the office knows")
	require.NoError(t, application.Verify(t.Context(), "314159"))
	signature, err := application.Sign(t.Context(), digest)
	require.NoError(t, err)
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	require.True(t, ok)
	require.NoError(t, curve.VerifyPlain(key, digest[:], signature))
	again, err := c.Personalize(t.Context(), "B-1", signs)
	require.NoError(t, err)
	require.True(t, again.Found)
	require.Len(t, issued, 2)
}

func TestSoftwareCard_IsFinishedAndReset(t *testing.T) {
	t.Parallel()
	catalog, err := profile.Load()
	require.NoError(t, err)

	card, err := station.SoftwareCard(t.Context(), catalog, "", image(t, "one"), softcard.Options{})

	require.NoError(t, err)
	require.Equal(t, globalplatform.Secured, card.LifeCycle())
	require.True(t, readable(t, card))
}

func TestTCP_PersonalizesACard(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	keys, err := keysOf(0x30, 16)([]byte("0123456789"))
	require.NoError(t, err)
	card, err := softcard.New(softcard.Blank{ChipSerial: []byte("0123456789"), Keys: keys}, softcard.Options{})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- softcard.ServeTCP(ctx, listener, card) }()
	c.Encoder = station.TCP{Address: listener.Addr().String()}

	r, err := c.Personalize(t.Context(), "B-1", image(t, "one"))

	require.NoError(t, err)
	require.Equal(t, []byte("0123456789"), r.ChipSerial)
	require.Equal(t, globalplatform.Secured, card.LifeCycle())
	again, err := c.Personalize(t.Context(), "B-1", image(t, "one"))
	require.NoError(t, err)
	require.True(t, again.Found)
	cancel()
	require.NoError(t, <-served)
}

func TestTCP_ACardThatDoesNotAnswerTimesOut(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	s, err := station.TCP{Address: listener.Addr().String(), Timeout: 20 * time.Millisecond}.Open(t.Context(), "")
	require.NoError(t, err)
	defer s.Close()

	_, err = s.Transmit(t.Context(), []byte{0, 0xA4, 0, 0})

	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestFileJournal_IsDurableAndKeepsChipsApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := station.OpenJournal(dir, true)
	require.NoError(t, err)
	entry := station.Entry{Blank: "B-1", Reference: "ab", State: station.Begun, Step: "install"}
	require.NoError(t, j.Save(entry))
	owner, err := j.Claim("0011", "B-1")
	require.NoError(t, err)
	require.Equal(t, "B-1", owner)

	j, err = station.OpenJournal(dir, true)

	require.NoError(t, err)
	got, found, err := j.Load("B-1")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, entry, got)
	owner, err = j.Claim("0011", "B-2")
	require.NoError(t, err)
	require.Equal(t, "B-1", owner)
	require.NoError(t, j.Save(station.Entry{Blank: "B-3", Reference: "cd", State: station.Begun, Clean: true}))
	_, err = j.Claim("0022", "B-3")
	require.NoError(t, err)
	owner, err = j.Claim("0022", "B-2")
	require.NoError(t, err)
	require.Equal(t, "B-2", owner, "the program ended before it wrote to the chip for B-3")
	for _, serial := range []string{"", "../B", "a/b", ".x", "a..b"} {
		require.Error(t, j.Save(station.Entry{Blank: serial}))
	}
}

// BenchmarkPersonalize is a whole station, with journal, card file and 24 kB over
// SCP03, which does not wait for the disk.
func BenchmarkPersonalize(b *testing.B) {
	for name, beside := range map[string][]string{"keys made and signed": nil, "with a digital signature": {profile.DigitalSignature}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := prepared(b, lds.Profiles()[0])
			i.open.Applications, i.open.TransportPIN = beside, "271828"
			c := newCenter(b)
			c.Sealer, c.Certify = i.sealer, certifier(b)
			n, began := 0, processorTime(b)
			for b.Loop() {
				n++
				_, err := c.Personalize(b.Context(), fmt.Sprint("B-", n), i.open)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(n)/(processorTime(b)-began).Seconds(), "cards/s/core")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cards/s")
		})
	}
	for _, p := range []string{"store-data", "update-binary"} {
		b.Run(p, func(b *testing.B) {
			b.ReportAllocs()
			c := newCenter(b)
			c.Profile = p
			i := image(b, "one")
			n := 0
			for b.Loop() {
				n++
				_, err := c.Personalize(b.Context(), fmt.Sprint("B-", n), i)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cards/s")
		})
	}
}

// processorTime is what this process has used, whatever else the machine does: the software
// chip's work is in it, which a real chip does itself.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// certifier certifies keys as a CA does, and books nothing.
func certifier(tb testing.TB) func(context.Context, identity.CardSerial, string, []byte) ([]byte, error) {
	tb.Helper()
	authority, err := pki.OpenDev(tb.TempDir(), pki.Options{})
	require.NoError(tb, err)
	ca, err := authority.MakeSignatureCA(time.Now())
	require.NoError(tb, err)
	return func(_ context.Context, _ identity.CardSerial, _ string, publicKey []byte) ([]byte, error) {
		return ca.Certify(pki.Holder{Name: "ĐẶNG THỊ NGỌC ƯỚC", Number: "001199999990"}, publicKey, time.Now())
	}
}
