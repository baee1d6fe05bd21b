package cardstatus_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/bench/asking"
	"example.org/cancuoc/internal/cardstatus"
	"example.org/cancuoc/internal/identity"
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
	r := registrytest.OpenIn(b, url)
	digest := sha256.Sum256([]byte("secret"))
	act := identity.RegisterVerifier{Officer: "QT-C06-0001", Witness: "QT-C06-0002", Name: "bench", Token: digest[:], PerSecond: 100_000}
	require.NoError(b, r.RegisterVerifier(b.Context(), "BENCH", act, registrytest.Signed(act, statement.Verifier("BENCH"))))
	signer, err := cardstatus.NewSigner(make([]byte, 32), nil, time.Now)
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
	address := server.Listener.Addr().String()
	const body = `{"serial": "0000000000000000"}`
	request := fmt.Sprintf("POST /v1/status HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer secret\r\nContent-Length: %d\r\n\r\n", address, len(body))
	load := asking.Load{
		Request: func(_ int, buffer []byte) []byte {
			return fmt.Appendf(append(buffer, request...), `{"serial": "%016X"}`, next64()%uint64(*cards))
		},
		Answered: func(_ int, answer []byte) error {
			if asking.Status(answer) != "200" {
				return fmt.Errorf("answered %q", answer)
			}
			return nil
		},
	}
	for range *lines {
		line, err := asking.Dial(b.Context(), address)
		require.NoError(b, err)
		b.Cleanup(func() { _ = line.Close() })
		load.Lines = append(load.Lines, line)
	}
	load.Questions = 2000 // caches and plans
	_, err = load.Run()
	require.NoError(b, err)

	b.ResetTimer()
	load.Questions, load.PerSecond = b.N, *perSec
	result, err := load.Run()
	require.NoError(b, err)
	result.Report(b.ReportMetric)
}

// next64 draws a number.
func next64() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}
