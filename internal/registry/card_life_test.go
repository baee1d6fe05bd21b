package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// The table of what may become of an issued card is the database's as well.
func TestCardLife_IsWhatTheDatabaseAllows(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	var act string
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT handed_over_act FROM cards WHERE application = $1`, number).Scan(&act))
	// Put there behind the trigger, then moved past it.
	for _, from := range identity.CardStates {
		if !from.HandedOver() {
			continue
		}
		for _, to := range identity.CardStates {
			if from == to {
				continue
			}
			tx, err := b.db.Begin(t.Context())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`)
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `UPDATE cards SET state = $2, changed_by = handed_over_by, changed_act = $3 WHERE application = $1`, number, from, act)
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `SET LOCAL session_replication_role = origin`)
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `UPDATE cards SET state = $2 WHERE application = $1`, number, to)
			if from.MayBecome(to) {
				require.NoError(t, err, "%s to %s", from, to)
			} else {
				require.Equal(t, "card_life", constraintOf(err), "%s to %s", from, to)
			}
			require.NoError(t, tx.Rollback(t.Context()))
		}
	}
}

// A holder who died has no card, in the same transaction, and gets no other.
func TestEndCards_OfADeadPerson(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: identity.Person{Number: holder, Name: identity.Name{Text: "Nguyễn Thị Ánh"}}, Status: identity.Alive}))
	number := b.arrived(t, of(holder))
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	next := b.arrived(t, of(holder))
	end := func() (n int) {
		require.NoError(t, b.db.QueryRow(t.Context(), `SELECT end_cards(p.number, $2, $3, 'system', NULL) FROM cards JOIN citizens p USING (citizen) WHERE application = $1`,
			number, identity.CardLapsed, identity.Reason{Code: identity.ReasonHolderDied}.String()).Scan(&n))
		return n
	}

	_, err := b.db.Exec(t.Context(), `UPDATE citizens SET status = 'deceased' WHERE citizen = (SELECT citizen FROM cards WHERE application = $1)`, number)
	require.NoError(t, err)
	require.Equal(t, 1, end())
	require.Zero(t, end(), "a second call changes nothing")

	require.Equal(t, identity.CardLapsed, b.state(t, number, 1))
	require.Contains(t, b.trail(t, number), "card 1 is lapsed")
	require.Equal(t, 1, b.count(t, `card_life l JOIN cards c ON c.id = l.card WHERE c.application = $1 AND l.was = 'live' AND l.became = 'lapsed'`, number))
	require.ErrorIs(t, b.Issue(t.Context(), handOver(next)), identity.Conflict)
	require.Equal(t, identity.CardArrived, b.state(t, next, 1))
	require.NoError(t, b.Issue(t.Context(), handOver(number)), "what was handed over is answered as before")
	require.NoError(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "revoked"}))
	b.balanced(t)
}

// issued is a card in the hand of that person.
func (b *bundle) issued(t *testing.T, person identity.PersonalNumber) (identity.ApplicationNumber, identity.CardSerial) {
	t.Helper()
	b.stock(t, 1)
	number := b.arrived(t, of(person))
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	return number, card.Card.Serial
}

// of makes an application that person's.
func of(person identity.PersonalNumber) func(*registry.Submission) {
	return func(s *registry.Submission) { s.Application.Person.Number = person }
}

const holder = identity.PersonalNumber("001201888888")

func on(officer identity.OfficerID, reason string) identity.OnCard {
	return identity.OnCard{Officer: officer, Reason: reason}
}

// A card is reported lost in any province, however often and by how many at once; found, it
// is live again, until another took its place.
func TestChangeCard_LostAndFound(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number, serial := b.issued(t, holder)
	lost := identity.ReportLost{OnCard: on("CB-048-0012", "on the train")}

	for _, err := range atOnce(4, func(int) error { _, _, err := b.ChangeCard(t.Context(), serial, lost); return err }) {
		require.NoError(t, err)
	}
	require.Equal(t, identity.CardReportedLost, b.state(t, number, 1))
	require.Equal(t, 1, b.count(t, "card_life"))
	_, _, err := b.ChangeCard(t.Context(), serial, identity.ReturnCard{OnCard: on("CB-048-0012", "14/BB")})
	require.ErrorContains(t, err, "the card is reported-lost: return-card does not fit")

	became, _, err := b.ChangeCard(t.Context(), serial, identity.ReportFound{OnCard: on("CB-001-0012", "")})
	require.NoError(t, err)
	require.Equal(t, identity.CardLive, became)
	_, _, err = b.ChangeCard(t.Context(), serial, lost)
	require.NoError(t, err)
	b.issued(t, holder) // another takes its place
	_, _, err = b.ChangeCard(t.Context(), serial, identity.ReportFound{OnCard: on("CB-001-0012", "")})
	require.ErrorContains(t, err, "the card is revoked")

	cards, err := b.Issued(t.Context(), "CB-066-0012", registry.CardQuery{Number: holder})
	require.NoError(t, err)
	require.Len(t, cards, 2)
	require.Equal(t, []identity.CardState{identity.CardLive, identity.CardRevoked}, []identity.CardState{cards[0].State, cards[1].State})
	require.Len(t, cards[1].Life, 4)
	require.Equal(t, 2, b.count(t, "reads WHERE officer = 'CB-066-0012'"), "that the officer asked is kept")
	_, err = b.Issued(t.Context(), "CB-066-0012", registry.CardQuery{Serial: "FFFFFFFFFFFFFFFF"})
	require.ErrorIs(t, err, identity.NotFound)
	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)
	b.balanced(t)
}

// Nobody withdraws a card without a ground of the law, its record and competence for it.
func TestChangeCard_WithdrawsOnTheLawsGrounds(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number, serial := b.issued(t, holder)
	for name, tt := range map[string]struct {
		act  identity.CardAct
		says string
	}{
		"NoRecord":        {identity.WithdrawCard{OnCard: on(hanoi, "altered")}, "after a colon the number of the record"},
		"NoGround":        {identity.WithdrawCard{OnCard: on(hanoi, "other: 12/QD")}, "reason: must be one of nationality-lost"},
		"AnotherProvince": {identity.WithdrawCard{OnCard: on(danang, "altered: 12/QD")}, "acts for another province"},
		"AnotherRole":     {identity.WithdrawCard{OnCard: on("CB-001-0012", "altered: 12/QD")}, "has no role that may do this"},
		"KeptForNothing":  {identity.KeepCard{OnCard: on(hanoi, "altered: 12/QD")}, "reason: must be one of custody"},
	} {
		_, _, err := b.ChangeCard(t.Context(), serial, tt.act)
		require.ErrorContains(t, err, tt.says, name)
	}
	_, _, err := b.ChangeCard(t.Context(), serial, identity.WithdrawCard{OnCard: on(hanoi, "altered: 12/QD")})
	require.NoError(t, err)
	require.Equal(t, identity.CardWithdrawn, b.state(t, number, 1))
	_, _, err = b.ChangeCard(t.Context(), serial, identity.ReportFound{OnCard: on("CB-001-0012", "")})
	require.ErrorContains(t, err, "the card is withdrawn")
	require.NoError(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "revoked"}))
	_, _, err = b.ChangeCard(t.Context(), serial, identity.ReportLost{OnCard: on("CB-001-0012", "")})
	require.ErrorContains(t, err, "it is destroyed")
}

// A card that is withdrawn while its exchange is made stops that: no blank is taken for it,
// and one that was made is not handed over, until an officer has released it.
func TestChangeCard_WithdrawnWhileItsExchangeIsMade(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	withdraw := func(person identity.PersonalNumber, underWay func(...func(*registry.Submission)) identity.ApplicationNumber) identity.ApplicationNumber {
		_, serial := b.issued(t, person)
		b.stock(t, 1)
		number := underWay(of(person))
		_, open, err := b.ChangeCard(t.Context(), serial, identity.WithdrawCard{OnCard: on(hanoi, "altered: 12/QD")})
		require.NoError(t, err)
		require.Equal(t, []identity.ApplicationNumber{number}, open)
		return number
	}
	const says = "was withdrawn since this application was validated, or is kept"

	waiting := withdraw(holder, func(c ...func(*registry.Submission)) identity.ApplicationNumber { return b.prepared(t, c...) })
	_, err := b.TakeBlank(t.Context(), waiting, 1, press)
	require.ErrorContains(t, err, says)

	made := withdraw("001201888889", func(c ...func(*registry.Submission)) identity.ApplicationNumber { return b.arrived(t, c...) })
	require.ErrorContains(t, b.Issue(t.Context(), handOver(made)), says)
	shownHeld := func() bool {
		shown, _, err := b.LookUp(t.Context(), made, []byte("client"), []byte("receipt"))
		require.NoError(t, err)
		require.Equal(t, identity.HandOver, shown.Stage)
		require.False(t, shown.ForCitizen)
		require.Empty(t, shown.Why)
		return shown.Held
	}
	require.True(t, shownHeld(), "nobody is asked to come for what is not handed over")
	release := identity.Release{Officer: hanoi, Reason: "verified"}
	require.NoError(t, b.decide(t, made, release, 1, registrytest.Signed(release, statement.Application(made))))
	require.False(t, shownHeld())
	require.NoError(t, b.Issue(t.Context(), handOver(made)))
	b.balanced(t)
}

// A card that an authority keeps since its exchange was granted stops that as one that was
// withdrawn does, and stays kept; nobody hands in what somebody else keeps.
func TestChangeCard_KeptWhileItsExchangeIsMade(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	old, serial := b.issued(t, holder)
	b.stock(t, 1)
	number := b.arrived(t, of(holder))
	_, _, err := b.ChangeCard(t.Context(), serial, identity.KeepCard{OnCard: on("CB-001-0012", "custody: 12/QD")})
	require.NoError(t, err)
	kept := handOver(number)
	kept.OldCard, kept.OldCardReason = identity.OldCardKept, "custody: 12/QD"

	require.ErrorContains(t, b.Issue(t.Context(), kept), "was withdrawn since this application was validated, or is kept")
	require.Equal(t, identity.CardKept, b.state(t, old, 1))
	_, _, err = b.ChangeCard(t.Context(), serial, identity.ReportLost{OnCard: on("CB-048-0012", "on the train")})
	require.NoError(t, err)
	require.ErrorContains(t, b.Issue(t.Context(), kept), "or is kept", "whoever says that it is lost gives nothing back")
	held, err := b.Held(t.Context(), holder)
	require.NoError(t, err)
	require.Equal(t, identity.CardKept, held.State)
	release := identity.Release{Officer: hanoi, Reason: "verified"}
	require.NoError(t, b.decide(t, number, release, 1, registrytest.Signed(release, statement.Application(number))))
	require.ErrorContains(t, b.Issue(t.Context(), handOver(number)), "an authority keeps it by the card record")
	require.NoError(t, b.Issue(t.Context(), kept))
	require.Equal(t, identity.CardRevoked, b.state(t, old, 1))
	b.balanced(t)
}

// What was kept or damaged when it was lost is so again when it is found, whoever reported
// it; and what turns up may be kept, or be broken.
func TestChangeCard_FoundAsItWas(t *testing.T) {
	t.Parallel()
	lost, found := identity.ReportLost{OnCard: on("CB-048-0012", "on the train")}, identity.ReportFound{OnCard: on("CB-048-0012", "")}
	keep, give := identity.KeepCard{OnCard: on("CB-001-0012", "custody: 12/QD")}, identity.ReturnCard{OnCard: on("CB-001-0012", "14/BB")}
	damaged := identity.ReportDamaged{OnCard: on("CB-001-0012", "burnt")}
	b := newBundle(t)
	for i, way := range []struct {
		acts []identity.CardAct
		ends []identity.CardState
	}{
		{[]identity.CardAct{keep, lost, found, give}, []identity.CardState{identity.CardKept, identity.CardReportedLost, identity.CardKept, identity.CardLive}},
		{[]identity.CardAct{damaged, lost, found}, []identity.CardState{identity.CardDamaged, identity.CardReportedLost, identity.CardDamaged}},
		{[]identity.CardAct{lost, keep, give}, []identity.CardState{identity.CardReportedLost, identity.CardKept, identity.CardLive}},
		{[]identity.CardAct{lost, damaged}, []identity.CardState{identity.CardReportedLost, identity.CardDamaged}},
		{[]identity.CardAct{damaged, lost, keep, lost, found, give}, []identity.CardState{
			identity.CardDamaged, identity.CardReportedLost, identity.CardKept, identity.CardReportedLost, identity.CardKept, identity.CardDamaged,
		}},
	} {
		number, serial := b.issued(t, identity.PersonalNumber(fmt.Sprintf("00120188880%d", i)))
		for j, act := range way.acts {
			became, _, err := b.ChangeCard(t.Context(), serial, act)
			require.NoError(t, err, "%d: %d", i, j)
			require.Equal(t, way.ends[j], became, "%d: %d", i, j)
		}
		if last := way.ends[len(way.ends)-1]; last == identity.CardDamaged {
			b.behind(t, `UPDATE cards SET state = 'reported-lost' WHERE application = '`+string(number)+`'`)
			_, err := b.db.Exec(t.Context(), `UPDATE cards SET state = 'live' WHERE application = $1`, number)
			require.Equal(t, "card_life", constraintOf(err), "by the table itself")
		}
	}
	_, err := b.VerifyActs(t.Context())
	require.Error(t, err, "what was written behind the acts is seen")
}

// Who takes in an application for a card that was lost has the loss recorded; what was found
// since is handed in.
func TestReceive_RecordsTheLoss(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	old, serial := b.issued(t, holder)
	lost := func(s *registry.Submission) { s.Application.Ground, s.OwnLoss = identity.GroundLost, true }
	found := identity.ReportFound{OnCard: on("CB-001-0012", "")}

	first := b.received(t, of(holder), lost)
	require.Equal(t, identity.CardReportedLost, b.state(t, old, 1), "when it is applied for")
	b.enter(t, first, 0, identity.Rejected)
	_, _, err := b.ChangeCard(t.Context(), serial, found)
	require.NoError(t, err)
	b.stock(t, 1)
	next := b.arrived(t, of(holder), func(s *registry.Submission) { s.Application.Ground = identity.GroundRequest })
	_, err = b.db.Exec(t.Context(), `UPDATE applications SET type = 'reissue', ground = 'lost' WHERE number = $1`, next)
	require.NoError(t, err)
	require.Equal(t, identity.CardLive, b.state(t, old, 1))
	silent := handOver(next)
	silent.OldCard = ""
	require.ErrorContains(t, b.Issue(t.Context(), silent), "old_card: is \"\", but its holder has a card by the card record")
	require.NoError(t, b.Issue(t.Context(), handOver(next)))

	require.Contains(t, b.trail(t, old), "card 1 is reported-lost")
	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)
}

// Whoever applies by a number that is not his ends no stranger's card: the loss is known once
// name and birth agree or an officer grants it, and what an impostor said is taken back.
func TestReceive_LossOfAnother(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	old, _ := b.issued(t, holder)
	lost := func(s *registry.Submission) { s.Application.Ground = identity.GroundLost }
	rejected := func(number identity.ApplicationNumber, reason string) {
		reject := identity.Reject{Officer: hanoi, Reason: reason}
		require.NoError(t, b.decide(t, number, reject, 1, registrytest.Signed(reject, statement.Application(number))))
		require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Rejected, Actor: "system"})))
	}

	stranger := b.received(t, of(holder), lost)
	require.Equal(t, identity.CardLive, b.state(t, old, 1))
	rejected(stranger, "impersonation: x")
	require.Equal(t, identity.CardLive, b.state(t, old, 1))

	own := func(s *registry.Submission) { s.OwnLoss = true }
	for reason, left := range map[string]identity.CardState{"impersonation: his brother": identity.CardLive, "papers-forged: a print": identity.CardLive, "papers-missing": identity.CardReportedLost} {
		number := b.received(t, of(holder), lost, own)
		require.Equal(t, identity.CardReportedLost, b.state(t, old, 1))
		rejected(number, reason)
		require.Equal(t, left, b.state(t, old, 1), reason)
		_, err := b.VerifyActs(t.Context())
		require.NoError(t, err)
		if left == identity.CardReportedLost {
			card, err := b.Card(t.Context(), old, 1)
			require.NoError(t, err)
			_, _, err = b.ChangeCard(t.Context(), card.Card.Serial, identity.ReportFound{OnCard: on("CB-001-0012", "")})
			require.NoError(t, err)
		}
	}
	require.Contains(t, b.trail(t, old), "card 1 is live")
}

// What an impostor's application said is taken back; what its holder said of the card too is not,
// at a counter or at the portal: it is dead until it is found.
func TestReceive_LossOfAnotherThatItsHolderReportedBesides(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i, reports := range []func(old identity.ApplicationNumber, serial identity.CardSerial) error{
		func(_ identity.ApplicationNumber, serial identity.CardSerial) error {
			_, _, err := b.ChangeCard(t.Context(), serial, identity.ReportLost{OnCard: on("CB-001-0012", "on the train")})
			return err
		},
		func(old identity.ApplicationNumber, _ identity.CardSerial) error {
			return b.LostByHolder(t.Context(), old)
		},
	} {
		person := identity.PersonalNumber(fmt.Sprintf("00120188880%d", i))
		old, serial := b.issued(t, person)
		claimed := b.received(t, of(person), func(s *registry.Submission) { s.Application.Ground, s.OwnLoss = identity.GroundLost, true })
		card, err := b.CardOf(t.Context(), old)
		require.NoError(t, err)
		require.True(t, card.Claimed)

		require.NoError(t, reports(old, serial))
		require.NoError(t, reports(old, serial), "said twice")
		reject := identity.Reject{Officer: hanoi, Reason: "impersonation: x"}
		require.NoError(t, b.decide(t, claimed, reject, 1, registrytest.Signed(reject, statement.Application(claimed))))

		require.Equal(t, identity.CardReportedLost, b.state(t, old, 1))
		_, err = b.VerifyActs(t.Context())
		require.NoError(t, err)
		became, _, err := b.ChangeCard(t.Context(), serial, identity.ReportFound{OnCard: on("CB-001-0012", "")})
		require.NoError(t, err)
		require.Equal(t, identity.CardLive, became)
	}
}

// What an officer says of a loss is never taken for the claim of an application, with which the card
// would be valid again.
func TestChangeCard_LostIsNoClaimOfAnApplication(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	old, serial := b.issued(t, holder)
	claimed := b.received(t, of(holder), func(s *registry.Submission) { s.Application.Ground = identity.GroundLost })
	for _, reason := range []string{"application " + string(claimed), "application of a neighbor"} {
		_, _, err := b.ChangeCard(t.Context(), serial, identity.ReportLost{OnCard: on("CB-001-0012", reason)})
		require.ErrorContains(t, err, "reason: begins with", reason)
	}
	_, _, err := b.ChangeCard(t.Context(), serial, identity.ReportLost{OnCard: on("CB-001-0012", "said with application "+string(claimed))})
	require.NoError(t, err)
	b.behind(t, fmt.Sprintf(`UPDATE cards SET reason = 'application %s' WHERE serial = '%s'`, claimed, serial)) // as such reports were kept before

	reject := identity.Reject{Officer: hanoi, Reason: "impersonation: x"}
	require.NoError(t, b.decide(t, claimed, reject, 1, registrytest.Signed(reject, statement.Application(claimed))))

	require.Equal(t, identity.CardReportedLost, b.state(t, old, 1))
}

// What an authority keeps is kept until it gives it back, whatever is reported of it, by
// whom and under which number.
func TestChangeCard_KeptWhateverIsReported(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	keep, give := identity.KeepCard{OnCard: on("CB-001-0012", "prison: 4")}, identity.ReturnCard{OnCard: on("CB-001-0012", "14/BB")}
	const says = "was withdrawn since this application was validated, or is kept"
	for i, act := range []identity.CardAct{identity.ReportLost{OnCard: on("CB-001-0012", "x")}, identity.ReportDamaged{OnCard: on("CB-001-0012", "x")}} {
		person := identity.PersonalNumber(fmt.Sprintf("00120188870%d", i))
		old, serial := b.issued(t, person)
		b.stock(t, 1)
		next := b.arrived(t, of(person))
		for _, act := range []identity.CardAct{keep, act} {
			_, _, err := b.ChangeCard(t.Context(), serial, act)
			require.NoError(t, err)
		}
		held, err := b.Held(t.Context(), person)
		require.NoError(t, err)
		require.Equal(t, identity.CardKept, held.State)
		_, err = b.CardOf(t.Context(), old)
		require.ErrorIs(t, err, identity.NotFound, "nobody at the portal is told of it")
		require.ErrorIs(t, b.LostByHolder(t.Context(), old), identity.Conflict)
		for _, fate := range []identity.OldCard{identity.OldCardReceived, identity.OldCardLost} {
			h := handOver(next)
			h.OldCard, h.OldCardReason = fate, "x"
			if fate == identity.OldCardReceived {
				h.OldCardReason = ""
			}
			require.Error(t, b.Issue(t.Context(), h), fate)
		}
		h := handOver(next)
		h.OldCard, h.OldCardReason = identity.OldCardLost, "x"
		require.ErrorContains(t, b.Issue(t.Context(), h), says)
		if i == 0 { // found, it is kept still; and given back
			for _, act := range []identity.CardAct{identity.ReportFound{OnCard: on("CB-001-0012", "")}, give} {
				_, _, err = b.ChangeCard(t.Context(), serial, act)
				require.NoError(t, err)
			}
			require.NoError(t, b.Issue(t.Context(), handOver(next)))
		}
	}
}

// A card that came back and was destroyed was held all the same: it is shown, its holder is
// no newcomer, and what came of it stops the next one as before.
func TestHeld_DestroyedSince(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	old, serial := b.issued(t, holder)
	b.stock(t, 1)
	next := b.arrived(t, of(holder))
	_, _, err := b.ChangeCard(t.Context(), serial, identity.WithdrawCard{OnCard: on(hanoi, "altered: 12/QD")})
	require.NoError(t, err)
	require.NoError(t, b.Destroy(t.Context(), old, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "revoked"}))

	held, err := b.Held(t.Context(), holder)
	require.NoError(t, err)
	require.NotNil(t, held)
	require.False(t, held.InError)
	require.Error(t, identity.Application{Type: identity.FirstIssue, Ground: identity.GroundFirstCard}.ByCard(identity.Person{}, held))
	require.NoError(t, identity.Application{Type: identity.Exchange, Ground: identity.GroundRequest}.ByCard(identity.Person{}, held))
	cards, err := b.Issued(t.Context(), "CB-066-0012", registry.CardQuery{Number: holder})
	require.NoError(t, err)
	require.Len(t, cards, 1)
	require.Equal(t, identity.CardDestroyed, cards[0].State)
	require.ErrorContains(t, b.Issue(t.Context(), handOver(next)), "was withdrawn since this application was validated, or is kept")
}

// Whom only another population register knows has no card either from the moment at which
// that says so, and gets none, until it says otherwise.
func TestHolderIs_OfWhomTheRegisterHereDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number, _ := b.issued(t, holder)
	b.stock(t, 2)
	next, waiting := b.arrived(t, of(holder)), identity.ApplicationNumber("")

	for range 2 { // said twice, it is done once
		require.NoError(t, b.HolderIs(t.Context(), holder, identity.Deceased))
	}

	require.Equal(t, identity.CardLapsed, b.state(t, number, 1))
	require.Equal(t, 1, b.count(t, "card_life"))
	require.ErrorContains(t, b.Issue(t.Context(), handOver(next)), "has died or is no citizen any more")
	b.enter(t, next, 1, identity.Rejected)
	waiting = b.prepared(t, of(holder)) // for which the other register said again that its person lives
	_, err := b.TakeBlank(t.Context(), waiting, 1, press)
	require.NoError(t, err)
	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)

	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: identity.Person{Number: "001201888889", Name: identity.Name{Text: "Nguyễn Thị Ánh"}}, Status: identity.Alive}))
	known, _ := b.issued(t, "001201888889")
	require.NoError(t, b.HolderIs(t.Context(), "001201888889", identity.Deceased))
	require.Equal(t, identity.CardLive, b.state(t, known, 1), "of whom is in the register here, that has the word")
}

// An officer ends the card of a holder who died, and is in no register here. Of whom the register
// here knows, death and loss of nationality are marked there, or the person goes on as before.
func TestChangeCard_LapsesWithItsHolder(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number, serial := b.issued(t, holder)
	b.stock(t, 1)
	next := b.arrived(t, of(holder))
	lapse := func(reason string) identity.LapseCard { return identity.LapseCard{OnCard: on(hanoi, reason)} }

	_, _, err := b.ChangeCard(t.Context(), serial, lapse("holder-died"))
	require.ErrorContains(t, err, "after a colon the number of the record")
	_, open, err := b.ChangeCard(t.Context(), serial, lapse("holder-died: 12/GCT"))
	require.NoError(t, err)
	require.Equal(t, []identity.ApplicationNumber{next}, open)
	require.Equal(t, identity.CardLapsed, b.state(t, number, 1))
	require.ErrorContains(t, b.Issue(t.Context(), handOver(next)), "has died or is no citizen any more")

	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: identity.Person{Number: "001201888889", Name: identity.Name{Text: "Nguyễn Thị Ánh"}}, Status: identity.Alive}))
	_, serial = b.issued(t, "001201888889")
	_, _, err = b.ChangeCard(t.Context(), serial, lapse("holder-died: 12/GCT"))
	require.ErrorContains(t, err, "starter population mark --status deceased")
	for _, loss := range identity.LossesOfNationality {
		_, _, err = b.ChangeCard(t.Context(), serial, identity.WithdrawCard{OnCard: on(hanoi, string(loss)+": 12/QD")})
		require.ErrorContains(t, err, "starter population mark --status nationality-lost", "another card would be given to whom the register calls a citizen")
	}
	_, _, err = b.ChangeCard(t.Context(), serial, identity.WithdrawCard{OnCard: on(hanoi, "altered: 12/QD")})
	require.NoError(t, err)
	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)
}

// A holder reports a loss without an officer: once, however often it is said at once, and an
// officer makes the card live again.
func TestLostByHolder_IsDeadAtOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number, serial := b.issued(t, holder)
	card, err := b.CardOf(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, identity.CardLive, card.State)
	lost := func() bool {
		shown, _, err := b.LookUp(t.Context(), number, []byte("client"), []byte("receipt"))
		require.NoError(t, err)
		return shown.Lost
	}
	require.False(t, lost())

	for _, err := range atOnce(4, func(int) error { return b.LostByHolder(t.Context(), number) }) {
		require.NoError(t, err)
	}

	require.Equal(t, identity.CardReportedLost, b.state(t, number, 1))
	require.Equal(t, 1, b.count(t, "card_life WHERE by_whom = 'holder' AND act IS NULL"))
	standings, err := b.CardStatuses(t.Context(), []registry.StatusQuery{{Serial: serial}})
	require.NoError(t, err)
	require.Equal(t, identity.StatusInvalid, standings[0].Status)
	require.Contains(t, b.trail(t, number), "card 1 is reported-lost")
	require.True(t, lost())
	became, _, err := b.ChangeCard(t.Context(), serial, identity.ReportFound{OnCard: on("CB-001-0012", "")})
	require.NoError(t, err)
	require.Equal(t, identity.CardLive, became)
	require.False(t, lost())
	b.issued(t, holder) // another takes its place
	require.ErrorIs(t, b.LostByHolder(t.Context(), number), identity.Conflict)
	_, err = b.CardOf(t.Context(), number)
	require.ErrorIs(t, err, identity.NotFound)
	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)
}

// A card whose document signer is revoked has a status of its own, for whoever asks about it
// and in the lists, until it is no valid card any more.
func TestCardStatuses_OfARevokedSigner(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number, serial := b.issued(t, holder)
	_, other := b.issued(t, "001201888889")
	b.behind(t, `UPDATE cards SET signer = CASE WHEN application = '`+string(number)+`' THEN '5f3a9c' ELSE '5f3a9d' END`)
	_, before, err := b.NotValid(t.Context(), time.Time{}, func(registry.PlacedStatus) { t.Error("all are valid") })
	require.NoError(t, err)
	act := identity.RevokeSigner{Officer: "KH-C06-0001", Witness: "KH-C06-0002", Serial: "05F3A9C", Reason: "key-compromise"}

	var anew []registry.SignedCard
	require.NoError(t, b.CardsToReissue(t.Context(), "05F3A9C", func(c registry.SignedCard) error { anew = append(anew, c); return nil }))
	require.Equal(t, []registry.SignedCard{{Serial: serial, Application: number, Card: 1, State: identity.CardLive}}, anew)
	for range 2 { // said twice, it is done once
		require.NoError(t, b.OnOffice(t.Context(), act, registrytest.SignedAs(act, statement.Office, "once")))
	}

	says := func(want ...identity.CardStatus) {
		t.Helper()
		standings, err := b.CardStatuses(t.Context(), []registry.StatusQuery{{Serial: serial}, {Serial: other}})
		require.NoError(t, err)
		require.Equal(t, want, []identity.CardStatus{standings[0].Status, standings[1].Status})
		for _, since := range []time.Time{{}, before} {
			var listed []registry.PlacedStatus
			_, _, err = b.NotValid(t.Context(), since, func(p registry.PlacedStatus) { listed = append(listed, p) })
			require.NoError(t, err)
			require.Equal(t, []registry.PlacedStatus{{Place: standings[0].Place, Status: want[0]}}, listed)
		}
	}
	says(identity.StatusSignerRevoked, identity.StatusValid)
	require.NoError(t, b.LostByHolder(t.Context(), number))
	says(identity.StatusInvalid, identity.StatusValid)
}
