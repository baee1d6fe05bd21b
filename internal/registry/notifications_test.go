package registry_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// told are the events of an application that wait for a receiver, in their order.
func (b *bundle) told(t *testing.T, receiver string, number identity.ApplicationNumber) (kinds []string) {
	t.Helper()
	rows, err := b.db.Query(t.Context(), `
		SELECT e.kind FROM deliveries JOIN events e USING (application, n) WHERE receiver = $1 AND application = $2 ORDER BY n`, receiver, number)
	require.NoError(t, err)
	kinds, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return kinds
}

func everything(way identity.NotifyBy) registry.Receiver {
	return registry.Receiver{Name: "all" + string(way), Kinds: identity.EventKinds, Way: way}
}

func agreed(s *registry.Submission) { s.Application.Contact = identity.Contact{SMS: "+84912345678"} }

// What happens is told once, in its order, to whoever is to be told of it: a citizen who did
// not agree is not.
func TestEvents_AreWrittenWithTheirFacts(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	early := b.received(t)
	require.NoError(t, b.SetReceivers(t.Context(), []registry.Receiver{
		everything(""), everything(identity.BySMS), everything(identity.ByEmail), {Name: "losses", Kinds: []identity.EventKind{identity.EventCardLost}},
	}))
	b.stock(t, 1)
	wait := func(number identity.ApplicationNumber, at identity.Stage, what identity.Action, round int) {
		t.Helper()
		require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: at, Awaiting: what, Why: "x", Limit: time.Hour, Actor: identity.ActorSystem, Round: round})))
	}
	number := b.arrived(t, agreed)
	wait(number, identity.HandOver, identity.ToHandOver, 1)
	wait(number, identity.HandOver, identity.ToAttend, 1)
	wait(number, identity.HandOver, identity.ToHandOver, 1) // which it did before
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, b.LostByHolder(t.Context(), number))
		require.NoError(t, b.LostByHolder(t.Context(), number))
		require.NoError(t, errOf2(b.ChangeCard(t.Context(), card.Card.Serial, identity.ReportFound{OnCard: on(enroller, "in a coat")})))
	}

	require.Equal(t, []string{"received", "ready", "card-lost", "card-valid", "card-lost", "card-valid"}, b.told(t, "all", number))
	require.Equal(t, []string{"received", "ready", "card-lost", "card-valid", "card-lost", "card-valid"}, b.told(t, "allsms", number))
	require.Empty(t, b.told(t, "allemail", number))
	require.Equal(t, []string{"card-lost", "card-lost"}, b.told(t, "losses", number))
	require.Empty(t, b.told(t, "all", early), "it was received before anybody was to be told")
	require.NotContains(t, string(registrytest.Dump(t, b.url)), "912345678", "how to reach a citizen is sealed")
	b.behind(t, `DELETE FROM vault_keys`) // as when its time is over
	taken, err := b.TakeDeliveries(t.Context(), "allsms", 10, 0)
	require.NoError(t, err)
	require.Len(t, taken, 1)
	require.True(t, taken[0].Erased)
	require.Zero(t, taken[0].Contact)
	require.NoError(t, b.Void(t.Context(), taken[0], "the person's data were erased"))
	next, err := b.TakeDeliveries(t.Context(), "allsms", 10, 0)
	require.NoError(t, err)
	require.Equal(t, 2, next[0].N)

	again := b.received(t)
	wait(again, identity.BiometricCapture, identity.ToRecapture, 1)
	b.behind(t, `UPDATE applications SET awaiting_until = now() WHERE number = '`+string(again)+`'`)
	require.NoError(t, b.End(t.Context(), registry.StageChange{Application: again, To: identity.Expired, Reason: identity.ReasonNotRecaptured, Actor: identity.ActorSystem}))
	require.Equal(t, []string{"received", "recapture", "expired"}, b.told(t, "all", again))
}

// What is undone is told to nobody.
func TestEvents_GoWithTheirTransaction(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.SetReceivers(t.Context(), []registry.Receiver{everything("")}))
	number := b.received(t)
	tx, err := b.db.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `UPDATE applications SET stage = 'BiometricCapture', awaiting = 'recapture' WHERE number = $1`, number)
	require.NoError(t, err)
	require.NoError(t, tx.Rollback(t.Context()))

	require.Equal(t, []string{"received"}, b.told(t, "all", number))
}

// Whoever has not collected a card is reminded once, in the last half of the time there is,
// and not before there is as little of it as the settings say.
func TestRemind_Once(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.SetReceivers(t.Context(), []registry.Receiver{everything("")}))
	b.stock(t, 1)
	number := b.arrived(t)
	remind := func(ahead time.Duration) int {
		t.Helper()
		n, err := b.Remind(t.Context(), ahead, 10)
		require.NoError(t, err)
		return n
	}
	waits := func(since, until string) {
		t.Helper()
		b.behind(t, `UPDATE applications SET awaiting = 'hand-over', awaiting_since = now() - interval '`+since+`', awaiting_until = now() + interval '`+until+`'`)
	}
	waits("300 days", "40 days")
	require.Zero(t, remind(720*time.Hour))
	waits("1 day", "20 days")
	require.Zero(t, remind(720*time.Hour), "who has just heard that it is ready")
	waits("300 days", "20 days")
	require.Equal(t, 1, remind(720*time.Hour))
	require.Zero(t, remind(720*time.Hour))

	require.Equal(t, []string{"received", "reminder"}, b.told(t, "all", number))
}

// Of each application the first that is not done is given, to one of those who ask; it comes
// back when its time is over, and what comes after it waits with it.
func TestTakeDeliveries_OneAtATimeOfEachApplication(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.SetReceivers(t.Context(), []registry.Receiver{everything("")}))
	number := b.received(t)
	require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Why: "x", Actor: identity.ActorSystem, Round: 1})))
	take := func(lasts time.Duration) []registry.Delivery {
		t.Helper()
		list, err := b.TakeDeliveries(t.Context(), "all", 10, lasts)
		require.NoError(t, err)
		return list
	}
	patience := registry.Patience{Tries: 3}
	lost := take(0) // by a process that was killed
	require.Len(t, lost, 1)
	require.Equal(t, identity.EventReceived, lost[0].Kind)
	first := take(time.Hour)
	require.Len(t, first, 1)
	require.Equal(t, 2, first[0].Try)
	require.Empty(t, take(time.Hour), "the second is behind the first")

	require.NoError(t, b.Delivered(t.Context(), lost[0]))
	require.Empty(t, take(time.Hour), "what another process does now is not ended by who had it before")
	dead, err := b.Undelivered(t.Context(), first[0], "answered 500", 0, patience)
	require.NoError(t, err)
	require.False(t, dead)
	first = take(time.Hour)
	dead, err = b.Undelivered(t.Context(), first[0], "answered 500", 0, patience)
	require.NoError(t, err)
	require.True(t, dead)

	second := take(time.Hour)
	require.Len(t, second, 1, "a dead letter keeps nobody waiting")
	require.Equal(t, identity.EventRecapture, second[0].Kind)
	require.NoError(t, b.Delivered(t.Context(), second[0]))
	letters, err := b.Letters(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, letters, 1)
	require.Equal(t, "answered 500", letters[0].Why)

	act := identity.ReplayNotifications{Officer: "SX-C06-0001", Receiver: "all", Reason: "it is mended"}
	signed := registrytest.Signed(act, statement.Office)
	for range 2 {
		n, err := b.Registry.ReplayNotifications(t.Context(), act, signed)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	replayed := take(time.Hour)
	require.Len(t, replayed, 1)
	require.Equal(t, 1, replayed[0].Try)
	act.Receiver = "al"
	_, err = b.Registry.ReplayNotifications(t.Context(), act, registrytest.Signed(act, statement.Office))
	require.ErrorContains(t, err, `receiver: "al" is not known; there are all; did you mean all?`)
	act.Officer = "CB-001-0007"
	_, err = b.Registry.ReplayNotifications(t.Context(), act, registrytest.Signed(act, statement.Office))
	require.True(t, identity.Refused(err, identity.Forbidden), "%v", err)
}
