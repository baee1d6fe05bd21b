package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/registry/roles"
)

func TestEnter_RepeatedIsOneAuditEntry(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	errs := atOnce(8, func(int) error {
		return errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Attempt: 1, Actor: "system"}))
	})

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, []string{"received", "entered BiometricCapture"}, b.trail(t, number))
}

func TestEnter_RefusesAStageThatCannotFollow(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	_, err := b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Printing, Actor: "system"})
	require.ErrorIs(t, err, identity.Elsewhere)
	_, err = b.Enter(t.Context(), registry.StageChange{Application: "00000-00000-0", To: identity.Validation, Actor: "system"})
	require.ErrorIs(t, err, identity.NotFound)

	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, identity.Received, record.Stage)
}

func TestEnterWith_ReadsTheLastEvidenceOfEachKind(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	require.NoError(t, b.Capture(t.Context(), number, 2, nil, map[identity.EvidenceKind][]byte{identity.EvidencePortrait: []byte("second portrait")}))
	read := func(round int) registry.Evidence {
		record, evidence, err := b.EnterWith(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Actor: "system"},
			registry.EvidenceKey{Kind: identity.EvidencePortrait, Attempt: round}, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: round},
			registry.EvidenceKey{Kind: identity.EvidenceChipImage, Attempt: 1})
		require.NoError(t, err)
		require.Equal(t, identity.BiometricCapture, record.Stage)
		return evidence
	}
	first := registry.Evidence{identity.EvidencePortrait: []byte("portrait"), identity.EvidenceTemplates: []byte("templates")}
	second := registry.Evidence{identity.EvidencePortrait: []byte("second portrait"), identity.EvidenceTemplates: []byte("templates")}

	require.Equal(t, first, read(1))
	require.Equal(t, second, read(2), "what the second round did not bring is the first one's")
	require.Equal(t, first, read(0), "a round counts when it is accepted")
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "recapture", Round: 2, Officer: enroller}, time.Time{})))
	require.Equal(t, second, read(0))
	_, err := first.Get(identity.EvidenceChipImage)
	require.ErrorIs(t, err, identity.NotFound)
}

func TestEnterWith_RefusesWhatEnterRefuses(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	_, _, err := b.EnterWith(t.Context(), registry.StageChange{Application: number, To: identity.Printing, Actor: "system"})
	require.ErrorIs(t, err, identity.Elsewhere)
	_, _, err = b.EnterWith(t.Context(), registry.StageChange{Application: "00000-00000-0", To: identity.Validation, Actor: "system"})
	require.ErrorIs(t, err, identity.NotFound)

	require.Equal(t, []string{"received"}, b.trail(t, number))
}

func TestEnter_RecordsTheAwaitedAction(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 0, identity.BiometricCapture) // a step that knows no card yet
	before, err := b.Application(t.Context(), number)
	require.NoError(t, err)

	require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{
		Application: number, To: identity.BiometricCapture, Attempt: 1, Awaiting: identity.ToRecapture, Actor: "system",
	})))

	after, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, identity.ToRecapture, after.Awaiting)
	require.Equal(t, before.EnteredAt, after.EnteredAt)
	require.Equal(t, []string{"received", "entered BiometricCapture", "awaits recapture"}, b.trail(t, number))
}

// A step of a card that was given up, run again late by a worker that was
// thought dead, must not move the application back.
func TestEnter_RefusesALateCopy(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.prepared(t)
	require.NoError(t, b.Spoil(t.Context(), number, 1, string(press), identity.Reason{Code: identity.ReasonChipFailed}))
	b.enter(t, number, 2, identity.DataPreparation, identity.Personalization)

	_, err := b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Printing, Attempt: 1, Actor: "system"})

	require.ErrorIs(t, err, identity.Elsewhere)
}

// A workflow that was reset, and a worker that was frozen, prepare late the data of a card
// that was prepared since. Wherever that card is, its application is not moved back.
func TestEnter_PreparesNoCardThatIsInTheMaking(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.prepared(t)
	late := func(at identity.Stage) {
		t.Helper()
		require.ErrorIs(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.DataPreparation, Attempt: 1, Actor: "system"})), identity.Elsewhere)
		record, err := b.Application(t.Context(), number)
		require.NoError(t, err)
		require.Equal(t, at, record.Stage)
	}
	late(identity.Personalization)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)
	late(identity.Personalization)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPersonalized, ""))
	late(identity.Printing)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPrinted, ""))
	late(identity.Inspection)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardInspected, ""))
	b.enter(t, number, 1, identity.Dispatch)
	late(identity.Dispatch)
}

// A workflow may believe more than the registry has, which was restored to an earlier
// instant: nothing is then made that nobody approved, no other card is begun while the
// one before is in no account, and no step is taken on a card that is not so far.
func TestEnter_RefusesWhoIsAhead(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	ahead := func(number identity.ApplicationNumber, attempt int, to identity.Stage) {
		t.Helper()
		before, err := b.Application(t.Context(), number)
		require.NoError(t, err)
		require.ErrorIs(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: to, Attempt: attempt, Actor: "system"})), identity.Elsewhere)
		after, err := b.Application(t.Context(), number)
		require.NoError(t, err)
		require.Equal(t, before.Stage, after.Stage)
		require.Equal(t, before.Attempt, after.Attempt)
	}
	unapproved := b.received(t)
	b.enter(t, unapproved, 1, identity.BiometricCapture, identity.Validation, identity.Deduplication, identity.Approval)
	ahead(unapproved, 1, identity.DataPreparation)
	number := b.prepared(t)
	ahead(number, 2, identity.Personalization)
	ahead(number, 2, identity.DataPreparation)
	ahead(number, 1, identity.Printing)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)
	ahead(number, 1, identity.Printing)
	ahead(number, 2, identity.DataPreparation)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPersonalized, ""))
	b.enter(t, number, 1, identity.Printing)
	ahead(number, 1, identity.Inspection)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPrinted, ""))
	b.enter(t, number, 1, identity.Inspection)
	ahead(number, 1, identity.Dispatch)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardInspected, ""))
	b.enter(t, number, 1, identity.Dispatch)
	ahead(number, 1, identity.HandOver)
}

// A wait is over by the database's clock: a timer of the engine that was set off by a clock
// that ran ahead ends nothing.
func TestEnd_NothingExpiresBeforeItsTime(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	over := registry.StageChange{Application: number, To: identity.Expired, Reason: identity.ReasonNotRecaptured, Actor: identity.ActorSystem}

	wait := registry.StageChange{Application: number, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Why: "poor", Actor: identity.ActorSystem}
	for _, limit := range []time.Duration{0, time.Hour, time.Second} { // the limit that was kept first stands
		wait.Limit = limit
		entered, err := b.Enter(t.Context(), wait)
		require.NoError(t, err)
		require.Equal(t, limit == 0, entered.Until.IsZero())
		require.True(t, limit == 0 || entered.Until.Equal(entered.Since.Add(time.Hour)))
		require.ErrorIs(t, b.End(t.Context(), over), identity.Elsewhere)
	}

	programs := b.asProgram(t)
	for _, sql := range []string{
		`UPDATE applications SET awaiting_until = now()`, `UPDATE applications SET awaiting_until = NULL`, `UPDATE applications SET awaiting = '', awaiting_until = now()`,
		`UPDATE applications SET stage = 'Expired', awaiting = '', reason = 'not-recaptured'`,
	} {
		require.Equal(t, "23514", refusedBy(t.Context(), programs, sql), sql)
	}
	owner := registrytest.As(t, b.url, roles.Owner)
	require.NoError(t, registry.SettleWaits(t.Context(), owner, map[identity.Action]time.Duration{identity.ToRecapture: 24 * time.Hour}))
	for _, sql := range []string{`UPDATE applications SET awaiting = ''`, `UPDATE applications SET awaiting = 'recapture', awaiting_until = now()`} { // a wait that begins anew
		_, err := programs.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	require.ErrorIs(t, b.End(t.Context(), over), identity.Elsewhere)
	require.Equal(t, 1, b.count(t, `applications WHERE awaiting_until > now() + interval '23 hours'`), "as long as the office gives")

	b.behind(t, `UPDATE applications SET awaiting_until = now() - interval '1 second'`)
	require.NoError(t, b.End(t.Context(), over))
}

// What was found at a stage that needs a person stands until the person has come, whatever a
// workflow believes: one that was begun with a made-up input, or was reset, goes no further.
func TestEnter_AStageIsEarned(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	enter := func(to identity.Stage, round int, awaiting identity.Action, found string) error {
		change := registry.StageChange{Application: number, To: to, Awaiting: awaiting, Why: "x", Actor: "system", Round: round}
		if found != "" {
			change.Found = []byte(found)
		}
		return errOf(b.Enter(t.Context(), change))
	}
	decide := func(step identity.DecisionStep, round int, by identity.OfficerID, verdict identity.Verdict) {
		d := identity.Decision{Application: number, Step: step, Round: round, Officer: by, Verdict: verdict}
		if step != identity.StepRecapture {
			d.Reason = identity.Reason{Code: identity.ReasonOther, Note: "x"}
		}
		require.NoError(t, errOf(b.Decide(t.Context(), d, time.Time{})))
	}
	require.ErrorIs(t, enter(identity.Validation, 0, "", ""), identity.Elsewhere, "its capture was not judged")
	require.NoError(t, enter(identity.BiometricCapture, 1, identity.ToRecapture, `{"Good": false}`))
	require.ErrorIs(t, enter(identity.Validation, 0, "", ""), identity.Elsewhere, "the capture was poor")
	decide(identity.StepRecapture, 2, enroller, "")
	require.NoError(t, enter(identity.Validation, 0, identity.ToResolve, `{"Contradictions": ["person.birth"]}`))
	require.ErrorIs(t, enter(identity.Deduplication, 2, "", ""), identity.Elsewhere)
	decide(identity.StepRelease, 1, approver, "")
	require.ErrorIs(t, enter(identity.Approval, 0, identity.ToApprove, ""), identity.Elsewhere, "nobody looked for its fingers")
	require.NoError(t, enter(identity.Deduplication, 2, identity.ToAdjudicate, `{"Hits": ["A"]}`))
	require.ErrorIs(t, enter(identity.Approval, 0, identity.ToApprove, ""), identity.Elsewhere)
	decide(identity.StepAdjudicate, 2, approver, identity.DifferentPersons)
	require.ErrorIs(t, b.End(t.Context(), registry.StageChange{Application: number, To: identity.Rejected, Reason: identity.ReasonDuplicate, Actor: "system"}), identity.Elsewhere)
	require.NoError(t, enter(identity.Approval, 0, identity.ToApprove, ""))
}

// After a verdict the fingers are searched for again, and whoever is found then, and was not found
// before, is judged too. A verdict is on the search whose hits its officer saw, and on no later one.
func TestEnter_EveryHitIsJudged(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	finds := func(hits string) {
		b.enter(t, number, 0, identity.Deduplication)
		change := registry.StageChange{Application: number, To: identity.Deduplication, Awaiting: identity.ToAdjudicate, Why: "x", Actor: "system", Found: []byte(hits)}
		require.NoError(t, errOf(b.Enter(t.Context(), change)))
	}
	approves := func() error {
		return errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Approval, Awaiting: identity.ToApprove, Why: "x", Actor: "system"}))
	}
	decide := func(step identity.DecisionStep, round int, by identity.OfficerID, verdict identity.Verdict) error {
		return errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: step, Round: round, Officer: by, Verdict: verdict, Reason: identity.Reason{Code: identity.ReasonOther, Note: "x"}}, time.Time{}))
	}
	b.enter(t, number, 1, identity.BiometricCapture, identity.Validation)
	finds(`{"Hits": ["A"]}`)
	require.NoError(t, decide(identity.StepAdjudicate, 1, adjudicator, identity.DifferentPersons))
	require.NoError(t, decide(identity.StepAdjudicate, 1, adjudicator, identity.DifferentPersons), "the same one again")
	require.ErrorIs(t, decide(identity.StepAdjudicate, 2, adjudicator, identity.DifferentPersons), identity.NotNow, "all were judged")
	require.NoError(t, approves())
	b.grants(t, number)
	b.enter(t, number, 1, identity.DataPreparation)
	require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Validation, Attempt: 1, Actor: "system", Approved: true})))

	others, search, err := b.Unjudged(t.Context(), number, nil, []identity.ApplicationNumber{"A", "B"})
	require.NoError(t, err)
	require.Equal(t, []identity.ApplicationNumber{"B"}, others)
	require.Equal(t, 2, search)
	finds(`{"Hits": ["B"]}`)

	require.ErrorIs(t, approves(), identity.Elsewhere)
	require.ErrorIs(t, decide(identity.StepAdjudicate, 1, approver, identity.DifferentPersons), identity.Conflict, "that was decided")
	require.ErrorIs(t, decide(identity.StepAdjudicate, 3, adjudicator, identity.DifferentPersons), identity.NotNow)
	s, err := b.Standing(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, 2, s.Search)
	require.NoError(t, decide(identity.StepAdjudicate, 2, adjudicator, identity.DifferentPersons))
	require.NoError(t, approves())
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
	b.behind(t, `UPDATE decisions SET round = 3 WHERE step = 'adjudicate' AND round = 2`)
	require.ErrorContains(t, errOf(b.VerifyActs(t.Context())), "on another search than its trail has it")
	b.behind(t, `DELETE FROM decisions WHERE step = 'adjudicate' AND round = 3`)
	require.ErrorContains(t, errOf(b.VerifyActs(t.Context())), "an adjudicator has not judged all whose fingers were found")
}
