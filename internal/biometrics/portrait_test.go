package biometrics_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics"
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

func TestJudgePortrait(t *testing.T) {
	t.Parallel()
	drawn := face.Draw(good())
	recoloured := func(f func(color.RGBA, int, int) color.RGBA) image.Image {
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
		want    []biometrics.Code
	}{
		{"a good one", drawn, nil},
		{"blurred", face.Draw(blurred), []biometrics.Code{biometrics.PortraitBlurred}},
		{"dark", recoloured(func(c color.RGBA, _, _ int) color.RGBA { return scale(c, 0.25) }), []biometrics.Code{biometrics.PortraitDark, biometrics.PortraitBackground}},
		{"burnt out", recoloured(func(c color.RGBA, _, _ int) color.RGBA { return scale(c, 1.5) }), []biometrics.Code{biometrics.PortraitBright}},
		{"grey", recoloured(func(c color.RGBA, _, _ int) color.RGBA {
			g := color.GrayModel.Convert(c).(color.Gray).Y
			return color.RGBA{g, g, g, 255}
		}), []biometrics.Code{biometrics.PortraitGrey}},
		{"lit from one side", recoloured(func(c color.RGBA, x, _ int) color.RGBA {
			if x > face.Width/2 {
				return scale(c, 0.4)
			}
			return c
		}), []biometrics.Code{biometrics.PortraitSideLight, biometrics.PortraitBackground}},
		{"in front of curtains", recoloured(func(c color.RGBA, x, y int) color.RGBA {
			if (x < 60 || x > face.Width-60) && y < 200 && x/8%2 == 0 {
				return color.RGBA{60, 80, 60, 255}
			}
			return c
		}), []biometrics.Code{biometrics.PortraitBackground}},
		{"a landscape format", func() image.Image {
			wide := image.NewRGBA(image.Rect(0, 0, 900, 472))
			draw.Draw(wide, wide.Rect, image.NewUniform(color.RGBA{240, 240, 240, 255}), image.Point{}, draw.Src)
			draw.Draw(wide, drawn.Rect.Add(image.Pt(273, 0)), drawn, image.Point{}, draw.Src)
			return wide
		}(), []biometrics.Code{biometrics.PortraitShape}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			j, err := biometrics.JudgePortrait(encoded(t, tt.picture, 90), biometrics.DefaultPortraitLimits())

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

func TestJudgePortraitRefusesSmallOnes(t *testing.T) {
	t.Parallel()
	small := face.Draw(good()).SubImage(image.Rect(40, 40, 340, 440))

	j, err := biometrics.JudgePortrait(encoded(t, small, 90), biometrics.DefaultPortraitLimits())

	require.NoError(t, err)
	require.Contains(t, j.Codes(), string(biometrics.PortraitTooSmall))
}

// finder finds the faces that it is made of.
type finder []image.Rectangle

func (f finder) Faces(image.Image) ([]image.Rectangle, error) {
	if len(f) > 5 {
		return nil, errors.New("too many faces")
	}
	return f, nil
}

func TestJudgeAsksTheFaceFinderIfThereIsOne(t *testing.T) {
	t.Parallel()
	p, err := biometrics.DecodePortrait(encoded(t, face.Draw(good()), 90))
	require.NoError(t, err)
	one := image.Rect(90, 110, 260, 350)
	for _, tt := range []struct {
		name  string
		faces finder
		want  []string
	}{
		{"none", finder{}, []string{"portrait-no-face"}},
		{"one", finder{one}, []string{}},
		{"two", finder{one, one}, []string{"portrait-several-faces"}},
		{"one outside", finder{image.Rect(-50, -50, 5000, 5000)}, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			j, err := p.Judge(biometrics.DefaultPortraitLimits(), tt.faces)

			require.NoError(t, err)
			require.Equal(t, tt.want, j.Codes())
		})
	}
	_, err = p.Judge(biometrics.DefaultPortraitLimits(), make(finder, 6))
	require.Error(t, err)
}

func TestDecodePortraitRefuses(t *testing.T) {
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
		"four colours":   spoiled(func(b []byte) { b[frame+9] = 4 }),
		"twelve bits":    spoiled(func(b []byte) { b[frame+4] = 12 }),
		"a huge claim":   spoiled(func(b []byte) { b[frame+5], b[frame+7] = 0xff, 0xff }),
		"no height":      spoiled(func(b []byte) { b[frame+5], b[frame+6] = 0, 0 }),
		"no frame":       spoiled(func(b []byte) { b[frame+1] = 0xfe }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := biometrics.DecodePortrait(b)

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

		card, chip, err := biometrics.NormalizePortrait(b)

		require.NoError(t, err, name)
		require.Same(t, &b[0], &card[0], name)
		require.Same(t, &b[0], &chip[0], name)
	}
}

func TestNormalizeWritesAPortraitOfManyBytesAnew(t *testing.T) {
	t.Parallel()
	b := encoded(t, face.Draw(good()), 100)
	require.Greater(t, len(b), 60_000)

	card, _, err := biometrics.NormalizePortrait(b)

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

	card, chip, err := biometrics.NormalizePortrait(b)
	require.NoError(t, err)
	again, _, err := biometrics.NormalizePortrait(b)
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
	upright, err := biometrics.DecodePortrait(encoded(t, drawn, 90))
	require.NoError(t, err)
	turned, err := biometrics.DecodePortrait(withSegment(encoded(t, lying, 90), 0xe1, exif(6)))
	require.NoError(t, err)

	want, err := upright.Judge(biometrics.DefaultPortraitLimits(), nil)
	require.NoError(t, err)
	got, err := turned.Judge(biometrics.DefaultPortraitLimits(), nil)
	require.NoError(t, err)

	require.True(t, got.OK, "%v", got.Codes())
	for measure, v := range want.Measures {
		require.InDelta(t, v, got.Measures[measure], 0.05*v+0.02, measure)
	}
	card, _, err := turned.Normalize()
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

	_, chip, err := biometrics.NormalizePortrait(encoded(t, noise, 90))

	require.NoError(t, err)
	require.LessOrEqual(t, len(chip), 20_000)
}

func FuzzDecodePortrait(f *testing.F) {
	tiny := image.NewRGBA(image.Rect(0, 0, 40, 56))
	for i := range tiny.Pix {
		tiny.Pix[i] = uint8(i * i >> 5 & 255)
	}
	sound := encoded(f, tiny, 50)
	f.Add(sound)
	f.Add(withSegment(sound, 0xe1, exif(8)))
	f.Add(withSegment(sound, 0xe1, "Exif\x00\x00II\x2a\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := biometrics.DecodePortrait(b)
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		_, err = p.Judge(biometrics.DefaultPortraitLimits(), nil)
		require.NoError(t, err)
		_, _, err = p.Normalize()
		require.NoError(t, err)
	})
}

func BenchmarkPortrait(b *testing.B) {
	portrait := encoded(b, face.Draw(good()), 88)
	b.Run("judge", func(b *testing.B) {
		for b.Loop() {
			_, _ = biometrics.JudgePortrait(portrait, biometrics.DefaultPortraitLimits())
		}
	})
	b.Run("normalize", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = biometrics.NormalizePortrait(portrait)
		}
	})
}

func TestNormalizeStripsWhatIsOtherwiseRight(t *testing.T) {
	t.Parallel()
	sound := encoded(t, face.Draw(good()).SubImage(image.Rect(20, 0, 334, 471)), 85)
	for name, b := range map[string][]byte{
		"comment":             withSegment(sound, 0xfe, "a secret"),
		"Exif":                withSegment(sound, 0xe1, exif(1)+"a secret"),
		"colour profile":      withSegment(sound, 0xe2, "ICC a secret"),
		"thumbnail":           withSegment(sound, 0xe0, "JFIF\x00 with a secret"),
		"something behind it": append(bytes.Clone(sound), "a secret"...),
		"a picture behind it": slices.Concat(sound, []byte("a secret"), sound),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			card, chip, err := biometrics.NormalizePortrait(b)

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

	j, err := biometrics.JudgePortrait(encoded(t, picture, 95), biometrics.DefaultPortraitLimits())

	require.NoError(t, err)
	require.Contains(t, j.Codes(), string(biometrics.PortraitBlurred), "%v", j.Measures)
}
