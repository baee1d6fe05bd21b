package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// The card that was handed over is the one held, and what was captured for it is on file.
func TestHeld_IsTheLiveCardAndItsCaptureIsOnFile(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	citizen := record.Application.Person.Number

	held, err := b.Held(t.Context(), citizen)
	require.NoError(t, err)
	require.Nil(t, held, "a card that waits at the counter is not held")
	onFile, err := b.OnFile(t.Context(), citizen)
	require.NoError(t, err)
	require.Empty(t, onFile)

	require.NoError(t, b.Issue(t.Context(), handOver(number)))

	held, err = b.Held(t.Context(), citizen)
	require.NoError(t, err)
	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, &identity.HeldCard{Issued: card.Card.Issued, Expiry: card.Card.Expiry, State: identity.CardLive}, held)
	onFile, err = b.OnFile(t.Context(), citizen)
	require.NoError(t, err)
	require.Equal(t, registry.Evidence{identity.EvidencePortrait: []byte("portrait"), identity.EvidenceTemplates: []byte("templates")}, onFile)
}

// A card is the person's under every number that the person has or had: a loss that is applied
// for under the canceled one ends the card that bears the other, and its capture is on file. One
// that was destroyed was held, and is shown to whoever asks what was issued.
func TestHeld_UnderEveryNumberAndDestroyed(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	person := newborn()
	person.Number = "001220000001"
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive}))
	before, err := b.PersonByNumber(t.Context(), person.Number)
	require.NoError(t, err)
	require.NoError(t, b.RenumberPerson(t.Context(), before.ID, identity.RenumberPerson{Officer: approver, Version: before.Version, Paper: "decision 7", Reason: "wrong"}))
	after, err := b.Person(t.Context(), before.ID)
	require.NoError(t, err)
	number, serial := b.issued(t, after.Person.Number)

	b.received(t, of(person.Number), func(s *registry.Submission) { s.Application.Ground, s.OwnLoss = identity.GroundLost, true })
	require.Equal(t, identity.CardReportedLost, b.state(t, number, 1))
	onFile, err := b.OnFile(t.Context(), person.Number)
	require.NoError(t, err)
	require.NotEmpty(t, onFile)

	_, _, err = b.ChangeCard(t.Context(), serial, identity.WithdrawCard{OnCard: on(hanoi, "issued-wrongly: 12/QD")})
	require.NoError(t, err)
	require.NoError(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "revoked"}))
	held, err := b.Held(t.Context(), after.Person.Number)
	require.NoError(t, err)
	require.Equal(t, identity.CardWithdrawn, held.State)
	require.True(t, held.InError)
	require.False(t, held.Canceled, "it bears the number that the person has")
	shown, err := b.Issued(t.Context(), approver, registry.CardQuery{Number: after.Person.Number})
	require.NoError(t, err)
	require.Equal(t, identity.CardDestroyed, shown[0].State)
}

// Which number the card bears that somebody came in with, whose number had been canceled before, nobody
// said: it may be exchanged for that. What the office issues bears the new one.
func TestHeld_ACardOfBeforeMayBearTheCanceledNumber(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i, canceled := range []identity.PersonalNumber{"", "001220000777"} {
		person := newborn()
		person.Number, person.CancelledNumber = identity.PersonalNumber("00122000000"+string(rune('1'+i))), canceled
		card := &registry.OldCard{Serial: identity.CardSerial("0123456789ABCDE" + string(rune('0'+i))), Form: "cccd-2021", Issued: identity.Date{Year: 2022, Month: 1, Day: 5}}
		require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive, LiveCard: card}))

		held, err := b.Held(t.Context(), person.Number)

		require.NoError(t, err)
		require.Equal(t, canceled != "", held.Canceled)
	}
	b.issued(t, "001220000002")
	held, err := b.Held(t.Context(), "001220000002")
	require.NoError(t, err)
	require.False(t, held.Canceled)
}
