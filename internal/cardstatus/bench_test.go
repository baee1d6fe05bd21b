package cardstatus_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/cardstatus"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

var (
	cards  = flag.Int("cards", 100_000, "how many cards were issued")
	lines  = flag.Int("lines", 32, "how many connections ask")
	perSec = flag.Int("rate", 0, "how many questions are asked in a second; 0: as many as are answered")
)

// fill makes cards of before the engine, the first with serial 0.
func fill(b *testing.B, url string, n int) {
	b.Helper()
	db, err := pgx.Connect(b.Context(), url)
	require.NoError(b, err)
	defer func() { _ = db.Close(context.WithoutCancel(b.Context())) }()
	for _, statement := range []string{
		`SET session_replication_role = replica`,
		// Places as the shuffle would give them, without its cost: any odd factor permutes 2^24.
		`INSERT INTO cards (state, citizen, serial, form, issued, expires, status_place)
			SELECT CASE WHEN i % 10 = 9 THEN 'revoked' ELSE 'live' END, sha256(int8send(i)), lpad(upper(to_hex(i)), 16, '0'), 'can-cuoc-2024', '2025-01-01', '2035-01-01',
				((i >> 24) << 24) | ((i * 7919) & 16777215)
			FROM generate_series(0, $1::bigint - 1) i`,
		`SELECT setval('status_places', $1::bigint)`,
		`VACUUM (FREEZE, ANALYZE) cards`, `CHECKPOINT`,
	} {
		var args []any
		if strings.Contains(statement, "$1") {
			args = append(args, n)
		}
		_, err := db.Exec(b.Context(), statement, args...)
		require.NoError(b, err)
	}
}

// BenchmarkStatus asks for the status of random cards over HTTP, one question at a time on
// each connection, and reports answers per second, their latency, and the processor time that
// an answer takes in this process, which asks as well.
func BenchmarkStatus(b *testing.B) {
	url := registrytest.NewSchema(b, registrytest.URL(b))
	fill(b, registrytest.Behind(b, url), *cards)
	r, err := registry.Open(b.Context(), url, registry.Options{MaxConns: 4})
	require.NoError(b, err)
	b.Cleanup(r.Close)
	digest := sha256.Sum256([]byte("secret"))
	act := identity.RegisterVerifier{Officer: "QT-C06-0001", Name: "bench", Token: digest[:], PerSecond: 100_000}
	require.NoError(b, r.RegisterVerifier(b.Context(), "BENCH", act, registrytest.Signed(act, statement.Verifier("BENCH"))))
	signer, err := cardstatus.NewSigner(make([]byte, 32))
	require.NoError(b, err)
	lists := cardstatus.NewLists(r, signer, "https://status.example", time.Minute, time.Now)
	mux := http.NewServeMux()
	(&api.Server{
		Logger:    slog.New(slog.DiscardHandler),
		Verifiers: &api.Verifiers{Known: cardstatus.NewVerifiers(r, time.Now), Answers: cardstatus.NewAnswers(r, signer, lists, time.Now)},
	}).Register(mux)
	server := httptest.NewServer(mux)
	b.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *lines, MaxConnsPerHost: *lines}}
	question := func(i int) error {
		body := fmt.Sprintf(`{"serial": "%016X"}`, i)
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/v1/status", strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer secret")
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("answer %d: %w", answer.StatusCode, err)
		}
		return nil
	}
	for range 2000 { // caches and plans
		require.NoError(b, question(int(next64()%uint64(*cards))))
	}

	b.ResetTimer()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wait sync.WaitGroup
	began, before := time.Now(), processor(b)
	for range *lines {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				due := time.Now()
				if *perSec > 0 { // asked when it was due, however long the one before took
					due = began.Add(time.Duration(i) * time.Second / time.Duration(*perSec))
					time.Sleep(time.Until(due))
				}
				if err := question(int(next64() % uint64(*cards))); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(due)
			}
		})
	}
	wait.Wait()
	lasted, spent := time.Since(began), processor(b)-before
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/lasted.Seconds(), "answers/s")
	b.ReportMetric(float64(took[b.N/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "cpu-µs/answer")
}

// processor is the processor time of this process.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// next64 draws a number.
func next64() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}
