package minutiae_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/samples/generate/finger"
)

// two is a record of two minutiae, byte by byte as ISO/IEC 19794-2:2005, clause 8,
// lays it out.
var two = unhex("" +
	"464d5200 20323000 0000002a" + // "FMR", " 20", 42 bytes
	"0000 0140 01a4 00c5 00c5 01 00" + // equipment, 320 x 420, 197 pixels/cm both ways, one view
	"07 00 50 02" + // left index, live-scan plain, quality 80, two minutiae
	"4064 00c8 40 5a" + // an ending at 100, 200, 90 degrees, quality 90
	"8096 0032 80 00" + // a bifurcation at 150, 50, 180 degrees, quality unknown
	"0000") // no extended data

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func twoRecord() minutiae.Record {
	return minutiae.Record{
		Width: 320, Height: 420, Resolution: 197, Finger: 7, Quality: 80,
		Minutiae: []minutiae.Minutia{
			{Type: minutiae.Ending, X: 100, Y: 200, Angle: 64, Quality: 90},
			{Type: minutiae.Bifurcation, X: 150, Y: 50, Angle: 128},
		},
	}
}

func TestRecordIsLaidOutAsTheStandardSays(t *testing.T) {
	t.Parallel()

	written, err := minutiae.Encode(twoRecord())
	require.NoError(t, err)
	read, err := minutiae.Parse(two)
	require.NoError(t, err)

	require.Equal(t, two, written)
	require.Equal(t, twoRecord(), read)
}

func TestExtendedDataIsPassedOver(t *testing.T) {
	t.Parallel()
	b := append(bytes.Clone(two), 1, 2, 3)
	b[11] += 3
	b[len(b)-4] = 3

	read, err := minutiae.Parse(b)

	require.NoError(t, err)
	require.Equal(t, twoRecord(), read)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func([]byte) []byte{
		"nothing":               func([]byte) []byte { return nil },
		"another format":        func(b []byte) []byte { b[0] = 'X'; return b },
		"another version":       func(b []byte) []byte { b[5] = '3'; return b },
		"more than there is":    func(b []byte) []byte { b[11]++; return b },
		"less than there is":    func(b []byte) []byte { b[11]--; return b },
		"two views":             func(b []byte) []byte { b[22] = 2; return b },
		"two resolutions":       func(b []byte) []byte { b[21]--; return b },
		"an absurd resolution":  func(b []byte) []byte { b[19], b[21] = 1, 1; return b },
		"an eleventh finger":    func(b []byte) []byte { b[24] = 11; return b },
		"quality above 100":     func(b []byte) []byte { b[26] = 101; return b },
		"a minutia too many":    func(b []byte) []byte { b[27]++; return b },
		"a minutia too few":     func(b []byte) []byte { b[27]--; return b },
		"a minutia outside":     func(b []byte) []byte { b[28], b[29] = 0x41, 0x40; return b },
		"a reserved type":       func(b []byte) []byte { b[28] |= 0xc0; return b },
		"no width":              func(b []byte) []byte { b[14], b[15] = 0, 0; return b },
		"a truncated extension": func(b []byte) []byte { b[len(b)-1] = 9; return b },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := minutiae.Parse(spoil(bytes.Clone(two)))

			require.ErrorIs(t, err, identity.Invalid)
		})
	}
}

func TestEncodeRefusesWhatTheRecordCannotHold(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*minutiae.Record){
		"too many minutiae": func(m *minutiae.Record) { m.Minutiae = make([]minutiae.Minutia, 256) },
		"a minutia outside": func(m *minutiae.Record) { m.Minutiae[0].X = m.Width },
		"a negative place":  func(m *minutiae.Record) { m.Minutiae[0].Y = -1 },
		"a fourth type":     func(m *minutiae.Record) { m.Minutiae[0].Type = 3 },
		"no finger":         func(m *minutiae.Record) { m.Finger = -1 },
		"a huge image":      func(m *minutiae.Record) { m.Width = 1 << 16 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := twoRecord()
			spoil(&record)

			_, err := minutiae.Encode(record)

			require.ErrorIs(t, err, identity.Invalid)
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(two)
	f.Add(two[:30])
	f.Fuzz(func(t *testing.T, b []byte) {
		read, err := minutiae.Parse(b)
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		written, err := minutiae.Encode(read)
		require.NoError(t, err)
		again, err := minutiae.Parse(written)
		require.NoError(t, err)
		require.Equal(t, read, again)
		score := minutiae.Match(minutiae.Prepare(read), minutiae.Prepare(again))
		require.GreaterOrEqual(t, score, 0.0)
	})
}

func TestMatchTellsFingersApart(t *testing.T) {
	t.Parallel()
	const fingers, genuine, impostor = 40, 75, 60
	var first, second []*minutiae.Prepared
	for s := range uint64(fingers) {
		f := finger.Strew(s)
		first = append(first, minutiae.Prepare(f.Impression(2*s)))
		second = append(second, minutiae.Prepare(f.Impression(2*s+1)))
	}

	for i, a := range first {
		for j, b := range second {
			if score := minutiae.Match(a, b); i == j {
				require.Greater(t, score, float64(genuine), "finger %d", i)
			} else {
				require.Less(t, score, float64(impostor), "fingers %d and %d", i, j)
			}
		}
	}
}

func TestMatchIsTheSameEveryTimeAndInAnyOrderOfMinutiae(t *testing.T) {
	t.Parallel()
	f := finger.Strew(7)
	a, b := f.Impression(1), f.Impression(2)
	shuffled := a
	shuffled.Minutiae = slices.Clone(a.Minutiae)
	slices.Reverse(shuffled.Minutiae)

	score := minutiae.Match(minutiae.Prepare(a), minutiae.Prepare(b))

	require.InDelta(t, score, minutiae.Match(minutiae.Prepare(a), minutiae.Prepare(b)), 0)
	require.InDelta(t, score, minutiae.Match(minutiae.Prepare(shuffled), minutiae.Prepare(b)), 0)
}

func TestMatchKnowsResolutions(t *testing.T) {
	t.Parallel()
	f := finger.Strew(8)
	a, b := f.Impression(1), f.Impression(2)
	double := b
	double.Width, double.Height, double.Resolution = 2*b.Width, 2*b.Height, 2*b.Resolution
	double.Minutiae = slices.Clone(b.Minutiae)
	for i := range double.Minutiae {
		double.Minutiae[i].X *= 2
		double.Minutiae[i].Y *= 2
	}

	require.InDelta(t,
		minutiae.Match(minutiae.Prepare(a), minutiae.Prepare(b)),
		minutiae.Match(minutiae.Prepare(a), minutiae.Prepare(double)), 1e-9)
}

func TestAMinutiaIsMatchedOnce(t *testing.T) {
	t.Parallel()
	f := finger.Strew(10)
	a, b := f.Impression(1), f.Impression(2)
	doubled := a
	for _, m := range a.Minutiae {
		if m.X += 3; m.X < a.Width {
			doubled.Minutiae = append(doubled.Minutiae, m)
		}
	}

	require.LessOrEqual(t,
		minutiae.Match(minutiae.Prepare(doubled), minutiae.Prepare(b)),
		1.05*minutiae.Match(minutiae.Prepare(a), minutiae.Prepare(b)))
}

func TestMatchOfNothingIsNothing(t *testing.T) {
	t.Parallel()
	empty := minutiae.Prepare(minutiae.Record{Width: 320, Height: 420, Resolution: 197})
	full := minutiae.Prepare(finger.Strew(9).Impression(1))

	require.Zero(t, minutiae.Match(empty, full))
	require.Zero(t, minutiae.Match(full, empty))
	require.Zero(t, minutiae.Match(empty, empty))
}

func BenchmarkMatch(b *testing.B) {
	f := finger.Strew(1)
	one, same, other := minutiae.Prepare(f.Impression(1)), minutiae.Prepare(f.Impression(2)), minutiae.Prepare(finger.Strew(2).Impression(1))
	b.Run("genuine", func(b *testing.B) {
		for b.Loop() {
			minutiae.Match(one, same)
		}
	})
	b.Run("impostor", func(b *testing.B) {
		for b.Loop() {
			minutiae.Match(one, other)
		}
	})
}

func BenchmarkPrepare(b *testing.B) {
	t := finger.Strew(1).Impression(1)
	for b.Loop() {
		minutiae.Prepare(t)
	}
}
