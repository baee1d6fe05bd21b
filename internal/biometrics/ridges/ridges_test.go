package ridges_test

import (
	"image"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/biometrics/ridges"
	"example.org/cancuoc/samples/generate/finger"
)

// grating draws ridges that run in a direction, counterclockwise from the x axis,
// with one ridge more on one side of each place than on the other: a minutia there,
// and nowhere else.
func grating(direction, period float64, places ...image.Point) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, 300, 300))
	sin, cos := math.Sincos(direction)
	for y := range 300 {
		for x := range 300 {
			phase := 2 * math.Pi * (sin*float64(x) + cos*float64(y)) / period
			for _, p := range places {
				phase += math.Atan2(float64(y-p.Y), float64(x-p.X))
			}
			g.Pix[y*g.Stride+x] = uint8(128 - 100*math.Cos(phase))
		}
	}
	return g
}

func TestStraightRidgesHaveNoMinutiae(t *testing.T) {
	t.Parallel()
	for _, direction := range []float64{0, 0.3, math.Pi / 4, math.Pi / 2, 2.5} {
		r := ridges.Read(grating(direction, 9))

		require.Empty(t, r.Record.Minutiae)
		require.Greater(t, r.Coherence, 0.9)
		require.Greater(t, r.Area, 0.8)
	}
}

func TestAMinutiaIsFoundWhereItIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ direction, period float64 }{
		{0, 9}, {0.4, 9}, {math.Pi / 4, 8}, {math.Pi / 2, 10}, {1.9, 9}, {2.7, 8},
	} {
		r := ridges.Read(grating(tt.direction, tt.period, image.Pt(150, 140)))

		require.Len(t, r.Record.Minutiae, 1, "direction %.1f", tt.direction)
		m := r.Record.Minutiae[0]
		require.Less(t, math.Hypot(float64(m.X-150), float64(m.Y-140)), 8.0, "direction %.1f", tt.direction)
		along := math.Remainder(float64(m.Angle)*math.Pi/128-tt.direction, math.Pi)
		require.InDelta(t, 0, along, 0.35, "direction %.1f", tt.direction)
	}
}

func TestTurningTheImageTurnsTheMinutia(t *testing.T) {
	t.Parallel()
	upright := ridges.Read(grating(0, 9, image.Pt(150, 140))).Record.Minutiae
	turned := ridges.Read(grating(math.Pi, 9, image.Pt(150, 140))).Record.Minutiae
	require.Len(t, upright, 1)
	require.Len(t, turned, 1)

	require.Equal(t, minutiae.DPI500, ridges.Read(grating(0, 9)).Record.Resolution)
	require.InDelta(t, 128, math.Abs(float64(upright[0].Angle)-float64(turned[0].Angle)), 16)
}

func TestAFingerReadsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	picture := finger.Grow(77).Impression(1, finger.Conditions{})

	first, second := ridges.Read(picture), ridges.Read(picture)

	require.Equal(t, first, second)
	require.Greater(t, len(first.Record.Minutiae), 25)
	require.Less(t, len(first.Record.Minutiae), 90)
}

func TestBlankImagesHaveNoMinutiae(t *testing.T) {
	t.Parallel()
	for _, side := range []int{ridges.MinSide, 400} {
		r := ridges.Read(image.NewGray(image.Rect(0, 0, side, side)))

		require.Empty(t, r.Record.Minutiae)
		require.Zero(t, r.Record.Quality)
	}
}
