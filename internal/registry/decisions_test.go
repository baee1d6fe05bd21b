package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
)

func TestDecide_FourEyes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	for _, step := range []identity.DecisionStep{identity.StepApprove, identity.StepReject, identity.StepAdjudicate} {
		_, err := b.Decide(t.Context(), identity.Decision{Application: number, Step: step, Round: 1, Officer: enroller, Reason: identity.Reason{Code: "papers-forged"}}, time.Time{})
		require.ErrorIs(t, err, identity.Forbidden, step)
	}
	found := b.received(t, func(s *registry.Submission) { s.Application.Officer = "CB-001-0013" })
	b.behind(t, fmt.Sprintf(`INSERT INTO findings (application, stage, round, found) VALUES ('%s', 'Deduplication', 1, '{"Hits": ["%s"]}')`, number, found))
	of := errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepAdjudicate, Round: 1, Officer: "CB-001-0013", Verdict: identity.DifferentPersons}, time.Time{}))
	require.ErrorContains(t, of, "whoever enrolled or captured an application that was found")
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

// Whoever enrolled somebody whom an applicant may be does not say who the applicant is.
func TestDecide_IdentifiesByAnotherThanWhoEnrolledThePerson(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	kept, other := b.lives(t)
	b.enter(t, b.applies(t, kept.Person), 0, identity.BiometricCapture, identity.Rejected)
	number := b.received(t, func(s *registry.Submission) { s.Application.Officer = counter })
	d := identity.Decision{Application: number, Step: identity.StepIdentify, Round: 1, Officer: enroller, Verdict: identity.NewPerson, NotThese: []identity.PersonID{other.ID, kept.ID}, Reason: identity.Reason{Note: "papers compared"}}

	require.ErrorContains(t, errOf(b.Decide(t.Context(), d, time.Time{})), "does not say who is whom")
	d.Verdict, d.Person, d.NotThese = identity.KnownPerson, kept.ID, nil
	require.ErrorContains(t, errOf(b.Decide(t.Context(), d, time.Time{})), "does not say who is whom")
	d.Officer = adjudicator
	require.NoError(t, errOf(b.Decide(t.Context(), d, time.Time{})))
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// An approval counts for what its officer saw. After a later word on whose the application is, nobody
// is registered by it or by its paper, and nothing is prepared, until it is approved again; there it
// is approved or rejected, once.
func TestDecide_ApprovesWhatItsOfficerSaw(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.applies(t, newborn())
	b.enter(t, number, 0, identity.Validation, identity.Approval)
	b.grants(t, number)
	b.enter(t, number, 1, identity.DataPreparation)
	require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Validation, Attempt: 1, Actor: identity.ActorSystem, Approved: true})))
	decide := func(step identity.DecisionStep, officer identity.OfficerID, change func(*identity.Decision)) error {
		d := identity.Decision{Application: number, Step: step, Round: 1, Officer: officer, Reason: identity.Reason{Code: "papers-forged", Note: "compared"}}
		change(&d)
		return errOf(b.Decide(t.Context(), d, time.Time{}))
	}
	require.NoError(t, decide(identity.StepIdentify, adjudicator, func(d *identity.Decision) {
		d.Verdict, d.NotThese, d.Reason = identity.NewPerson, []identity.PersonID{"0123456789ABCDEF0123"}, identity.Reason{Note: "another child"}
	}))

	_, _, err := b.RegisterPerson(t.Context(), population.Registration{Application: number, Person: newborn(), Paper: "birth certificate"})
	require.ErrorIs(t, err, identity.Unproven)
	b.enter(t, number, 1, identity.Approval)
	_, err = b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.DataPreparation, Actor: identity.ActorSystem, Attempt: 1})
	require.ErrorIs(t, err, identity.Elsewhere)
	s, err := b.Standing(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, [2]identity.OfficerID{"", approver}, [2]identity.OfficerID{s.ApprovedBy, s.OutdatedBy})

	require.ErrorIs(t, decide(identity.StepApprove, adjudicator, func(d *identity.Decision) { d.Paper, d.Reason = "form DC01", identity.Reason{} }), identity.Forbidden)
	require.ErrorContains(t, decide(identity.StepApprove, approver, func(d *identity.Decision) { d.Reason = identity.Reason{} }), "paper: is missing")
	again := func(d *identity.Decision) { d.Paper, d.Reason, d.Request = "form DC01", identity.Reason{}, "once" }
	require.NoError(t, decide(identity.StepApprove, approver, again), "who approved before may do so again")
	require.NoError(t, decide(identity.StepApprove, approver, again), "the same one again")
	require.ErrorIs(t, decide(identity.StepReject, adjudicator, func(*identity.Decision) {}), identity.Conflict)

	_, _, err = b.RegisterPerson(t.Context(), population.Registration{Application: number, Person: newborn(), Paper: "form DC01"})
	require.NoError(t, err)
	b.enter(t, number, 1, identity.DataPreparation)
	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)
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
