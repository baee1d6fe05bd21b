package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/bench/asking"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/vault"
	"example.org/cancuoc/internal/web"
)

var (
	applications = flag.Int("applications", 100_000, "how many applications there are")
	lines        = flag.Int("lines", 32, "how many connections ask")
	perSec       = flag.Int("rate", 0, "how many look-ups are asked for in a second; 0: as many as are answered")
	warm         = flag.Int("warm", 2000, "how many look-ups are asked before it is measured: a registry that is larger than the memory has to be read from the disk first")
	asPage       = flag.Bool("page", false, "ask for the page, not for its JSON")
	elsewhere    = flag.Bool("elsewhere", false, "the population register is elsewhere: who the applicants are is known from their cards alone")
	connections  = flag.Int("connections", 16, "how many connections to PostgreSQL there are (database.max_conns)")
	cold         = flag.Bool("cold", false, "drop the machine's page cache before it is measured, as root")
)

// receiptOf is the i-th application number: each another one.
func receiptOf(i int) identity.ApplicationNumber {
	digits := make([]byte, 10)
	for at, x := 0, uint64(i)*0x9E3779B97F4A7C15; at < len(digits); at, x = at+1, x>>5 { // an odd factor permutes the 50 bits
		digits[at] = byte(x & 31)
	}
	number, err := identity.NewApplicationNumber(bytes.NewReader(digits))
	if err != nil { // ten digits are enough
		panic(err)
	}
	return number
}

// birthOf is the birth date of the i-th applicant.
func birthOf(i int) identity.Date {
	return identity.Date{Year: 1950 + i%50, Month: 1 + i%12, Day: 1 + i%28}
}

// personOf is the i-th applicant.
func personOf(i int) identity.Person {
	return identity.Person{
		Number: identity.PersonalNumber(fmt.Sprintf("%012d", i)), Name: identity.Name{Text: "Nguyễn Thị Ánh", FamilyWords: 1},
		Birth: birthOf(i), Sex: identity.Female,
	}
}

// entries are those of an application's trail that the page shows; a lived one has some more.
var entries = []string{"entered BiometricCapture", "entered Deduplication", "entered Printing", "entered Issued"}

// crowd is a registry with many applications, and those who look one up.
type crowd struct {
	registry *registry.Registry
	vault    *vault.Vault
	behind   string // of a superuser
	asked    *statements
}

func newCrowd(tb testing.TB, n int) *crowd {
	tb.Helper()
	url := registrytest.NewSchema(tb, registrytest.URL(tb))
	master, err := vault.OpenFile(filepath.Join(tb.TempDir(), "vault.key"), true)
	require.NoError(tb, err)
	c := &crowd{vault: vault.New(master), behind: registrytest.Behind(tb, url), asked: &statements{}}
	c.fill(tb, n)
	c.registry, err = registry.Open(tb.Context(), url, registry.Options{Vault: c.vault, MaxConns: *connections, Tracer: c.asked})
	require.NoError(tb, err)
	tb.Cleanup(c.registry.Close)
	return c
}

// fill makes applications with what a look-up reads of each. The indexes are made afterwards,
// which takes a fraction of the time.
func (c *crowd) fill(tb testing.TB, n int) {
	tb.Helper()
	db, err := pgx.Connect(tb.Context(), c.behind)
	require.NoError(tb, err)
	defer func() { _ = db.Close(context.WithoutCancel(tb.Context())) }()
	do := func(statements ...string) {
		for _, s := range statements {
			_, err := db.Exec(tb.Context(), s)
			require.NoError(tb, err, s)
		}
	}
	rows, _ := db.Query(tb.Context(), `
		SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
		WHERE indrelid IN ('applications'::regclass, 'audit'::regclass, 'cards'::regclass, 'citizens'::regclass, 'person_numbers'::regclass) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`)
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Definition string }])
	require.NoError(tb, err)
	do(`SET session_replication_role = replica`, `SET maintenance_work_mem = '256MB'`, `SET synchronous_commit = off`,
		`INSERT INTO stations (id, kind, province, name, address, hours) VALUES ('001-TN-01', 'enrollment', '001', 'PC06', 'Số 1, Phố Mẫu', '8:00-17:00')`)
	for _, index := range indexes {
		do(`DROP INDEX ` + index.Name)
	}
	const chunk = 20_000
	for from := 0; from < n; from += chunk {
		c.copy(tb, db, from, min(from+chunk, n))
	}
	for _, index := range indexes {
		do(index.Definition)
	}
	for seen := false; !seen; { // whoever has an older snapshot, of another test, keeps pages from being known as seen by all
		do(`VACUUM (FREEZE, ANALYZE) applications, audit, cards, vault_keys, citizens, person_numbers`)
		err := db.QueryRow(tb.Context(), `SELECT bool_and(relallvisible = relpages) FROM pg_class WHERE oid IN ('audit'::regclass, 'citizens'::regclass, 'person_numbers'::regclass)`).Scan(&seen)
		require.NoError(tb, err)
	}
	do(`CHECKPOINT`)
	var size string
	require.NoError(tb, db.QueryRow(tb.Context(), `SELECT pg_size_pretty(pg_database_size(current_database()))`).Scan(&size))
	tb.Logf("%d applications, %s", n, size)
}

// copy writes some of them, sealed as they would be.
func (c *crowd) copy(tb testing.TB, db *pgx.Conn, from, to int) {
	tb.Helper()
	sealed := make([]registry.Rows, to-from)
	var wait sync.WaitGroup
	const workers = 4
	for w := range workers {
		wait.Go(func() {
			for i := from + w; i < to; i += workers {
				person := personOf(i)
				sealed[i-from], _ = registry.SealRows(c.vault, receiptOf(i), identity.Application{Person: person}, identity.Card{Person: person}) // a row without is not found
			}
		})
	}
	wait.Wait()
	write := func(table string, columns []string, times int, row func(i, k int) []any) {
		next := 0
		_, err := db.CopyFrom(tb.Context(), pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
			if next == (to-from)*times {
				return nil, nil
			}
			next++
			return row(from+(next-1)%(to-from), (next-1)/(to-from)), nil // between two rows of one there are those of others, as in life
		}))
		require.NoError(tb, err)
	}
	day := identity.Date{Year: 2026, Month: 3, Day: 2}.Midnight()
	write("applications", []string{
		"number", "stage", "attempt", "due", "received_at", "station", "enrollment_id", "officer", "digest", "province", "type", "ground", "channel", "filed_on", "delivery",
		"destination", "urgent", "sealed", "citizen", "law", "form", "processing_days", "fee",
	}, 1, func(i, _ int) []any {
		return []any{
			string(receiptOf(i)), "Issued", 1, day, day, "001-TN-01", fmt.Sprint("E-", i), "CB-001-0001", make([]byte, 32), "001", "exchange", "age", "station", day, "collect",
			"001-TN-01", false, sealed[i-from].Application, sealed[i-from].Citizen, "2024-07-01", "can-cuoc-2024", 7, 0,
		}
	})
	write("cards", []string{"state", "application", "attempt", "citizen", "serial", "form", "issued", "sealed", "status_place"}, 1, func(i, _ int) []any {
		return []any{"live", string(receiptOf(i)), 1, sealed[i-from].Citizen, fmt.Sprintf("%016X", i), "can-cuoc-2024", day, sealed[i-from].Card, i}
	})
	write("vault_keys", []string{"application", "wrapped"}, 1, func(i, _ int) []any { return []any{string(receiptOf(i)), sealed[i-from].Key} })
	if !*elsewhere {
		write("citizens", []string{"number", "citizen", "id", "person", "status"}, 1, func(i, _ int) []any {
			return []any{string(personOf(i).Number), sealed[i-from].Citizen, string(receiptOf(i)), personOf(i), "alive"}
		})
		write("person_numbers", []string{"number", "citizen", "person"}, 1, func(i, _ int) []any {
			return []any{string(personOf(i).Number), sealed[i-from].Citizen, string(receiptOf(i))}
		})
	}
	write("audit", []string{"application", "seq", "at", "actor", "event", "reason", "prev", "hash"}, len(entries), func(i, k int) []any {
		return []any{string(receiptOf(i)), k + 1, day.AddDate(0, 0, k), "system", entries[k], "", make([]byte, 32), make([]byte, 32)}
	})
}

// statements are those that were asked, with their arguments.
type statements struct {
	mu   sync.Mutex
	note bool
	list []pgx.TraceBatchQueryData
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.TraceBatchQuery(ctx, nil, pgx.TraceBatchQueryData{SQL: q.SQL, Args: q.Args})
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (*statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (s *statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.note {
		s.list = append(s.list, q)
	}
}

func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// plans are those of what a look-up, one that finds and one that does not, asks of PostgreSQL,
// as they were run.
func (c *crowd) plans(tb testing.TB) []string {
	tb.Helper()
	c.asked.mu.Lock()
	c.asked.note = true
	c.asked.mu.Unlock()
	_, _, err := c.registry.LookUp(tb.Context(), receiptOf(7), []byte("client"), []byte("receipt"))
	require.NoError(tb, err)
	require.NoError(tb, c.registry.NoteMiss(tb.Context(), []byte("client"), []byte("receipt")))
	c.asked.mu.Lock()
	defer c.asked.mu.Unlock()
	c.asked.note = false
	db, err := pgx.Connect(tb.Context(), c.behind)
	require.NoError(tb, err)
	defer func() { _ = db.Close(context.WithoutCancel(tb.Context())) }()
	require.GreaterOrEqual(tb, len(c.asked.list), 3)
	_, err = db.Exec(tb.Context(), `SET plan_cache_mode = force_generic_plan`) // as programs do
	require.NoError(tb, err)
	var plans []string
	for _, q := range c.asked.list {
		var plan []string
		for range 2 { // the first time, a session reads what functions are
			rows, err := db.Query(tb.Context(), `EXPLAIN (ANALYZE, BUFFERS) `+q.SQL, q.Args...)
			require.NoError(tb, err)
			plan, err = pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(tb, err)
		}
		plans = append(plans, strings.Join(plan, "\n"))
	}
	return plans
}

// scans are the tables that are read from end to end. Stations are few.
func scans(plans []string) []string {
	var read []string
	for _, scan := range regexp.MustCompile(`Seq Scan on (\w+)`).FindAllStringSubmatch(strings.Join(plans, "\n"), -1) {
		if scan[1] != "stations" && scan[1] != "look_up_misses" { // the second is empty here
			read = append(read, scan[1])
		}
	}
	return read
}

// pagesOf is how many a plan read, in the cache and beside it.
func pagesOf(tb testing.TB, plan string) (n int) {
	tb.Helper()
	_, whole, found := strings.Cut(plan, "Buffers: shared")
	require.True(tb, found, plan)
	whole, _, _ = strings.Cut(whole, "\n")
	for _, count := range regexp.MustCompile(`(?:hit|read)=(\d+)`).FindAllStringSubmatch(whole, -1) {
		k, err := strconv.Atoi(count[1])
		require.NoError(tb, err)
		n += k
	}
	return n
}

// However many applications there are, a look-up reads those of its own by their indexes: the
// application's row, and of what else grows with every application a page of an index each. What
// is sealed it does not read where the register here knows when the person was born.
func TestLookUps_ReadFewPages(t *testing.T) {
	t.Parallel()
	plans := newCrowd(t, 3000).plans(t)
	require.Empty(t, scans(plans))
	right := plans[1]
	require.Contains(t, right, "applications_pkey")
	require.LessOrEqual(t, pagesOf(t, right), 16, "three for each of the four indexes' roots, leaves and maps, two of the one of what is reported lost, one row, and the station:\n%s", right)
	for _, table := range []string{"cards", "vault_keys", "identifications", "decisions", "findings", "payments"} {
		require.NotContains(t, right, " on "+table, "what few applications have is opened for these alone")
	}
}

// handler is what citizens ask.
func (c *crowd) handler() http.Handler {
	mux := http.NewServeMux()
	(&web.Pages{
		Registry: c.registry, Code: c.vault.Digest, Tries: web.Tries{Receipt: 5, All: 100}, BehindProxy: true, Logger: slog.New(slog.DiscardHandler),
	}).Register(mux)
	return mux
}

// load connects those who ask.
func (c *crowd) load(b *testing.B) (load asking.Load, address string) {
	b.Helper()
	server := httptest.NewServer(c.handler())
	b.Cleanup(server.Close)
	address = server.Listener.Addr().String()
	for range *lines {
		line, err := asking.Dial(b.Context(), address)
		require.NoError(b, err)
		b.Cleanup(func() { _ = line.Close() })
		load.Lines = append(load.Lines, line)
	}
	return load, address
}

// question writes a look-up by a client of its own.
func question(buffer []byte, address string, client uint32, receipt identity.ApplicationNumber, birth identity.Date) []byte {
	day, _ := birth.MarshalText() // cannot fail
	path, kind, body := "/v1/application-status", "application/json", fmt.Sprintf(`{"receipt":"%s","birth":"%s"}`, receipt, day)
	if *asPage {
		path, kind, body = "/", "application/x-www-form-urlencoded", fmt.Sprintf("receipt=%s&birth=%s", receipt, day)
	}
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], client)
	return fmt.Appendf(buffer, "POST %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %d.%d.%d.%d\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, address, ip[0], ip[1], ip[2], ip[3], kind, len(body), body)
}

// draw draws a number.
func draw() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])
}

func expect(status string) func(int, []byte) error {
	return func(_ int, answer []byte) error {
		if asking.Status(answer) != status {
			return fmt.Errorf("answered %q", answer)
		}
		return nil
	}
}

// BenchmarkLookUp fills a registry once, and looks up over HTTP, one at a time on each
// connection.
func BenchmarkLookUp(b *testing.B) {
	c := newCrowd(b, *applications)
	plans := c.plans(b)
	require.Empty(b, scans(plans), "tables that are read from end to end")
	b.Logf("%d pages are read\n%s", pagesOf(b, plans[1]), plans[1])
	b.Run("Right", c.right)
	b.Run("Wrong", c.wrong)
}

// right looks random applications up.
func (c *crowd) right(b *testing.B) {
	load, address := c.load(b)
	load.Request = func(_ int, buffer []byte) []byte {
		i := int(draw()) % *applications
		return question(buffer, address, draw(), receiptOf(i), birthOf(i))
	}
	load.Answered, load.Questions = expect("200"), *warm
	_, err := load.Run()
	require.NoError(b, err)
	if *cold {
		require.NoError(b, os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0))
	}

	b.ResetTimer()
	load.Questions, load.PerSecond = b.N, *perSec
	result, err := load.Run()
	require.NoError(b, err)
	result.Report(b.ReportMetric)
}

// wrong looks up wrong dates and unknown numbers, by chance, each from an address of its own:
// their answers are the same, byte by byte, and it reports how far their times are apart: the
// greatest distance of the two distributions, which by chance alone one of a hundred runs has
// beyond "chance".
func (c *crowd) wrong(b *testing.B) {
	load, address := c.load(b)
	date := regexp.MustCompile(`Date: [^\r]*`)
	client, unknown := draw(), make([]uint32, max(b.N, 2000))
	for i := range unknown {
		unknown[i] = draw() % 2
	}
	load.Request = func(i int, buffer []byte) []byte {
		n, client := int(draw())%*applications, client+uint32(i)
		if unknown[i] == 0 {
			return question(buffer, address, client, receiptOf(n), birthOf(n+1))
		}
		return question(buffer, address, client, receiptOf(*applications+n), birthOf(n))
	}
	load.Answered, load.Questions = expect("404"), 2000
	_, err := load.Run()
	require.NoError(b, err)
	client += uint32(load.Questions)
	seen := make([][sha256.Size]byte, b.N)
	load.Answered = func(i int, answer []byte) error {
		seen[i] = sha256.Sum256(date.ReplaceAll(answer, nil))
		return expect("404")(i, answer)
	}

	b.ResetTimer()
	load.Questions, load.PerSecond = b.N, *perSec
	result, err := load.Run()
	require.NoError(b, err)
	result.Report(b.ReportMetric)
	var times [2][]time.Duration
	for i, took := range result.Took {
		require.Equal(b, seen[0], seen[i], "an answer differs")
		times[unknown[i]] = append(times[unknown[i]], took)
	}
	if len(times[0]) == 0 || len(times[1]) == 0 {
		return
	}
	b.ReportMetric(float64((asking.Of(times[0], 50)-asking.Of(times[1], 50)).Nanoseconds())/1000, "p50-apart-µs")
	b.ReportMetric(apart(times[0], times[1]), "apart")
	b.ReportMetric(1.63*math.Sqrt(2/float64(b.N/2)), "chance") // of Kolmogorov and Smirnov
}

// apart is the greatest distance of two distributions.
func apart(x, y []time.Duration) float64 {
	x, y = slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
	most, j := 0.0, 0
	for i, at := range x {
		for j < len(y) && y[j] <= at {
			j++
		}
		most = max(most, math.Abs(float64(i+1)/float64(len(x))-float64(j)/float64(len(y))))
	}
	return most
}
