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
	held, err := b.Held(t.Context(), record.Application.Person.Number)
	require.NoError(t, err)
	require.NotNil(t, held)
	stock := b.balanced(t)
	require.Equal(t, registry.Stock{Received: 3, InStock: 2, Issued: 1, Balanced: true}, stock)
	require.Equal(t, []string{
		"received", "entered BiometricCapture", "entered Validation", "entered Deduplication", "entered Approval", "approve",
		"entered DataPreparation", "prepared card 1", "entered Personalization", fmt.Sprintf("took blank %s for card 1", card.Blank),
		"personalized card 1", "entered Printing", "printed card 1", "entered Inspection", "inspected card 1", "entered Dispatch",
		fmt.Sprintf("packed card 1 into %s", card.Consignment), fmt.Sprintf("received card 1 of %s", card.Consignment),
		"entered HandOver", "fee paid", "handed over card, by fingerprint; old card received",
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
	again.DigestForm, again.DigestSOD = [32]byte{4}, [32]byte{5}

	errs := atOnce(4, func(int) error { return b.SaveCard(t.Context(), again) })

	for _, err := range errs {
		require.NoError(t, err)
	}
	kept, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, first.Card.Serial, kept.Card.Serial)
	require.Equal(t, []byte{1, 2}, []byte{kept.DigestForm[0], kept.DigestSOD[0]})
	chip, err := b.Evidence(t.Context(), number, identity.EvidenceChipImage, 1)
	require.NoError(t, err)
	require.Equal(t, "chip", string(chip))
}

func TestSpoil_AccountsForTheBlankOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	errs := atOnce(4, func(int) error { return b.Spoil(t.Context(), number, 1, string(press), mute) })

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

// Where its workflow is begun again, somebody has to know in whose slot the card is.
func TestApplication_ACardIsAtItsStationUntilItIsPacked(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	for _, to := range []identity.CardState{identity.CardPersonalized, identity.CardPrinted, identity.CardInspected} {
		require.NoError(t, b.Advance(t.Context(), number, 1, to, ""))
		record, err := b.Application(t.Context(), number)
		require.NoError(t, err)
		require.Equal(t, press, record.Station, to)
		require.True(t, to.AtStation())
	}
}

func TestDestroy_TakesTwo(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)

	require.ErrorIs(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, counter}, identity.Reason{Code: "not-collected"}), identity.Forbidden)
	for range 2 {
		require.NoError(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "not-collected"}))
	}

	require.ErrorIs(t, b.Destroy(t.Context(), number, 9, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "revoked"}), identity.NotFound)
	require.Equal(t, registry.Stock{Received: 1, Destroyed: 1, Balanced: true}, b.balanced(t))
	require.ErrorIs(t, b.Issue(t.Context(), handOver(number)), identity.Conflict)
}
