package devserver_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/devserver/devservertest"
)

func startPostgres(t *testing.T, dir string) *devserver.Postgres {
	t.Helper()
	devservertest.NeedPostgres(t)
	p, err := devserver.StartPostgres(t.Context(), devserver.PostgresOptions{Dir: dir, Durable: true}, t.Logf)
	require.NoError(t, err)
	return p
}

func startTemporal(t *testing.T, dir string) *devserver.Temporal {
	t.Helper()
	devservertest.NeedTemporal(t)
	s, err := devserver.StartTemporal(t.Context(), devserver.TemporalOptions{Dir: dir, Keep: true, UI: true}, t.Logf)
	require.NoError(t, err)
	return s
}

// folder is a temporary folder that PostgreSQL's user can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o711))
	return dir
}

func execute(t *testing.T, address, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

func dial(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestStartPostgres_KeepsItsState(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := startPostgres(t, dir)
	execute(t, p.OwnerURL, `CREATE TABLE kept (n int)`)
	p.Stop()

	p = startPostgres(t, dir)
	defer p.Stop()

	execute(t, p.OwnerURL, `INSERT INTO kept VALUES (1)`)
}

// A folder of before there were roles, in which the superuser made everything.
func TestStartPostgres_GivesWhatTheSuperuserMadeToItsOwner(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := startPostgres(t, dir)
	execute(t, p.AdminURL, `
		CREATE TABLE kept (n bigint GENERATED ALWAYS AS IDENTITY, old bigserial, text text); INSERT INTO kept (text) VALUES ('before');
		CREATE SEQUENCE numbers; CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
	p.Stop()

	p = startPostgres(t, dir)
	defer p.Stop()

	execute(t, p.OwnerURL, `
		INSERT INTO kept (text) SELECT text FROM kept WHERE text = 'before'; ALTER TABLE kept DROP COLUMN text;
		ALTER SEQUENCE numbers RENAME TO counted; DROP FUNCTION one()`)
}

// Nobody but the owner makes anything, and only the superuser makes roles.
func TestStartPostgres_LetsProgramsMakeNothing(t *testing.T) {
	t.Parallel()
	p := startPostgres(t, folder(t))
	defer p.Stop()
	for name, url := range map[string]string{"program": p.URL, "reader": p.ReaderURL} {
		conn, err := pgx.Connect(t.Context(), url)
		require.NoError(t, err)
		for _, sql := range []string{`CREATE TABLE public.t (n int)`, `CREATE TEMPORARY TABLE t (n int)`, `CREATE SCHEMA s`, `CREATE ROLE r`, `SET ROLE cancuoc_owner`} {
			_, err = conn.Exec(t.Context(), sql)
			require.ErrorContains(t, err, "permission denied", "%s: %s", name, sql)
		}
		require.NoError(t, conn.Close(t.Context()))
	}
	conn, err := pgx.Connect(t.Context(), p.OwnerURL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `CREATE ROLE r`)
	require.ErrorContains(t, err, "permission denied")
	require.NoError(t, conn.Close(t.Context()))
}

// Killed without warning, it leaves a postmaster.pid; the number in it may by then
// be another process's.
func TestStartPostgres_StartsAgainAfterAKill(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := startPostgres(t, dir)
	execute(t, p.OwnerURL, `CREATE TABLE kept (n int)`)
	require.NoError(t, syscall.Kill(p.PID, syscall.SIGKILL))
	p.Stop()
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	left, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(left), "\n")
	other := exec.CommandContext(t.Context(), "sleep", "60")
	require.NoError(t, other.Start())
	defer func() { _ = other.Process.Kill() }()
	require.NoError(t, os.WriteFile(pidFile, []byte(strings.Join([]string{strconv.Itoa(other.Process.Pid), rest}, "\n")), 0o600))

	p = startPostgres(t, dir)
	defer p.Stop()

	execute(t, p.OwnerURL, `INSERT INTO kept VALUES (1)`)
	require.NoError(t, other.Process.Signal(syscall.Signal(0)), "the other process lives")
}

func TestStartPostgres_IsForOneProcessAtATime(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := startPostgres(t, dir)
	defer p.Stop()

	_, err := devserver.StartPostgres(t.Context(), devserver.PostgresOptions{Dir: dir}, nil)

	require.ErrorContains(t, err, "another process uses")
	execute(t, p.URL, `SELECT 1`)
}

func TestStartPostgres_AsksForThePassword(t *testing.T) {
	t.Parallel()
	p := startPostgres(t, folder(t))
	defer p.Stop()
	config, err := pgx.ParseConfig(p.URL)
	require.NoError(t, err)
	require.NotEmpty(t, config.Password)
	config.Password = "guessed"

	_, err = pgx.ConnectConfig(t.Context(), config)

	require.ErrorContains(t, err, "password authentication failed")
}

// A clone in a folder that PostgreSQL's user cannot reach, as /root is.
func TestStartPostgres_LivesElsewhereWhereItsUserCannotReach(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs PostgreSQL as somebody else")
	}
	closed := filepath.Join(t.TempDir(), "closed")
	dir := filepath.Join(closed, "postgres")
	require.NoError(t, os.Mkdir(closed, 0o700))
	p := startPostgres(t, dir)
	execute(t, p.OwnerURL, `CREATE TABLE kept (n int)`)
	p.Stop()
	elsewhere, err := os.Readlink(filepath.Join(dir, "cluster"))
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(elsewhere)) }()

	p = startPostgres(t, dir)
	defer p.Stop()

	execute(t, p.OwnerURL, `INSERT INTO kept VALUES (1)`)
	require.Equal(t, "/var/lib/cancuoc", filepath.Dir(elsewhere))
}

func TestStartTemporal_KeepsItsState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startTemporal(t, dir)
	_, err := dial(t, s.Address).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: "nobody"}, "Nothing")
	require.NoError(t, err)
	s.Stop()

	s = startTemporal(t, dir)
	defer s.Stop()

	_, err = dial(t, s.Address).DescribeWorkflowExecution(t.Context(), "kept", "")
	require.NoError(t, err)
	require.NotEmpty(t, s.UIAddress)
}

// With fairness on, an urgent application goes first, and one province's hundred
// do not hold up another's one. What is begun is still to be begun when the
// worker comes.
func TestStartTemporal_ServesTheUrgentFirstAndProvincesFairly(t *testing.T) {
	t.Parallel()
	c := dial(t, devservertest.Temporal(t))
	queue := "fair-" + strings.ReplaceAll(t.Name(), "/", "-")
	begin := func(id, province string, priority int) {
		_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID: id, TaskQueue: queue, Priority: temporal.Priority{PriorityKey: priority, FairnessKey: province},
		}, "Note")
		require.NoError(t, err)
	}
	for i := range 40 {
		begin("fair-001-"+strconv.Itoa(i), "001", 3)
	}
	begin("fair-079-0", "079", 3)
	begin("fair-001-urgent", "001", 1)
	require.Eventually(t, func() bool {
		d, err := c.DescribeTaskQueueEnhanced(t.Context(), client.DescribeTaskQueueEnhancedOptions{
			TaskQueue: queue, TaskQueueTypes: []client.TaskQueueType{client.TaskQueueTypeWorkflow}, ReportStats: true,
		})
		return err == nil && d.VersionsInfo[""].TypesInfo[client.TaskQueueTypeWorkflow].Stats.ApproximateBacklogCount == 42 //nolint:staticcheck // what replaces it leaves out the backlog
	}, 30*time.Second, 50*time.Millisecond, "all are in the backlog")

	var order []string
	w := worker.New(c, queue, worker.Options{MaxConcurrentActivityExecutionSize: 1, MaxConcurrentActivityTaskPollers: 1, MaxConcurrentWorkflowTaskPollers: 2})
	noted := make(chan string, 100)
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		noted <- workflow.GetInfo(ctx).WorkflowExecution.ID
		return nil
	}, workflow.RegisterOptions{Name: "Note"})
	require.NoError(t, w.Start())
	defer w.Stop()
	for range 42 {
		select {
		case id := <-noted:
			order = append(order, id)
		case <-time.After(30 * time.Second):
			t.Fatalf("only %d came", len(order))
		}
	}

	require.Contains(t, order[:10], "fair-001-urgent")
	require.Contains(t, order[:20], "fair-079-0")
}

// The office is started by a process that is killed without warning: its servers
// end too, and the next one starts.
func TestServers_EndWithTheProcessThatStartedThem(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("OFFICE_TEST_DIR"); dir != "" {
		holdOffice(t, dir)
		return
	}
	dir := folder(t)
	devservertest.NeedPostgres(t)
	devservertest.NeedTemporal(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	holder := exec.CommandContext(ctx, os.Args[0], "-test.run", "^"+t.Name()+"$")
	holder.Env = append(os.Environ(), "OFFICE_TEST_DIR="+dir)
	out, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	lines := bufio.NewScanner(out)
	up := false
	for !up && lines.Scan() {
		up = lines.Text() == "up"
	}
	require.True(t, up, "the office came up")
	require.NoError(t, holder.Process.Kill())
	_, _ = io.Copy(io.Discard, out) // until it is gone
	_ = holder.Wait()               // killed

	s, p := startTemporal(t, dir+"/temporal"), startPostgres(t, dir+"/postgres")
	defer s.Stop()
	defer p.Stop()

	execute(t, p.URL, `SELECT 1`)
}

// holdOffice is that process.
func holdOffice(t *testing.T, dir string) {
	t.Helper()
	startTemporal(t, dir+"/temporal")
	startPostgres(t, dir+"/postgres")
	_, err := os.Stdout.WriteString("up\n")
	require.NoError(t, err)
	select {} // until killed
}
