package registry_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestDecide_FourEyes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	for _, step := range []identity.DecisionStep{identity.StepApprove, identity.StepReject, identity.StepAdjudicate} {
		_, err := b.Decide(t.Context(), identity.Decision{Application: number, Step: step, Round: 1, Officer: enroller, Reason: identity.Reason{Code: "papers-forged"}}, time.Time{})
		require.ErrorIs(t, err, identity.Forbidden, step)
	}
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "adjudicate", Round: 1, Officer: adjudicator, Verdict: identity.DifferentPersons}, time.Time{})))
	_, err := b.Decide(t.Context(), identity.Decision{Application: number, Step: "approve", Round: 1, Officer: adjudicator}, time.Time{})
	require.ErrorIs(t, err, identity.Forbidden)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "approve", Round: 1, Officer: approver}, time.Time{})))

	require.Equal(t, []string{"received", "adjudicate: different persons", "approve"}, b.trail(t, number))
}

// Whoever said who the applicant is does not grant the card, nor the other way round, also where
// both come at the same moment.
func TestDecide_WhoIdentifiedDoesNotApprove(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	decisions := []identity.Decision{
		{Application: number, Step: identity.StepIdentify, Round: 1, Officer: approver, Verdict: identity.KnownPerson, Person: "0123456789ABCDEF0123", Reason: identity.Reason{Note: "papers compared"}},
		{Application: number, Step: identity.StepApprove, Round: 1, Officer: approver},
	}

	errs := atOnce(len(decisions), func(i int) error { return errOf(b.Decide(t.Context(), decisions[i], time.Time{})) })

	refused := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	require.Len(t, refused, 1)
	require.ErrorIs(t, refused[0], identity.Forbidden)
	require.ErrorContains(t, refused[0], "another officer does")
}

func TestDecide_RecordsARepeatedDecisionOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	d := identity.Decision{Application: number, Step: "approve", Round: 1, Officer: approver}

	for _, err := range atOnce(8, func(int) error { return errOf(b.Decide(t.Context(), d, time.Time{})) }) {
		require.NoError(t, err)
	}
	d.Officer = adjudicator

	require.ErrorIs(t, errOf(b.Decide(t.Context(), d, time.Time{})), identity.Conflict)
	require.Equal(t, []string{"received", "approve"}, b.trail(t, number))
	d.Application = "00000-00000-0"
	require.ErrorIs(t, errOf(b.Decide(t.Context(), d, time.Time{})), identity.NotFound)
}

// A hold that a workflow counts as the first, while the registry has had one, is neither
// dropped nor taken for the other.
func TestDecide_RefusesAnotherDecisionOfACountThatIsTaken(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	decide := func(step identity.DecisionStep, request string) error {
		return errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: step, Round: 1, Officer: approver, Reason: identity.Reason{Code: "other", Note: "it is tried"}, Request: request}, time.Time{}))
	}

	for _, step := range []identity.DecisionStep{identity.StepHold, identity.StepRelease} {
		require.NoError(t, decide(step, string(step)))
		require.NoError(t, decide(step, string(step)), "the same one again")
		require.ErrorIs(t, decide(step, "another "+string(step)), identity.Elsewhere)
	}
	require.Equal(t, []string{"received", "hold", "release"}, b.trail(t, number))
}

// The registry looks again at which capture an officer saw, also where the workflow is behind.
func TestDecide_RefusesWhoSawAnotherCapture(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	d := identity.Decision{Application: number, Step: identity.StepApprove, Round: 1, Officer: approver, Capture: 2}

	require.ErrorIs(t, errOf(b.Decide(t.Context(), d, time.Time{})), identity.NotNow)
	require.Equal(t, []string{"received"}, b.trail(t, number))
	d.Capture = 1
	require.NoError(t, errOf(b.Decide(t.Context(), d, time.Time{})))
	require.Equal(t, []string{"received", "approve"}, b.trail(t, number))
	_, err := b.VerifyActs(t.Context())
	require.NoError(t, err)
}

func TestDecide_HoldStopsAndReleaseMovesTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	before, err := b.Application(t.Context(), number)
	require.NoError(t, err)

	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "hold", Round: 1, Officer: approver, Reason: identity.Reason{Code: "papers-awaited"}, ForCitizen: true}, time.Time{})))
	held, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.True(t, held.Held && held.ForCitizen)
	require.Equal(t, identity.Reason{Code: "papers-awaited"}, held.Why())
	require.True(t, before.Due.Equal(held.Due))
	later := before.Due.Add(48 * time.Hour)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "release", Round: 1, Officer: approver, Reason: identity.Reason{Code: "papers-brought"}}, later)))

	released, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.False(t, released.Held || released.ForCitizen)
	require.Empty(t, released.Why())
	require.True(t, later.Equal(released.Due))
}
