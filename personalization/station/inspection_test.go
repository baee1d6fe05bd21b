package station_test

import (
	"bytes"
	"context"
	stdimage "image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/station"
)

// issue is one card of an invented holder, as data preparation makes it, and what an
// inspection system needs to know.
type issue struct {
	image  *chip.Image // whole
	open   *chip.Image // as it is stored
	sealer personalization.Sealer
	expect chipinspection.Expect
	trust  *pki.TrustStore
	at     time.Time
}

func prepared(t testing.TB, p lds.Profile, fingers ...lds.Finger) issue {
	t.Helper()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	authority, err := pki.OpenDev(t.TempDir(), pki.Options{
		CSCACurve: p.SODCurve, SignerCurve: p.SODCurve, Clock: func() time.Time { return now },
	})
	require.NoError(t, err)
	holder := identity.Card{
		Form: "cccd-2021", Serial: "0123456789ABCDEF",
		Person: identity.Person{
			Number: "001199999990", Name: identity.Name{Text: "Đặng Thị Ngọc Ước"},
			Birth: identity.Date{Year: 1999, Month: 12, Day: 31}, Sex: identity.Female,
			Ethnicity: "Kinh", Religion: "Không",
			Origin:    identity.Place{Text: "Phường B, Quận C, Hà Nội"},
			Residence: identity.Place{Text: "Số 1 Đường A, Phường B, Quận C, Hà Nội"},
		},
		Issued: identity.Date{Year: 2021, Month: 3, Day: 15},
		Expiry: identity.Expiry{Date: identity.Date{Year: 2024, Month: 12, Day: 31}},
	}
	lines, err := mrz.Lines(holder)
	require.NoError(t, err)
	picture := stdimage.NewGray(stdimage.Rect(0, 0, 300, 400))
	for x := range 300 {
		for y := range 400 {
			picture.SetGray(x, y, color.Gray{Y: byte(x * y % 251)})
		}
	}
	var portrait bytes.Buffer
	require.NoError(t, jpeg.Encode(&portrait, picture, &jpeg.Options{Quality: 12})) // about 20 kB, as on cards
	input := personalization.ChipInput{
		Card: holder, MRZ: lines, Portrait: portrait.Bytes(), Fingers: fingers, Profile: p, Signer: authority.Signers(), At: now,
	}
	made, err := personalization.PrepareChip(input)
	require.NoError(t, err)
	open, err := personalization.ComposeChip(input)
	require.NoError(t, err)
	trust, err := authority.TrustStore()
	require.NoError(t, err)
	face, err := lds.ParseDG2(made.Files[lds.DG2])
	require.NoError(t, err)
	return issue{
		image: made, open: open, sealer: personalization.Sealer{Profile: p, Signer: input.Signer, Now: func() time.Time { return now }},
		expect: chipinspection.Expect{Card: holder, MRZ: lines, Portrait: face.Image}, trust: trust, at: now,
	}
}

// inspect reads the card in the slot as a border does, and again where it finds it bad.
func (i issue) inspect(t *testing.T, c *center, access chipinspection.Access) chipinspection.Result {
	t.Helper()
	r, err := chipinspection.Confirm(func() (r chipinspection.Result, err error) {
		session, err := c.Encoder.Open(t.Context(), "B-1")
		require.NoError(t, err)
		err = c.Read(session, func(card apdu.Card, short bool) (err error) {
			access.ShortAPDUs = short
			r, err = chipinspection.Inspect(t.Context(), card, access, i.expect, i.trust, i.at)
			return err
		})
		require.NoError(t, session.Close())
		return r, err
	})
	require.NoError(t, err)
	return r
}

func TestPersonalize_WhatDataPreparationMakesPassesInspection(t *testing.T) {
	t.Parallel()
	for _, p := range lds.Profiles() {
		for _, way := range []string{"store-data", "update-binary"} {
			t.Run(p.Name+" by "+way, func(t *testing.T) {
				t.Parallel()
				c := newCenter(t)
				c.Profile = way
				i := prepared(t, p)

				_, err := c.Personalize(t.Context(), "B-1", i.image)

				require.NoError(t, err)
				for _, access := range []chipinspection.Access{{MRZInformation: i.image.MRZInformation}, {CAN: i.image.CAN}} {
					r := i.inspect(t, c, access)
					require.Empty(t, r.Failures())
				}
			})
		}
	}
}

// Fingers are signed like everything else, and cannot be read.
func TestPersonalize_FingersStayClosed(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	p := lds.Profiles()[0]
	p.TerminalAuthentication = true
	i := prepared(t, p, lds.Finger{
		Position: 2, Format: lds.FingerWSQ, Width: 300, Height: 400, Image: append([]byte{0xFF, 0xA0}, make([]byte, 9000)...),
	})
	_, err := c.Personalize(t.Context(), "B-1", i.image)
	require.NoError(t, err)
	session, err := c.Encoder.Open(t.Context(), "B-1")
	require.NoError(t, err)

	reading, err := chipinspection.Read(t.Context(), session, chipinspection.Access{CAN: i.image.CAN}, chipinspection.Options{})

	require.NoError(t, err)
	require.NoError(t, session.Close())
	require.Equal(t, []int{3}, reading.Closed)
	require.Empty(t, chipinspection.Verify(reading, i.trust, i.at).Failures())
	require.ErrorIs(t, reading.Unreadable["EF.DG3"], apdu.SecurityNotSatisfied)
}

// In the same way the first card of the demonstration fails inspection.
func TestPersonalize_AChipWithADefectIsMadeAndFailsInspection(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault station.SimulatedFault
		says  string
	}{
		"one wrong byte":           {station.SimulatedFault{Kind: station.CorruptFile, File: 0x0102, Offset: 500}, "Data group hashes"},
		"no active authentication": {station.SimulatedFault{Kind: station.NoActiveAuth}, "Active Authentication"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t, tt.fault)
			i := prepared(t, lds.Profiles()[0])
			_, err := c.Personalize(t.Context(), "B-1", i.image)
			require.NoError(t, err)

			r := i.inspect(t, c, chipinspection.Access{MRZInformation: i.image.MRZInformation})

			require.NotEmpty(t, r.Failures())
			require.Contains(t, r.Failures()[0], tt.says)
		})
	}
}

// A reader spoils the exchange of any one command while a good card is inspected. No inspection
// finds anything against it.
func TestInspect_AReaderThatSpoilsAnExchangeSpoilsNoCard(t *testing.T) {
	t.Parallel()
	i := prepared(t, lds.Profiles()[0])
	for name, by := range spoilt(t.Context()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t)
			_, err := c.Personalize(t.Context(), "B-1", i.image)
			require.NoError(t, err)
			for n := range 40 {
				c.Encoder = &garbledOnce{Encoder: c.Encoder, garbling: garbling{at: n, by: by}}

				r, err := chipinspection.Confirm(func() (r chipinspection.Result, err error) {
					session, err := c.Encoder.Open(t.Context(), "B-1")
					require.NoError(t, err)
					defer session.Close()
					access := chipinspection.Access{MRZInformation: i.image.MRZInformation, CAN: i.image.CAN}
					return chipinspection.Inspect(t.Context(), session, access, i.expect, i.trust, i.at)
				})

				if err == nil { // otherwise it may pass
					require.Empty(t, r.Failures(), "command %d", n)
				}
			}
		})
	}
}

// garbledOnce is an encoder that spoils the exchange of one command of its first session.
type garbledOnce struct {
	station.Encoder
	garbling garbling
	used     bool
}

func (g *garbledOnce) Open(ctx context.Context, blank string) (station.Session, error) {
	if g.used {
		return g.Encoder.Open(ctx, blank)
	}
	g.used, g.garbling.Encoder = true, g.Encoder
	return g.garbling.Open(ctx, blank)
}

// A card that lost power during personalization cannot be read before it is finished.
func TestPersonalize_AnUnfinishedCardCannotBeRead(t *testing.T) {
	t.Parallel()
	c := newCenter(t, station.SimulatedFault{Kind: station.ReaderLost, After: 40})
	i := prepared(t, lds.Profiles()[0])
	access := chipinspection.Access{MRZInformation: i.image.MRZInformation, CAN: i.image.CAN}
	_, err := c.Personalize(t.Context(), "B-1", i.image)
	require.ErrorIs(t, err, station.ErrReaderLost)

	before := i.inspect(t, c, access)
	_, err = c.Personalize(t.Context(), "B-1", i.image)
	require.NoError(t, err)
	after := i.inspect(t, c, access)

	require.False(t, before.OK())
	require.Empty(t, after.Failures())
}

func TestPersonalize_AChipThatAnnouncesNoPACEIsReadByBAC(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	i := prepared(t, lds.Profiles()[0])
	i.image.Files[lds.CardAccess] = nil
	_, err := c.Personalize(t.Context(), "B-1", i.image)
	require.NoError(t, err)

	r := i.inspect(t, c, chipinspection.Access{MRZInformation: i.image.MRZInformation})

	require.Equal(t, "BAC", r.Access)
	require.Empty(t, r.Failures())
}
