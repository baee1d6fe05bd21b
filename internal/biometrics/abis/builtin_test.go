package abis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/abis"
	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// fingers reads the two index fingers of a sample.
func fingers(t *testing.T, sample string) []byte {
	t.Helper()
	bundle := make(fingerprint.Templates)
	for position, name := range map[fingerprint.Position]string{fingerprint.LeftIndex: "left-index.fmr", fingerprint.RightIndex: "right-index.fmr"} {
		template, err := os.ReadFile(filepath.Join("..", "..", "..", "samples", sample, name))
		require.NoError(t, err)
		bundle[position] = template
	}
	b, err := bundle.MarshalBinary()
	require.NoError(t, err)
	return b
}

// apply stores an application of that citizen with the fingers of a sample.
func apply(t *testing.T, r *registry.Registry, citizen identity.PersonalNumber, ground identity.Ground, sample string) identity.ApplicationNumber {
	t.Helper()
	return registrytest.Receive(t, r, identity.Person{Number: citizen}, ground, fingers(t, sample))
}

// search asks for others with the fingers of an application's round, as the
// activity does.
func search(t *testing.T, r *registry.Registry, builtin *abis.Builtin, number identity.ApplicationNumber, round int) []identity.ApplicationNumber {
	t.Helper()
	evidence, err := r.EvidenceOf(t.Context(), number, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: round})
	require.NoError(t, err)
	var fingers fingerprint.Templates
	require.NoError(t, fingers.UnmarshalBinary(evidence[identity.EvidenceTemplates]))
	hits, err := builtin.Identify(t.Context(), number, fingers)
	require.NoError(t, err)
	return hits
}

const (
	one, another = identity.PersonalNumber("079086999903"), identity.PersonalNumber("079086123456")
	hisFingers   = "03-exchange-at-40"
	sameFingers  = "18-duplicate-person"
	herFingers   = "02-exchange-at-25"
)

func TestBuiltin_TwoApplicationsInFlightOfOnePersonMeet(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	builtin := abis.NewBuiltin(r)
	first := apply(t, r, one, identity.GroundAge, hisFingers)
	apply(t, r, "048301999902", identity.GroundAge, herFingers)
	before := search(t, r, builtin, first, 1)
	second := apply(t, r, another, identity.GroundAge, sameFingers)

	hits := search(t, r, builtin, second, 1)

	require.Empty(t, before)
	require.Equal(t, []identity.ApplicationNumber{first}, hits)
}

func TestBuiltin_TheSameCitizensOtherApplicationIsNotAHit(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	builtin := abis.NewBuiltin(r)
	first := apply(t, r, one, identity.GroundAge, hisFingers)
	for _, change := range []registry.StageChange{
		{Application: first, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Limit: time.Second, Actor: "system"},
		{Application: first, To: identity.Expired, Actor: "system", Reason: identity.ReasonNotCollected},
	} {
		_, err := r.Enter(t.Context(), change)
		require.NoError(t, err)
	}
	second := apply(t, r, one, identity.GroundLost, hisFingers)

	hits := search(t, r, builtin, second, 1)

	require.Empty(t, hits)
}

func TestBuiltin_TwoWithoutANumberAreNotTakenForOneCitizen(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	builtin := abis.NewBuiltin(r)
	first := apply(t, r, "", identity.GroundFirstCard, hisFingers)
	second := apply(t, r, "", identity.GroundFirstCard, sameFingers)

	hits := search(t, r, builtin, second, 1)

	require.Equal(t, []identity.ApplicationNumber{first}, hits)
}

// In round 2 the fingers were taken again, in round 3 only the portrait.
func TestBuiltin_SearchesWithTheFingersTakenLast(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	builtin := abis.NewBuiltin(r)
	first := apply(t, r, one, identity.GroundAge, hisFingers)
	second := apply(t, r, another, identity.GroundAge, herFingers)
	_, err := r.Enter(t.Context(), registry.StageChange{
		Application: second, To: identity.BiometricCapture, Actor: "system",
	})
	require.NoError(t, err)
	require.NoError(t, r.Capture(t.Context(), second, 2, nil, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: fingers(t, sameFingers)}))

	hits := search(t, r, builtin, second, 3)

	require.Equal(t, []identity.ApplicationNumber{first}, hits)
}

// Searches and new captures come at the same time, and must not wait for each other.
func TestBuiltin_SearchesWhileCapturesCome(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	builtin := abis.NewBuiltin(r)
	number := apply(t, r, one, identity.GroundAge, hisFingers)
	var mine fingerprint.Templates
	require.NoError(t, mine.UnmarshalBinary(fingers(t, hisFingers)))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	searched := make(chan struct{})
	var searches sync.WaitGroup
	for range 16 {
		searches.Go(func() {
			for ctx.Err() == nil {
				if hits, err := builtin.Identify(context.WithoutCancel(ctx), number, mine); err != nil || len(hits) > 0 {
					t.Errorf("hits %v: %v", hits, err)
					return
				}
			}
		})
	}
	for i := range 60 {
		apply(t, r, identity.PersonalNumber(fmt.Sprintf("0793017%05d", i)), identity.GroundAge, herFingers)
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

// A registry that was restored to an earlier instant gives its numbers out again: what
// came since is read though something else had been read under its number.
func TestBuiltin_FindsWhatCameAfterARestore(t *testing.T) {
	t.Parallel()
	before, restored := registrytest.Open(t), registrytest.Open(t)
	office := &moved{Registry: before}
	builtin := abis.NewBuiltin(office)
	apply(t, before, "048301999902", identity.GroundAge, herFingers)
	lost := apply(t, before, one, identity.GroundAge, hisFingers)
	require.Empty(t, search(t, before, builtin, lost, 1))
	first := apply(t, restored, one, identity.GroundAge, hisFingers)
	apply(t, restored, "048301999902", identity.GroundAge, herFingers)
	office.Registry = restored
	second := apply(t, restored, another, identity.GroundAge, sameFingers)

	require.Equal(t, []identity.ApplicationNumber{first}, search(t, restored, builtin, second, 1))
}

// moved is a registry in whose place another one comes.
type moved struct{ *registry.Registry }
