package portrait_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"os"
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

// file is a small case that once failed.
func file(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(tb, err)
	return b
}

// sized is a picture of that size, without a face.
func sized(tb testing.TB, width, height int) []byte {
	tb.Helper()
	return encoded(tb, image.NewGray(image.Rect(0, 0, width, height)), 50)
}

func TestCheckBoundsTheSizeOfTheUprightPicture(t *testing.T) {
	t.Parallel()
	const accepted = "; 236 x 354 to 2048 x 2048 are accepted"
	require.EqualError(t, portrait.Check(file(t, "tiny.jpg")), "portrait: is 1 x 1 pixels"+accepted)
	require.EqualError(t, portrait.Check(sized(t, 4096, 4096)), "portrait: is 4096 x 4096 pixels"+accepted)
	const w, h, most = portrait.MinWidth, portrait.MinHeight, portrait.MaxSide
	for _, tt := range []struct {
		width, height int
		orientation   byte
		ok            bool
	}{
		{w, h, 1, true},
		{w - 1, h, 1, false},
		{w, h - 1, 1, false},
		{1, h, 1, false},
		{w, 1, 1, false},
		{1, most, 1, false},
		{most, 1, 1, false},
		{most, most, 1, true},
		{most + 1, h, 1, false},
		{w, most + 1, 1, false},
		{w, most, 1, true},
		{most, h, 1, true},
		{w, h, 6, false}, // lies on its side, and is 354 x 236
		{h, w, 6, true},
		{1, 65535, 8, false},
	} {
		b := withSegment(sized(t, tt.width, tt.height), 0xe1, exif(tt.orientation))

		err := portrait.Check(b)

		require.Equal(t, tt.ok, err == nil, "%d x %d, orientation %d: %v", tt.width, tt.height, tt.orientation, err)
	}
}

// Readers that skip such a marker, instead of a segment, see another frame header
// behind it: one of 65535 x 65535 would take 12 GB.
func TestCheckRefusesAFrameThatIsHiddenFromIt(t *testing.T) {
	t.Parallel()
	frame := []byte{0xff, 0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0}
	sound := encoded(t, face.Draw(good()), 80)
	for _, marker := range []byte{0x00, 0x01, 0xbf, 0xd0, 0xd7, 0xd8, 0xd9} {
		hidden := withSegment(sound, marker, string(frame))

		require.ErrorIs(t, portrait.Check(hidden), identity.Invalid, "%#x", marker)
	}
}

func TestCheckSaysWhichJPEGsAreNotAccepted(t *testing.T) {
	t.Parallel()
	require.EqualError(t, portrait.Check(file(t, "oddsample.jpg")),
		"portrait: is a JPEG of a kind that is not accepted (luma/chroma subsampling ratio); baseline JPEG is, with colors sampled 4:4:4, 4:4:0, 4:2:2, 4:2:0, 4:1:1 or 4:1:0")
	require.EqualError(t, portrait.Check(file(t, "no-end-marker.jpg")),
		"portrait: is a JPEG picture without an end marker, and may be cut short; a whole one is accepted")
}

func TestAPortraitCodedInRGBIsInColor(t *testing.T) {
	t.Parallel()
	adobe := file(t, "rgb.jpg")
	require.Equal(t, "\xff\xee\x00\x0e", string(adobe[2:6]))
	byNames := slices.Concat(adobe[:2], adobe[18:]) // without Adobe's segment, the components are called R, G, B
	for name, b := range map[string][]byte{"Adobe": adobe, "by names": byNames} {
		j, err := portrait.Judge(b, portrait.DefaultLimits())
		require.NoError(t, err, name)
		require.True(t, j.OK, "%s: %v", name, j.Codes())

		card, chip, err := portrait.Normalize(b)

		require.NoError(t, err, name)
		for _, made := range [][]byte{card, chip} {
			config, err := jpeg.DecodeConfig(bytes.NewReader(made))
			require.NoError(t, err, name)
			require.Equal(t, color.YCbCrModel, config.ColorModel, name)
			colors, err := portrait.Judge(made, portrait.DefaultLimits())
			require.NoError(t, err, name)
			require.InDelta(t, j.Measures[portrait.MeasureColor], colors.Measures[portrait.MeasureColor], 1, name)
		}
		require.Less(t, apart(t, b, chip), 2.0, name)
	}
}

func TestOrientationIsReadInBothByteOrdersAndTypes(t *testing.T) {
	t.Parallel()
	lying := file(t, "exif-orientation-long-big-endian.jpg")
	_, rest, found := bytes.Cut(lying, []byte("\xff\xe0"))
	require.True(t, found)
	picture := slices.Concat(lying[:2], []byte("\xff\xe0"), rest)
	for name, tiff := range map[string]string{
		"short, big-endian":    "MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00",
		"short, little-endian": "II\x2a\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00",
		"long, big-endian":     "MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x04\x00\x00\x00\x01\x00\x00\x00\x06",
		"long, little-endian":  "II\x2a\x00\x08\x00\x00\x00\x01\x00\x12\x01\x04\x00\x01\x00\x00\x00\x06\x00\x00\x00",
	} {
		turned := withSegment(picture, 0xe1, "Exif\x00\x00"+tiff)

		j, err := portrait.Judge(turned, portrait.DefaultLimits())

		require.NoError(t, err, name)
		require.True(t, j.OK, "%s: %v", name, j.Codes())
		require.InDelta(t, 354, j.Measures[portrait.MeasureWidth], 0, name)
	}
	j, err := portrait.Judge(lying, portrait.DefaultLimits())
	require.NoError(t, err)
	require.True(t, j.OK, "%v", j.Codes())
	card, _, err := portrait.Normalize(lying)
	require.NoError(t, err)
	config, err := jpeg.DecodeConfig(bytes.NewReader(card))
	require.NoError(t, err)
	require.Greater(t, config.Height, config.Width)
}

func TestUprightTurnsEachWay(t *testing.T) {
	t.Parallel()
	drawn := face.Draw(good())
	w, h := face.Width-1, face.Height-1
	for orientation, at := range map[byte]func(x, y int) (int, int){ // where a camera held so puts a pixel
		2: func(x, y int) (int, int) { return w - x, y },
		3: func(x, y int) (int, int) { return w - x, h - y },
		4: func(x, y int) (int, int) { return x, h - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, w - x },
		7: func(x, y int) (int, int) { return h - y, w - x },
		8: func(x, y int) (int, int) { return h - y, x },
	} {
		size := drawn.Rect
		if orientation >= 5 {
			size = image.Rect(0, 0, face.Height, face.Width)
		}
		held := image.NewRGBA(size)
		for y := range face.Height {
			for x := range face.Width {
				toX, toY := at(x, y)
				held.SetRGBA(toX, toY, drawn.RGBAAt(x, y))
			}
		}

		card, _, err := portrait.Normalize(withSegment(encoded(t, held, 95), 0xe1, exif(orientation)))
		require.NoError(t, err)
		want, _, err := portrait.Normalize(withSegment(encoded(t, drawn, 95), 0xe1, exif(1)))
		require.NoError(t, err)

		require.Less(t, apart(t, want, card), 3.0, "orientation %d", orientation)
	}
}

// apart is the mean difference in brightness of two pictures, 0 to 255.
func apart(t *testing.T, a, b []byte) float64 {
	t.Helper()
	p, err := jpeg.Decode(bytes.NewReader(a))
	require.NoError(t, err)
	q, err := jpeg.Decode(bytes.NewReader(b))
	require.NoError(t, err)
	require.Equal(t, p.Bounds(), q.Bounds())
	sum := 0.0
	for y := range p.Bounds().Dy() {
		for x := range p.Bounds().Dx() {
			gray := func(i image.Image) float64 { return float64(color.GrayModel.Convert(i.At(x, y)).(color.Gray).Y) }
			sum += math.Abs(gray(p) - gray(q))
		}
	}
	return sum / float64(p.Bounds().Dx()*p.Bounds().Dy())
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

// usable asks of a portrait that Check accepted what later stages ask: it is judged,
// and what card and chip get of it can be read and is small enough.
func usable(t *testing.T, b []byte) {
	t.Helper()
	_, err := portrait.Judge(b, portrait.DefaultLimits())
	require.NoError(t, err)
	card, chip, err := portrait.Normalize(b)
	require.NoError(t, err)
	for _, made := range [][]byte{card, chip} {
		_, err := jpeg.Decode(bytes.NewReader(made))
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(chip), 20_000)
}

func FuzzCheck(f *testing.F) {
	plain := sized(f, portrait.MinWidth, portrait.MinHeight)
	f.Add(plain)
	f.Add(withSegment(plain, 0xe1, exif(8)))
	f.Add(withSegment(plain, 0xe1, "Exif\x00\x00II\x2a\x00\xff\xff\xff\xff"))
	for _, name := range []string{"tiny.jpg", "rgb.jpg", "oddsample.jpg", "exif-orientation-long-big-endian.jpg", "no-end-marker.jpg"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := portrait.Check(b); err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		usable(t, b)
	})
}

// FuzzShape tries pictures of every size, way to hold the camera, and content.
func FuzzShape(f *testing.F) {
	f.Add(uint16(1), uint16(1), byte(1), byte(0), uint32(0))
	f.Add(uint16(236), uint16(354), byte(6), byte(1), uint32(1))
	f.Add(uint16(354), uint16(236), byte(8), byte(2), uint32(2))
	f.Add(uint16(2048), uint16(354), byte(1), byte(3), uint32(3))
	f.Add(uint16(236), uint16(2048), byte(3), byte(2), uint32(4))
	f.Fuzz(func(t *testing.T, width, height uint16, orientation, kind byte, seed uint32) {
		w, h := 1+int(width)%(portrait.MaxSide+50), 1+int(height)%(portrait.MaxSide+50)
		size := image.Rect(0, 0, w, h)
		var picture draw.Image = image.NewRGBA(size)
		if kind%2 == 0 {
			picture = image.NewGray(size)
		}
		block := 1 + int(kind/2)%64
		for y := 0; y < h; y += block {
			for x := 0; x < w; x += block {
				seed = seed*1664525 + 1013904223
				fill := image.NewUniform(color.RGBA{byte(seed >> 24), byte(seed >> 16), byte(seed >> 8), 255})
				draw.Draw(picture, image.Rect(x, y, x+block, y+block), fill, image.Point{}, draw.Src)
			}
		}
		b := withSegment(encoded(t, picture, 75), 0xe1, exif(orientation%9))

		err := portrait.Check(b)

		if orientation%9 >= 5 {
			w, h = h, w
		}
		within := w >= portrait.MinWidth && h >= portrait.MinHeight && max(w, h) <= portrait.MaxSide
		require.Equal(t, within, err == nil, "%d x %d: %v", w, h, err)
		if within {
			usable(t, b)
		}
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
