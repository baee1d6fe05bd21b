package registry_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// All that is held on a citizen is for the officers of the citizen's province, and of the
// center those who resolve: no postman.
func TestExtract_InTheCitizensProvinceOrTheCenter(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	_, serial := b.issued(t, holder)
	for officer, may := range map[identity.OfficerID]bool{"CB-001-0012": true, "CB-048-0012": false, "BC-VNPOST-0001": false, "GD-01": true} {
		act := identity.ExtractRecord{Officer: officer, Reason: "17/2026"}
		_, err := b.Extract(t.Context(), registry.ExtractOf{Card: serial}, act, registrytest.Signed(act, statement.Card(serial)))
		if may {
			require.NoError(t, err, officer)
			continue
		}
		require.ErrorIs(t, err, identity.Forbidden, officer)
	}
	require.Equal(t, 2, b.count(t, "acts WHERE act = 'extract-record'"))
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// What is held under one number of a person is in the extract under each, whatever names the
// person; and who has no card has the same right. An officer finds the cards of all numbers by
// one.
func TestExtract_OfAllNumbers(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	person := b.submission().Application.Person
	person.Number = holder
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive}))
	number, serial := b.issued(t, holder)
	before, err := b.PersonByNumber(t.Context(), holder)
	require.NoError(t, err)
	require.NoError(t, b.RenumberPerson(t.Context(), before.ID, identity.RenumberPerson{Officer: approver, Version: before.Version, Paper: "decision 7", Reason: "wrong"}))
	now, err := b.PersonByNumber(t.Context(), holder)
	require.NoError(t, err)
	later := b.received(t, of(now.Person.Number))

	request := 0
	for name, who := range map[string]registry.ExtractOf{
		statement.Card(serial): {Card: serial}, statement.Application(number): {Application: number}, statement.Application(later): {Application: later},
		statement.Person(now.ID): {Person: now.ID, Numbers: []identity.PersonalNumber{now.Person.Number}},
	} {
		request++
		act := identity.ExtractRecord{Officer: "CB-001-0012", Reason: fmt.Sprintf("%d/2026", request)}
		e, err := b.Extract(t.Context(), who, act, registrytest.Signed(act, name))
		require.NoError(t, err, name)
		require.Equal(t, now.Person.Number, e.Register.Number, name)
		require.Len(t, e.Cards, 1, name)
		require.Equal(t, serial, e.Cards[0].Serial, name)
		require.Len(t, e.Applications, 2, name)
		require.Equal(t, []identity.ApplicationNumber{number, later}, []identity.ApplicationNumber{e.Applications[0].Application, e.Applications[1].Application}, name)
		require.NotEmpty(t, e.Applications[0].Trail)
		require.Len(t, e.Asked, request, "every extract, whatever it was asked by")
	}
	for _, known := range []identity.PersonalNumber{holder, now.Person.Number} {
		cards, err := b.Issued(t.Context(), "CB-001-0012", registry.CardQuery{Number: known})
		require.NoError(t, err)
		require.Equal(t, serial, cards[0].Serial)
	}

	alone := b.received(t, func(s *registry.Submission) { s.Application.Person.Number = "" }) // nobody knows yet who it is
	act := identity.ExtractRecord{Officer: "CB-001-0012", Reason: "99/2026"}
	e, err := b.Extract(t.Context(), registry.ExtractOf{Application: alone}, act, registrytest.Signed(act, statement.Application(alone)))
	require.NoError(t, err)
	require.Nil(t, e.Register)
	require.Empty(t, e.Cards)
	require.Len(t, e.Applications, 1)
	act.Officer = "GD-01"
	_, err = b.Extract(t.Context(), registry.ExtractOf{Card: "0123456789ABCDEF"}, act, registrytest.Signed(act, statement.Card("0123456789ABCDEF")))
	require.ErrorIs(t, err, identity.NotFound)
}

// Who logs in again and again ends sessions of before, and after a while adds nothing to the
// acts any more.
func TestBeginSession_LimitsLogIns(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	login := identity.LogIn{Officer: "CB-001-0012"}
	begin := func(token string) error {
		return errOf(b.BeginSession(t.Context(), login, registrytest.Signed(login, statement.Office), token, registry.LogIns{AnHour: 3, Open: 2}))
	}
	for _, token := range []string{"one", "two", "three"} {
		require.NoError(t, begin(token))
	}
	require.ErrorIs(t, begin("four"), identity.Forbidden)
	require.Equal(t, 3, b.count(t, "acts WHERE act = 'log-in'"))
	require.ErrorIs(t, errOf(b.Session(t.Context(), "one")), identity.Forbidden)
	require.NoError(t, errOf(b.Session(t.Context(), "two")))
	require.NoError(t, errOf(b.Session(t.Context(), "three")))
}
