package activities_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/vault"
)

// gallery is a registry whose applications have the fingers of samples.
type gallery struct {
	*registry.Registry

	t *testing.T
	n int
}

func newGallery(t *testing.T) *gallery {
	t.Helper()
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "vault.key"), true)
	require.NoError(t, err)
	r, err := registry.Open(t.Context(), registrytest.NewSchema(t, registrytest.URL(t)), registry.Options{Vault: vault.New(master), MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	require.NoError(t, r.SaveStation(t.Context(), registry.Station{ID: "001-TN-01", Kind: identity.EnrollmentStation, Province: "001", PublicKey: make([]byte, 32)}))
	return &gallery{Registry: r, t: t}
}

// fingers reads the two index fingers of a sample; none where it is empty.
func fingers(t *testing.T, sample string) []byte {
	t.Helper()
	if sample == "" {
		return nil
	}
	bundle := make(biometrics.Templates)
	for position, name := range map[biometrics.Position]string{biometrics.LeftIndex: "left-index.fmr", biometrics.RightIndex: "right-index.fmr"} {
		template, err := os.ReadFile(filepath.Join("..", "samples", sample, name))
		require.NoError(t, err)
		bundle[position] = template
	}
	b, err := bundle.MarshalBinary()
	require.NoError(t, err)
	return b
}

// applies stores an application of that citizen, on that ground.
func (g *gallery) applies(citizen identity.PersonalNumber, ground identity.Ground, sample string) identity.ApplicationNumber {
	g.t.Helper()
	return g.appliesAs(identity.Person{Number: citizen}, ground, sample)
}

func (g *gallery) appliesAs(person identity.Person, ground identity.Ground, sample string) identity.ApplicationNumber {
	g.t.Helper()
	g.n++
	receipt, err := g.Receive(g.t.Context(), registry.Submission{
		Application: identity.Application{
			EnrollmentID: fmt.Sprintf("E-%d", g.n), Station: "001-TN-01", Officer: "CB-001-0007", Ground: ground,
			FiledOn: identity.Date{Year: 2026, Month: 11, Day: 23}, Person: person,
		},
		Digest:   sha256.Sum256(fmt.Append(nil, g.n)),
		Evidence: map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: fingers(g.t, sample)},
	})
	require.NoError(g.t, err)
	return receipt.Number
}

// searches asks for others with the fingers of an application's round, as the
// activity does.
func (g *gallery) searches(abis *activities.BuiltinABIS, number identity.ApplicationNumber, round int) ([]identity.ApplicationNumber, error) {
	g.t.Helper()
	evidence, err := g.EvidenceOf(g.t.Context(), number, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: round})
	require.NoError(g.t, err)
	var fingers biometrics.Templates
	require.NoError(g.t, fingers.UnmarshalBinary(evidence[identity.EvidenceTemplates]))
	return abis.Identify(g.t.Context(), number, fingers)
}

const (
	one, another = identity.PersonalNumber("079086999903"), identity.PersonalNumber("079086123456")
	hisFingers   = "03-exchange-at-40"
	sameFingers  = "18-duplicate-person"
	herFingers   = "02-exchange-at-25"
)

func TestBuiltinABIS_TwoApplicationsInFlightOfOnePersonMeet(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	abis := &activities.BuiltinABIS{Registry: g.Registry, Gallery: biometrics.NewGallery()}
	first := g.applies(one, identity.GroundAge, hisFingers)
	g.applies("048301999902", identity.GroundAge, herFingers)
	before, err := g.searches(abis, first, 1)
	require.NoError(t, err)
	second := g.applies(another, identity.GroundAge, sameFingers)

	hits, err := g.searches(abis, second, 1)

	require.NoError(t, err)
	require.Empty(t, before)
	require.Equal(t, []identity.ApplicationNumber{first}, hits)
}

func TestBuiltinABIS_TheSameCitizensOtherApplicationIsNoHit(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	abis := &activities.BuiltinABIS{Registry: g.Registry, Gallery: biometrics.NewGallery()}
	g.applies(one, identity.GroundAge, hisFingers)
	second := g.applies(one, identity.GroundLost, hisFingers)

	hits, err := g.searches(abis, second, 1)

	require.NoError(t, err)
	require.Empty(t, hits)
}

func TestBuiltinABIS_TwoWithoutANumberAreNotTakenForOneCitizen(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	abis := &activities.BuiltinABIS{Registry: g.Registry, Gallery: biometrics.NewGallery()}
	first := g.applies("", identity.GroundFirstCard, hisFingers)
	second := g.applies("", identity.GroundFirstCard, sameFingers)

	hits, err := g.searches(abis, second, 1)

	require.NoError(t, err)
	require.Equal(t, []identity.ApplicationNumber{first}, hits)
}

// The fingers were taken again in round 2, and in round 3 the portrait alone.
func TestBuiltinABIS_SearchesWithTheLastFingersThatWereTaken(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	abis := &activities.BuiltinABIS{Registry: g.Registry, Gallery: biometrics.NewGallery()}
	first := g.applies(one, identity.GroundAge, hisFingers)
	second := g.applies(another, identity.GroundAge, herFingers)
	require.NoError(t, g.Capture(t.Context(), second, 2, "CB-001-0007", map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: fingers(t, sameFingers)}))

	hits, err := g.searches(abis, second, 3)

	require.NoError(t, err)
	require.Equal(t, []identity.ApplicationNumber{first}, hits)
}

// Searches and new captures come at the same time; none waits for another that
// waits for it.
func TestBuiltinABIS_SearchesWhileCapturesCome(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	abis := &activities.BuiltinABIS{Registry: g.Registry, Gallery: biometrics.NewGallery()}
	number := g.applies(one, identity.GroundAge, hisFingers)
	var mine biometrics.Templates
	require.NoError(t, mine.UnmarshalBinary(fingers(t, hisFingers)))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	searched := make(chan struct{})
	var searches sync.WaitGroup
	for range 16 {
		searches.Go(func() {
			for ctx.Err() == nil {
				if hits, err := abis.Identify(context.WithoutCancel(ctx), number, mine); err != nil || len(hits) > 0 {
					t.Errorf("hits %v: %v", hits, err)
					return
				}
			}
		})
	}
	for i := range 60 {
		g.applies(identity.PersonalNumber(fmt.Sprintf("0793017%05d", i)), identity.GroundAge, herFingers)
	}
	stop()
	go func() {
		searches.Wait()
		close(searched)
	}()

	select {
	case <-searched:
	case <-time.After(30 * time.Second):
		require.Fail(t, "searches and captures wait for each other")
	}
}

// There is no ABIS here: it would be asked in vain.
func TestDeduplicate_WhoHasNoFingersIsNotSearchedFor(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	number := g.applies(one, identity.GroundAge, "")
	for _, stage := range []identity.Stage{identity.BiometricCapture, identity.Validation} {
		require.NoError(t, g.Enter(t.Context(), registry.StageChange{Application: number, To: stage, Actor: "system"}))
	}

	out, err := (&activities.Pipeline{Registry: g.Registry}).Deduplicate(t.Context(), activities.DeduplicateInput{Application: number, Round: 1})

	require.NoError(t, err)
	require.Empty(t, out.Hits)
}
