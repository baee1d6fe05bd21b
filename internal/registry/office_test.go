package registry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func constraintOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.ConstraintName
	}
	return ""
}

func TestDecide_FourEyes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	for _, step := range []identity.DecisionStep{identity.StepApprove, identity.StepReject, identity.StepAdjudicate} {
		err := b.Decide(t.Context(), registry.Decision{Application: number, Step: step, Round: 1, Officer: enroller})
		require.ErrorIs(t, err, identity.Forbidden, step)
	}
	require.NoError(t, b.Decide(t.Context(), registry.Decision{Application: number, Step: "adjudicate", Round: 1, Officer: adjudicator, Verdict: "other person"}))
	err := b.Decide(t.Context(), registry.Decision{Application: number, Step: "approve", Round: 1, Officer: adjudicator})
	require.ErrorIs(t, err, identity.Forbidden)
	require.NoError(t, b.Decide(t.Context(), registry.Decision{Application: number, Step: "approve", Round: 1, Officer: approver}))

	require.Equal(t, []string{"received", "adjudicate: other person", "approve"}, b.trail(t, number))
}

func TestDecide_OnceHoweverOften(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	d := registry.Decision{Application: number, Step: "approve", Round: 1, Officer: approver}

	for _, err := range atOnce(8, func(int) error { return b.Decide(t.Context(), d) }) {
		require.NoError(t, err)
	}
	d.Officer = adjudicator

	require.ErrorIs(t, b.Decide(t.Context(), d), identity.Conflict)
	require.Equal(t, []string{"received", "approve"}, b.trail(t, number))
	d.Application = "00000-00000-0"
	require.ErrorIs(t, b.Decide(t.Context(), d), identity.NotFound)
}

func TestDecide_HoldStopsAndReleaseMovesTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	before, err := b.Application(t.Context(), number)
	require.NoError(t, err)

	require.NoError(t, b.Decide(t.Context(), registry.Decision{Application: number, Step: "hold", Round: 1, Officer: approver, Reason: "papers", ForCitizen: true}))
	held, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.True(t, held.Held)
	require.True(t, before.Due.Equal(held.Due))
	later := before.Due.Add(48 * time.Hour)
	require.NoError(t, b.Decide(t.Context(), registry.Decision{Application: number, Step: "release", Round: 1, Officer: approver, Reason: "came", Due: later}))

	released, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.False(t, released.Held)
	require.True(t, later.Equal(released.Due))
}

func TestAudit_ChainsUnderConcurrentWriters(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	errs := atOnce(8, func(i int) error {
		switch i % 4 {
		case 0:
			return b.Decide(t.Context(), registry.Decision{Application: number, Step: "hold", Round: 1 + i, Officer: approver, Reason: "why"})
		case 1:
			return b.Advance(t.Context(), number, 1, identity.CardPersonalized, "")
		case 2:
			return b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Printing, Attempt: 1, Actor: "system"})
		}
		_, err := b.TakeBlank(t.Context(), number, 1, press)
		return err
	})

	for _, err := range errs {
		require.NoError(t, err)
	}
	b.trail(t, number)
}

func TestVerifyAudit_FindsEveryChange(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"Actor":  `UPDATE audit SET actor = 'nobody' WHERE seq = 2`,
		"Event":  `UPDATE audit SET event = event || 'x' WHERE seq = 2`,
		"Time":   `UPDATE audit SET at = at + interval '1 microsecond' WHERE seq = 2`,
		"Taken":  `DELETE FROM audit WHERE seq = 2`,
		"First":  `DELETE FROM audit WHERE seq = 1`,
		"All":    `DELETE FROM audit`,
		"Merged": `UPDATE audit SET event = event || reason, reason = '' WHERE seq = 2`,
		"Hash":   `UPDATE audit SET hash = sha256('') WHERE seq = 3`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			number := b.received(t)
			require.NoError(t, b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Actor: "system", Reason: "why"}))
			b.enter(t, number, 0, identity.Validation)
			report, err := b.VerifyAllAudit(t.Context())
			require.NoError(t, err)
			require.Equal(t, registry.AuditReport{Applications: 1, Entries: 3}, report)

			for _, statement := range []string{`ALTER TABLE audit DISABLE TRIGGER ALL`, sql} {
				_, err := b.db.Exec(t.Context(), statement)
				require.NoError(t, err)
			}

			require.Error(t, b.VerifyAudit(t.Context(), number))
			_, err = b.VerifyAllAudit(t.Context())
			require.ErrorIs(t, err, identity.Conflict)
		})
	}
}

func TestAllotNumber_OneNumberEach(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	unknown := func(s *registry.Submission) {
		s.Application.Person.Number, s.Application.Ground, s.Application.Type = "", identity.GroundFirstCard, identity.FirstIssue
	}
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: identity.Person{Number: "001301000000"}, Status: identity.Alive}))
	numbers := []identity.ApplicationNumber{b.received(t, unknown), b.received(t, unknown), b.received(t, unknown)}
	allotted := make([]identity.PersonalNumber, 9)

	errs := atOnce(len(allotted), func(i int) (err error) {
		candidate := 0
		allotted[i], err = b.AllotNumber(t.Context(), numbers[i%3], func() (identity.PersonalNumber, error) {
			candidate++
			return identity.PersonalNumber([]string{"001301000000", "001301000001", "001301000002", "001301000003"}[min(candidate, 4)-1]), nil
		})
		return err
	})

	for i, err := range errs {
		require.NoError(t, err)
		require.Equal(t, allotted[i%3], allotted[i])
	}
	require.ElementsMatch(t, []identity.PersonalNumber{"001301000001", "001301000002", "001301000003"}, allotted[:3])
	_, err := b.AllotNumber(t.Context(), b.received(t, unknown), func() (identity.PersonalNumber, error) { return "001301000000", nil })
	require.ErrorIs(t, err, identity.OutOfStock)
}

func TestReceiveBlanks_TwoPeopleAndEachSerialOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	box := registry.Box{Number: "B-1", First: "PT001", Last: "PT010", Location: "centre", ReceivedBy: approver, CountedBy: counter}
	for name, tt := range map[string]struct {
		change func(*registry.Box)
		kind   identity.Kind
	}{
		"OnePerson":   {func(b *registry.Box) { b.CountedBy = b.ReceivedBy }, identity.Forbidden},
		"Nobody":      {func(b *registry.Box) { b.CountedBy = "" }, identity.Forbidden},
		"Backwards":   {func(b *registry.Box) { b.First, b.Last = b.Last, b.First }, identity.Invalid},
		"OtherPrefix": {func(b *registry.Box) { b.Last = "PX010" }, identity.Invalid},
		"OtherWidth":  {func(b *registry.Box) { b.Last = "PT0010" }, identity.Invalid},
		"NoNumber":    {func(b *registry.Box) { b.First, b.Last = "PT", "PT" }, identity.Invalid},
	} {
		wrong := box
		tt.change(&wrong)
		require.ErrorIs(t, b.ReceiveBlanks(t.Context(), wrong), tt.kind, name)
	}

	errs := atOnce(4, func(int) error { return b.ReceiveBlanks(t.Context(), box) })

	fresh := 0
	for _, err := range errs {
		if err == nil {
			fresh++
			continue
		}
		require.ErrorIs(t, err, identity.Duplicate)
	}
	require.Equal(t, 1, fresh)
	overlapping := registry.Box{Number: "B-2", First: "PT010", Last: "PT020", Location: "centre", ReceivedBy: approver, CountedBy: counter}
	require.ErrorIs(t, b.ReceiveBlanks(t.Context(), overlapping), identity.Conflict)
	require.Equal(t, 10, b.balanced(t).Received)
}

func TestPack_FillsOneBoxAtATime(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const cards, size = 7, 3
	b.stock(t, cards)
	numbers := make([]identity.ApplicationNumber, cards)
	for i := range numbers {
		numbers[i] = b.inspected(t)
	}
	packings := make([]registry.Packing, 2*cards) // each card twice, at once

	errs := atOnce(2*cards, func(i int) (err error) {
		packings[i], err = b.Pack(t.Context(), numbers[i%cards], 1, size, "system")
		return err
	})

	inBox, told := make(map[identity.ConsignmentNumber]int), make(map[identity.ConsignmentNumber]int)
	for i, err := range errs {
		require.NoError(t, err)
		require.Equal(t, packings[i%cards].Consignment, packings[i].Consignment)
		if i < cards {
			inBox[packings[i].Consignment]++
		}
		if packings[i].Tell {
			told[packings[i].Consignment]++
		}
	}
	sizes := []int{}
	for _, n := range inBox {
		sizes = append(sizes, n)
	}
	require.ElementsMatch(t, []int{3, 3, 1}, sizes)
	list, err := b.Consignments(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 3)
	for _, c := range list {
		require.Len(t, c.Cards, inBox[c.Number])
		// Of three cards, the first and the last; and all three that were packed again.
		require.Equal(t, inBox[c.Number]+min(2, inBox[c.Number]), told[c.Number])
		require.Equal(t, len(c.Cards) < size, c.State == "open")
	}
	require.Error(t, func() error { _, err := b.Pack(t.Context(), b.prepared(t), 1, size, "system"); return err }())
}

func TestConsignment_AMissingCardIsLostAndItsBlankSpoiled(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	here, lost := b.inspected(t), b.inspected(t)
	p, err := b.Pack(t.Context(), here, 1, 10, "system")
	require.NoError(t, err)
	_, err = b.Pack(t.Context(), lost, 1, 10, "system")
	require.NoError(t, err)
	missing := []identity.ApplicationNumber{lost}

	require.ErrorIs(t, b.ReceiveConsignment(t.Context(), p.Consignment, counter, 1, missing), identity.Conflict)
	cards, err := b.SealConsignment(t.Context(), p.Consignment, string(approver))
	require.NoError(t, err)
	require.Equal(t, 2, cards)
	require.NoError(t, b.SendConsignment(t.Context(), p.Consignment, approver, "VNPost", "1"))
	require.NoError(t, b.SendConsignment(t.Context(), p.Consignment, approver, "VNPost", "1"))
	require.ErrorIs(t, b.SendConsignment(t.Context(), p.Consignment, approver, "VNPost", "2"), identity.Conflict)
	require.ErrorIs(t, b.ReceiveConsignment(t.Context(), p.Consignment, counter, 2, missing), identity.Conflict)
	require.ErrorIs(t, b.ReceiveConsignment(t.Context(), p.Consignment, counter, 1, []identity.ApplicationNumber{"00000-00000-0"}), identity.Conflict)
	for _, err := range atOnce(4, func(int) error { return b.ReceiveConsignment(t.Context(), p.Consignment, counter, 1, missing) }) {
		require.NoError(t, err)
	}

	card, err := b.Card(t.Context(), lost, 1)
	require.NoError(t, err)
	require.Equal(t, identity.CardLost, card.State)
	require.Equal(t, registry.Stock{Received: 2, InProduction: 1, Spoiled: 1, Balanced: true}, b.balanced(t))
	require.Contains(t, b.trail(t, lost), "missed card 1 of "+string(p.Consignment))
	require.Contains(t, b.trail(t, here), "received card 1 of "+string(p.Consignment))
}
