package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// A look-up gives what the citizen's page says, with the day of each stage, what has to be
// captured again and until when.
func TestLookUp(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	act := identity.RegisterStation{Officer: cast.Founders[0], Witness: cast.Founders[1], Province: "001", Name: "PC06", Address: "Số 1, Phố Mẫu", Hours: "8:00-17:00", PublicKey: make([]byte, 32)}
	require.NoError(t, b.Registry.RegisterStation(t.Context(), enrollment, act, registrytest.Signed(act, statement.Station(enrollment))))
	number := b.received(t)
	_, err := b.Enter(t.Context(), registry.StageChange{
		Application: number, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Why: "dark", StopsClock: true, Actor: "system",
		Limit: 48 * time.Hour, Round: 1, Found: []byte(`{"Reasons":["portrait-dark"]}`),
	})
	require.NoError(t, err)

	got, misses, err := b.LookUp(t.Context(), number, []byte("client"), []byte("receipt"))

	require.NoError(t, err)
	require.Zero(t, misses)
	require.Equal(t, number, got.Number)
	require.Equal(t, identity.BiometricCapture, got.Stage)
	require.Equal(t, identity.ToRecapture, got.Awaiting)
	require.JSONEq(t, `{"Reasons":["portrait-dark"]}`, string(got.Found))
	require.True(t, got.Paused)
	require.Equal(t, registry.Place{Name: "PC06", Address: "Số 1, Phố Mẫu", Hours: "8:00-17:00"}, got.FiledAt)
	require.WithinDuration(t, got.Now.Add(48*time.Hour), got.Until, time.Minute)
	require.Contains(t, got.Entered, identity.Received)
	require.WithinDuration(t, got.Now, got.Entered[identity.BiometricCapture], time.Minute)
	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, record.Application.Person.Birth, got.Birth)

	// The limit is of the wait, however often it is noted, and ends with it.
	again, err := b.Enter(t.Context(), registry.StageChange{
		Application: number, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Why: "dark", StopsClock: true, Actor: "system", Limit: 96 * time.Hour, Round: 1,
	})
	require.NoError(t, err)
	require.NotZero(t, again)
	later, _, err := b.LookUp(t.Context(), number, []byte("client"), []byte("receipt"))
	require.NoError(t, err)
	require.Equal(t, got.Until, later.Until)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepRecapture, Round: 2, Officer: enroller}, time.Time{})))
	b.enter(t, number, 1, identity.Validation)
	later, _, err = b.LookUp(t.Context(), number, []byte("client"), []byte("receipt"))
	require.NoError(t, err)
	require.Zero(t, later.Until)
	require.Empty(t, later.Found)
}

// A citizen is known by the birth of the register's record once it is known whose the
// application is, and not by what a station typed; also after a correction of the record.
func TestLookUp_ByTheBirthOfTheRegister(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	person := b.submission().Application.Person
	person.Number = holder
	person.Birth = identity.Date{Year: 2001, Month: 12, Day: 28}
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive}))
	typed := identity.Date{Year: 2001, Month: 2, Day: 28}
	number := b.received(t, of(holder))
	birth := func() identity.Date {
		shown, _, err := b.LookUp(t.Context(), number, []byte("client"), []byte("receipt"))
		require.NoError(t, err)
		return shown.Birth
	}

	require.Equal(t, typed, birth())
	b.enter(t, number, 1, identity.BiometricCapture, identity.Validation)
	require.Equal(t, typed, birth(), "nobody has said yet that it is this person")
	b.enter(t, number, 1, identity.Deduplication)
	require.Equal(t, person.Birth, birth())

	elsewhere := b.received(t) // no record of the person is here
	b.enter(t, elsewhere, 1, identity.BiometricCapture, identity.Validation, identity.Deduplication, identity.Approval)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: elsewhere, Step: "approve", Round: 1, Officer: approver}, time.Time{})))
	b.enter(t, elsewhere, 1, identity.DataPreparation)
	card := b.card(t, elsewhere, 1)
	card.Card.Person.Birth = person.Birth
	require.NoError(t, b.SaveCard(t.Context(), card))
	number = elsewhere
	require.Equal(t, person.Birth, birth())
}

// Misses are counted by client, by receipt and by both, for unknown receipts as well, by
// all gateways together; those that are over are forgotten.
func TestLookUp_CountsMisses(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const unknown = identity.ApplicationNumber("00000-00000-0")
	misses := func(client, receipt string) registry.Misses {
		_, m, err := b.LookUp(t.Context(), unknown, []byte(client), []byte(receipt))
		require.ErrorIs(t, err, identity.NotFound)
		return m
	}
	miss := func(client, receipt string) {
		require.NoError(t, b.NoteMiss(t.Context(), []byte(client), []byte(receipt)))
	}

	miss("a", "1")
	miss("a", "1")
	miss("a", "2")
	miss("b", "1")

	m := misses("a", "1")
	require.Equal(t, []int{2, 3, 3}, []int{m.Here.Count, m.Client.Count, m.Receipt.Count})
	m = misses("b", "2")
	require.Equal(t, []int{0, 1, 1}, []int{m.Here.Count, m.Client.Count, m.Receipt.Count})
	require.Zero(t, misses("c", "3"))

	_, err := b.db.Exec(t.Context(), `UPDATE look_up_misses SET until = now() - interval '2 minutes' WHERE client = 'a'`)
	require.NoError(t, err)
	require.Zero(t, misses("a", "9"))
	miss("a", "1") // begins to count anew
	m = misses("a", "1")
	require.Equal(t, []int{1, 1, 4}, []int{m.Here.Count, m.Client.Count, m.Receipt.Count})
	var kept int
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT count(*) FROM look_up_misses WHERE client = 'a' AND receipt = '2'`).Scan(&kept))
	require.Zero(t, kept)
}
