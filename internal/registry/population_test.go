package registry_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
)

// newborn is a child whom the population register does not know.
func newborn() identity.Person {
	return identity.Person{
		Name: identity.Name{Text: "Nguyễn Minh An"}, Birth: identity.Date{Year: 2020, Month: 3, Day: 5}, Sex: identity.Male, Ethnicity: "Kinh",
		Father: identity.Name{Text: "Nguyễn Văn Hòa"}, Mother: identity.Name{Text: "Trần Thị Thúy"},
		BirthRegistration: identity.Place{Text: "Phường Hoàn Kiếm, Hà Nội", Province: "001"},
		Residence:         identity.Place{Text: "12 Hàng Bài, Hà Nội", Province: "001"},
	}
}

// applies submits an application of a person.
func (b *bundle) applies(t *testing.T, p identity.Person) identity.ApplicationNumber {
	t.Helper()
	return b.received(t, func(s *registry.Submission) {
		s.Application.Person, s.Application.Ground, s.Application.Type = p, identity.GroundFirstCard, identity.FirstIssue
	})
}

// registers asks the register for a person who names no number.
func (b *bundle) registers(t *testing.T, p identity.Person, notThese ...identity.PersonID) (population.Record, []population.Match, error) {
	t.Helper()
	number := b.applies(t, p)
	b.grants(t, number)
	return b.RegisterPerson(t.Context(), population.Registration{Application: number, Person: p, Paper: "birth certificate", NotThese: notThese})
}

// grants approves an application by what proves the person.
func (b *bundle) grants(t *testing.T, number identity.ApplicationNumber) {
	t.Helper()
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepApprove, Round: 1, Officer: approver, Paper: "birth certificate"}, time.Time{})))
}

// One child, applied for five times at the same moment through two gateways, spelled in
// two ways, is one person with one number; who comes later is shown that person.
func TestRegisterPerson_OneChildAppliedForFiveTimesIsOnePerson(t *testing.T) {
	t.Parallel()
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "master.key"), true)
	require.NoError(t, err)
	b := newBundleWith(t, vault.New(master))
	other, err := registry.Open(t.Context(), b.url, registry.Options{Vault: vault.New(master), MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(other.Close)
	gateways := []*registry.Registry{b.Registry, other}
	spelled := newborn()
	spelled.Name.Text, spelled.Father.Text = "NGUYỄN MINH ÂN", "Nguyễn Văn Hoà"
	people := []identity.Person{newborn(), spelled}
	applications := make([]identity.ApplicationNumber, 5)
	for i := range applications {
		applications[i] = b.applies(t, people[i%2])
		b.grants(t, applications[i])
	}
	registered, likely := make([]population.Record, 10), make([][]population.Match, 10)

	errs := atOnce(10, func(i int) (err error) {
		who := population.Registration{Application: applications[i%5], Person: people[i%5%2], Paper: "birth certificate"}
		registered[i], likely[i], err = gateways[i%2].RegisterPerson(t.Context(), who)
		return err
	})

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 1, b.count(t, "citizens"))
	require.Equal(t, 1, b.count(t, "person_numbers"))
	for i := range registered {
		require.Equal(t, registered[i].ID != "", len(likely[i]) == 0)
		require.Equal(t, registered[i%5].ID, registered[i].ID, "asked again, an application is answered the same")
	}
}

// Whom the register gives of thousands are those whom one would choose who read it all: none
// is left out for being one of many, or for what index finds him.
func TestFindPersons_GivesEverybodyWhoIsLikely(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	r := rand.New(rand.NewPCG(3, 7)) //nolint:gosec // the same every time
	somebody := func() identity.Person {
		one := func(of ...string) string { return of[r.IntN(len(of))] }
		p := identity.Person{
			Name:  identity.Name{Text: one("Nguyễn Văn Hùng", "Nguyễn Văn Hưng", "Nguyễn Hùng", "Nguyễn Văn Hùn", "Nguyen Van Hung", "H'Hen Niê", "H Hen Nie", "HHen Niê", "Đỗ", "Đổ", "Độ An", "Lê Văn Hùng", "Văn Hùng Nguyễn")},
			Birth: identity.Date{Year: 1950 + r.IntN(2), Month: 3 + r.IntN(3), Day: 3 + r.IntN(3)}, Sex: identity.Sex(one("M", "F")),
			Father: identity.Name{Text: one("", "Nguyễn Văn Hòa", "Nguyễn Văn Hoà", "Lê Tám", "Trần Thị Thúy")}, Mother: identity.Name{Text: one("", "Trần Thị Thúy", "Trần Thị Thuy", "Trần Thị Thúi", "Nguyễn Văn Hòa")},
			BirthRegistration: identity.Place{Text: one("", "Phường Hoàn Kiếm, Hà Nội", "Xã Tam Kỳ, Đà Nẵng")},
		}
		switch r.IntN(6) {
		case 0:
			p.Birth.Month, p.Birth.Day = 0, 0
		case 1:
			p.Birth.Day = 0
		}
		return p
	}
	var all []population.Record
	rows := make([][]any, 1600)
	for i := range rows {
		p := somebody()
		if i >= 1000 {
			p = identity.Person{Name: identity.Name{Text: "Phạm Thị Nhiều"}, Birth: identity.Date{Year: 1950}, Sex: identity.Female}
		}
		p.Number = identity.PersonalNumber(fmt.Sprintf("001050%06d", i))
		id := fmt.Sprintf("P%d", i)
		person, err := json.Marshal(p)
		require.NoError(t, err)
		digest := sha256.Sum256([]byte(p.Number))
		rows[i] = []any{id, string(p.Number), digest[:], person, "alive"}
		all = append(all, population.Record{ID: identity.PersonID(id), Person: p})
	}
	_, err := b.db.CopyFrom(t.Context(), pgx.Identifier{"citizens"}, []string{"id", "number", "citizen", "person", "status"}, pgx.CopyFromRows(rows))
	require.NoError(t, err)
	found := 0

	for range 60 {
		claim := somebody()
		matches, err := b.FindPersons(t.Context(), claim)
		require.NoError(t, err)
		require.Equal(t, ids(population.Rank(claim, all[:1000])), ids(matches))
		found += len(matches)
	}
	_, err = b.FindPersons(t.Context(), all[1000].Person)

	require.Greater(t, found, 600)
	require.ErrorContains(t, err, "may be any of more than 500 persons of the population register")
}

func ids(matches []population.Match) []identity.PersonID {
	list := make([]identity.PersonID, len(matches))
	for i, m := range matches {
		list[i] = m.ID
	}
	return list
}

// What a station typed of numbers that somebody had is in no record: those are the register's
// to know.
func TestRegisterPerson_HasNoNumberThatAStationTyped(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	typed := newborn()
	typed.CancelledNumber, typed.OldNumber = "001220000009", "012999999"

	who, _, err := b.registers(t, typed)

	require.NoError(t, err)
	require.NotEmpty(t, who.Person.Number)
	require.Empty(t, who.Person.CancelledNumber)
	require.Empty(t, who.Person.OldNumber)
	require.NotEmpty(t, population.Contradictions(population.Compare(typed, who)), "an officer hears of it")
}

// A twin is shown to an officer as the other one, who may have been given another name, and so
// is a namesake of that day: each is a person of its own once an officer said so. A twin of the
// other sex may be the same one, whose sex was determined anew.
func TestRegisterPerson_WhoIsAnotherPersonGetsANumber(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	twin, sister, namesake := newborn(), newborn(), newborn()
	twin.Name.Text, twin.Father = "Lê Hoàng Phúc", identity.Name{}
	sister.Name.Text, sister.Sex = "Lê Hoàng Lan", identity.Female
	first, _, err := b.registers(t, newborn())
	require.NoError(t, err)
	numbers := []identity.PersonalNumber{first.Person.Number}

	for _, other := range []identity.Person{twin, sister, namesake} {
		_, likely, err := b.registers(t, other)
		require.NoError(t, err)
		seen := make([]identity.PersonID, len(likely))
		for i, m := range likely {
			seen[i] = m.ID
		}
		require.Contains(t, seen, first.ID)
		who, likely, err := b.registers(t, other, seen...)
		require.NoError(t, err)
		require.Empty(t, likely)
		numbers = append(numbers, who.Person.Number)
	}

	slices.Sort(numbers)
	require.Len(t, slices.Compact(numbers), 4)
}

// The tables themselves refuse a second registration of one identity, and a number that
// was somebody's before.
func TestCitizens_AreEachOnceByConstraint(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	first, _, err := b.registers(t, newborn())
	require.NoError(t, err)

	_, err = b.db.Exec(t.Context(), `INSERT INTO citizens (number, citizen, person, status, identity_key) SELECT '001220000001', sha256('other'), person, status, identity_key FROM citizens`)
	require.ErrorContains(t, err, "one_registration_per_identity")
	require.NoError(t, b.RenumberPerson(t.Context(), first.ID, identity.RenumberPerson{Officer: approver, Version: first.Version, Paper: "decision 7", Reason: "year of birth corrected"}))
	_, err = b.db.Exec(t.Context(), `INSERT INTO citizens (number, citizen, person, status) VALUES ($1, sha256('another'), '{}', 'alive')`, string(first.Person.Number))
	require.ErrorContains(t, err, "person_numbers_pkey")
}

// 24.1(e): the old number leads to the new one, and the card that bears it is revoked in
// the same act.
func TestRenumberPerson_OldNumberLeadsToTheNewOneAndTheCardIsRevoked(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	person := newborn()
	person.Number = "001220000001"
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive, LiveCard: &registry.OldCard{Serial: "0123456789ABCDEF", Form: "cccd-2021", Issued: identity.Date{Year: 2026, Month: 1, Day: 5}}}))
	before, err := b.PersonByNumber(t.Context(), person.Number)
	require.NoError(t, err)
	act := identity.RenumberPerson{Officer: approver, Version: before.Version, Paper: "decision 7", Reason: "built from wrong data"}
	signed := registrytest.Signed(act, statement.Person(before.ID))

	for range 2 { // said twice, it is done once
		require.NoError(t, b.Registry.RenumberPerson(t.Context(), before.ID, act, signed))
	}

	after, err := b.PersonByNumber(t.Context(), person.Number)
	require.NoError(t, err)
	require.Equal(t, before.ID, after.ID)
	require.NotEqual(t, person.Number, after.Person.Number)
	require.Equal(t, person.Number, after.Person.CancelledNumber)
	require.Equal(t, 1, b.count(t, "cards WHERE state = 'revoked' AND reason = 'number-replaced'"))
	held, err := b.Held(t.Context(), after.Person.Number)
	require.NoError(t, err)
	require.Equal(t, &identity.HeldCard{Issued: identity.Date{Year: 2026, Month: 1, Day: 5}, State: identity.CardRevoked, Canceled: true}, held, "what the exchange costs follows from it")
	changes, err := b.PersonChanges(t.Context(), before.ID)
	require.NoError(t, err)
	require.Len(t, changes, 1)
	require.Contains(t, string(changes[0].Before), string(person.Number))
	require.Contains(t, string(changes[0].After), string(after.Person.Number))
}

// Who was given another number has one application open all the same, under whichever number
// it is filed, and at the same moment too.
func TestReceive_OneOpenApplicationUnderAllNumbers(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	person := newborn()
	person.Number = "001220000001"
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive}))
	who, err := b.PersonByNumber(t.Context(), person.Number)
	require.NoError(t, err)
	require.NoError(t, b.RenumberPerson(t.Context(), who.ID, identity.RenumberPerson{Officer: approver, Version: who.Version, Paper: "decision 7", Reason: "wrong"}))
	who, err = b.Person(t.Context(), who.ID)
	require.NoError(t, err)
	numbers := []identity.PersonalNumber{person.Number, who.Person.Number}
	file := func(i int) error {
		return errOf(b.Receive(t.Context(), b.submission(of(numbers[i%2]))))
	}

	taken := 0
	for _, err := range atOnce(6, file) {
		if err == nil {
			taken++
			continue
		}
		require.ErrorContains(t, err, "has an open application")
	}

	require.Equal(t, 1, taken)
	for _, n := range numbers {
		s := b.submission(of(n))
		s.Enrolled = identity.Enroll{Officer: s.Application.Officer, Payload: s.Digest[:]}
		s.Signed = registrytest.Signed(s.Enrolled, statement.Station(s.Application.Station))
		objections, err := b.Objections(t.Context(), s)
		require.NoError(t, err)
		require.ErrorContains(t, objections, "has an open application: ")
	}
}

func TestCorrectPerson_KeepsBeforeAndAfterAndRefusesWhatWasNotSeen(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	first, _, err := b.registers(t, newborn())
	require.NoError(t, err)
	after := first.Person
	after.Residence.Text = "15 Tràng Tiền, Hà Nội"
	act := identity.CorrectPerson{Officer: approver, Version: first.Version, Paper: "residence record 12", Reason: "moved", Record: make([]byte, 32)}
	require.NoError(t, b.CorrectPerson(t.Context(), first.ID, act, after))

	late := b.CorrectPerson(t.Context(), first.ID, act, first.Person) // another statement, from what is gone
	renumbered := after
	renumbered.Number = "001220000009"
	act.Version = "2"
	other := b.CorrectPerson(t.Context(), first.ID, act, renumbered)

	require.ErrorContains(t, late, "version")
	require.ErrorContains(t, other, "renumber")
	now, err := b.Person(t.Context(), first.ID)
	require.NoError(t, err)
	require.Equal(t, "15 Tràng Tiền, Hà Nội", now.Person.Residence.Text)
	require.NotEqual(t, first.Version, now.Version)
	changes, err := b.PersonChanges(t.Context(), first.ID)
	require.NoError(t, err)
	require.Len(t, changes, 2)
	require.Equal(t, "birth certificate", changes[0].Paper)
	require.Equal(t, "residence record 12", changes[1].Paper)
	require.Contains(t, string(changes[1].Before), "Hàng Bài")
	require.Contains(t, string(changes[1].After), "Tràng Tiền")
}

func TestMarkPerson_EndsTheLiveCard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: card.Card.Person, Status: identity.Alive}))
	who, err := b.PersonByNumber(t.Context(), card.Card.Person.Number)
	require.NoError(t, err)
	act := identity.MarkPerson{Officer: approver, Status: identity.Deceased, On: "2026-03-01", Paper: "death certificate 4", Reason: "died"}

	future := act
	future.On = identity.DateOf(time.Now().AddDate(1, 0, 0)).Display()
	future.On = strings.Join([]string{future.On[6:], future.On[3:5], future.On[:2]}, "-")
	require.ErrorContains(t, b.MarkPerson(t.Context(), who.ID, future), "future")
	require.NoError(t, b.MarkPerson(t.Context(), who.ID, act))

	who, err = b.Person(t.Context(), who.ID)
	require.NoError(t, err)
	require.Equal(t, identity.Deceased, who.Status)
	require.Equal(t, identity.Date{Year: 2026, Month: 3, Day: 1}, who.Since)
	held, err := b.Held(t.Context(), who.Person.Number)
	require.NoError(t, err)
	require.Equal(t, identity.CardLapsed, held.State)
	require.True(t, held.InError, "if the person applies, who lives")
	act.On, act.Paper = "2026-03-02", "extract 5"
	for _, status := range []identity.CitizenStatus{identity.Emigrated, identity.NationalityLost} {
		act.Status = status
		require.ErrorContains(t, b.MarkPerson(t.Context(), who.ID, act), "mark the person alive first")
	}
	for _, status := range []identity.CitizenStatus{identity.Alive, identity.Emigrated} {
		act.Status = status
		require.NoError(t, b.MarkPerson(t.Context(), who.ID, act))
	}
}

// A person's applications under the old number are the person's own.
func TestUnjudged_OnePersonUnderTwoNumbersIsNoHit(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	person := newborn()
	person.Number = "001220000001"
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive}))
	before, err := b.PersonByNumber(t.Context(), person.Number)
	require.NoError(t, err)
	old, stranger := b.applies(t, person), b.received(t)
	b.enter(t, old, 0, identity.Rejected)
	require.NoError(t, b.RenumberPerson(t.Context(), before.ID, identity.RenumberPerson{Officer: approver, Version: before.Version, Paper: "decision 7", Reason: "wrong"}))
	after, err := b.Person(t.Context(), before.ID)
	require.NoError(t, err)
	next := b.applies(t, after.Person)

	others, _, err := b.Unjudged(t.Context(), next, nil, []identity.ApplicationNumber{old, stranger})

	require.NoError(t, err)
	require.Equal(t, []identity.ApplicationNumber{stranger}, others)
}

// Whoever is marked or given another number at the moment of hand-over has no live card
// after both, whichever came first.
func TestIssue_NoCardForWhoCanHaveNone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *bundle, who population.Record) error{
		"Deceased": func(b *bundle, who population.Record) error {
			return b.MarkPerson(t.Context(), who.ID, identity.MarkPerson{Officer: approver, Status: identity.Deceased, On: "2026-03-01", Paper: "death certificate 4", Reason: "died"})
		},
		"Renumbered": func(b *bundle, who population.Record) error {
			return b.RenumberPerson(t.Context(), who.ID, identity.RenumberPerson{Officer: approver, Version: who.Version, Paper: "decision 7", Reason: "wrong"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.stock(t, 1)
			number := b.arrived(t)
			card, err := b.Card(t.Context(), number, 1)
			require.NoError(t, err)
			require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: card.Card.Person, Status: identity.Alive}))
			who, err := b.PersonByNumber(t.Context(), card.Card.Person.Number)
			require.NoError(t, err)

			errs := atOnce(2, func(i int) error {
				if i == 0 {
					return change(b, who)
				}
				return b.Issue(t.Context(), handOver(number))
			})

			require.NoError(t, errs[0])
			if errs[1] != nil {
				require.ErrorContains(t, errs[1], "population register")
			}
			require.Zero(t, b.count(t, "cards WHERE state = 'live'"))
		})
	}
}

// Whoever enrolled somebody does not make the population register agree with it.
func TestCorrectPerson_ByAnotherThanWhoEnrolled(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.registering(t, identity.Officer{Badge: enroller, Unit: "001", Roles: []identity.Role{identity.Enrolling, identity.Resolving}}, nil))
	person := newborn()
	person.Number = "001220000001"
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive}))
	who, err := b.PersonByNumber(t.Context(), person.Number)
	require.NoError(t, err)
	number := b.applies(t, person)
	mark := identity.MarkPerson{Officer: enroller, Status: identity.Deceased, On: "2026-03-01", Paper: "death certificate 4", Reason: "died"}
	require.ErrorContains(t, b.MarkPerson(t.Context(), who.ID, mark), "does not change the register's record while the application is open")
	b.enter(t, number, 0, identity.Withdrawn)
	require.NoError(t, b.MarkPerson(t.Context(), who.ID, mark))
}
