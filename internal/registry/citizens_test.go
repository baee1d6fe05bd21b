package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
)

// The card of somebody who was dead or no citizen when it was imported is dead for verifiers too.
func TestSeedCitizen_TheCardOfWhoCanHaveNoneHasEnded(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i, status := range []identity.CitizenStatus{identity.Deceased, identity.NationalityLost, identity.Emigrated} {
		serial := identity.CardSerial("0123456789ABCDE" + string(rune('0'+i)))
		p := newborn()
		p.Number, p.Name.Text = identity.PersonalNumber("00122000000"+string(rune('1'+i))), "Lê Văn Một"
		card := &registry.OldCard{Serial: serial, Form: "cccd-2021", Issued: identity.Date{Year: 2026, Month: 1, Day: 5}}
		for range 2 {
			require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: p, Status: status, LiveCard: card}))
		}

		said, err := b.CardStatuses(t.Context(), []registry.StatusQuery{{Serial: serial}})

		require.NoError(t, err)
		require.Equal(t, status == identity.Emigrated, said[0].Status == identity.StatusValid, status)
		kept, err := b.KeptNationality(t.Context(), p.Number)
		require.NoError(t, err)
		require.Equal(t, status != identity.NationalityLost, kept)
	}

	// A card that cannot be is no fault that may pass, and its holder is not imported.
	p := newborn()
	p.Number = "001220000009"
	for field, card := range map[string]registry.OldCard{
		"live_card.serial": {Serial: "0123456789ABCDE0", Form: "cccd-2021", Issued: identity.Date{Year: 2026, Month: 1, Day: 5}},
		"live_card.issued": {Serial: "0123456789ABCDE9", Form: "cccd-2021", Issued: identity.Date{Year: 2126, Month: 1, Day: 5}},
	} {
		err := b.SeedCitizen(t.Context(), registry.Citizen{Person: p, Status: identity.Alive, LiveCard: &card})
		require.Len(t, identity.Refusals(err), 1, field)
		require.Equal(t, field, identity.Refusals(err)[0].Field)
		require.ErrorIs(t, errOf(b.PersonByNumber(t.Context(), p.Number)), identity.NotFound)
	}
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
	require.NoError(t, b.VerifyBooks(t.Context()))
}

// A number that was canceled before the import leads to its person, and is nobody else's: neither
// at an import nor when a number is given.
func TestSeedCitizen_KnowsTheNumberThatWasCanceled(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	p, other := newborn(), newborn()
	p.Number, p.CancelledNumber = "001220000001", "001220000777"
	other.Number, other.Name.Text, other.Mother.Text, other.Birth.Day = p.CancelledNumber, "Lê Văn Khác", "Đỗ Thị Khác", 9
	for range 2 {
		require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: p, Status: identity.Alive}))
	}

	second := b.SeedCitizen(t.Context(), registry.Citizen{Person: other, Status: identity.Alive})

	require.ErrorIs(t, second, identity.Conflict)
	require.NotContains(t, second.Error(), "777")
	var who population.Record
	for _, number := range []identity.PersonalNumber{p.Number, p.CancelledNumber} {
		found, err := b.PersonByNumber(t.Context(), number)
		require.NoError(t, err)
		require.True(t, who.ID == "" || who.ID == found.ID)
		who = found
	}
	other.Number, other.CancelledNumber = "001220000002", p.Number
	require.ErrorIs(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: other, Status: identity.Alive}), identity.Conflict)
	_, err := b.PersonByNumber(t.Context(), other.Number)
	require.ErrorIs(t, err, identity.NotFound)
	again := b.RenumberPerson(t.Context(), who.ID, identity.RenumberPerson{Officer: approver, Version: who.Version, Paper: "decision 7", Reason: "wrong"})
	require.NoError(t, again)

	// Whoever was given another number since is known, and nobody else comes by the former one.
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: p, Status: identity.Alive}))
	found, err := b.PersonByNumber(t.Context(), p.Number)
	require.NoError(t, err)
	require.Equal(t, who.ID, found.ID)
	other.Number, other.CancelledNumber = p.Number, ""
	require.ErrorIs(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: other, Status: identity.Alive}), identity.Conflict)
}
