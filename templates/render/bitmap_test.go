package render_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/draw"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/templates/specimens"
)

var update = flag.Bool("update", false, "rewrite the golden pictures")

// stripes is a JPEG that shows whether it was stretched.
func stripes(tb testing.TB, w, h int) []byte {
	tb.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x & 0xff), uint8(y & 0xff), uint8((x + y) & 0xff), 255})
		}
	}
	var out bytes.Buffer
	require.NoError(tb, jpeg.Encode(&out, img, nil))
	return out.Bytes()
}

// cut is the part of a side that a field covers, and a margin in mm.
func cut(f *render.Form, field string, dpi int, margin float64, front, back *image.RGBA) *image.RGBA {
	g, _ := formstest.Field(&f.Form, field)
	side := front
	if g.Side == forms.Back {
		side = back
	}
	scale := float64(dpi) / 25.4
	r := image.Rect(int((g.X-margin)*scale), int((g.Y-margin)*scale), int((g.X+g.W+margin)*scale), int((g.Y+g.H+margin)*scale)).Intersect(side.Rect)
	part := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(part, part.Rect, side, r.Min, draw.Src)
	return part
}

// spoil blurs a picture a little and adds noise, as a printer and a camera do.
func spoil(img *image.RGBA, r *rand.Rand) *image.Gray {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewGray(img.Rect)
	for y := range h {
		for x := range w {
			sum, n := 0, 0
			for v := max(y-1, 0); v <= min(y+1, h-1); v++ {
				for u := max(x-1, 0); u <= min(x+1, w-1); u++ {
					weight := 1
					if u == x && v == y {
						weight = 4
					}
					sum, n = sum+weight*int(img.Pix[v*img.Stride+4*u+1]), n+weight
				}
			}
			out.Pix[y*out.Stride+x] = uint8(min(max(float64(sum)/float64(n)+r.NormFloat64()*12, 0), 255))
		}
	}
	return out
}

func decodeQR(img image.Image) (string, error) {
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", err
	}
	result, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_CHARACTER_SET: "UTF-8", gozxing.DecodeHintType_TRY_HARDER: true, gozxing.DecodeHintType_PURE_BARCODE: true,
	})
	if err != nil {
		return "", err
	}
	return result.GetText(), nil
}

// The code reads at both resolutions, as the printer makes it.
func TestBitmaps_QRCodeReads(t *testing.T) {
	t.Parallel()
	for _, id := range ids {
		for _, dpi := range []int{300, 600} {
			t.Run(fmt.Sprintf("%s/%d", id, dpi), func(t *testing.T) {
				t.Parallel()
				f := form(t, id)
				for seed := range *citizens {
					c := citizen(t, seed, id)
					front, back, err := f.Bitmaps(c, dpi, render.Options{})
					require.NoError(t, err, "seed %d", seed)
					got, err := decodeQR(cut(f, "qr", dpi, 0, front, back))
					require.NoError(t, err, "seed %d", seed)
					require.Equal(t, c.QR, got)
				}
			})
		}
	}
}

// zbar, which telephones' programs are made with, reads it blurred and noisy among
// the art around it.
func TestBitmaps_QRCodeReadsFromABadPicture(t *testing.T) {
	t.Parallel()
	zbarimg := needs(t, "zbarimg", "zbar-tools")
	dir := t.TempDir()
	for _, id := range ids {
		for _, dpi := range []int{300, 600} {
			f := form(t, id)
			read, all := 0, 10
			for seed := range uint64(all) {
				c := citizen(t, seed, id)
				front, back, err := f.Bitmaps(c, dpi, render.Options{Specimen: true})
				require.NoError(t, err)
				name := filepath.Join(dir, fmt.Sprintf("%s-%d-%d.png", id, dpi, seed))
				writePNG(t, name, spoil(cut(f, "qr", dpi, 4, front, back), identitytest.Seeded(seed)))
				if got := run(t, dir, zbarimg, "-q", "--raw", "-Sdisable", "-Sqrcode.enable", name); strings.TrimSuffix(got, "\n") == c.QR {
					read++
				}
			}
			require.GreaterOrEqual(t, read, all-1, "%s at %d dpi", id, dpi)
		}
	}
}

// A reader that is told nothing guesses the letters of a code, and takes a text all
// of whose bytes could be Latin-1, or Shift-JIS, for that. Such a code says that it is UTF-8; a form
// can have all its codes say so.
func TestBitmaps_ACodeSaysThatItIsUTF8WhereItWouldBeMistaken(t *testing.T) {
	t.Parallel()
	zbarimg := needs(t, "zbarimg", "zbar-tools")
	marked, err := render.Load(formstest.Changed(t, func(s string) string { return strings.Replace(s, "level: M,", "level: M, eci: always,", 1) }))
	require.NoError(t, err)
	always, err := marked.Form(formstest.CanCuoc2024)
	require.NoError(t, err)
	const latin1 = "001199999990||Tô Vân|31121999|Nữ||15032021||||"
	const shiftJIS = "038209129709||Sỵc Đonh|13042009|Nam|Thôn 7, Đặc khu Phú Quý, Ninh Bình|13042023"
	for seed, tt := range []struct {
		form    *render.Form
		payload string
	}{
		{form(t, formstest.CanCuoc2024), latin1},
		{form(t, formstest.CanCuoc2024), shiftJIS},
		{always, latin1},
		{always, citizen(t, 3, always.ID).QR},
	} {
		f, payload := tt.form, tt.payload
		c := citizen(t, 3, f.ID)
		c.QR = payload
		front, back, err := f.Bitmaps(c, 300, render.Options{})
		require.NoError(t, err)
		picture := cut(f, "qr", 300, 0, front, back)
		name := filepath.Join(t.TempDir(), "qr.png")
		writePNG(t, name, spoil(picture, identitytest.Seeded(uint64(seed))))
		require.Equal(t, payload+"\n", run(t, ".", zbarimg, "-q", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", name))
		got, err := decodeQR(picture)
		require.NoError(t, err)
		require.Equal(t, payload, got)
	}
}

func writePNG(tb testing.TB, name string, img image.Image) {
	tb.Helper()
	var out bytes.Buffer
	require.NoError(tb, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img))
	require.NoError(tb, os.WriteFile(name, out.Bytes(), 0o600))
}

// difference is how far two pictures of one size are apart: the largest mean
// difference of any square of 8 by 8 dots, and the mean of all. What an eye would
// not see, a dot here or there, counts for little.
func difference(tb testing.TB, a, b image.Image) (worst, mean float64) {
	tb.Helper()
	require.Equal(tb, a.Bounds().Size(), b.Bounds().Size())
	x, y := image.NewGray(a.Bounds()), image.NewGray(a.Bounds())
	draw.Draw(x, x.Rect, a, a.Bounds().Min, draw.Src)
	draw.Draw(y, y.Rect, b, b.Bounds().Min, draw.Src)
	const square = 8
	squares := 0
	for v := 0; v+square <= x.Rect.Dy(); v += square {
		for u := 0; u+square <= x.Rect.Dx(); u += square {
			sum := 0.0
			for j := range square {
				for i := range square {
					at := (v+j)*x.Stride + u + i
					sum += float64(x.Pix[at]) - float64(y.Pix[at])
				}
			}
			worst = max(worst, math.Abs(sum)/(square*square))
			mean += math.Abs(sum) / (square * square)
			squares++
		}
	}
	return worst, mean / float64(squares)
}

// The forms look as they looked when somebody last looked at them.
func TestBitmaps_LookAsBefore(t *testing.T) {
	t.Parallel()
	for _, id := range ids {
		cards, err := specimens.Of(form(t, id), personalization.Compose)
		require.NoError(t, err)
		for _, e := range cards[:2] {
			front, back, err := form(t, id).Bitmaps(e.Content, 120, render.Options{Specimen: true, Body: true})
			require.NoError(t, err)
			for side, img := range map[string]*image.RGBA{"front": front, "back": back} {
				golden := filepath.Join("testdata", fmt.Sprintf("%s-%s-%s.png", id, e.Name, side))
				if *update {
					require.NoError(t, os.MkdirAll("testdata", 0o750))
					var out bytes.Buffer
					require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img))
					require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o600))
					continue
				}
				b, err := os.ReadFile(golden)
				require.NoError(t, err)
				want, err := png.Decode(bytes.NewReader(b))
				require.NoError(t, err)
				if worst, mean := difference(t, want, img); worst > 12 || mean > 1 {
					now := filepath.Join(os.TempDir(), filepath.Base(golden))
					writePNG(t, now, img)
					t.Errorf("%s differs by %.1f at worst and %.2f on average; it looks like %s now (-update accepts it)", golden, worst, mean, now)
				}
			}
		}
	}
}

// A specimen's mark is on both sides, and lies over the portrait and the number, where these are.
func TestMark_LiesOverPortraitAndNumber(t *testing.T) {
	const dpi = 150
	for _, id := range formstest.IDs {
		f := form(t, id)
		for _, side := range []forms.Side{forms.Front, forms.Back} {
			require.True(t, marked(f.Mark(side, dpi), forms.Box{W: f.Page.W, H: f.Page.H}, dpi), "%s, %s", id, side)
		}
		for _, name := range []string{"portrait", "number"} {
			if field, ok := formstest.Field(&f.Form, name); ok {
				require.True(t, marked(f.Mark(field.Side, dpi), field.Box, dpi), "%s, %s", id, name)
			}
		}
	}
}

// marked reports whether a mark, black on white, reaches into a box.
func marked(mark *image.RGBA, b forms.Box, dpi int) bool {
	const dark = 100
	dots := func(mm float64) int { return int(mm * float64(dpi) / 25.4) }
	for y := dots(b.Y); y < min(dots(b.Y+b.H), mark.Rect.Dy()); y++ {
		for x := dots(b.X); x < min(dots(b.X+b.W), mark.Rect.Dx()); x++ {
			if mark.RGBAAt(x, y).G < dark {
				return true
			}
		}
	}
	return false
}

// Both outputs show the same card: what poppler makes of the PDF and the bitmaps.
func TestBitmaps_LookLikeThePDF(t *testing.T) {
	t.Parallel()
	pdftoppm := needs(t, "pdftoppm", "poppler-utils")
	for _, id := range ids {
		for _, dpi := range []int{300, 600} {
			if dpi == 600 && id != formstest.CanCuoc2024 {
				continue // one is enough: it takes seconds
			}
			t.Run(fmt.Sprintf("%s/%d", id, dpi), func(t *testing.T) {
				t.Parallel()
				c, f, dir := citizen(t, 7, id), form(t, id), t.TempDir()
				b, err := f.PDF(c, render.Options{Specimen: true})
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(dir, "card.pdf"), b, 0o600))
				front, back, err := f.Bitmaps(c, dpi, render.Options{Specimen: true})
				require.NoError(t, err)
				run(t, dir, pdftoppm, "-r", strconv.Itoa(dpi), "-png", "card.pdf", "side")
				for i, img := range []*image.RGBA{front, back} {
					page, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("side-%d.png", i+1)))
					require.NoError(t, err)
					seen, err := png.Decode(bytes.NewReader(page))
					require.NoError(t, err)
					// Poppler rounds a page's size up. The code, whose modules fall on whole
					// dots in the bitmap alone, is compared by reading it.
					whole := image.NewRGBA(img.Rect)
					draw.Draw(whole, whole.Rect, seen, image.Point{}, draw.Src)
					for _, picture := range []*image.RGBA{whole, img} {
						blank(f, picture, []forms.Side{forms.Front, forms.Back}[i], dpi)
					}
					worst, mean := difference(t, whole, img)
					require.Less(t, mean, 3.0)
					require.Less(t, worst, 60.0)
				}
			})
		}
	}
}

// blank paints the QR code over.
func blank(f *render.Form, img *image.RGBA, side forms.Side, dpi int) {
	g, _ := formstest.Field(&f.Form, "qr")
	if g.Side != side {
		return
	}
	scale := float64(dpi) / 25.4
	r := image.Rect(int(g.X*scale)-1, int(g.Y*scale)-1, int((g.X+g.W)*scale)+2, int((g.Y+g.H)*scale)+2)
	draw.Draw(img, r, image.White, image.Point{}, draw.Src)
}

// What shines, changes its color or is felt is the print house's: neither a printer nor a
// camera gets it.
func TestLayers_AreNotPrinted(t *testing.T) {
	t.Parallel()
	fewer, err := render.Load(formstest.Changed(t, func(s string) string {
		return regexp.MustCompile(`(?m)^  - \{file: \S+, layer: (uv|ovi|tactile),.*\n.*\n`).ReplaceAllString(s, "")
	}))
	require.NoError(t, err)
	without, err := fewer.Form(formstest.CanCuoc2024)
	require.NoError(t, err)
	f, c := form(t, formstest.CanCuoc2024), citizen(t, 8, formstest.CanCuoc2024)
	require.Less(t, len(without.Art), len(f.Art))
	for _, o := range []render.Options{{}, {Mode: render.Overlay, Specimen: true}} {
		want, err := without.PDF(c, o)
		require.NoError(t, err)
		wantFront, wantBack, err := without.Bitmaps(c, 150, o)
		require.NoError(t, err)
		front, back, err := f.Bitmaps(c, 150, o)
		require.NoError(t, err)
		require.Equal(t, wantFront.Pix, front.Pix)
		require.Equal(t, wantBack.Pix, back.Pix)
		o.Layers = true
		got, err := f.PDF(c, o)
		require.NoError(t, err)
		require.Equal(t, want, got)
		layered, _, err := f.Bitmaps(c, 150, o)
		require.NoError(t, err)
		require.NotEqual(t, front.Pix, layered.Pix, "they can be looked at")
	}
}

func TestBitmaps_SizeAndResolution(t *testing.T) {
	t.Parallel()
	f, c := form(t, formstest.CanCuoc2024), citizen(t, 8, formstest.CanCuoc2024)
	for dpi, want := range map[int]image.Point{300: {1011, 638}, 600: {2022, 1275}} {
		front, back, err := f.Bitmaps(c, dpi, render.Options{})
		require.NoError(t, err)
		require.Equal(t, want, front.Rect.Size())
		require.Equal(t, want, back.Rect.Size())
	}
	for _, dpi := range []int{0, -300, 100_000} {
		_, _, err := f.Bitmaps(c, dpi, render.Options{})
		require.ErrorIs(t, err, identity.Invalid)
	}
}

// Bitmaps that are drawn at once are those that are drawn one by one.
func TestBitmaps_AreTheSameAtOnce(t *testing.T) {
	t.Parallel()
	c, err := render.Load(forms.BuiltIn) // one whose backgrounds and letters are not drawn yet
	require.NoError(t, err)
	var group sync.WaitGroup
	for _, id := range ids {
		f, err := c.Form(id)
		require.NoError(t, err)
		content := citizen(t, 11, id)
		wantFront, wantBack, err := form(t, id).Bitmaps(content, 150, render.Options{Specimen: true})
		require.NoError(t, err)
		for range 3 {
			group.Go(func() {
				front, back, err := f.Bitmaps(content, 150, render.Options{Specimen: true})
				if err != nil || !bytes.Equal(front.Pix, wantFront.Pix) || !bytes.Equal(back.Pix, wantBack.Pix) {
					t.Errorf("%s differs: %v", id, err)
				}
			})
		}
	}
	group.Wait()
}

// Where the chip's contacts lie nothing is printed.
func TestBitmaps_LeaveTheChipFree(t *testing.T) {
	t.Parallel()
	for _, id := range ids {
		if !form(t, id).HasChip() {
			continue
		}
		_, back, err := form(t, id).Bitmaps(citizen(t, 9, id), 300, render.Options{Specimen: true})
		require.NoError(t, err)
		for y := 220; y < 345; y++ {
			for x := 110; x < 245; x++ {
				require.Equal(t, color.RGBA{255, 255, 255, 255}, back.RGBAAt(x, y), "%d, %d", x, y)
			}
		}
	}
}
