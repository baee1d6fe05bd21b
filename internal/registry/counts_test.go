package registry_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// sent packs inspected cards into one box, which the courier has.
func (b *bundle) sent(t *testing.T, numbers ...identity.ApplicationNumber) identity.ConsignmentNumber {
	t.Helper()
	var box identity.ConsignmentNumber
	for _, number := range numbers {
		p, err := b.Pack(t.Context(), number, 1, 100, "system")
		require.NoError(t, err)
		box = p.Consignment
	}
	require.NoError(t, errOf2(b.SealConsignment(t.Context(), box, approver)))
	require.NoError(t, b.SendConsignment(t.Context(), box, identity.SendConsignment{Officer: approver, Courier: "VNPost", Seal: "1"}))
	return box
}

func errOf2[T, U any](_ T, _ U, err error) error { return err }

func (b *bundle) state(t *testing.T, number identity.ApplicationNumber, attempt int) identity.CardState {
	t.Helper()
	card, err := b.Card(t.Context(), number, attempt)
	require.NoError(t, err)
	return card.State
}

func (b *bundle) lose(t *testing.T, box identity.ConsignmentNumber, number identity.ApplicationNumber, counted int) {
	t.Helper()
	require.NoError(t, b.ReceiveConsignment(t.Context(), box, identity.ReceiveConsignment{Officer: counter, Counted: counted, Missing: []identity.ApplicationNumber{number}}))
}

// remake is the work on another card, up to where it is given a blank.
func (b *bundle) remake(t *testing.T, number identity.ApplicationNumber) {
	t.Helper()
	b.enter(t, number, 2, identity.DataPreparation)
	require.NoError(t, b.SaveCard(t.Context(), b.card(t, number, 2)))
	b.enter(t, number, 2, identity.Personalization)
}

// A card that was there after all is used, as long as nothing was written in its place.
func TestRecount_TheCardIsUsedUntilAnotherHasABlank(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(t *testing.T, b *bundle, number identity.ApplicationNumber)
		state     identity.CardState
		stage     identity.Stage
		stock     registry.Stock
	}{
		"AtOnce":   {func(*testing.T, *bundle, identity.ApplicationNumber) {}, identity.CardArrived, identity.Dispatch, registry.Stock{InStock: 2, InProduction: 1}},
		"Prepared": {func(t *testing.T, b *bundle, n identity.ApplicationNumber) { t.Helper(); b.remake(t, n) }, identity.CardArrived, identity.Dispatch, registry.Stock{InStock: 2, InProduction: 1}},
		"Begun": {func(t *testing.T, b *bundle, n identity.ApplicationNumber) {
			t.Helper()
			b.remake(t, n)
			require.NoError(t, errOf(b.TakeBlank(t.Context(), n, 2, press)))
		}, identity.CardFound, identity.Personalization, registry.Stock{InStock: 1, InProduction: 1, Spoiled: 1}},
		"Ended": {func(t *testing.T, b *bundle, n identity.ApplicationNumber) {
			t.Helper()
			b.decided(t, n, identity.Withdrawn)
			require.NoError(t, b.End(t.Context(), registry.StageChange{Application: n, To: identity.Withdrawn, Actor: "system", Reason: identity.ReasonWithdrawn}))
		}, identity.CardFound, identity.Withdrawn, registry.Stock{InStock: 2, Spoiled: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.stock(t, 3)
			number := b.inspected(t)
			box := b.sent(t, number)
			b.lose(t, box, number, 0)
			tt.meanwhile(t, b, number)

			errs := atOnce(3, func(int) error {
				return errOf(b.Recount(t.Context(), box, identity.Recount{Officer: counter, Witness: approver, Found: []identity.ApplicationNumber{number}}))
			})

			for _, err := range errs {
				require.NoError(t, err)
			}
			require.Equal(t, tt.state, b.state(t, number, 1))
			standing, err := b.Standing(t.Context(), number)
			require.NoError(t, err)
			require.Equal(t, tt.stage, standing.Stage)
			tt.stock.Received, tt.stock.Balanced = 3, true
			require.Equal(t, tt.stock, b.balanced(t))
			b.trail(t, number)
			require.NoError(t, errOf(b.VerifyActs(t.Context())), "two officers took the application back to Dispatch")
		})
	}
}

// A station that comes late takes no blank for a card that is not needed any more.
func TestRecount_WhatWasPreparedGetsNoBlank(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.inspected(t)
	box := b.sent(t, number)
	b.lose(t, box, number, 0)
	b.remake(t, number)
	var recounted []registry.Correction

	errs := atOnce(2, func(i int) (err error) {
		if i == 0 {
			recounted, err = b.Recount(t.Context(), box, identity.Recount{Officer: counter, Witness: approver, Found: []identity.ApplicationNumber{number}})
			return err
		}
		for { // a fault is tried again, as the station's step is
			_, err = b.TakeBlank(t.Context(), number, 2, press)
			if fault, broken := errors.AsType[*registry.Fault](err); !broken || fault.SQLState != "40P01" {
				return err
			}
		}
	})

	require.NoError(t, errs[0])
	states := []identity.CardState{b.state(t, number, 1), b.state(t, number, 2)}
	if errs[1] == nil {
		require.Equal(t, []identity.CardState{identity.CardFound, identity.CardBegun}, states)
		require.Contains(t, recounted[0].Became, "found")
	} else {
		require.ErrorIs(t, errs[1], identity.Spoiled)
		require.Equal(t, []identity.CardState{identity.CardArrived, identity.CardSpoiled}, states)
		require.Contains(t, recounted[0].Became, "arrived")
	}
	b.balanced(t)
}

func TestRecount_ACardThatIsNotThereIsLost(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	here, live := b.inspected(t), b.inspected(t)
	box := b.sent(t, here, live)
	act := identity.Recount{Officer: counter, Witness: approver, Missing: []identity.ApplicationNumber{here}}
	require.ErrorIs(t, errOf(b.Recount(t.Context(), box, act)), identity.Conflict, "it is not received yet")
	require.NoError(t, b.ReceiveConsignment(t.Context(), box, identity.ReceiveConsignment{Officer: counter, Counted: 2}))
	b.enter(t, live, 1, identity.HandOver)
	registrytest.Pay(t, b.Registry, live, registrytest.Signed)
	require.NoError(t, b.Issue(t.Context(), handOver(live)))

	require.NoError(t, errOf(b.Recount(t.Context(), box, act)))
	require.NoError(t, errOf(b.Recount(t.Context(), box, act)))

	require.Equal(t, identity.CardLost, b.state(t, here, 1))
	require.Equal(t, registry.Stock{Received: 2, Spoiled: 1, Issued: 1, Balanced: true}, b.balanced(t))
	today := identity.DateOf(b.now(t))
	written, err := b.WrittenOff(t.Context(), today, today)
	require.NoError(t, err)
	require.Contains(t, written[0].Events[0].Reason.InWords(), "/ a recount found otherwise", "what an auditor reads of the blank is true")
	require.ErrorIs(t, errOf(b.Recount(t.Context(), box, identity.Recount{Officer: counter, Witness: approver, Missing: []identity.ApplicationNumber{live}})), identity.Conflict)
	require.ErrorIs(t, errOf(b.Recount(t.Context(), box, identity.Recount{Officer: counter, Witness: approver, Found: []identity.ApplicationNumber{"00000-00000-0"}})), identity.NotFound)
	require.ErrorIs(t, errOf(b.Recount(t.Context(), box, identity.Recount{Officer: counter, Witness: approver})), identity.Invalid)
}

// Whoever counts alone could make a card that is in their hand a lost one.
func TestRecount_NeedsTwoOfficers(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.inspected(t)
	box := b.sent(t, number)
	require.NoError(t, b.ReceiveConsignment(t.Context(), box, identity.ReceiveConsignment{Officer: counter, Counted: 1}))
	for _, witness := range []identity.OfficerID{"", counter, counter + " "} {
		err := errOf(b.Recount(t.Context(), box, identity.Recount{Officer: counter, Witness: witness, Missing: []identity.ApplicationNumber{number}}))
		require.ErrorContains(t, err, "witness: ")
		require.Equal(t, identity.CardArrived, b.state(t, number, 1))
	}

	require.NoError(t, errOf(b.Recount(t.Context(), box, identity.Recount{Officer: counter, Witness: approver, Missing: []identity.ApplicationNumber{number}})))

	trail, err := b.Audit(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, string(counter)+" and "+string(approver), trail[len(trail)-1].Actor)
}

// Of two counts that contradict each other one wins, and the other is told.
func TestReceive_OneOfTwoCountsWins(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	first, second := b.inspected(t), b.inspected(t)
	box := b.sent(t, first, second)
	acts := []identity.ReceiveConsignment{
		{Officer: counter, Counted: 2}, {Officer: counter, Counted: 1, Missing: []identity.ApplicationNumber{first}}, {Officer: "CB-001-0013", Counted: 2},
	}

	errs := atOnce(9, func(i int) error { return b.ReceiveConsignment(t.Context(), box, acts[i%3]) })

	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, identity.Conflict)
		require.ErrorContains(t, err, "was received before: by ")
	}
	require.Equal(t, 3, won, "one act, three times")
	b.balanced(t)
}

func TestReceive_SurplusCardsGoWhereTheyBelong(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 8)
	own, gone, ended := b.inspected(t), b.inspected(t), b.inspected(t)
	box := b.sent(t, own, gone)
	b.lose(t, box, gone, 1)
	other := b.inspected(t)
	next := b.sent(t, other)
	_, err := b.Pack(t.Context(), ended, 1, 100, "system")
	require.NoError(t, err)
	b.decided(t, ended, identity.Rejected)
	require.NoError(t, b.End(t.Context(), registry.StageChange{Application: ended, To: identity.Rejected, Actor: "system", Reason: identity.ReasonRefused}))
	card, err := b.Card(t.Context(), ended, 1)
	require.NoError(t, err)
	begun := b.prepared(t)
	require.NoError(t, errOf(b.TakeBlank(t.Context(), begun, 1, press)))
	act := identity.ReceiveConsignment{Officer: counter, Counted: 6, Surplus: []string{string(gone), string(card.Blank), string(begun), "PT99999999", string(own)}}

	for range 2 {
		require.NoError(t, b.ReceiveConsignment(t.Context(), next, act))
	}

	surplus, err := b.SurplusOf(t.Context(), next)
	require.NoError(t, err)
	outcomes := make(map[string]identity.SurplusOutcome)
	for _, s := range surplus {
		outcomes[s.Named] = s.Outcome
	}
	require.Equal(t, map[string]identity.SurplusOutcome{
		string(gone): identity.SurplusArrived, string(card.Blank): identity.SurplusUnwanted, string(begun): identity.SurplusUnwanted,
		"PT99999999": identity.SurplusUnclear, string(own): identity.SurplusCounted,
	}, outcomes)
	require.Equal(t, identity.CardArrived, b.state(t, gone, 1))
	require.Equal(t, identity.CardArrived, b.state(t, ended, 1))
	require.Equal(t, identity.CardSpoiled, b.state(t, begun, 1))
	require.ErrorIs(t, b.Advance(t.Context(), begun, 1, identity.CardPersonalized, ""), identity.Spoiled, "its station drops it")
	c, err := b.Consignment(t.Context(), next)
	require.NoError(t, err)
	require.Len(t, c.Cards, 3)
	require.Equal(t, registry.Stock{Received: 8, InStock: 3, InProduction: 4, Spoiled: 1, Balanced: true}, b.balanced(t))
	unwanted, err := b.Unwanted(t.Context())
	require.NoError(t, err)
	require.Len(t, unwanted, 2)
	for _, u := range unwanted {
		require.Equal(t, string(c.Destination), u.Where)
	}
	unclear, err := b.UnclearSurplus(t.Context())
	require.NoError(t, err)
	require.Len(t, unclear, 1)
	for range 2 {
		require.NoError(t, b.SettleSurplus(t.Context(), next, "PT99999999", identity.Settlement{Officer: counter, Reason: "handed to the police"}))
	}
	require.ErrorIs(t, b.SettleSurplus(t.Context(), next, "PT99999999", identity.Settlement{Officer: approver, Reason: "no"}), identity.NotFound)
}

// Every state of a card, and whether two officers can have destroyed it.
func TestDestroy_InEveryState(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 20)
	destroy := func(number identity.ApplicationNumber) error {
		return b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "damaged"})
	}
	prepared, begun, inspected, open, sealed, sent, lost, live := b.prepared(t), b.prepared(t), b.inspected(t), b.inspected(t), b.inspected(t), b.inspected(t), b.inspected(t), b.arrived(t)
	require.NoError(t, errOf(b.TakeBlank(t.Context(), begun, 1, press)))
	b.lose(t, b.sent(t, lost), lost, 0)
	b.sent(t, sent)
	p, err := b.Pack(t.Context(), sealed, 1, 1, "system")
	require.NoError(t, err)
	q, err := b.Pack(t.Context(), open, 1, 100, "system")
	require.NoError(t, err)
	require.NoError(t, b.Issue(t.Context(), handOver(live)))

	for name, number := range map[string]identity.ApplicationNumber{"prepared": prepared, "sent": sent, "lost": lost, "live": live} {
		require.ErrorIs(t, destroy(number), identity.Conflict, name)
	}
	for name, number := range map[string]identity.ApplicationNumber{"begun": begun, "inspected": inspected, "open": open, "sealed": sealed} {
		require.NoError(t, destroy(number), name)
		require.NoError(t, destroy(number), name)
		require.EqualError(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{approver, counter}, identity.Reason{Code: "damaged"}),
			"destroy-card: card 1 was recorded as destroyed before, by "+string(counter)+" and "+string(approver)+": damaged")
		require.ErrorIs(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "revoked"}), identity.Conflict, "for another reason")
	}

	packed, err := b.Pack(t.Context(), inspected, 1, 1, "system")
	require.NoError(t, err, "the workflow hears what became of it")
	require.Equal(t, identity.CardDestroyed, packed.Card)
	for box, state := range map[identity.ConsignmentNumber]identity.ConsignmentState{p.Consignment: identity.ConsignmentDissolved, q.Consignment: identity.ConsignmentOpen} {
		c, err := b.Consignment(t.Context(), box)
		require.NoError(t, err)
		require.Empty(t, c.Cards)
		require.Equal(t, state, c.State)
	}
	require.Equal(t, registry.Stock{Received: 20, InStock: 13, InProduction: 1, Spoiled: 1, Issued: 1, Destroyed: 4, Balanced: true}, b.balanced(t))
}

func found(place string) identity.Finding { return identity.Finding{Officer: counter, Place: place} }

func TestFound_ALostCardIsDestroyed(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.inspected(t)
	require.ErrorIs(t, errOf(b.Found(t.Context(), number, 0, found("here"))), identity.NotFound)
	require.ErrorIs(t, errOf(b.Found(t.Context(), number, 1, found("here"))), identity.Conflict)
	b.lose(t, b.sent(t, number), number, 0)
	require.ErrorIs(t, errOf(b.Found(t.Context(), number, 0, found(" "))), identity.Invalid)

	for _, err := range atOnce(3, func(int) error { return errOf(b.Found(t.Context(), number, 0, found("post office 10000"))) }) {
		require.NoError(t, err)
	}
	require.EqualError(t, errOf(b.Found(t.Context(), number, 0, found("post office 20000"))), "find-card: card 1 was recorded as found before, by "+string(counter)+": post office 10000")
	unwanted, err := b.Unwanted(t.Context())
	require.NoError(t, err)
	require.Len(t, unwanted, 1)
	require.Equal(t, "post office 10000", unwanted[0].Where)
	require.Equal(t, registry.Stock{Received: 1, Spoiled: 1, Balanced: true}, b.balanced(t))
	require.NoError(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "found-again"}))

	require.Equal(t, registry.Stock{Received: 1, Destroyed: 1, Balanced: true}, b.balanced(t))
	trail := b.trail(t, number)
	require.Equal(t, []string{"found card 1", "destroyed card 1"}, trail[len(trail)-2:])
}

func TestReopen_CardsJoinAgain(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 4)
	first, second, third := b.inspected(t), b.inspected(t), b.inspected(t)
	p, err := b.Pack(t.Context(), first, 1, 1, "system")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, b.ReopenConsignment(t.Context(), p.Consignment, counter))
	}
	q, err := b.Pack(t.Context(), second, 1, 100, "system")
	require.NoError(t, err)
	require.Equal(t, p.Consignment, q.Consignment)
	require.NoError(t, errOf2(b.SealConsignment(t.Context(), p.Consignment, counter)))
	q, err = b.Pack(t.Context(), third, 1, 100, "system")
	require.NoError(t, err)
	require.NotEqual(t, p.Consignment, q.Consignment)

	require.ErrorIs(t, b.ReopenConsignment(t.Context(), p.Consignment, counter), identity.Conflict, "another box for the destination is open")
}

// The database itself holds that one card of an application can be handed over.
func TestConstraints_OneCardInHandPerApplication(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.arrived(t)
	require.NoError(t, b.SaveCard(t.Context(), b.card(t, number, 2)))

	_, err := b.db.Exec(t.Context(), `UPDATE cards SET state = 'begun' WHERE application = $1 AND attempt = 2`, number)

	require.ErrorContains(t, err, "one_card_in_hand_per_application", fmt.Sprint(number))
}

// All that is wrong with a count is told at once.
func TestReceive_TellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	first, second := b.inspected(t), b.inspected(t)
	box := b.sent(t, first, second)
	act := identity.ReceiveConsignment{
		Officer: counter, Counted: 7, Missing: []identity.ApplicationNumber{"00000-00000-0", "00000-00000-1"}, Surplus: []string{string(first)},
	}
	want := []string{"counted", "missing", "missing", "surplus"}
	told := func(err error) []string {
		var fields []string
		for _, r := range identity.Refusals(err) {
			fields = append(fields, r.Field)
		}
		return fields
	}

	require.Equal(t, want, told(b.ReceiveConsignment(t.Context(), box, act)))
	require.Equal(t, want, told(b.Against(t.Context(), act, statement.Consignment(box))))
	act.Missing[1] = "x\x00"
	require.Len(t, told(b.Against(t.Context(), act, statement.Consignment(box))), 3)
	require.NoError(t, b.ReceiveConsignment(t.Context(), box, identity.ReceiveConsignment{Officer: counter, Counted: 2}))
	err := errOf(b.Recount(t.Context(), box, identity.Recount{
		Officer: counter, Witness: approver, Found: []identity.ApplicationNumber{"00000-00000-0"}, Missing: []identity.ApplicationNumber{"00000-00000-1"}, Surplus: []string{string(second)},
	}))
	require.Equal(t, []string{"found", "missing", "surplus"}, told(err))
}

// A card that turns up after its application was rejected is destroyed, and none is made.
func TestRecount_SaysThatNoOtherCardIsMade(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	found, lost := b.inspected(t), b.inspected(t)
	box := b.sent(t, found, lost)
	b.lose(t, box, found, 1)
	b.behind(t, `UPDATE applications SET stage = 'Rejected' WHERE number IN ('`+string(found)+`', '`+string(lost)+`')`) // nobody rejected them

	for name, act := range map[string]identity.Recount{
		"found: its application has ended, so two officers destroy it (starter stock destroy); no other card is made": {Found: []identity.ApplicationNumber{found}},
		"lost: its application has ended, so no other card is made":                                                   {Missing: []identity.ApplicationNumber{lost}},
	} {
		act.Officer, act.Witness = counter, approver
		corrections, err := b.Recount(t.Context(), box, act)
		require.NoError(t, err)
		require.Equal(t, name, corrections[0].Became)
	}
}
