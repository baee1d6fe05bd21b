package reconciler_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/reconciler"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/workflows"
)

// engine is a Temporal that runs what it is given, and remembers who was told to look.
type engine struct {
	running workflows.Running
	closed  map[identity.ApplicationNumber]string
	looked  []identity.ApplicationNumber
	deaf    map[identity.ApplicationNumber]bool // cannot be told
}

func (e *engine) Running(context.Context) (workflows.Running, error) { return e.running, nil }
func (e *engine) CountRunning(context.Context) (int, error) {
	return len(e.running.Applications), nil
}

func (e *engine) Closed(context.Context, time.Time) (map[identity.ApplicationNumber]string, map[identity.ConsignmentNumber]string, error) {
	return e.closed, nil, nil
}

func (e *engine) Runs(_ context.Context, id string) (bool, error) {
	for number := range e.running.Applications {
		if workflows.ApplicationWorkflowID(number) == id {
			return true, nil
		}
	}
	return false, nil
}

func (*engine) LatestConsignment(_ context.Context, after identity.ConsignmentNumber) (identity.ConsignmentNumber, error) {
	return after, nil
}

func (e *engine) LookApplication(_ context.Context, number identity.ApplicationNumber) error {
	if e.deaf[number] {
		return errors.New("it does not answer")
	}
	e.looked = append(e.looked, number)
	return nil
}

func (*engine) LookConsignment(context.Context, identity.ConsignmentNumber) error { return nil }
func (*engine) BeginConsignment(context.Context, identity.ConsignmentNumber, identity.StationID) error {
	return nil
}

// waiting is an office in which n applications wait for a blank since as many hours: each
// hundredth is urgent, each tenth of the others makes a card again, and they are of ten
// provinces, of which the first has nine tenths.
type waiting struct {
	*reconciler.Reconciler

	engine *engine
	db     *pgx.Conn
	begun  []identity.ApplicationNumber
}

func await(t *testing.T, n int) *waiting {
	t.Helper()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	r := registrytest.OpenIn(t, url)
	conn, err := pgx.Connect(t.Context(), registrytest.Behind(t, url))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	_, err = conn.Exec(t.Context(), `ALTER TABLE applications DISABLE TRIGGER know_enroller`) // nobody signed so many
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `
		INSERT INTO applications (number, stage, awaiting, awaiting_why, awaiting_since, attempt, due, entered_at, received_at, started_at,
			station, enrollment_id, officer, digest, province, type, ground, channel, filed_on, delivery, destination, urgent, sealed,
			law, form, processing_days, fee)
		SELECT 'A-' || lpad(i::text, 8, '0'), 'DataPreparation', 'stock', 'there is no blank in stock', now() - make_interval(hours => $1 - i + 1), CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END,
			now(), now() - interval '1 year', now() - interval '1 year', now(),
			'001-TN-01', 'E-' || i, 'CB-001-0001', sha256(i::text::bytea), CASE WHEN i % 10 = 5 THEN lpad((i / 10 % 9 + 2)::text, 3, '0') ELSE '001' END,
			'exchange', 'age', 'at-station', now(), 'collect', '001-TN-01', i % 100 = 0, '\x', '2023', 'can-cuoc-2024', 7, 50000
		FROM generate_series(1, $1) i`, n)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `ANALYZE applications`)
	require.NoError(t, err)
	w := &waiting{engine: &engine{running: workflows.Running{Applications: make(map[identity.ApplicationNumber]workflows.Shown, n)}}, db: conn}
	rows, _ := conn.Query(t.Context(), `SELECT number FROM applications`) // CollectRows reports the error
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
	require.NoError(t, err)
	for _, number := range numbers {
		w.engine.running.Applications[number] = workflows.Shown{Stage: identity.DataPreparation, Awaiting: identity.ToRestock}
	}
	w.Reconciler = &reconciler.Reconciler{
		Registry: r, Engine: w.engine, Prepare: func(context.Context) error { return nil }, Quiet: 15 * time.Second, Logger: slog.New(slog.DiscardHandler),
		Begin: func(_ context.Context, number identity.ApplicationNumber) error {
			w.begun = append(w.begun, number)
			return nil
		},
	}
	return w
}

// pass passes, and gives who was told to look.
func (w *waiting) pass(t *testing.T) []identity.ApplicationNumber {
	t.Helper()
	w.engine.looked = nil
	_, err := w.Pass(t.Context())
	require.NoError(t, err)
	return w.engine.looked
}

func (w *waiting) receive(t *testing.T, box, first, last string) {
	t.Helper()
	require.NoError(t, registrytest.Signing{Registry: w.Registry}.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: box, First: identity.BlankSerial(first), Last: identity.BlankSerial(last), Location: identity.LocationCenter, ReceivedBy: "TK-01", CountedBy: "TK-02",
	}))
}

// While there is no blank, nobody who waits is disturbed, however often registry and
// engine are compared: a wait adds nothing to a history. When a box comes, as many are
// woken as there are blanks, once: urgent ones, then cards that are made again, then the
// others, among whom the provinces take turns.
func TestPass_TenThousandWaitForStock(t *testing.T) {
	t.Parallel()
	const n = 10_000
	w := await(t, n)
	for range 10 {
		require.Empty(t, w.pass(t))
	}

	const urgent, again, others = n / 100, n/10 - n/100, 20
	w.receive(t, "B-1", "PT00000001", "PT00001020")
	woken := w.pass(t)

	require.Len(t, woken, urgent+again+others)
	class := func(i int) string {
		var class string
		require.NoError(t, w.db.QueryRow(t.Context(), `SELECT CASE WHEN urgent THEN 'urgent' WHEN attempt > 1 THEN 'again' ELSE province END FROM applications WHERE number = $1`, woken[i]).Scan(&class))
		return class
	}
	require.Equal(t, "urgent", class(0))
	require.Equal(t, "urgent", class(urgent-1))
	require.Equal(t, "again", class(urgent))
	require.Equal(t, "again", class(urgent+again-1))
	turns := make(map[string]int)
	for i := urgent + again; i < len(woken); i++ {
		turns[class(i)]++
	}
	require.Len(t, turns, 10, "each province has its turn, though nine tenths wait in one")
	require.Empty(t, w.pass(t), "nobody is woken twice")

	_, err := w.db.Exec(t.Context(), `UPDATE applications SET awaiting = '', awaiting_why = '', awaiting_since = NULL WHERE number = ANY($1)`, woken)
	require.NoError(t, err)
	for _, number := range woken {
		w.engine.running.Applications[number] = workflows.Shown{Stage: identity.DataPreparation}
	}
	require.Empty(t, w.pass(t), "the blanks that are in stock are for those who are on their way")
}

// Who was woken and found that others had taken the blanks is woken when the next box
// comes, also if there was never a look at empty stock between the two.
func TestPass_WakesAgainWhenTheNextBoxComes(t *testing.T) {
	t.Parallel()
	w := await(t, 10)
	w.receive(t, "B-1", "PT00000001", "PT00000010")
	require.Len(t, w.pass(t), 10)
	require.Empty(t, w.pass(t))

	for _, sql := range []string{`SET session_replication_role = replica`, `DELETE FROM blanks`} { // others have taken them
		_, err := w.db.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	w.receive(t, "B-2", "PT00000011", "PT00000013")

	require.Len(t, w.pass(t), 3)
	require.Empty(t, w.pass(t))
}

// What an application was told about is not told again soon; what differs then for another
// reason is told at once, though no pass saw the two agree between.
func TestPass_TellsAtOnceOfAnotherDifference(t *testing.T) {
	t.Parallel()
	w := await(t, 1)
	const number identity.ApplicationNumber = "A-00000001"
	w.engine.running.Applications[number] = workflows.Shown{Stage: identity.DataPreparation}
	require.Len(t, w.pass(t), 1)
	require.Empty(t, w.pass(t))

	_, err := w.db.Exec(t.Context(), `UPDATE applications SET awaiting = 'attention', awaiting_why = 'the vault has no portrait'`)
	require.NoError(t, err)

	require.Len(t, w.pass(t), 1)
	require.Empty(t, w.pass(t))
}

// One application that cannot be mended does not keep the others from it.
func TestPass_GoesOnAfterWhatFails(t *testing.T) {
	t.Parallel()
	w := await(t, 30)
	deaf, lost := identity.ApplicationNumber("A-00000003"), identity.ApplicationNumber("A-00000007")
	w.engine.deaf = map[identity.ApplicationNumber]bool{deaf: true}
	for number := range w.engine.running.Applications {
		w.engine.running.Applications[number] = workflows.Shown{Stage: identity.Approval, Awaiting: identity.ToApprove}
	}
	delete(w.engine.running.Applications, lost)

	_, err := w.Pass(t.Context())

	require.Error(t, err)
	require.Len(t, w.engine.looked, 28)
	require.Equal(t, []identity.ApplicationNumber{lost}, w.begun)
}

// What ended and is open is found without comparing everything; so is that workflows are
// lacking. Of which another run goes on was reset: that run is told to look, once.
func TestGlance_FindsWhatEnded(t *testing.T) {
	t.Parallel()
	w := await(t, 30)
	_, lacking, err := w.Glance(t.Context(), time.Now())
	require.NoError(t, err)
	require.False(t, lacking)
	ended, reset := identity.ApplicationNumber("A-00000003"), identity.ApplicationNumber("A-00000007")
	delete(w.engine.running.Applications, ended)
	w.engine.closed = map[identity.ApplicationNumber]string{ended: "run-1", reset: "run-2", "A-unknown": "run-3"}

	report, lacking, err := w.Glance(t.Context(), time.Now())

	require.NoError(t, err)
	require.True(t, lacking)
	require.Equal(t, []identity.ApplicationNumber{ended}, report.Begun)
	require.Equal(t, report.Begun, w.begun)
	require.Equal(t, []identity.ApplicationNumber{reset}, report.Told)
	report, _, err = w.Glance(t.Context(), time.Now())
	require.NoError(t, err)
	require.Empty(t, report.Told)
	w.engine.closed[reset] = "run-4"
	report, _, err = w.Glance(t.Context(), time.Now())
	require.NoError(t, err)
	require.Equal(t, []identity.ApplicationNumber{reset}, report.Told, "reset again")
}

// Of several processes one compares; when it is gone, another one does.
func TestRun_OneProcessAtATime(t *testing.T) {
	t.Parallel()
	w := await(t, 1)
	for _, step := range []struct {
		holder string
		held   bool
	}{{"one", true}, {"other", false}, {"one", true}, {"other", false}} {
		held, err := w.Registry.Lease(t.Context(), "reconcile", step.holder, time.Minute)
		require.NoError(t, err)
		require.Equal(t, step.held, held, step.holder)
	}
	_, err := w.db.Exec(t.Context(), `UPDATE leases SET until = now() - interval '1 second'`)
	require.NoError(t, err)

	held, err := w.Registry.Lease(t.Context(), "reconcile", "other", time.Minute)

	require.NoError(t, err)
	require.True(t, held)
	require.False(t, slices.Contains(w.begun, "A-00000001"))
}

// What goes on to differ is told ever more rarely; what agreed meanwhile is told at once.
func TestPass_TellsTheSameEverMoreRarely(t *testing.T) {
	t.Parallel()
	w := await(t, 1)
	const number = identity.ApplicationNumber("A-00000001")
	agreeing, differing := w.engine.running.Applications[number], workflows.Shown{Stage: identity.Approval, Awaiting: identity.ToApprove}
	w.engine.running.Applications[number] = differing
	require.Len(t, w.pass(t), 1)
	require.Empty(t, w.pass(t))
	w.engine.running.Applications[number] = agreeing
	require.Empty(t, w.pass(t))

	w.engine.running.Applications[number] = differing

	require.Len(t, w.pass(t), 1)
}
