package fingerprint_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/samples/generate/finger"
)

// hand is one capture of both index fingers of a person.
func hand(tb testing.TB, person, capture uint64) fingerprint.Templates {
	tb.Helper()
	h, err := finger.Hand(person, capture)
	require.NoError(tb, err)
	return h
}

func pngOf(tb testing.TB, picture image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, png.Encode(&b, picture))
	return b.Bytes()
}

func TestPositionsHaveTheCodesOfTheStandard(t *testing.T) {
	t.Parallel()

	require.Equal(t, 1, fingerprint.RightThumb.Code())
	require.Equal(t, 2, fingerprint.RightIndex.Code())
	require.Equal(t, 7, fingerprint.LeftIndex.Code())
	require.Equal(t, 10, fingerprint.LeftLittle.Code())
	p, err := fingerprint.ParsePosition("left-index")
	require.NoError(t, err)
	require.Equal(t, fingerprint.LeftIndex, p)
	_, err = fingerprint.ParsePosition("nose")
	require.ErrorIs(t, err, identity.Invalid)
}

func TestCheckMissing(t *testing.T) {
	t.Parallel()

	require.NoError(t, fingerprint.CheckMissing("BANDAGED"))
	require.ErrorIs(t, fingerprint.CheckMissing("forgotten"), identity.Invalid)
	require.ErrorIs(t, fingerprint.CheckMissing(""), identity.Invalid)
}

func TestTemplatesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	h := hand(t, 3, 0)

	b, err := h.MarshalBinary()
	require.NoError(t, err)
	var read fingerprint.Templates
	require.NoError(t, read.UnmarshalBinary(b))
	again, err := read.MarshalBinary()
	require.NoError(t, err)

	require.Equal(t, b, again)
	require.Len(t, read, 2)
	verdict, err := fingerprint.Verify(h, read, fingerprint.DefaultMatchLimits())
	require.NoError(t, err)
	require.True(t, verdict.Match)
	require.NotContains(t, h.String(), "FMR")
}

func TestTemplatesRefuseAFingerUnderAnothersName(t *testing.T) {
	t.Parallel()
	b, err := fingerprint.Templates{fingerprint.LeftIndex: hand(t, 3, 0)[fingerprint.LeftIndex]}.MarshalBinary()
	require.NoError(t, err)

	_, err = fingerprint.Templates{fingerprint.RightIndex: b}.MarshalBinary()
	require.ErrorIs(t, err, identity.Invalid)
	_, err = fingerprint.Templates{"nose": b}.MarshalBinary()
	require.ErrorIs(t, err, identity.Invalid)
	var twice fingerprint.Templates
	require.ErrorIs(t, twice.UnmarshalBinary(append(b, b...)), identity.Invalid)
}

func TestVerifyTellsPersonsApart(t *testing.T) {
	t.Parallel()
	enrolled := hand(t, 1, 0)

	same, err := fingerprint.Verify(enrolled, hand(t, 1, 1), fingerprint.DefaultMatchLimits())
	require.NoError(t, err)
	other, err := fingerprint.Verify(enrolled, hand(t, 2, 1), fingerprint.DefaultMatchLimits())
	require.NoError(t, err)
	nobody, err := fingerprint.Verify(enrolled, nil, fingerprint.DefaultMatchLimits())
	require.NoError(t, err)

	require.True(t, same.Match)
	require.False(t, other.Match)
	require.False(t, nobody.Match)
}

func TestVerifyRefusesRecordsItCannotRead(t *testing.T) {
	t.Parallel()
	broken := fingerprint.Templates{fingerprint.LeftIndex: []byte("FMR")}

	_, err := fingerprint.Verify(broken, hand(t, 1, 0), fingerprint.DefaultMatchLimits())
	require.ErrorIs(t, err, identity.Invalid)
	_, err = fingerprint.Verify(hand(t, 1, 0), broken, fingerprint.DefaultMatchLimits())
	require.ErrorIs(t, err, identity.Invalid)
}

func FuzzTemplates(f *testing.F) {
	b, err := hand(f, 3, 0).MarshalBinary()
	require.NoError(f, err)
	f.Add(b)
	f.Add(b[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		var read fingerprint.Templates
		if err := read.UnmarshalBinary(b); err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		written, err := read.MarshalBinary()
		require.NoError(t, err)
		var again fingerprint.Templates
		require.NoError(t, again.UnmarshalBinary(written))
		require.Equal(t, read, again)
	})
}

func TestExtractedFingersAreKnownAgain(t *testing.T) {
	t.Parallel()
	capture := func(f *finger.Master, impression uint64) fingerprint.Templates {
		record, err := fingerprint.Extract(pngOf(t, f.Impression(impression, finger.Conditions{})))
		require.NoError(t, err)
		return fingerprint.Templates{fingerprint.LeftIndex: record}
	}
	one, other := finger.Grow(900), finger.Grow(901)

	same, err := fingerprint.Verify(capture(one, 1), capture(one, 2), fingerprint.DefaultMatchLimits())
	require.NoError(t, err)
	different, err := fingerprint.Verify(capture(one, 1), capture(other, 2), fingerprint.DefaultMatchLimits())
	require.NoError(t, err)

	require.True(t, same.Match, "%v", same)
	require.False(t, different.Match, "%v", different)
	judgment, err := fingerprint.Judge(capture(one, 1), fingerprint.DefaultQualityLimits())
	require.NoError(t, err)
	require.True(t, judgment.OK, "%v %v", judgment.Codes(), judgment.Measures)

	record, err := fingerprint.Extract(pngOf(t, one.Impression(3, finger.Conditions{Faint: true})))
	require.NoError(t, err)
	judgment, err = fingerprint.Judge(fingerprint.Templates{fingerprint.LeftIndex: record}, fingerprint.DefaultQualityLimits())
	require.NoError(t, err)
	require.False(t, judgment.OK, "%v", judgment.Measures)
}

func TestJudgeFindsOneFingerGivenTwice(t *testing.T) {
	t.Parallel()
	h := hand(t, 4, 0)
	h[fingerprint.RightIndex] = hand(t, 4, 1)[fingerprint.LeftIndex]

	judgment, err := fingerprint.Judge(h, fingerprint.DefaultQualityLimits())
	require.NoError(t, err)
	none, err := fingerprint.Judge(nil, fingerprint.DefaultQualityLimits())
	require.NoError(t, err)

	require.Equal(t, []string{"fingers-alike"}, judgment.Codes())
	require.Equal(t, []string{"fingers-missing"}, none.Codes())
}

func TestExtractRefuses(t *testing.T) {
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

			_, err := fingerprint.Extract(b)

			require.ErrorIs(t, err, identity.Invalid)
		})
	}
}

func TestImagesOfNoFingerAreJudgedPoor(t *testing.T) {
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
			record, err := fingerprint.Extract(pngOf(t, picture))
			require.NoError(t, err)

			judgment, err := fingerprint.Judge(fingerprint.Templates{fingerprint.LeftIndex: record}, fingerprint.DefaultQualityLimits())

			require.NoError(t, err)
			require.False(t, judgment.OK, "%v", judgment.Measures)
		})
	}
}

func BenchmarkExtract(b *testing.B) {
	picture := pngOf(b, finger.Grow(900).Impression(1, finger.Conditions{}))
	for b.Loop() {
		if _, err := fingerprint.Extract(picture); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	enrolled, probe := hand(b, 1, 0), hand(b, 1, 1)
	for b.Loop() {
		if _, err := fingerprint.Verify(enrolled, probe, fingerprint.DefaultMatchLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	h := hand(b, 1, 0)
	for b.Loop() {
		if _, err := fingerprint.Judge(h, fingerprint.DefaultQualityLimits()); err != nil {
			b.Fatal(err)
		}
	}
}
