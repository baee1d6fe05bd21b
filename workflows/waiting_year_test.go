package workflows_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/vault"
	"example.org/cancuoc/workflows"
)

// The reconciler tells a workflow to look sixteen times in a year at the most, though it
// shows something else than the registry all the time: five times in the first month, and
// then once a month. It tells none that agrees.
var (
	waiting      = flag.Int("waiting", 50, "how many applications wait for stock for a simulated year")
	looksInAYear = flag.Int("looks", 5+11, "how often each is told to look in that year")
)

// Applications that wait for stock for a year keep short histories, on a real server.
func TestWaiting_AYearForStock(t *testing.T) {
	t.Parallel()
	o := newLiveOffice(t, settings{"worker.slots": 1})
	numbers := o.queueUp(*waiting)
	o.work(o.Pipeline(t.Context()))
	o.forEach(numbers, func(number identity.ApplicationNumber) error {
		return o.flows.StartApplication(t.Context(), workflows.ApplicationStart{Number: number, Province: "001", Due: time.Now(), RiskAt: time.Now(), Resumed: true})
	})

	o.awaitQueue(len(numbers))
	for range *looksInAYear {
		o.forEach(numbers, func(number identity.ApplicationNumber) error { return o.flows.LookApplication(t.Context(), number) })
	}
	o.awaitQueue(len(numbers))

	longest := o.longestHistory()
	t.Logf("%d applications, %d looks each: the longest history has %d events", len(numbers), *looksInAYear, longest)
	require.Less(t, longest, int64(700))
}

// queueUp has the registry hold that many applications that wait for a blank.
func (o *liveOffice) queueUp(n int) []identity.ApplicationNumber {
	o.t.Helper()
	o.open(samplePopulation(o.t))
	conn, err := pgx.Connect(o.t.Context(), registrytest.Behind(o.t, o.settings["database.url"].(string)))
	require.NoError(o.t, err)
	defer conn.Close(o.t.Context())
	_, err = conn.Exec(o.t.Context(), `ALTER TABLE applications DISABLE TRIGGER know_enroller`) // nobody signed so many
	require.NoError(o.t, err)
	master, err := vault.OpenFile(filepath.Join(o.settings["data_dir"].(string), "keys", "vault.key"), false)
	require.NoError(o.t, err)
	sealing := vault.New(master)
	numbers, sealed, keys := make([]string, n), make([][]byte, n), make([][]byte, n)
	for i := range n {
		numbers[i] = fmt.Sprintf("A-%08d", i+1)
		rows, err := registry.SealRows(sealing, identity.ApplicationNumber(numbers[i]), identity.Application{Person: identity.Person{Number: "001086999901"}}, identity.Card{})
		require.NoError(o.t, err)
		sealed[i], keys[i] = rows.Application, rows.Key
	}
	_, err = conn.Exec(o.t.Context(), `
		INSERT INTO applications (number, stage, awaiting, awaiting_why, awaiting_since, attempt, due, entered_at, received_at, started_at,
			station, enrollment_id, officer, digest, province, type, ground, channel, filed_on, delivery, destination, urgent, sealed,
			law, form, processing_days, fee)
		SELECT number, 'DataPreparation', 'stock', 'there is no blank in stock', now() - interval '1 day', 1,
			now() + interval '400 days', now() - interval '1 day', now() - interval '1 day', now(),
			(SELECT min(id) FROM stations), 'E-' || number, 'CB-001-0001', sha256(number::bytea), '001',
			'exchange', 'age', 'at-station', now(), 'collect', '001-TN-01', false, sealed, '2023', 'can-cuoc-2024', 7, 50000
		FROM unnest($1::text[], $2::bytea[]) AS of (number, sealed)`, numbers, sealed)
	require.NoError(o.t, err)
	_, err = conn.Exec(o.t.Context(), `INSERT INTO vault_keys (application, wrapped) SELECT * FROM unnest($1::text[], $2::bytea[])`, numbers, keys)
	require.NoError(o.t, err)
	waiting := make([]identity.ApplicationNumber, n)
	for i, number := range numbers {
		waiting[i] = identity.ApplicationNumber(number)
	}
	return waiting
}

// forEach does something for each application, some at a time.
func (o *liveOffice) forEach(numbers []identity.ApplicationNumber, do func(identity.ApplicationNumber) error) {
	o.t.Helper()
	var all sync.WaitGroup
	tokens := make(chan struct{}, 16)
	errs := make(chan error, len(numbers))
	for _, number := range numbers {
		tokens <- struct{}{}
		all.Go(func() {
			errs <- do(number)
			<-tokens
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		require.NoError(o.t, err)
	}
}

// awaitQueue waits until that many applications are shown as waiting for stock.
func (o *liveOffice) awaitQueue(n int) {
	o.t.Helper()
	query := fmt.Sprintf("ExecutionStatus = 'Running' AND AwaitingAction = '%s'", identity.ToRestock)
	require.Eventually(o.t, func() bool {
		count, err := o.temporal.CountWorkflow(o.t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		return err == nil && count.GetCount() == int64(n)
	}, 10*time.Minute, time.Second)
}

// longestHistory is how many events the longest history of a running workflow has.
func (o *liveOffice) longestHistory() int64 {
	o.t.Helper()
	var longest int64
	for page := []byte(nil); ; {
		answer, err := o.temporal.ListWorkflow(o.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "ExecutionStatus = 'Running'", PageSize: 1000, NextPageToken: page})
		require.NoError(o.t, err)
		for _, e := range answer.GetExecutions() {
			described, err := o.temporal.DescribeWorkflowExecution(o.t.Context(), e.GetExecution().GetWorkflowId(), "")
			require.NoError(o.t, err)
			longest = max(longest, described.GetWorkflowExecutionInfo().GetHistoryLength())
		}
		if page = answer.GetNextPageToken(); len(page) == 0 {
			return longest
		}
	}
}
