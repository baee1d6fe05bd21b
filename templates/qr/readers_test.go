package qr_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	goqrcode "github.com/skip2/go-qrcode"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/qr"
)

const cards = 60

// payloads are those of generated cards.
func payloads(t *testing.T) []string {
	t.Helper()
	f := formstest.Form(t, formstest.CCCD2021)
	list := make([]string, cards)
	for seed := range uint64(cards) {
		list[seed] = f.QRPayload(formstest.Card(identitytest.Seeded(seed), f))
	}
	return list
}

// picture draws modules of four dots, with four modules of white around them.
func picture(size int, dark func(x, y int) bool) *image.Gray {
	const dots, quiet = 4, 4
	side := (size + 2*quiet) * dots
	img := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			u, v := x/dots-quiet, y/dots-quiet
			if u < 0 || v < 0 || u >= size || v >= size || !dark(u, v) {
				img.SetGray(x, y, color.Gray{255})
			}
		}
	}
	return img
}

// pictureOf draws a code of ours.
func pictureOf(code *qr.Code) *image.Gray {
	rows := make([][]bool, code.Size())
	for y := range rows {
		rows[y] = make([]bool, code.Size())
		code.Runs(y, func(from, to int) {
			for x := from; x < to; x++ {
				rows[y][x] = true
			}
		})
	}
	return picture(code.Size(), func(x, y int) bool { return rows[y][x] })
}

// zbar reads codes, one by one, as telephones' programs that are made with it do.
func zbar(t *testing.T, codes []*image.Gray) []string {
	t.Helper()
	program, err := exec.LookPath("zbarimg")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("zbarimg is missing; install the Debian package zbar-tools")
		}
		t.Skip("zbarimg is missing; install the Debian package zbar-tools")
	}
	dir := t.TempDir()
	args := []string{"-q", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable"}
	for i, img := range codes {
		var b bytes.Buffer
		require.NoError(t, png.Encode(&b, img))
		name := filepath.Join(dir, fmt.Sprintf("%03d.png", i))
		require.NoError(t, os.WriteFile(name, b.Bytes(), 0o600))
		args = append(args, name)
	}
	out, err := exec.CommandContext(t.Context(), program, args...).Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// zxing reads codes as telephones' programs that are made with that do; it guesses their
// letters. It gives the bits that they hold as well.
func zxing(t *testing.T, img *image.Gray) (text string, bits []byte) {
	t.Helper()
	b, err := gozxing.NewBinaryBitmapFromImage(img)
	require.NoError(t, err)
	result, err := qrcode.NewQRCodeReader().Decode(b, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	require.NoError(t, err)
	return result.GetText(), result.GetRawBytes()
}

// wedge is a reader that types like a keyboard what it reads, the mark included, as
// ISO/IEC 15424 has it: \ and six digits. It does so for codes with that mark alone.
func wedge(t *testing.T, bits []byte, payload string) string {
	t.Helper()
	const eci = 7
	if bits[0]>>4 != eci {
		return payload
	}
	return fmt.Sprintf(`\%06d`, bits[0]<<4|bits[1]>>4) + payload
}

// How often readers read what a card says, of sixty generated ones. templates/forms/README.md
// shows these numbers. It is why the codes of cards are not go-qrcode's, and why a form
// may say where the mark of UTF-8 stands.
func TestReaders(t *testing.T) {
	t.Parallel()
	type counts struct{ zbar, zxing, wedge int }
	read := func(codes []*image.Gray) counts {
		var n counts
		seen := zbar(t, codes)
		require.Len(t, seen, cards)
		for i, payload := range payloads(t) {
			text, bits := zxing(t, codes[i])
			if seen[i] == payload {
				n.zbar++
			}
			if text == payload {
				n.zxing++
			}
			if wedge(t, bits, payload) == payload {
				n.wedge++
			}
		}
		return n
	}
	var theirs []*image.Gray
	ours := map[qr.ECI][]*image.Gray{}
	for _, payload := range payloads(t) {
		drawn, err := goqrcode.New(payload, goqrcode.Medium)
		require.NoError(t, err)
		drawn.DisableBorder = true
		rows := drawn.Bitmap()
		theirs = append(theirs, picture(len(rows), func(x, y int) bool { return rows[y][x] }))
		for _, eci := range []qr.ECI{qr.MarkedNever, qr.MarkedWhereMistaken, qr.MarkedAlways} {
			code, _, err := qr.Encode(payload, qr.Square{Side: 20.7, Quiet: 4, Module: 0.254, Level: "M", ECI: eci})
			require.NoError(t, err)
			ours[eci] = append(ours[eci], pictureOf(code))
		}
	}

	cut := read(theirs)
	never, mistaken, always := read(ours[qr.MarkedNever]), read(ours[qr.MarkedWhereMistaken]), read(ours[qr.MarkedAlways])
	t.Logf("go-qrcode %+v, never %+v, where mistaken %+v, always %+v", cut, never, mistaken, always)

	require.Less(t, cut.zbar, cards/2, "go-qrcode cuts digits out, and zbar guesses segment by segment")
	require.Equal(t, []int{cards, cards}, []int{cut.zxing, cut.wedge})
	require.Greater(t, never.zbar, cards*8/10)
	require.Less(t, never.zbar, cards, "some need the mark")
	require.Equal(t, []int{cards, cards}, []int{never.zxing, never.wedge})
	require.Equal(t, []int{cards, cards}, []int{mistaken.zbar, mistaken.zxing})
	require.Greater(t, mistaken.wedge, cards*8/10, "most need none")
	require.Equal(t, counts{cards, cards, 0}, always)
}

// What is ASCII is go-qrcode's code, and every reader reads it.
func TestStandard_EveryReaderReads(t *testing.T) {
	t.Parallel()
	var codes []*image.Gray
	var said []string
	for seed := range uint64(20) {
		payload := fmt.Sprintf("https://canCuoc.example.org/status/?receipt=%s&n=%d", identitytest.Card(identitytest.Seeded(seed)).Serial, seed*seed*99991)
		code, module, err := qr.Standard(payload, qr.Square{Side: 42, Quiet: 4, Module: 0.254, Level: "M"})
		require.NoError(t, err)
		require.Greater(t, module, 0.6)
		drawn, err := goqrcode.New(payload, goqrcode.Medium)
		require.NoError(t, err)
		drawn.DisableBorder = true
		rows := drawn.Bitmap()
		img := pictureOf(code)
		require.Equal(t, picture(len(rows), func(x, y int) bool { return rows[y][x] }).Pix, img.Pix)
		text, bits := zxing(t, img)
		require.Equal(t, payload, text)
		require.Equal(t, payload, wedge(t, bits, payload))
		codes, said = append(codes, img), append(said, payload)
	}
	require.Equal(t, said, zbar(t, codes))
	_, _, err := qr.Standard(strings.Repeat("x", 5000), qr.Square{Side: 42, Quiet: 4, Module: 0.254, Level: "M"})
	require.ErrorIs(t, err, qr.ErrTooLong)
	_, _, err = qr.Standard("Nguyễn", qr.Square{Side: 42, Quiet: 4, Module: 0.254, Level: "M"})
	require.NoError(t, err)
}
