package intake_test

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/templates/render/rendertest"
)

// sizes are those of config/default.yaml.
var sizes = packet.Sizes{Document: 1 << 16, Portrait: 2 << 20, Finger: 1 << 20, Packet: 8 << 20}

// newDoor is a door at which it is that day; it stores nothing.
func newDoor(t *testing.T, today identity.Date) *intake.Door {
	t.Helper()
	calendar, err := identity.LoadCalendar()
	require.NoError(t, err)
	return &intake.Door{Forms: rendertest.BuiltIn(t), Calendar: calendar, Sizes: sizes, Chip: lds.Profiles()[0], Now: today.Midnight, LateAfter: 2}
}

// sample is the submission of sample 02-exchange-at-25, filed on 23 November 2026,
// with its images in it.
func sample(tb testing.TB) packet.Submission {
	tb.Helper()
	s, err := packet.ReadSubmission(os.DirFS("../../samples/02-exchange-at-25"), "application.json", sizes)
	require.NoError(tb, err)
	return s
}

// file is a portrait that once failed.
func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../biometrics/portrait/testdata/" + name)
	require.NoError(t, err)
	return b
}

func TestCheck_APortraitThatNoStageCouldUseIsRefused(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]string{
		"tiny.jpg":          "portrait: is 1 x 1 pixels; 236 x 354 to 2048 x 2048 are accepted",
		"oddsample.jpg":     "portrait: is a JPEG of a kind that is not accepted (luma/chroma subsampling ratio); baseline JPEG is, with colors sampled 4:4:4, 4:4:0, 4:2:2, 4:2:0, 4:1:1 or 4:1:0",
		"no-end-marker.jpg": "portrait: is a JPEG picture without an end marker, and may be cut short; a whole one is accepted",
	} {
		s := sample(t)
		s.Portrait.Data = file(t, name)

		_, err := newDoor(t, filed).Check(s)
		require.EqualError(t, err, told, name)

		_, err = intake.Recapture(packet.Submission{Portrait: s.Portrait}, nil, sizes)
		require.EqualError(t, err, told, name)
	}
}

func TestCheck_ANumberThatCannotBeAllottedIsRefused(t *testing.T) {
	t.Parallel()
	first := sample(t)
	first.Type, first.Ground, first.Person.Number = "first-issue", "first-card", ""
	_, err := newDoor(t, filed).Check(first)
	require.NoError(t, err)

	first.Person.BirthRegistration = packet.Place{Text: "Phường Trần Phú"}
	first.Person.Origin.Province, first.Person.Residence.Province = "", ""
	_, err = newDoor(t, filed).Check(first)

	require.EqualError(t, err, "person.birth_registration.province: is needed to allot a personal number: a province code (001 to 096), or that of a country (100 to 999) for a birth registered abroad")

	first.Person.BirthRegistration.Province = "105"
	_, err = newDoor(t, filed).Check(first)
	require.NoError(t, err, "the birth was registered abroad")
}

// TestCheck_WhatIsAcceptedCanBePrepared does with what the door accepts what
// DataPreparation does: with all samples, and with portraits that are unusual.
func TestCheck_WhatIsAcceptedCanBePrepared(t *testing.T) {
	t.Parallel()
	submissions := make(map[string]packet.Submission)
	folders, err := filepath.Glob("../../samples/[0-9]*")
	require.NoError(t, err)
	for _, folder := range folders {
		s, err := packet.ReadSubmission(os.DirFS(folder), "application.json", sizes)
		require.NoError(t, err)
		submissions[filepath.Base(folder)] = s
	}
	for _, name := range []string{"rgb.jpg", "exif-orientation-long-big-endian.jpg"} {
		s := sample(t)
		s.Portrait.Data = file(t, name)
		submissions[name] = s
	}
	for _, size := range []image.Rectangle{
		image.Rect(0, 0, portrait.MinWidth, portrait.MinHeight), image.Rect(0, 0, portrait.MaxSide, portrait.MinHeight), image.Rect(0, 0, portrait.MinWidth, portrait.MaxSide),
	} {
		var b bytes.Buffer
		require.NoError(t, jpeg.Encode(&b, image.NewGray(size), nil))
		s := sample(t)
		s.Portrait.Data = b.Bytes()
		submissions[size.String()] = s
	}
	door := newDoor(t, filed)
	profile := lds.Profiles()[0]
	for name, s := range submissions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accepted, err := door.Check(s)
			require.NoError(t, err)

			prepare(t, door, accepted, personalization.PrepareInput{Profile: profile})
		})
	}
}

// prepare makes chip and print of an application.
func prepare(t *testing.T, door *intake.Door, s registry.Submission, in personalization.PrepareInput) {
	t.Helper()
	var err error
	in.Form, err = door.Forms.Form(s.Rules.Form)
	require.NoError(t, err)
	in.Card = identity.Card{Form: s.Rules.Form, Serial: "0123456789ABCDEF", Person: s.Application.Person, Issued: filed, Expiry: s.Rules.Expiry}
	if in.Card.Person.Number == "" {
		in.Card.Person.Number, err = identity.DrawPersonalNumber(rand.Reader, in.Card.Person)
		require.NoError(t, err)
	}
	in.Pictures = render.Pictures{LeftIndex: s.Evidence[identity.EvidenceLeftIndex], RightIndex: s.Evidence[identity.EvidenceRightIndex]}
	if picture := s.Evidence[identity.EvidencePortrait]; picture != nil {
		_, err = portrait.Judge(picture, portrait.DefaultLimits())
		require.NoError(t, err)
		in.Pictures.Portrait, in.ChipPortrait, err = portrait.Normalize(picture)
		require.NoError(t, err)
	}
	_, err = personalization.Prepare(in)
	require.NoError(t, err)
}

func TestCheck_NothingIsFiledTomorrow(t *testing.T) {
	t.Parallel()
	s := sample(t)

	_, err := newDoor(t, filed).Check(s)
	require.NoError(t, err)

	_, err = newDoor(t, filed.AddDays(-1)).Check(s)
	require.EqualError(t, err, "filed_on: is after today; law, form and fee are those of that day")

	late := newDoor(t, filed)
	late.Now = func() time.Time { return filed.Midnight().Add(-time.Second) }
	_, err = late.Check(s)
	require.ErrorIs(t, err, identity.Invalid)
}

func TestCheck_TheSameTextInAnotherUnicodeFormIsTheSameSubmission(t *testing.T) {
	t.Parallel()
	door := newDoor(t, filed)
	composed := sample(t)
	decomposed := composed
	decomposed.Person.Name = norm.NFD.String(composed.Person.Name)
	require.NotEqual(t, composed.Person.Name, decomposed.Person.Name)

	a, err := door.Check(composed)
	require.NoError(t, err)
	b, err := door.Check(decomposed)
	require.NoError(t, err)

	require.Equal(t, a.Digest, b.Digest)
}
