package registry_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// What is due is erased with its key, once, by programs too, and nothing else is. The trail
// says that it was, and everything else goes on.
func TestEraseDue(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	old, serial := b.issued(t, holder)
	now, _ := b.issued(t, holder) // the old card is revoked
	rejected := b.received(t)
	b.enter(t, rejected, 0, identity.BiometricCapture)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: rejected, Step: "reject", Round: 1, Officer: approver, Reason: identity.Reason{Code: "not-entitled"}}, b.now(t))))
	require.NoError(t, b.End(t.Context(), registry.StageChange{Application: rejected, To: identity.Rejected, Actor: "system", Reason: "not-entitled"}))
	programs := b.asProgram(t)
	_, err := programs.Exec(t.Context(), `UPDATE applications SET entered_at = '2000-01-01'`) // by which nothing is erased
	require.NoError(t, err)
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
	b.behind(t, `UPDATE applications SET entered_at = '2000-01-01' WHERE number = '`+string(rejected)+`'`)
	b.behind(t, `UPDATE cards SET changed_at = '2000-01-01' WHERE application IS NOT NULL`)
	verified := errOf(b.VerifyActs(t.Context()))
	require.ErrorContains(t, verified, "application "+string(rejected)+": since when it has ended is not what its trail says")
	require.ErrorContains(t, verified, "became revoked at 2000-01-01")
	set := registrytest.NewClock(t, b.url)
	ended := b.now(t)
	in := func(days int) { set(ended.Add(time.Duration(days) * 24 * time.Hour)) }
	erase := func() int {
		n, err := b.EraseDue(t.Context(), 10)
		require.NoError(t, err)
		return n
	}
	in(1824)
	require.Zero(t, erase())
	in(1826)
	require.Equal(t, 1, erase())
	in(7299)
	require.Zero(t, erase())

	in(7301)
	var erased atomic.Int64
	for _, err := range atOnce(4, func(int) error {
		n, err := b.EraseDue(t.Context(), 10)
		erased.Add(int64(n))
		return err
	}) {
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, erased.Load(), "the card that is live is not due, however old")
	require.Zero(t, erase())

	for _, number := range []identity.ApplicationNumber{old, rejected} {
		require.Zero(t, b.count(t, "vault_keys WHERE application = $1", number))
		require.Zero(t, b.count(t, "vault_blobs WHERE application = $1", number))
		trail := b.trail(t, number)
		require.Equal(t, "erased what says something about the person", trail[len(trail)-1])
		require.NoError(t, b.VerifyAudit(t.Context(), number))
	}
	require.Equal(t, 1, b.count(t, "vault_keys WHERE application = $1", now))
	b.behind(t, `UPDATE applications SET erased_at = now() WHERE number = '`+string(now)+`'`)
	b.behind(t, `UPDATE applications SET erased_at = NULL WHERE number = '`+string(old)+`'`)
	verified = errOf(b.VerifyActs(t.Context()))
	for _, number := range []identity.ApplicationNumber{now, old} {
		require.ErrorContains(t, verified, "application "+string(number)+": that its evidence was erased is said by its record alone, or by its trail")
	}
	cards, err := b.Issued(t.Context(), "CB-001-0012", registry.CardQuery{Serial: serial})
	require.NoError(t, err)
	require.Equal(t, identity.CardRevoked, cards[0].State, "verifiers still hear that it is dead")
	require.Contains(t, cards[0].Fault, "not known any more", "which is not to say that it had no end")
	entry, err := b.Entry(t.Context(), old)
	require.NoError(t, err)
	require.True(t, entry.Erased)
	b.balanced(t)
}

// Of an application that was erased nothing leads to its person any more, not the digest of the
// number either, which the built-in register has beside the record. That record is the register's
// own, and what it was before a change is there until its own time is over.
func TestEraseDue_LeavesThePersonToTheRegisterAlone(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	person := identity.Person{
		Number: "001212731395", Name: identity.Name{Text: "Giềng Ngoẵng Quỵt Xoèn"}, Birth: identity.Date{Year: 2012, Month: 10, Day: 5}, Sex: identity.Male,
		Ethnicity: "Chơ-ro", Father: identity.Name{Text: "Giềng Nguếch"}, Mother: identity.Name{Text: "Thoòng Huếch"},
		Residence: identity.Place{Text: "97531 Ngõ Khoắng, Hà Nội", Province: "001"},
	}
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive}))
	b.stock(t, 1)
	replaced := b.arrived(t, about(person))
	require.NoError(t, b.Issue(t.Context(), handOver(replaced)))
	rejected := b.received(t, about(person), func(s *registry.Submission) { s.Application.Contact.SMS = "+84912345678" })
	b.enter(t, rejected, 0, identity.BiometricCapture)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: rejected, Step: "reject", Round: 1, Officer: approver, Reason: identity.Reason{Code: "not-entitled"}}, b.now(t))))
	require.NoError(t, b.End(t.Context(), registry.StageChange{Application: rejected, To: identity.Rejected, Actor: "system", Reason: "not-entitled"}))
	who, err := b.PersonByNumber(t.Context(), person.Number)
	require.NoError(t, err)
	moved := who.Person
	moved.Residence = identity.Place{Text: "8 Bạch Đằng, Đà Nẵng", Province: "048"}
	correct := identity.CorrectPerson{Officer: approver, Version: who.Version, Paper: "residence record 12", Reason: "moved", Record: make([]byte, 32)}
	require.NoError(t, b.CorrectPerson(t.Context(), who.ID, correct, moved))
	require.NoError(t, b.MarkPerson(t.Context(), who.ID, identity.MarkPerson{Officer: approver, Status: identity.Deceased, On: "2026-03-01", Paper: "death certificate 4", Reason: "died"}))
	var digest string
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT encode(citizen, 'hex') FROM citizens WHERE id = $1`, who.ID).Scan(&digest))
	held := func() map[string]bool {
		tables := map[string]bool{}
		for column, text := range registrytest.Columns(t, b.url) {
			for _, trace := range []string{digest, string(person.Number), "2012-10-05", "Giềng", "Ngoẵng", "Nguếch", "Huếch", "Khoắng", "Chơ-ro", "912345678"} {
				if strings.Contains(text, trace) {
					table, _, _ := strings.Cut(column, ".")
					tables[table] = true
				}
			}
		}
		return tables
	}
	require.True(t, held()["applications"] && held()["cards"], "by the digest")
	_, err = b.db.Exec(t.Context(), `UPDATE person_changes SET before = '{}', after = '{}', erased_at = now()`)
	require.ErrorContains(t, err, "the ledger is final")
	set, ended := registrytest.NewClock(t, b.url), b.now(t)
	in := func(days int) {
		set(ended.Add(time.Duration(days) * 24 * time.Hour))
		_, err := b.EraseDue(t.Context(), 10)
		require.NoError(t, err)
	}

	in(7301)

	require.Equal(t, map[string]bool{"citizens": true, "person_numbers": true, "person_changes": true}, held())
	changes, err := b.PersonChanges(t.Context(), who.ID)
	require.NoError(t, err)
	require.Contains(t, string(changes[0].Before), "Khoắng")
	in(25551)
	changes, err = b.PersonChanges(t.Context(), who.ID)
	require.NoError(t, err)
	require.JSONEq(t, `{"Residence": {"Province": "001"}}`, string(changes[0].Before), "where its officer was competent")
	require.Equal(t, "residence record 12", changes[0].Paper)
	require.Equal(t, map[string]bool{"citizens": true, "person_numbers": true}, held(), "which says who the person is")
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// about makes an application that person's.
func about(p identity.Person) func(*registry.Submission) {
	return func(s *registry.Submission) { s.Application.Person = p }
}
