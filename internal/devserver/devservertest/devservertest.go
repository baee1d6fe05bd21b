// Package devservertest gives tests a real PostgreSQL and a real Temporal server:
// those that `make test` has started for all tests, else servers that the test binary
// starts and its concurrent tests share.
package devservertest

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"example.org/cancuoc/internal/devserver"
)

// The variables that name servers which run already. internal/devserver/with sets
// them.
const (
	DatabaseURL     = "TEST_DATABASE_URL"     // a database in which tests may make schemas and roles
	TemporalAddress = "TEST_TEMPORAL_ADDRESS" // host:port; tests use the namespace "default"
)

// Postgres gives the URL of a database in which tests may make schemas and roles, as a
// superuser. It is there until the test ends.
func Postgres(t testing.TB) (url string) {
	t.Helper()
	if url := os.Getenv(DatabaseURL); url != "" {
		return url
	}
	NeedPostgres(t)
	return postgres.use(t)
}

// Temporal gives the address of a Temporal server. It is there until the test
// ends.
func Temporal(t testing.TB) (address string) {
	t.Helper()
	if address := os.Getenv(TemporalAddress); address != "" {
		return address
	}
	NeedTemporal(t)
	return temporal.use(t)
}

// Namespace registers a namespace for one test at a Temporal server, and waits until the
// server knows it.
func Namespace(t testing.TB, address string) string {
	t.Helper()
	name, quiet := "test-"+strings.ToLower(rand.Text()), log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: address, Logger: quiet})
	require.NoError(t, err)
	defer namespaces.Close()
	err = namespaces.Register(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		c, err := client.DialContext(t.Context(), client.Options{HostPort: address, Namespace: name, Logger: quiet})
		if err != nil {
			return false
		}
		defer c.Close()
		_, err = c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Namespace: name})
		return err == nil
	}, time.Minute, 100*time.Millisecond)
	return name
}

// NeedPostgres skips a test that starts PostgreSQL itself where none is
// installed; where CI is set it fails.
func NeedPostgres(t testing.TB) {
	t.Helper()
	if !devserver.PostgresInstalled(t.Context()) {
		lacking(t, "no PostgreSQL server is installed (Debian: postgresql)")
	}
}

// NeedTemporal skips a test that starts Temporal itself where there is no CLI,
// and no `make tools` has built one; where CI is set it fails.
func NeedTemporal(t testing.TB) {
	t.Helper()
	if os.Getenv("TEMPORAL_CLI") != "" {
		return
	}
	if _, err := exec.LookPath("temporal"); err == nil {
		return
	}
	if !built(t, "temporal") {
		lacking(t, "there is no Temporal CLI (make tools builds one)")
	}
}

// NeedTemporalServer skips a test that starts the Temporal server of production
// where PostgreSQL is not installed, or `make tools` has not built the server;
// where CI is set it fails.
func NeedTemporalServer(t testing.TB) {
	t.Helper()
	NeedPostgres(t)
	if !built(t, "temporal-server") || !built(t, "temporal-sql-tool") {
		lacking(t, "there is no Temporal server (make tools builds one)")
	}
}

// built reports whether internal/tools has built a tool.
func built(t testing.TB, tool string) bool {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	found, _ := filepath.Glob(filepath.Join(cache, "cancuoc", tool+"-????????????")) // the pattern is well formed
	return len(found) > 0
}

func lacking(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// The servers of this test binary.
var (
	postgres = shared{start: func(ctx context.Context, dir string) (string, func(), error) {
		p, err := devserver.StartPostgres(ctx, devserver.PostgresOptions{Dir: filepath.Join(dir, "postgres")}, nil)
		if err != nil {
			return "", nil, err
		}
		return p.AdminURL, p.Stop, nil
	}}
	temporal = shared{start: func(ctx context.Context, dir string) (string, func(), error) {
		s, err := devserver.StartTemporal(ctx, devserver.TemporalOptions{Dir: filepath.Join(dir, "temporal")}, nil)
		if err != nil {
			return "", nil, err
		}
		return s.Address, s.Stop, nil
	}}
)

// shared is a server that the first test starts and the last one to use it stops.
type shared struct {
	start func(ctx context.Context, dir string) (address string, stop func(), err error)

	mu      sync.Mutex
	users   int
	address string
	end     func() error
}

func (s *shared) use(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		require.NoError(t, s.begin(context.WithoutCancel(t.Context())))
	}
	s.users++
	t.Cleanup(func() { require.NoError(t, s.leave()) })
	return s.address
}

func (s *shared) begin(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "cancuoc-test-") // not the test's own folder: others may outlive it
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	address, stop, err := s.start(ctx, dir)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	s.address = address
	s.end = func() error {
		stop()
		return os.RemoveAll(dir)
	}
	return nil
}

func (s *shared) leave() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	return s.end()
}
