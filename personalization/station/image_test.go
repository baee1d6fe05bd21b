package station_test

import (
	"bytes"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	stdimage "image"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/lds"
	"example.org/cancuoc/personalization/mrz"
	"example.org/cancuoc/personalization/pki"
	"example.org/cancuoc/personalization/softcard"
)

// prepared is the image of an invented holder's chip, as data preparation makes it.
func prepared(t *testing.T, p lds.Profile) *personalization.Image {
	t.Helper()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	authority, err := pki.OpenDev(t.TempDir(), pki.Options{
		CSCACurve: p.SODCurve, SignerCurve: p.SODCurve, Clock: func() time.Time { return now },
	})
	require.NoError(t, err)
	holder := identity.Card{
		Form: identity.FormCCCD2021, Serial: "0123456789ABCDEF",
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
	require.NoError(t, jpeg.Encode(&portrait, picture, &jpeg.Options{Quality: 40}))
	made, err := personalization.Prepare(personalization.PrepareInput{
		Card: holder, MRZ: lines, Portrait: portrait.Bytes(), Profile: p, Signer: authority.Signers(), At: now,
	})
	require.NoError(t, err)
	return made
}

func TestPersonalize_TakesTheImagesOfDataPreparation(t *testing.T) {
	t.Parallel()
	for _, p := range lds.Profiles() {
		for _, filling := range []string{"store-data", "update-binary"} {
			t.Run(p.Name+" by "+filling, func(t *testing.T) {
				t.Parallel()
				c := newCentre(t)
				c.Profile = filling

				_, err := c.Personalize(t.Context(), "B-1", prepared(t, p))

				require.NoError(t, err)
				require.Equal(t, softcard.Secured, c.card(t).Life())
				require.True(t, readable(t, c.card(t)))
			})
		}
	}
}
