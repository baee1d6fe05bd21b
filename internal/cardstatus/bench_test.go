package cardstatus_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// fill makes cards of before the engine, the first with serial 0. Their indexes are made
// afterwards, which takes a fraction of the time.
func fill(b *testing.B, url string, n int) {
	b.Helper()
	db, err := pgx.Connect(b.Context(), url)
	require.NoError(b, err)
	defer func() { _ = db.Close(context.WithoutCancel(b.Context())) }()
	rows, _ := db.Query(b.Context(), `
		SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
		WHERE indrelid = 'cards'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`)
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Definition string }])
	require.NoError(b, err)
	statements := []string{`SET session_replication_role = replica`, `SET maintenance_work_mem = '256MB'`}
	for _, index := range indexes {
		statements = append(statements, `DROP INDEX `+index.Name)
	}
	statements = append(statements,
		// Places as the shuffle would give them, without its cost: any odd factor permutes 2^24.
		fmt.Sprintf(`INSERT INTO cards (state, citizen, serial, form, issued, expires, status_place)
			SELECT CASE WHEN i %% 10 = 9 THEN 'revoked' ELSE 'live' END, sha256(int8send(i)), lpad(upper(to_hex(i)), 16, '0'), 'can-cuoc-2024', '2025-01-01', '2035-01-01',
				((i >> 24) << 24) | ((i * 7919) & 16777215)
			FROM generate_series(0, %d::bigint - 1) i`, n),
		fmt.Sprintf(`SELECT setval('status_places', %d)`, n))
	for _, index := range indexes {
		statements = append(statements, index.Definition)
	}
	for _, statement := range append(statements, `VACUUM (FREEZE, ANALYZE) cards`, `CHECKPOINT`) {
		_, err := db.Exec(b.Context(), statement)
		require.NoError(b, err, statement)
	}
	var size string
	require.NoError(b, db.QueryRow(b.Context(), `SELECT pg_size_pretty(pg_total_relation_size('cards'))`).Scan(&size))
	b.Logf("%d cards, %s", n, size)
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
	log, err := os.Create(filepath.Join(b.TempDir(), "gateway.log"))
	require.NoError(b, err)
	b.Cleanup(func() { _ = log.Close() })
	mux := http.NewServeMux()
	(&api.Server{
		Logger:    slog.New(slog.NewJSONHandler(log, nil)),
		Verifiers: &api.Verifiers{Known: cardstatus.NewVerifiers(r, time.Now), Answers: cardstatus.NewAnswers(r, signer, lists, time.Now)},
	}).Register(mux)
	server := httptest.NewServer(mux)
	b.Cleanup(server.Close)
	asking := make([]*line, *lines)
	for i := range asking {
		asking[i] = dial(b, server.Listener.Addr().String())
	}
	for i := range 2000 { // caches and plans
		require.NoError(b, asking[i%*lines].ask(int(next64()%uint64(*cards))))
	}

	b.ResetTimer()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wait sync.WaitGroup
	began, before := time.Now(), processor(b)
	for _, line := range asking {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				due := time.Now()
				if *perSec > 0 { // asked when it was due, however long the one before took
					due = began.Add(time.Duration(i) * time.Second / time.Duration(*perSec))
					time.Sleep(time.Until(due))
				}
				if err := line.ask(int(next64() % uint64(*cards))); err != nil {
					b.Error(err)
					return
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

// line is a connection that asks. It shares the machine's processors with what it asks, so
// it does the least that HTTP/1.1 allows: a request written before, but for its serial, and
// an answer of which only status and length are read. That costs a tenth of http.Client.
type line struct {
	net.Conn
	answers *bufio.Reader
	request []byte
	serial  []byte // within request
}

func dial(b *testing.B, address string) *line {
	b.Helper()
	conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", address)
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	const body = `{"serial": "0000000000000000"}`
	request := fmt.Appendf(nil, "POST /v1/status HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer secret\r\nContent-Length: %d\r\n\r\n%s", address, len(body), body)
	return &line{Conn: conn, answers: bufio.NewReader(conn), request: request, serial: request[len(request)-len(body)+len(`{"serial": "`):][:16]}
}

// ask asks about the i-th card.
func (l *line) ask(i int) error {
	copy(l.serial, fmt.Sprintf("%016X", i))
	if _, err := l.Write(l.request); err != nil {
		return err
	}
	length := 0
	for first := true; ; first = false {
		header, err := l.answers.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case first && !bytes.HasPrefix(header, []byte("HTTP/1.1 200 ")):
			return fmt.Errorf("answered %q", header)
		case bytes.HasPrefix(header, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(header[len("Content-Length: "):]))); err != nil {
				return err
			}
		case len(header) == len("\r\n"):
			_, err := l.answers.Discard(length)
			return err
		}
	}
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
