package registry_test

import (
	"encoding/json"
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

// All that is held is in it: what the application says beside the person, what was done to the
// record, what was paid and sent, and which other systems read it.
func TestExtract_AllThatIsHeld(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	person := b.submission().Application.Person
	person.Number = holder
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive}))
	who, err := b.PersonByNumber(t.Context(), holder)
	require.NoError(t, err)
	b.received(t, of(holder), func(s *registry.Submission) {
		a := &s.Application
		a.Representative, a.Delivery, a.DeliveryTo = identity.Name{Text: "Nguyễn Văn Tét"}, identity.Post, "Số 5, Phố Bí Mật, Hà Nội"
		a.Exemption, a.ExemptionProof, a.LateReason, a.SignedSheet = "disabled", "giấy khuyết tật 77", "mất điện", "CC01-2026-9"
		a.Contact = identity.Contact{SMS: "+84912345678", Email: "bi.mat@example.org"}
	})
	require.NoError(t, b.MarkPerson(t.Context(), who.ID, identity.MarkPerson{Officer: approver, Status: identity.Emigrated, On: "2026-01-05", Paper: "giấy xuất cảnh 3", Reason: "by mistake"}))
	require.NoError(t, b.ReadBy(t.Context(), "office-b", who.ID))

	act := identity.ExtractRecord{Officer: "CB-001-0012", Reason: "17/2026"}
	e, err := b.Extract(t.Context(), registry.ExtractOf{Person: who.ID, Numbers: who.Numbers()}, act, registrytest.Signed(act, statement.Person(who.ID)))

	require.NoError(t, err)
	written, err := json.Marshal(e)
	require.NoError(t, err)
	for _, held := range []string{
		"Nguyễn Văn Tét", "Phố Bí Mật", "disabled", "khuyết tật 77", "mất điện", "CC01-2026-9", "84912345678", "bi.mat@example.org",
		"marked", "giấy xuất cảnh 3", "by mistake", `"fee":`,
	} {
		require.Contains(t, string(written), held)
	}
	require.Contains(t, e.Asked, registry.Asked{At: e.Asked[0].At, Officer: "office-b", Subject: statement.Person(who.ID), What: "register"})
	_, err = b.db.Exec(t.Context(), `INSERT INTO reads (officer, subject, what) VALUES ('nobody', 'card/1', 'card')`)
	require.ErrorContains(t, err, "nobody has that badge")
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
