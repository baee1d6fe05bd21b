package biometrics_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/samples/generate/finger"
)

func pngOf(tb testing.TB, picture image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, png.Encode(&b, picture))
	return b.Bytes()
}

func TestPositionsHaveTheCodesOfTheStandard(t *testing.T) {
	t.Parallel()

	require.Equal(t, 1, biometrics.RightThumb.Code())
	require.Equal(t, 2, biometrics.RightIndex.Code())
	require.Equal(t, 7, biometrics.LeftIndex.Code())
	require.Equal(t, 10, biometrics.LeftLittle.Code())
	p, err := biometrics.ParsePosition("left-index")
	require.NoError(t, err)
	require.Equal(t, biometrics.LeftIndex, p)
	_, err = biometrics.ParsePosition("nose")
	require.ErrorIs(t, err, identity.Invalid)
}

func TestCheckMissing(t *testing.T) {
	t.Parallel()

	require.NoError(t, biometrics.CheckMissing("BANDAGED"))
	require.ErrorIs(t, biometrics.CheckMissing("forgotten"), identity.Invalid)
	require.ErrorIs(t, biometrics.CheckMissing(""), identity.Invalid)
}

func TestTemplatesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	h := hand(t, 3, 0)

	b, err := h.MarshalBinary()
	require.NoError(t, err)
	var read biometrics.Templates
	require.NoError(t, read.UnmarshalBinary(b))
	again, err := read.MarshalBinary()
	require.NoError(t, err)

	require.Equal(t, b, again)
	require.Len(t, read, 2)
	verdict, err := biometrics.Verify(h, read, biometrics.DefaultMatchLimits())
	require.NoError(t, err)
	require.True(t, verdict.Match)
	require.NotContains(t, h.String(), "FMR")
}

func TestTemplatesRefuseAFingerUnderAnothersName(t *testing.T) {
	t.Parallel()
	b, err := biometrics.Templates{biometrics.LeftIndex: hand(t, 3, 0)[biometrics.LeftIndex]}.MarshalBinary()
	require.NoError(t, err)

	_, err = biometrics.Templates{biometrics.RightIndex: b}.MarshalBinary()
	require.ErrorIs(t, err, identity.Invalid)
	_, err = biometrics.Templates{"nose": b}.MarshalBinary()
	require.ErrorIs(t, err, identity.Invalid)
	var twice biometrics.Templates
	require.ErrorIs(t, twice.UnmarshalBinary(append(b, b...)), identity.Invalid)
}

func FuzzTemplates(f *testing.F) {
	b, err := hand(f, 3, 0).MarshalBinary()
	require.NoError(f, err)
	f.Add(b)
	f.Add(b[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		var read biometrics.Templates
		if err := read.UnmarshalBinary(b); err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		written, err := read.MarshalBinary()
		require.NoError(t, err)
		var again biometrics.Templates
		require.NoError(t, again.UnmarshalBinary(written))
		require.Equal(t, read, again)
	})
}

func TestExtractedFingersAreKnownAgain(t *testing.T) {
	t.Parallel()
	capture := func(f *finger.Master, impression uint64) biometrics.Templates {
		record, err := biometrics.ExtractPNG(pngOf(t, f.Impression(impression, finger.Conditions{})))
		require.NoError(t, err)
		return biometrics.Templates{biometrics.LeftIndex: record}
	}
	one, other := finger.Grow(900), finger.Grow(901)

	same, err := biometrics.Verify(capture(one, 1), capture(one, 2), biometrics.DefaultMatchLimits())
	require.NoError(t, err)
	different, err := biometrics.Verify(capture(one, 1), capture(other, 2), biometrics.DefaultMatchLimits())
	require.NoError(t, err)

	require.True(t, same.Match, "%v", same)
	require.False(t, different.Match, "%v", different)
	judgement, err := biometrics.JudgeFingers(capture(one, 1), biometrics.DefaultFingerLimits())
	require.NoError(t, err)
	require.True(t, judgement.OK, "%v %v", judgement.Codes(), judgement.Measures)

	record, err := biometrics.ExtractPNG(pngOf(t, one.Impression(3, finger.Conditions{Faint: true})))
	require.NoError(t, err)
	judgement, err = biometrics.JudgeFingers(biometrics.Templates{biometrics.LeftIndex: record}, biometrics.DefaultFingerLimits())
	require.NoError(t, err)
	require.False(t, judgement.OK, "%v", judgement.Measures)
}

func TestJudgeFingersSeesOneFingerGivenTwice(t *testing.T) {
	t.Parallel()
	h := hand(t, 4, 0)
	h[biometrics.RightIndex] = hand(t, 4, 1)[biometrics.LeftIndex]

	judgement, err := biometrics.JudgeFingers(h, biometrics.DefaultFingerLimits())
	require.NoError(t, err)
	none, err := biometrics.JudgeFingers(nil, biometrics.DefaultFingerLimits())
	require.NoError(t, err)

	require.Equal(t, []string{"fingers-alike"}, judgement.Codes())
	require.Equal(t, []string{"fingers-missing"}, none.Codes())
}

func TestExtractPNGRefuses(t *testing.T) {
	t.Parallel()
	sound := pngOf(t, image.NewGray(image.Rect(0, 0, 200, 200)))
	for name, b := range map[string][]byte{
		"nothing":      nil,
		"text":         []byte("finger"),
		"half":         sound[:len(sound)/2],
		"a stamp":      pngOf(t, image.NewGray(image.Rect(0, 0, 50, 200))),
		"a whole hand": pngOf(t, image.NewGray(image.Rect(0, 0, 1600, 1500))),
		"a huge claim": append(append([]byte{}, sound[:16]...), append([]byte{0, 1, 0, 0, 0, 1, 0, 0}, sound[24:]...)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := biometrics.ExtractPNG(b)

			require.ErrorIs(t, err, identity.Invalid)
		})
	}
}

func TestWhatIsNoFingerIsJudgedPoor(t *testing.T) {
	t.Parallel()
	noise := image.NewGray(image.Rect(0, 0, 320, 420))
	v := uint32(7)
	for i := range noise.Pix {
		v = v*1664525 + 1013904223
		noise.Pix[i] = byte(v >> 24)
	}
	white := image.NewUniform(color.White)
	blank := image.NewRGBA(image.Rect(0, 0, 320, 420))
	for y := range 420 {
		for x := range 320 {
			blank.Set(x, y, white.C)
		}
	}
	for name, picture := range map[string]image.Image{"noise": noise, "a blank": blank} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record, err := biometrics.ExtractPNG(pngOf(t, picture))
			require.NoError(t, err)

			judgement, err := biometrics.JudgeFingers(biometrics.Templates{biometrics.LeftIndex: record}, biometrics.DefaultFingerLimits())

			require.NoError(t, err)
			require.False(t, judgement.OK, "%v", judgement.Measures)
		})
	}
}

func BenchmarkExtractPNG(b *testing.B) {
	picture := pngOf(b, finger.Grow(900).Impression(1, finger.Conditions{}))
	for b.Loop() {
		if _, err := biometrics.ExtractPNG(picture); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	enrolled, probe := hand(b, 1, 0), hand(b, 1, 1)
	for b.Loop() {
		if _, err := biometrics.Verify(enrolled, probe, biometrics.DefaultMatchLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJudgeFingers(b *testing.B) {
	h := hand(b, 1, 0)
	for b.Loop() {
		if _, err := biometrics.JudgeFingers(h, biometrics.DefaultFingerLimits()); err != nil {
			b.Fatal(err)
		}
	}
}
