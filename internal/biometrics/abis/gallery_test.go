package abis_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/abis"
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

func name(person uint64) string { return fmt.Sprintf("application-%05d", person) }

func filled(tb testing.TB, persons uint64) *abis.Gallery {
	tb.Helper()
	g := abis.NewGallery()
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
		found, err := g.Identify(t.Context(), hand(t, p, 1), abis.DefaultLimits())

		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, name(p), found[0].ID)
		require.Equal(t, 2, found[0].Fingers)
	}
	for p := range uint64(persons) {
		found, err := g.Identify(t.Context(), hand(t, persons+p, 0), abis.DefaultLimits())

		require.NoError(t, err)
		require.Empty(t, found)
	}
}

func TestGalleryFindsAPersonByOneFinger(t *testing.T) {
	t.Parallel()
	g := filled(t, 100)
	probe := hand(t, 42, 3)
	delete(probe, fingerprint.RightIndex)

	found, err := g.Identify(t.Context(), probe, abis.DefaultLimits())

	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, name(42), found[0].ID)
	require.Equal(t, 1, found[0].Fingers)
}

func TestGalleryComparesFingersAtTheSamePositionOnly(t *testing.T) {
	t.Parallel()
	g := filled(t, 20)
	h := hand(t, 5, 1)
	h[fingerprint.LeftIndex], h[fingerprint.RightIndex] = h[fingerprint.RightIndex], h[fingerprint.LeftIndex]

	found, err := g.Identify(t.Context(), h, abis.DefaultLimits())

	require.NoError(t, err)
	require.Empty(t, found)
}

func TestGallerySkipsAndReplaces(t *testing.T) {
	t.Parallel()
	g := filled(t, 20)
	probe := hand(t, 7, 1)
	search := func(limits abis.Limits) []abis.Candidate {
		found, err := g.Identify(t.Context(), probe, limits)
		require.NoError(t, err)
		return found
	}
	skipping := abis.DefaultLimits()
	skipping.Skip = func(id string) bool { return id == name(7) }

	require.Empty(t, search(skipping))
	require.Len(t, search(abis.DefaultLimits()), 1)

	require.NoError(t, g.Add(name(7), hand(t, 7, 2)))
	require.Len(t, search(abis.DefaultLimits()), 1)
	require.Equal(t, 20, g.Len())

	require.NoError(t, g.Add(name(7), hand(t, 70, 0)))
	require.Empty(t, search(abis.DefaultLimits()))

	require.NoError(t, g.Add("another", hand(t, 7, 3)))
	require.Equal(t, "another", search(abis.DefaultLimits())[0].ID)
	require.Equal(t, 21, g.Len())

	require.NoError(t, g.Add("another", hand(t, 71, 0)))
	require.Empty(t, search(abis.DefaultLimits()))
	require.Equal(t, 21, g.Len())
}

func TestGalleryRefusesRecordsItCannotRead(t *testing.T) {
	t.Parallel()
	g := filled(t, 1)
	broken := fingerprint.Templates{fingerprint.LeftIndex: []byte("FMR")}

	require.ErrorIs(t, g.Add("broken", broken), identity.Invalid)
	_, err := g.Identify(t.Context(), broken, abis.DefaultLimits())
	require.ErrorIs(t, err, identity.Invalid)
	require.Equal(t, 1, g.Len())
}

func TestGalleryStopsWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	g := filled(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := g.Identify(ctx, hand(t, 1, 1), abis.DefaultLimits())

	require.ErrorIs(t, err, context.Canceled)
}

func TestGalleryServesManyAtOnce(t *testing.T) {
	t.Parallel()
	g := filled(t, 20)
	hands := make([]fingerprint.Templates, 20)
	for p := range hands {
		hands[p] = hand(t, uint64(p), 1)
	}
	var all sync.WaitGroup
	for p, probe := range hands {
		all.Go(func() {
			_ = g.Add(fmt.Sprintf("new-%d", p), probe)
			_, _ = g.Identify(t.Context(), probe, abis.DefaultLimits())
			_ = g.Add(fmt.Sprintf("new-%d", p), hands[(p+1)%len(hands)])
		})
	}
	all.Wait()

	require.Equal(t, 40, g.Len())
}

func BenchmarkIdentify(b *testing.B) {
	for _, persons := range []uint64{100, 10_000} {
		b.Run(strconv.FormatUint(persons, 10), func(b *testing.B) {
			g := filled(b, persons)
			probe := hand(b, persons+1, 0)
			b.ResetTimer()
			for b.Loop() {
				if _, err := g.Identify(b.Context(), probe, abis.DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(persons), "ns/subject")
		})
	}
}
