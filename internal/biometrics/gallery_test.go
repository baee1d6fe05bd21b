package biometrics_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/samples/generate/finger"
)

// hand is a capture of both index fingers of a person.
func hand(tb testing.TB, person, capture uint64) biometrics.Templates {
	tb.Helper()
	h := make(biometrics.Templates)
	for i, p := range []biometrics.Position{biometrics.LeftIndex, biometrics.RightIndex} {
		seed := 2*person + uint64(i)
		record, err := minutiae.Encode(finger.Strew(seed).Impression(100*seed + capture))
		require.NoError(tb, err)
		h[p] = record
	}
	return h
}

func name(person uint64) string { return fmt.Sprintf("application-%05d", person) }

func filled(tb testing.TB, persons uint64) *biometrics.Gallery {
	tb.Helper()
	g := biometrics.NewGallery()
	for p := range persons {
		require.NoError(tb, g.Add(name(p), hand(tb, p, 0)))
	}
	return g
}

func TestGalleryFindsAPersonByAnotherCaptureAndNobodyElse(t *testing.T) {
	t.Parallel()
	const persons = 300
	g := filled(t, persons)

	for p := range uint64(persons) {
		found, err := g.Identify(t.Context(), hand(t, p, 1), biometrics.DefaultIdentifyLimits())

		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, name(p), found[0].ID)
		require.Equal(t, 2, found[0].Fingers)
	}
	for p := range uint64(persons) {
		found, err := g.Identify(t.Context(), hand(t, persons+p, 0), biometrics.DefaultIdentifyLimits())

		require.NoError(t, err)
		require.Empty(t, found)
	}
}

func TestGalleryFindsAPersonByOneFinger(t *testing.T) {
	t.Parallel()
	g := filled(t, 100)
	probe := hand(t, 42, 3)
	delete(probe, biometrics.RightIndex)

	found, err := g.Identify(t.Context(), probe, biometrics.DefaultIdentifyLimits())

	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, name(42), found[0].ID)
	require.Equal(t, 1, found[0].Fingers)
}

func TestGalleryComparesFingersAtTheSamePositionOnly(t *testing.T) {
	t.Parallel()
	g := filled(t, 20)
	h := hand(t, 5, 1)
	h[biometrics.LeftIndex], h[biometrics.RightIndex] = h[biometrics.RightIndex], h[biometrics.LeftIndex]

	found, err := g.Identify(t.Context(), h, biometrics.DefaultIdentifyLimits())

	require.NoError(t, err)
	require.Empty(t, found)
}

func TestGallerySkipsRemovesAndReplaces(t *testing.T) {
	t.Parallel()
	g := filled(t, 20)
	probe := hand(t, 7, 1)
	search := func(limits biometrics.IdentifyLimits) []biometrics.Candidate {
		found, err := g.Identify(t.Context(), probe, limits)
		require.NoError(t, err)
		return found
	}
	skipping := biometrics.DefaultIdentifyLimits()
	skipping.Skip = func(id string) bool { return id == name(7) }

	require.Empty(t, search(skipping))
	require.Len(t, search(biometrics.DefaultIdentifyLimits()), 1)

	require.NoError(t, g.Add(name(7), hand(t, 7, 2)))
	require.Len(t, search(biometrics.DefaultIdentifyLimits()), 1)
	require.Equal(t, 20, g.Len())

	require.NoError(t, g.Add(name(7), hand(t, 70, 0)))
	require.Empty(t, search(biometrics.DefaultIdentifyLimits()))

	require.NoError(t, g.Add("another", hand(t, 7, 3)))
	require.Equal(t, "another", search(biometrics.DefaultIdentifyLimits())[0].ID)

	g.Remove("another")
	g.Remove("another")
	require.Empty(t, search(biometrics.DefaultIdentifyLimits()))
	require.Equal(t, 20, g.Len())
}

func TestGalleryVerifies(t *testing.T) {
	t.Parallel()
	g := filled(t, 3)

	same, err := g.Verify(name(1), hand(t, 1, 1), biometrics.DefaultMatchLimits())
	require.NoError(t, err)
	other, err := g.Verify(name(1), hand(t, 2, 1), biometrics.DefaultMatchLimits())
	require.NoError(t, err)
	_, err = g.Verify("nobody", hand(t, 1, 1), biometrics.DefaultMatchLimits())

	require.True(t, same.Match)
	require.False(t, other.Match)
	require.ErrorIs(t, err, identity.NotFound)
}

func TestGalleryRefusesRecordsItCannotRead(t *testing.T) {
	t.Parallel()
	g := filled(t, 1)
	broken := biometrics.Templates{biometrics.LeftIndex: []byte("FMR")}

	require.ErrorIs(t, g.Add("broken", broken), identity.Invalid)
	_, err := g.Identify(t.Context(), broken, biometrics.DefaultIdentifyLimits())
	require.ErrorIs(t, err, identity.Invalid)
	_, err = g.Verify(name(0), broken, biometrics.DefaultMatchLimits())
	require.ErrorIs(t, err, identity.Invalid)
	require.Equal(t, 1, g.Len())
}

func TestGalleryStopsWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	g := filled(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := g.Identify(ctx, hand(t, 1, 1), biometrics.DefaultIdentifyLimits())

	require.ErrorIs(t, err, context.Canceled)
}

func TestGalleryServesManyAtOnce(t *testing.T) {
	t.Parallel()
	g := filled(t, 20)
	hands := make([]biometrics.Templates, 20)
	for p := range hands {
		hands[p] = hand(t, uint64(p), 1)
	}
	var all sync.WaitGroup
	for p, probe := range hands {
		all.Go(func() {
			_ = g.Add(fmt.Sprintf("new-%d", p), probe)
			_, _ = g.Identify(t.Context(), probe, biometrics.DefaultIdentifyLimits())
			_, _ = g.Verify(name(1), probe, biometrics.DefaultMatchLimits())
			g.Remove(fmt.Sprintf("new-%d", p))
		})
	}
	all.Wait()

	require.Equal(t, 20, g.Len())
}

func BenchmarkIdentify(b *testing.B) {
	for _, persons := range []uint64{100, 10_000} {
		b.Run(strconv.FormatUint(persons, 10), func(b *testing.B) {
			g := filled(b, persons)
			probe := hand(b, persons+1, 0)
			b.ResetTimer()
			for b.Loop() {
				if _, err := g.Identify(b.Context(), probe, biometrics.DefaultIdentifyLimits()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(persons), "ns/subject")
		})
	}
}
