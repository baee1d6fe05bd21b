package registry_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
)

// lives seeds one person under two numbers, each with a live card.
func (b *bundle) lives(t *testing.T) (kept, other population.Record) {
	t.Helper()
	for i, number := range []identity.PersonalNumber{"001220000001", "001220000002"} {
		person := newborn()
		person.Number = number
		card := registry.OldCard{Serial: identity.CardSerial(fmt.Sprintf("0123456789ABCDE%d", i)), Form: "cccd-2021", Issued: identity.Date{Year: 2026, Month: 1, Day: 5}}
		require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive, LiveCard: &card}))
	}
	kept, err := b.PersonByNumber(t.Context(), "001220000001")
	require.NoError(t, err)
	other, err = b.PersonByNumber(t.Context(), "001220000002")
	require.NoError(t, err)
	return kept, other
}

func merge(kept, other population.Record) identity.MergePersons {
	return identity.MergePersons{Officer: approver, Version: kept.Version, Other: other.ID, Paper: "decision 8", Reason: "registered twice"}
}

// Two numbers of one person: one number, one live card, and the other number leads to it.
// Said by two officers at once, each the other way round, it is done once.
func TestMergePersons_OnePersonOneLiveCard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	kept, other := b.lives(t)

	errs := atOnce(2, func(i int) error {
		if i == 0 {
			return b.MergePersons(t.Context(), kept.ID, merge(kept, other))
		}
		return b.MergePersons(t.Context(), other.ID, merge(other, kept))
	})

	require.Len(t, slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil }), 1, "one of them is refused")
	if errs[0] != nil {
		kept, other = other, kept
	}
	for _, number := range []identity.PersonalNumber{kept.Person.Number, other.Person.Number} {
		who, err := b.PersonByNumber(t.Context(), number)
		require.NoError(t, err)
		require.Equal(t, kept.ID, who.ID)
		require.Equal(t, kept.Person.Number, who.Person.Number)
		require.Equal(t, other.Person.Number, who.Person.CancelledNumber)
	}
	require.Equal(t, 1, b.count(t, "cards WHERE state = 'live'"))
	require.Equal(t, 1, b.count(t, "cards WHERE state = 'revoked' AND reason = 'number-replaced'"))
	found, err := b.FindPersons(t.Context(), newborn())
	require.NoError(t, err)
	require.Len(t, found, 1, "nobody is shown the one who is no person any more")
	shown, err := b.Person(t.Context(), other.ID)
	require.NoError(t, err)
	require.Equal(t, kept.ID, shown.ID)
	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)
}

// Whoever is merged into another, who is merged into a third, leads to the third.
func TestMergePersons_LeadsOn(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	second, first := b.lives(t)
	third := newborn()
	third.Number = "001220000003"
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: third, Status: identity.Alive}))
	last, err := b.PersonByNumber(t.Context(), third.Number)
	require.NoError(t, err)

	require.NoError(t, b.MergePersons(t.Context(), second.ID, merge(second, first)))
	require.ErrorContains(t, b.MergePersons(t.Context(), last.ID, merge(last, first)), "found that it is another one")
	require.NoError(t, b.MergePersons(t.Context(), last.ID, merge(last, second)))

	for _, number := range []identity.PersonalNumber{first.Person.Number, second.Person.Number, third.Number} {
		who, err := b.PersonByNumber(t.Context(), number)
		require.NoError(t, err)
		require.Equal(t, last.ID, who.ID)
	}
	require.Zero(t, b.count(t, "cards WHERE state = 'live'"))
}

func TestMergePersons_Refuses(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	kept, other := b.lives(t)
	elsewhere, outdated := merge(kept, other), merge(kept, other)
	elsewhere.Officer = danang
	outdated.Version = "7"
	require.ErrorContains(t, b.MergePersons(t.Context(), kept.ID, elsewhere), "acts for another province")
	require.ErrorContains(t, b.MergePersons(t.Context(), kept.ID, outdated), "look at it again")
	require.ErrorContains(t, b.MergePersons(t.Context(), kept.ID, merge(kept, kept)), "is the person whose record is to stand")

	open := b.applies(t, other.Person)
	require.ErrorContains(t, b.MergePersons(t.Context(), kept.ID, merge(kept, other)), string(open))
	b.enter(t, open, 0, identity.BiometricCapture, identity.Rejected)
	own := merge(kept, other)
	own.Officer = enroller
	require.ErrorContains(t, b.MergePersons(t.Context(), kept.ID, own), "does not say who is whom")
	require.NoError(t, b.MergePersons(t.Context(), kept.ID, merge(kept, other)))
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
	b.behind(t, fmt.Sprintf(`UPDATE applications SET officer = '%s' WHERE number = '%s'`, approver, open))
	require.ErrorContains(t, errOf(b.VerifyActs(t.Context())), "who enrolled or captured application "+string(open)+" of the same")
}

// An officer finds a person by any number that the person has or had, and it is kept that he
// asked.
func TestAskedFor_KeepsWhoAsked(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	kept, other := b.lives(t)
	require.NoError(t, b.MergePersons(t.Context(), kept.ID, merge(kept, other)))

	found, err := b.PersonByNumber(t.Context(), other.Person.Number)
	require.NoError(t, err)
	require.NoError(t, b.AskedFor(t.Context(), "PD-048-0002", found.ID))

	require.Equal(t, kept.ID, found.ID)
	require.Equal(t, 1, b.count(t, "reads WHERE officer = 'PD-048-0002' AND subject = 'person/' || $1 AND what = 'person'", kept.ID))
	_, err = b.PersonByNumber(t.Context(), "001220999999")
	require.ErrorIs(t, err, identity.NotFound)
}
