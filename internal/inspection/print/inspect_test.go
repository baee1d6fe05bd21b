package print_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/templates/render/rendertest"
)

// portraitOf is the portrait of a sample, normalized for the card.
func portraitOf(tb testing.TB, sample string) []byte {
	tb.Helper()
	raw, err := os.ReadFile("../../../samples/" + sample + "/portrait.jpg")
	require.NoError(tb, err)
	card, _, err := portrait.Normalize(raw)
	require.NoError(tb, err)
	return card
}

// printed draws a card of an invented person on a form.
func printed(tb testing.TB, id identity.FormID, dpi int) (form *render.Form, front, back *image.RGBA, content render.Content) {
	tb.Helper()
	form = rendertest.Form(tb, id)
	name, err := identity.ParseName("Đặng Thị Ngọc Ước")
	require.NoError(tb, err)
	card := identity.Card{
		Form: id, Issued: identity.Date{Year: 2026, Month: 11, Day: 23},
		Person: identity.Person{
			Number: "001199999990", Name: name, Birth: identity.Date{Year: 1999, Month: 12, Day: 31}, Sex: identity.Female,
			Residence: identity.Place{Text: "Số 12, Phố Mẫu, Phường Hoàn Kiếm, Hà Nội"},
		},
	}
	lines, err := mrz.Lines(card)
	require.NoError(tb, err)
	content = render.Content{Card: card, MRZ: lines, QR: form.QRPayload(card)}
	if id != formstest.CanCuoc2024Under6 {
		content.Portrait = portraitOf(tb, "02-exchange-at-25")
	}
	front, back, err = form.Bitmaps(content, dpi, render.Options{Specimen: true})
	require.NoError(tb, err)
	return form, front, back, content
}

func TestInspect_FindsNothingOnAGoodCard(t *testing.T) {
	t.Parallel()
	for _, id := range formstest.IDs {
		for _, dpi := range []int{300, 600} {
			form, front, back, content := printed(t, id, dpi)

			require.Empty(t, printinspection.Inspect(form, front, back, content), "%s at %d dpi", id, dpi)
		}
	}
}

// So is what is printed on a blank that has art and labels already.
func TestInspect_FindsNothingOnAnOverlay(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	front, back, err := form.Bitmaps(content, 300, render.Options{Mode: render.Overlay})
	require.NoError(t, err)
	require.Empty(t, printinspection.Inspect(form, front, back, content))
}

// What another program makes of the PDF is read as well: nothing depends on how our
// own dots fall.
func TestInspect_ReadsWhatPopplerMakesOfThePDF(t *testing.T) {
	t.Parallel()
	pdftoppm, err := exec.LookPath("pdftoppm")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftoppm is missing; install the Debian package poppler-utils")
		}
		t.Skip("pdftoppm is missing; install the Debian package poppler-utils")
	}
	for _, id := range formstest.IDs {
		form, _, _, content := printed(t, id, 300)
		for seed := range uint64(4) {
			content.Card = formstest.Card(identitytest.Seeded(seed), &form.Form)
			content.QR = form.QRPayload(content.Card)
			content.MRZ, err = mrz.Lines(content.Card)
			require.NoError(t, err)
			b, err := form.PDF(content, render.Options{Specimen: true})
			require.NoError(t, err)
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "card.pdf"), b, 0o600))
			cmd := exec.CommandContext(t.Context(), pdftoppm, "-r", "300", "-png", "card.pdf", "side")
			cmd.Dir = dir
			require.NoError(t, cmd.Run())
			var sides [2]image.Image
			for i := range sides {
				page, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("side-%d.png", i+1)))
				require.NoError(t, err)
				sides[i], err = png.Decode(bytes.NewReader(page))
				require.NoError(t, err)
			}

			require.Empty(t, printinspection.Inspect(form, sides[0], sides[1], content), "%s, seed %d", id, seed)
		}
	}
}

// A print that says something else, or nothing, is found.
func TestInspect_FindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	white := func(img *image.RGBA, form *render.Form, field string) {
		f, ok := formstest.Field(&form.Form, field)
		require.True(t, ok)
		scale := float64(img.Rect.Dx()) / form.Page.W
		box := image.Rect(int(f.X*scale), int(f.Y*scale), int((f.X+f.W)*scale), int((f.Y+f.H)*scale))
		draw.Draw(img, box, image.NewUniform(color.White), image.Point{}, draw.Src)
	}
	for _, tt := range []struct {
		name  string
		spoil func(form *render.Form, front, back *image.RGBA, want *render.Content)
		want  string
	}{
		{"OtherQR", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) { c.QR = "1" + c.QR[1:] }, "QR code says something else"},
		{"NoQR", func(f *render.Form, _, back *image.RGBA, _ *render.Content) { white(back, f, "qr") }, "QR code cannot be read"},
		{"OtherLetterInMRZ", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) {
			c.MRZ[2] = "X" + c.MRZ[2][1:]
		}, "line 3 of the MRZ differs at 1 place"},
		{"NoMRZ", func(f *render.Form, _, back *image.RGBA, _ *render.Content) { white(back, f, "mrz") }, "MRZ is missing"},
		{"NoPortrait", func(f *render.Form, front, _ *image.RGBA, _ *render.Content) { white(front, f, "portrait") }, "portrait is missing"},
		{"OtherPortrait", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) {
			c.Portrait = portraitOf(t, "13-ethnic-minority")
		}, "portrait is missing, shifted or another"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			form, front, back, content := printed(t, formstest.CanCuoc2024, 300)
			tt.spoil(form, front, back, &content)

			found := strings.Join(printinspection.Inspect(form, front, back, content), "; ")

			require.Contains(t, found, tt.want)
		})
	}
}

func BenchmarkInspect(b *testing.B) {
	form, front, back, content := printed(b, formstest.CanCuoc2024, 300)
	b.ReportAllocs()
	for b.Loop() {
		printinspection.Inspect(form, front, back, content)
	}
}
