package registry_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func TestLife_FromPacketToCard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 3)
	number := b.arrived(t)

	require.NoError(t, b.Issue(t.Context(), handOver(number)))

	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, identity.Issued, record.Stage)
	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, identity.CardLive, card.State)
	require.Equal(t, approver, card.ApprovedBy)
	require.Equal(t, enroller, card.HandedOverBy)
	require.Equal(t, record.Consignment, card.Consignment)
	require.Equal(t, identity.Date{Year: 2026, Month: 3, Day: 4}, card.Card.Issued)
	require.NotEmpty(t, card.Blank)
	citizen, err := b.Citizen(t.Context(), record.Application.Person.Number)
	require.NoError(t, err)
	require.Equal(t, record.Application.Person, citizen.Person)
	require.Equal(t, card.Card.Serial, citizen.LiveCard.Serial)
	stock := b.balanced(t)
	require.Equal(t, registry.Stock{Received: 3, InStock: 2, Issued: 1, Balanced: true}, stock)
	require.Equal(t, []string{
		"received", "entered BiometricCapture", "entered Validation", "entered Deduplication", "entered Approval", "approve",
		"entered DataPreparation", "prepared card 1", "entered Personalization", fmt.Sprintf("took blank %s for card 1", card.Blank),
		"entered Printing", "entered Inspection", "personalized card 1", "printed card 1", "inspected card 1", "entered Dispatch",
		fmt.Sprintf("packed card 1 into %s", card.Consignment), fmt.Sprintf("received card 1 of %s", card.Consignment),
		"entered HandOver", "handed over card, by fingerprint",
	}, b.trail(t, number))
}

func TestSaveCard_TheFirstMakingStays(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.prepared(t)
	first, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	again := b.card(t, number, 1)
	again.Evidence[identity.EvidenceChipImage] = []byte("another chip")

	errs := atOnce(4, func(int) error { return b.SaveCard(t.Context(), again) })

	for _, err := range errs {
		require.NoError(t, err)
	}
	kept, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, first.Card.Serial, kept.Card.Serial)
	chip, err := b.Evidence(t.Context(), number, identity.EvidenceChipImage, 1)
	require.NoError(t, err)
	require.Equal(t, "chip", string(chip))
}

func TestTakeBlank_IsOneBlankHoweverOften(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 10)
	number := b.prepared(t)
	blanks := make([]identity.BlankSerial, 8)

	errs := atOnce(len(blanks), func(i int) (err error) {
		blanks[i], err = b.TakeBlank(t.Context(), number, 1, press)
		return err
	})

	for i, err := range errs {
		require.NoError(t, err)
		require.Equal(t, blanks[0], blanks[i])
	}
	require.Equal(t, 1, b.balanced(t).InProduction)
}

func TestTakeBlank_ABlankIsTakenOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const cards = 12
	b.stock(t, cards-2)
	numbers := make([]identity.ApplicationNumber, cards)
	for i := range numbers {
		numbers[i] = b.prepared(t)
	}
	blanks := make([]identity.BlankSerial, cards)

	errs := atOnce(cards, func(i int) (err error) {
		blanks[i], err = b.TakeBlank(t.Context(), numbers[i], 1, press)
		return err
	})

	taken := make(map[identity.BlankSerial]bool)
	for i, err := range errs {
		if blanks[i] == "" {
			require.ErrorIs(t, err, identity.OutOfStock)
			continue
		}
		require.NoError(t, err)
		require.False(t, taken[blanks[i]])
		taken[blanks[i]] = true
	}
	require.Len(t, taken, cards-2)
	b.balanced(t)
}

func TestTakeBlank_TheStationsOwnStockFirst(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	require.NoError(t, b.ReceiveBlanks(t.Context(), registry.Box{
		Number: "B-PX", First: "ZZ01", Last: "ZZ01", Location: string(press), ReceivedBy: approver, CountedBy: counter,
	}))
	first, second := b.prepared(t), b.prepared(t)

	own, err := b.TakeBlank(t.Context(), first, 1, press)
	require.NoError(t, err)
	other, err := b.TakeBlank(t.Context(), second, 1, press)
	require.NoError(t, err)

	require.Equal(t, identity.BlankSerial("ZZ01"), own)
	require.NotEqual(t, own, other)
}

func TestTakeBlank_ACardBegunElsewhereIsSpoiled(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	_, err = b.TakeBlank(t.Context(), number, 1, "PX-02")

	require.ErrorIs(t, err, identity.Spoiled)
}

func TestSpoil_AccountsForTheBlankOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	errs := atOnce(4, func(int) error { return b.Spoil(t.Context(), number, 1, string(press), "mute chip") })

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, registry.Stock{Received: 2, InStock: 1, Spoiled: 1, Balanced: true}, b.balanced(t))
	require.ErrorIs(t, b.Advance(t.Context(), number, 1, identity.CardPersonalized, ""), identity.Spoiled)
	_, err = b.TakeBlank(t.Context(), number, 1, press)
	require.ErrorIs(t, err, identity.Spoiled)
	spoiled := 0
	for _, event := range b.trail(t, number) {
		if event[:7] == "spoiled" {
			spoiled++
		}
	}
	require.Equal(t, 1, spoiled)
}

func TestAdvance_OnlyForward(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	require.ErrorIs(t, b.Advance(t.Context(), number, 1, identity.CardInspected, ""), identity.Conflict)
	for _, err := range atOnce(4, func(int) error { return b.Advance(t.Context(), number, 1, identity.CardPersonalized, "") }) {
		require.NoError(t, err)
	}
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPrinted, ""))
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPersonalized, ""))

	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, identity.CardPrinted, card.State)
	require.ErrorIs(t, b.Advance(t.Context(), number, 1, identity.CardLive, ""), identity.Invalid)
	require.ErrorIs(t, b.Advance(t.Context(), number, 9, identity.CardPrinted, ""), identity.NotFound)
}

func TestIssue_OnceHoweverOften(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)

	errs := atOnce(6, func(int) error { return b.Issue(t.Context(), handOver(number)) })

	for _, err := range errs {
		require.NoError(t, err)
	}
	trail := b.trail(t, number)
	require.Equal(t, "handed over card, by fingerprint", trail[len(trail)-1])
	require.Equal(t, "entered HandOver", trail[len(trail)-2])
	b.balanced(t)
}

func TestIssue_RevokesTheOldCard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	person := func(s *registry.Submission) { s.Application.Person.Number = "001201888888" }
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{
		Person: identity.Person{Number: "001201888888", Name: identity.Name{Text: "Nguyễn Thị Cũ"}}, Status: identity.Alive,
		LiveCard: &registry.OldCard{Serial: "0123456789ABCDEF", Form: identity.FormCCCD2021, Issued: identity.Date{Year: 2021, Month: 5, Day: 1}},
	}))
	lost := b.arrived(t, person, func(s *registry.Submission) { s.Application.Ground = identity.GroundLost })
	age := b.arrived(t, person)

	errs := atOnce(2, func(i int) error {
		return b.Issue(t.Context(), handOver([]identity.ApplicationNumber{lost, age}[i]))
	})

	for _, err := range errs { // the law allows both, one after the other; only the later is live
		require.NoError(t, err)
	}
	var live, revoked int
	require.NoError(t, b.db.QueryRow(t.Context(), `
		SELECT count(*) FILTER (WHERE state = 'live'), count(*) FILTER (WHERE state = 'revoked') FROM cards WHERE personal_number = '001201888888'`).
		Scan(&live, &revoked))
	require.Equal(t, []int{1, 2}, []int{live, revoked})
	citizen, err := b.Citizen(t.Context(), "001201888888")
	require.NoError(t, err)
	require.Equal(t, "Nguyễn Thị Ánh", citizen.Person.Name.Text)
	events := append(b.trail(t, lost), b.trail(t, age)...)
	require.Contains(t, events, "revoked card 1")
	b.balanced(t)
}

func TestIssue_OnlyACardThatArrived(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.inspected(t)

	require.ErrorIs(t, b.Issue(t.Context(), handOver(number)), identity.Conflict)
	require.ErrorIs(t, b.Issue(t.Context(), handOver("00000-00000-0")), identity.NotFound)
}

func TestDestroy_TakesTwo(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)

	require.ErrorIs(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, counter}, "not collected"), identity.Forbidden)
	for range 2 {
		require.NoError(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, "not collected"))
	}

	require.ErrorIs(t, b.Destroy(t.Context(), number, 9, [2]identity.OfficerID{counter, approver}, "why"), identity.NotFound)
	require.Equal(t, registry.Stock{Received: 1, Destroyed: 1, Balanced: true}, b.balanced(t))
	require.ErrorIs(t, b.Issue(t.Context(), handOver(number)), identity.Conflict)
}

// What the methods keep by care the database keeps by constraint.
func TestConstraints_HoldWithoutTheMethods(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 3)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	require.ErrorIs(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, "why"), identity.Conflict)
	require.ErrorIs(t, b.Spoil(t.Context(), number, 1, string(press), "why"), identity.Conflict)
	for name, tt := range map[string]struct{ sql, constraint string }{
		"SecondLiveCard": {
			`INSERT INTO cards (state, personal_number, serial, form, issued) SELECT 'live', personal_number, 'F', form, issued FROM cards`,
			"one_live_card_per_citizen",
		},
		"SecondCardOnABlank": {
			`INSERT INTO cards (state, personal_number, serial, form, issued, blank) SELECT 'begun', personal_number, 'F', form, issued, blank FROM cards`,
			"one_card_per_blank",
		},
		"SecondCardOfAnAttempt": {
			`INSERT INTO cards (application, attempt, state, personal_number, serial, form, issued) SELECT application, attempt, 'begun', personal_number, 'F', form, issued FROM cards`,
			"one_card_per_attempt",
		},
		"BlankBackToStock": {`UPDATE blanks SET account = 'stock' WHERE account = 'issued'`, "blank_transition"},
		"BlankOfAnother":   {`UPDATE blanks SET attempt = 2 WHERE account = 'issued'`, "blank_used_once"},
		"BlankFromNowhere": {`INSERT INTO blanks (serial, box, account, location) SELECT 'X', number, 'issued', 'centre' FROM boxes`, "blank_transition"},
		"BlankGone":        {`DELETE FROM blanks`, "ledger_is_final"},
		"LedgerEdited":     {`UPDATE blank_movements SET credited = 'destroyed'`, "ledger_is_final"},
		"AuditEdited":      {`UPDATE audit SET actor = 'nobody'`, "audit_is_final"},
		"AuditGone":        {`DELETE FROM audit`, "audit_is_final"},
		"AuditEmptied":     {`TRUNCATE audit`, "audit_is_final"},
		"EnrollerApproves": {
			`INSERT INTO decisions (application, step, round, officer, enrolled_by) SELECT number, 'approve', 9, officer, officer FROM applications`,
			"four_eyes",
		},
	} {
		_, err := b.db.Exec(t.Context(), tt.sql)
		require.Error(t, err, name)
		require.Equal(t, tt.constraint, constraintOf(err), name)
	}
	b.balanced(t)
}
