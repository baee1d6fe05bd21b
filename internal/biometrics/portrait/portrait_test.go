package portrait_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/biometrics/quality"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/samples/generate/face"
)

func encoded(tb testing.TB, picture image.Image, quality int) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality}))
	return b.Bytes()
}

func good() face.Face { return face.Face{Seed: 5, Age: 30, Hair: face.Short} }

// withSegment puts a segment behind the first marker of a JPEG file.
func withSegment(b []byte, marker byte, content string) []byte {
	segment := []byte{0xff, marker}
	segment = binary.BigEndian.AppendUint16(segment, uint16(len(content)+2))
	return slices.Concat(b[:2], segment, []byte(content), b[2:])
}

// exif is an Exif segment that says how the camera was held.
func exif(orientation byte) string {
	return "Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00"
}

func TestJudge(t *testing.T) {
	t.Parallel()
	drawn := face.Draw(good())
	recolored := func(f func(color.RGBA, int, int) color.RGBA) image.Image {
		out := image.NewRGBA(drawn.Rect)
		for y := range face.Height {
			for x := range face.Width {
				out.SetRGBA(x, y, f(drawn.RGBAAt(x, y), x, y))
			}
		}
		return out
	}
	scale := func(c color.RGBA, k float64) color.RGBA {
		to := func(v uint8) uint8 { return uint8(min(float64(v)*k, 255)) }
		return color.RGBA{to(c.R), to(c.G), to(c.B), 255}
	}
	blurred := good()
	blurred.Blur = 2.5
	for _, tt := range []struct {
		name    string
		picture image.Image
		want    []quality.Code
	}{
		{"a good one", drawn, nil},
		{"blurred", face.Draw(blurred), []quality.Code{quality.PortraitBlurred}},
		{"dark", recolored(func(c color.RGBA, _, _ int) color.RGBA { return scale(c, 0.25) }), []quality.Code{quality.PortraitDark, quality.PortraitBackground}},
		{"burned out", recolored(func(c color.RGBA, _, _ int) color.RGBA { return scale(c, 1.5) }), []quality.Code{quality.PortraitBright}},
		{"gray", recolored(func(c color.RGBA, _, _ int) color.RGBA {
			g := color.GrayModel.Convert(c).(color.Gray).Y
			return color.RGBA{g, g, g, 255}
		}), []quality.Code{quality.PortraitGray}},
		{"lit from one side", recolored(func(c color.RGBA, x, _ int) color.RGBA {
			if x > face.Width/2 {
				return scale(c, 0.4)
			}
			return c
		}), []quality.Code{quality.PortraitSideLight, quality.PortraitBackground}},
		{"in front of curtains", recolored(func(c color.RGBA, x, y int) color.RGBA {
			if (x < 60 || x > face.Width-60) && y < 200 && x/8%2 == 0 {
				return color.RGBA{60, 80, 60, 255}
			}
			return c
		}), []quality.Code{quality.PortraitBackground}},
		{"a landscape format", func() image.Image {
			wide := image.NewRGBA(image.Rect(0, 0, 900, 472))
			draw.Draw(wide, wide.Rect, image.NewUniform(color.RGBA{240, 240, 240, 255}), image.Point{}, draw.Src)
			draw.Draw(wide, drawn.Rect.Add(image.Pt(273, 0)), drawn, image.Point{}, draw.Src)
			return wide
		}(), []quality.Code{quality.PortraitShape}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			j, err := portrait.Judge(encoded(t, tt.picture, 90), portrait.DefaultLimits())

			require.NoError(t, err)
			require.Equal(t, len(tt.want) == 0, j.OK)
			for _, code := range tt.want {
				require.Contains(t, j.Codes(), string(code), "%v", j.Measures)
			}
			if len(tt.want) == 0 {
				require.Empty(t, j.Codes(), "%v", j.Measures)
			}
			for _, r := range j.Reasons {
				require.NotEmpty(t, r.Vietnamese)
				require.NotEmpty(t, r.English)
			}
		})
	}
}

func TestJudgeFindsSmallOnes(t *testing.T) {
	t.Parallel()
	small := face.Draw(good()).SubImage(image.Rect(40, 40, 340, 440))

	j, err := portrait.Judge(encoded(t, small, 90), portrait.DefaultLimits())

	require.NoError(t, err)
	require.Contains(t, j.Codes(), string(quality.PortraitTooSmall))
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	sound := encoded(t, face.Draw(good()), 80)
	frame := bytes.Index(sound, []byte{0xff, 0xc0})
	spoiled := func(f func(b []byte)) []byte {
		b := bytes.Clone(sound)
		f(b)
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":        nil,
		"text":           []byte("portrait"),
		"one byte":       {0xff},
		"a header alone": sound[:frame+4],
		"half a picture": sound[:len(sound)/2],
		"a progressive":  spoiled(func(b []byte) { b[frame+1] = 0xc2 }),
		"four colors":    spoiled(func(b []byte) { b[frame+9] = 4 }),
		"twelve bits":    spoiled(func(b []byte) { b[frame+4] = 12 }),
		"a huge claim":   spoiled(func(b []byte) { b[frame+5], b[frame+7] = 0xff, 0xff }),
		"no height":      spoiled(func(b []byte) { b[frame+5], b[frame+6] = 0, 0 }),
		"no frame":       spoiled(func(b []byte) { b[frame+1] = 0xfe }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := portrait.Check(b)

			require.ErrorIs(t, err, identity.Invalid)
		})
	}
}

// The drawing cuts a portrait of 3 x 4 cm to the card's 2:3: writing it anew would
// only lose something.
func TestNormalizeLeavesAloneWhatIsRight(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]image.Rectangle{
		"2:3": image.Rect(20, 0, 334, 471), "3:4": image.Rect(0, 0, face.Width, face.Height),
	} {
		b := encoded(t, face.Draw(good()).SubImage(part), 85)
		require.Less(t, len(b), 20_000)

		card, chip, err := portrait.Normalize(b)

		require.NoError(t, err, name)
		require.Same(t, &b[0], &card[0], name)
		require.Same(t, &b[0], &chip[0], name)
	}
}

func TestNormalizeWritesALargeFileAnew(t *testing.T) {
	t.Parallel()
	b := encoded(t, face.Draw(good()), 100)
	require.Greater(t, len(b), 60_000)

	card, _, err := portrait.Normalize(b)

	require.NoError(t, err)
	require.Less(t, len(card), 60_000)
}

func TestNormalizeCutsShrinksAndStrips(t *testing.T) {
	t.Parallel()
	large := image.NewRGBA(image.Rect(0, 0, 3*face.Width, 3*face.Height))
	small := face.Draw(good())
	for y := range large.Rect.Dy() {
		for x := range large.Rect.Dx() {
			large.SetRGBA(x, y, small.RGBAAt(x/3, y/3))
		}
	}
	b := withSegment(withSegment(encoded(t, large, 95), 0xfe, "a secret"), 0xe1, exif(1))

	card, chip, err := portrait.Normalize(b)
	require.NoError(t, err)
	again, _, err := portrait.Normalize(b)
	require.NoError(t, err)

	require.Equal(t, card, again)
	require.False(t, bytes.Contains(slices.Concat(card, chip), []byte("secret")))
	require.False(t, bytes.Contains(slices.Concat(card, chip), []byte("Exif")))
	require.LessOrEqual(t, len(chip), 20_000)
	size := func(b []byte) (int, int) {
		c, err := jpeg.DecodeConfig(bytes.NewReader(b))
		require.NoError(t, err)
		return c.Width, c.Height
	}
	w, h := size(card)
	require.InDelta(t, 2.0/3, float64(w)/float64(h), 0.003)
	require.GreaterOrEqual(t, w, 236)
	w, h = size(chip)
	require.Equal(t, []int{480, 640}, []int{w, h})
}

func TestNormalizeTurnsUprightAsTheCameraSays(t *testing.T) {
	t.Parallel()
	drawn := face.Draw(good())
	lying := image.NewRGBA(image.Rect(0, 0, face.Height, face.Width))
	for y := range face.Height {
		for x := range face.Width {
			lying.SetRGBA(y, face.Width-1-x, drawn.RGBAAt(x, y)) // orientation 6 turns it back
		}
	}
	upright, turned := encoded(t, drawn, 90), withSegment(encoded(t, lying, 90), 0xe1, exif(6))

	want, err := portrait.Judge(upright, portrait.DefaultLimits())
	require.NoError(t, err)
	got, err := portrait.Judge(turned, portrait.DefaultLimits())
	require.NoError(t, err)

	require.True(t, got.OK, "%v", got.Codes())
	for measure, v := range want.Measures {
		require.InDelta(t, v, got.Measures[measure], 0.05*v+0.02, measure)
	}
	card, _, err := portrait.Normalize(turned)
	require.NoError(t, err)
	config, err := jpeg.DecodeConfig(bytes.NewReader(card))
	require.NoError(t, err)
	require.Greater(t, config.Height, config.Width)
}

func TestNoiseFitsTheChipToo(t *testing.T) {
	t.Parallel()
	noise := image.NewRGBA(image.Rect(0, 0, 900, 1200))
	v := uint32(1)
	for i := range noise.Pix {
		v = v*1664525 + 1013904223
		noise.Pix[i] = byte(v >> 24)
	}

	_, chip, err := portrait.Normalize(encoded(t, noise, 90))

	require.NoError(t, err)
	require.LessOrEqual(t, len(chip), 20_000)
}

func FuzzCheck(f *testing.F) {
	tiny := image.NewRGBA(image.Rect(0, 0, 40, 56))
	for i := range tiny.Pix {
		tiny.Pix[i] = uint8(i * i >> 5 & 255)
	}
	sound := encoded(f, tiny, 50)
	f.Add(sound)
	f.Add(withSegment(sound, 0xe1, exif(8)))
	f.Add(withSegment(sound, 0xe1, "Exif\x00\x00II\x2a\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := portrait.Check(b); err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		_, err := portrait.Judge(b, portrait.DefaultLimits())
		require.NoError(t, err)
		_, _, err = portrait.Normalize(b)
		require.NoError(t, err)
	})
}

func BenchmarkPortrait(b *testing.B) {
	picture := encoded(b, face.Draw(good()), 88)
	b.Run("judge", func(b *testing.B) {
		for b.Loop() {
			_, _ = portrait.Judge(picture, portrait.DefaultLimits())
		}
	})
	b.Run("normalize", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = portrait.Normalize(picture)
		}
	})
}

func TestNormalizeStripsWhatIsOtherwiseRight(t *testing.T) {
	t.Parallel()
	sound := encoded(t, face.Draw(good()).SubImage(image.Rect(20, 0, 334, 471)), 85)
	for name, b := range map[string][]byte{
		"comment":            withSegment(sound, 0xfe, "a secret"),
		"Exif":               withSegment(sound, 0xe1, exif(1)+"a secret"),
		"color profile":      withSegment(sound, 0xe2, "ICC a secret"),
		"thumbnail":          withSegment(sound, 0xe0, "JFIF\x00 with a secret"),
		"something after it": append(bytes.Clone(sound), "a secret"...),
		"a picture after it": slices.Concat(sound, []byte("a secret"), sound),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			card, chip, err := portrait.Normalize(b)

			require.NoError(t, err)
			require.False(t, bytes.Contains(slices.Concat(card, chip), []byte("secret")))
		})
	}
}

func TestNoiseDoesNotPassForSharpness(t *testing.T) {
	t.Parallel()
	f := good()
	f.Blur = 2.5
	picture := face.Draw(f)
	v := uint32(1)
	for i := range picture.Pix {
		v = v*1664525 + 1013904223
		picture.Pix[i] = uint8(min(max(int(picture.Pix[i])+int(v>>28)-8, 0), 240))
	}

	j, err := portrait.Judge(encoded(t, picture, 95), portrait.DefaultLimits())

	require.NoError(t, err)
	require.Contains(t, j.Codes(), string(quality.PortraitBlurred), "%v", j.Measures)
}
