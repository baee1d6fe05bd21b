package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/registry/roles"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"starter": main})
}

// TestScript plays sessions of the command line that need no servers.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireUniqueNames: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"code": exitCode},
	})
}

// TestOffice plays sessions, each with an office to itself: a schema in a real
// PostgreSQL, a namespace of a real Temporal server and, if the script asks for one, a
// worker in this process.
func TestOffice(t *testing.T) {
	t.Parallel()
	database, temporal := devservertest.Postgres(t), devservertest.Temporal(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/office", RequireUniqueNames: true, ContinueOnError: true,
		Setup: func(e *testscript.Env) error { return setUp(e, database, temporal) },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":      exitCode,
			"edit":      edit,
			"make":      makeFile,
			"rows":      countRows,
			"worker":    startWorker,
			"anchor":    anchorAudit,
			"behind":    behindTriggers,
			"until":     until,
			"enroll":    enroll,
			"terminate": terminate,
			"reset":     reset,
			"rival":     rival,
			"same":      same,
			"watched":   watchStock,
			"number":    number,
			"bad":       bad,
			"expect":    expect,
			"refused":   refused,
			"lighter":   lighter,
		},
		Condition: condition,
	})
}

// TestFirstSteps plays docs/first-steps.md word by word in an office that nobody has founded:
// what compose has of such an office, without its containers.
func TestFirstSteps(t *testing.T) {
	t.Parallel()
	database, temporal := devservertest.Postgres(t), devservertest.Temporal(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/first_steps",
		Setup: func(e *testscript.Env) error {
			return setUpIn(e, registrytest.NewEmptySchema(e.T().(testing.TB), database), temporal)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"worker": startWorker, "page": playPage},
	})
}

// playPage runs the commands of a page that its reader types: page FILE. APPLICATION stands
// for the number that an application was given; what the last command has to come to is
// awaited.
func playPage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: page FILE")
	}
	page, err := os.ReadFile(args[0])
	ts.Check(err)
	found := regexp.MustCompile(`(?m)^    entrypoint: \[starter\]\n    command: \[(officers, found, [^\]]+)\]`)
	compose, err := os.ReadFile("../docker-compose.yml")
	ts.Check(err)
	founding := found.FindSubmatch(compose)
	if founding == nil {
		ts.Fatalf("docker-compose.yml founds no office")
	}
	played, here := 0, strings.NewReplacer("/samples", "samples", "docker compose run --rm found", "starter "+strings.ReplaceAll(string(founding[1]), ",", ""))
	for _, line := range regexp.MustCompile(`(?m)^    (?:starter|docker compose run --rm found)\b[^(#\n]*`).FindAllString(strings.ReplaceAll(string(page), "\\\n", ""), -1) {
		line = strings.ReplaceAll(here.Replace(strings.TrimSpace(line)), "APPLICATION", ts.Getenv("APPLICATION"))
		ts.Logf("> %s", line)
		// Until it is done: what was submitted a moment ago may not wait for approval yet.
		until(ts, false, []string{"", "sh", "-c", line})
		if strings.HasPrefix(line, "starter submit") {
			number(ts, false, []string{"APPLICATION"})
		}
		played++
	}
	if played < 10 {
		ts.Fatalf("%d commands were found", played)
	}
}

// schemaKey is where a script's environment keeps the URL of its schema, for a
// superuser.
type schemaKey struct{}

// setUp gives a script its office: office.yaml in its folder, and the samples
// beside it.
func setUp(e *testscript.Env, database, temporal string) error {
	if err := setUpIn(e, registrytest.NewSchema(e.T().(testing.TB), database), temporal); err != nil {
		return err
	}
	return writeKeys(filepath.Join(e.WorkDir, "data", "officers"))
}

// setUpIn is setUp in a schema, without anybody's key.
func setUpIn(e *testscript.Env, url, temporal string) error {
	t := e.T().(testing.TB)
	namespace := "test-" + strings.ToLower(rand.Text())
	if err := registerNamespace(t.Context(), temporal, namespace); err != nil {
		return err
	}
	door, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	settings := map[string]any{
		"data_dir": filepath.Join(e.WorkDir, "data"),
		"client":   map[string]any{"gateway": "http://" + door.Addr().String(), "officer": "SX-01"},
		"temporal": map[string]any{"address": temporal, "namespace": namespace},
		"database": map[string]any{"url": url, "max_conns": 8},
		"office":   map[string]any{"consignment_cut_off": "1s"},
		"station":  map[string]any{"spoil_first": 0},
	}
	text, err := yaml.Marshal(settings)
	if err != nil {
		return err
	}
	name := filepath.Join(e.WorkDir, "office.yaml")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(e.WorkDir, "samples"), os.DirFS("../samples")); err != nil {
		return err
	}
	openGateway(t, door, name)
	e.Values[schemaKey{}] = registrytest.Behind(t, url)
	e.Values[casesKey{}] = &cases{told: make(map[string]*regexp.Regexp)}
	e.Setenv("CANCUOC_CONFIG", name)
	e.Setenv("GATEWAY", "http://"+door.Addr().String())
	e.Setenv("OWNER_URL", registrytest.As(t, url, roles.Owner))
	return nil
}

// writeKeys writes the keys of everybody whom NewSchema registers.
func writeKeys(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, o := range registrytest.Officers() {
		der, err := x509.MarshalPKCS8PrivateKey(cast.Known().Of(o.Badge))
		if err != nil {
			return err
		}
		block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		if err := os.WriteFile(filepath.Join(folder, string(o.Badge)+".pem"), block, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// openGateway serves an office as the gateway does, until the script ends: each request is
// answered by the settings that stand in the file by then.
func openGateway(t testing.TB, door net.Listener, settings string) {
	t.Helper()
	var once sync.Once
	var handler http.Handler
	background := context.WithoutCancel(t.Context())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() {
			c, err := config.Load(settings)
			if err != nil {
				t.Error(err)
				return
			}
			o, err := office.Open(background, c, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(o.Close)
			mux := http.NewServeMux()
			(&api.Server{
				Door: o.Door(), Ready: o.Ready, MaxPacket: c.Intake.PacketBytes, Logger: slog.New(slog.DiscardHandler),
				Capacity: api.Capacity{Bytes: 64 << 20, Guests: 100, Quick: 2, Heavy: 1},
				Officers: &api.Officers{Desk: o.Desk(), MaxBody: c.Intake.PacketBytes, Now: o.Now},
			}).Register(mux)
			handler = mux
		})
		if handler == nil {
			http.Error(w, "the gateway did not open", http.StatusServiceUnavailable)
			return
		}
		handler.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(door) }()
	t.Cleanup(func() { _ = server.Close() })
}

// registerNamespace makes a namespace, and waits until the server knows it.
func registerNamespace(ctx context.Context, address, name string) error {
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: address, Logger: quiet})
	if err != nil {
		return err
	}
	defer namespaces.Close()
	err = namespaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		c, err := client.DialContext(ctx, client.Options{HostPort: address, Namespace: name, Logger: quiet})
		if err == nil {
			_, err = c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1})
			c.Close()
		}
		if err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return ctx.Err()
}

// exitCode runs a program and requires its exit code: code 2 starter status X.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARG...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = failed.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, not %s\n%s%s", got, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// cases are bad files that a script has made, and what must be said about each.
type cases struct {
	files []string
	told  map[string]*regexp.Regexp
}

// casesKey is where a script's environment keeps its cases.
type casesKey struct{}

// bad NAME OLD NEW PATTERN makes NAME.json of application.json, with the only OLD
// replaced by NEW; PATTERN must be said about it.
func bad(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: bad NAME OLD NEW PATTERN")
	}
	name := args[0] + ".json"
	ts.Check(os.WriteFile(ts.MkAbs(name), []byte(ts.ReadFile("application.json")), 0o600))
	edit(ts, false, []string{name, args[1], args[2]})
	expect(ts, false, []string{name, args[3]})
}

// expect FILE PATTERN notes what must be said about a file.
func expect(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expect FILE PATTERN")
	}
	c := ts.Value(casesKey{}).(*cases)
	pattern, err := regexp.Compile("^(" + args[1] + ")$")
	ts.Check(err)
	c.files = append(c.files, args[0])
	c.told[args[0]] = pattern
}

// refused submits all cases together. Each must be refused in the expected words and
// no others, without any personal data.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: refused")
	}
	c := ts.Value(casesKey{}).(*cases)
	exitCode(ts, false, append([]string{"2", "starter", "submit"}, c.files...))
	ts.Logf("%s", ts.ReadFile("stderr"))
	if accepted := ts.ReadFile("stdout"); accepted != "" {
		ts.Fatalf("accepted:\n%s", accepted)
	}
	told := make(map[string]bool)
	for line := range strings.Lines(ts.ReadFile("stderr")) {
		file, what, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "starter: "), ": ")
		pattern, known := c.told[file]
		if !known || !pattern.MatchString(what) {
			ts.Fatalf("not expected: %s\nbut %s", line, pattern)
		}
		if strings.Contains(what, "Nhật") || strings.Contains(what, "999901") {
			ts.Fatalf("personal data: %s", line)
		}
		told[file] = true
	}
	for _, file := range c.files {
		if !told[file] {
			ts.Fatalf("nothing is said about %s", file)
		}
	}
	*c = cases{told: make(map[string]*regexp.Regexp)}
}

// lighter A B submits two files and compares the most memory that each takes: B may
// not take 32 MB more than A.
func lighter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lighter A B")
	}
	var peaks []int64
	for _, file := range args {
		peaks = append(peaks, peak(ts, file))
	}
	ts.Logf("at most %d kB for %s, %d kB for %s", peaks[0], args[0], peaks[1], args[1])
	if peaks[1] > peaks[0]+32<<10 {
		ts.Fatalf("%s takes %d kB; %s takes %d kB", args[1], peaks[1], args[0], peaks[0])
	}
}

// peak submits a file and gives the most memory that the program held, in kB.
func peak(ts *testscript.TestScript, file string) int64 {
	for folder := range strings.SplitSeq(ts.Getenv("PATH"), string(os.PathListSeparator)) {
		program := filepath.Join(folder, "starter")
		if _, err := os.Stat(program); err != nil {
			continue
		}
		c := exec.CommandContext(context.Background(), program, "submit", file)
		c.Dir = ts.MkAbs(".")
		c.Env = append(os.Environ(), "CANCUOC_CONFIG="+ts.Getenv("CANCUOC_CONFIG"))
		out, err := c.CombinedOutput()
		if c.ProcessState == nil || c.ProcessState.ExitCode() != config.ExitRefused {
			ts.Fatalf("submit %s: %v\n%s", file, err, out)
		}
		return c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	}
	ts.Fatalf("there is no program starter")
	return 0
}

// condition knows [root]: whether file permissions do not bind us.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// edit FILE OLD NEW replaces the only OLD in FILE; escapes are as in Go.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	unquote := strings.NewReplacer(`\n`, "\n", `\x00`, "\x00", `\xff`, "\xff", `\ufeff`, "\ufeff", `\u0300`, "\u0300", `\u0302`, "\u0302", `\u0303`, "\u0303", `\u0323`, "\u0323")
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	old := unquote.Replace(args[1])
	if n := strings.Count(string(b), old); n != 1 {
		ts.Fatalf("%q stands %d times in %s", args[1], n, args[0])
	}
	ts.Check(os.WriteFile(name, []byte(strings.Replace(string(b), old, unquote.Replace(args[2]), 1)), 0o600))
}

// makeFile makes a file that cannot stand in a script: make KIND FILE.
func makeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: make KIND FILE")
	}
	name := ts.MkAbs(args[1])
	if args[0] == "sparse-100MB" { // in a moment, and of no weight on the disk
		f, err := os.Create(name)
		ts.Check(err)
		ts.Check(errors.Join(f.Truncate(100<<20), f.Close()))
		return
	}
	b, err := os.ReadFile(name)
	if !errors.Is(err, os.ErrNotExist) {
		ts.Check(err)
	}
	spoil, known := spoilers[args[0]]
	if !known {
		ts.Fatalf("unknown kind %q", args[0])
	}
	b, err = spoil(b)
	ts.Check(err)
	ts.Check(os.WriteFile(name, b, 0o600))
}

// spoilers make content from the content of the file.
var spoilers = map[string]func([]byte) ([]byte, error){
	"empty":     func([]byte) ([]byte, error) { return nil, nil },
	"truncated": func(b []byte) ([]byte, error) { return b[:len(b)/2], nil },
	"trailing":  func(b []byte) ([]byte, error) { return append(b, "{}"...), nil },
	"long-name": func(b []byte) ([]byte, error) {
		return bytes.Replace(b, []byte("Nguyễn"), bytes.Repeat([]byte("Nguyễn "), 5000), 1), nil
	},
	"garbage": func([]byte) ([]byte, error) { return bytes.Repeat([]byte{0xfe, 0x0d}, 2000), nil },
	// A JPEG header that claims 65535 x 65535 pixels.
	"lying-jpeg": func(b []byte) ([]byte, error) {
		frame := bytes.Index(b, []byte{0xff, 0xc0})
		if frame < 0 {
			return nil, errors.New("no frame")
		}
		b = bytes.Clone(b)
		copy(b[frame+5:], []byte{0xff, 0xff, 0xff, 0xff})
		return b, nil
	},
	// A PNG header, with the right checksum, that claims 50000 x 50000 pixels.
	"png-bomb": func([]byte) ([]byte, error) {
		var out bytes.Buffer
		err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 300, 400)))
		b := out.Bytes()
		copy(b[16:], []byte{0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50})
		sum := crc32.ChecksumIEEE(b[12:29])
		copy(b[29:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
		return b, err
	},
	// A packet whose payload was changed after it was signed.
	"altered": func(b []byte) ([]byte, error) {
		parts := strings.Split(string(b), ".")
		payload := []byte(parts[1])
		payload[100] ^= 1
		return []byte(parts[0] + "." + string(payload) + "." + parts[2]), nil
	},
	// A packet that names the station, signed with another key.
	"forged": func([]byte) ([]byte, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return packet.Sign(packet.Submission{Station: "001-TN-01"}, key, cast.Known().State)
	},
	"unknown-station": func([]byte) ([]byte, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return packet.Sign(packet.Submission{Station: "999-TN-99"}, key, cast.Known().State)
	},
	"deep":         func([]byte) ([]byte, error) { return []byte(strings.Repeat(`{"person":`, 5000)), nil },
	"deep-arrays":  func([]byte) ([]byte, error) { return []byte(strings.Repeat("[", 30_000)), nil },
	"deep-unknown": func([]byte) ([]byte, error) { return []byte(`{"x":` + strings.Repeat("[", 30_000)), nil },
	"thousand-fingers": func(b []byte) ([]byte, error) {
		i := bytes.Index(b, []byte(`"fingerprints": [`))
		if i < 0 {
			return nil, errors.New("no fingerprints")
		}
		one := `{"position":"left-index","file":"left-index.png"},`
		return slices.Concat(b[:i+len(`"fingerprints": [`)], []byte(strings.Repeat(one, 1000)), b[i+len(`"fingerprints": [`):]), nil
	},
}

// countRows prints the number of rows of every table but those of acts, done and refused:
// rows, to be compared by cmp.
func countRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: rows")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, ts.Value(schemaKey{}).(string))
	ts.Check(err)
	defer func() { ts.Check(conn.Close(ctx)) }()
	rows, _ := conn.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT IN ('acts', 'refused_acts') ORDER BY 1`) // CollectRows reports the error
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	ts.Check(err)
	for _, table := range tables {
		var n int
		ts.Check(conn.QueryRow(ctx, "SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()).Scan(&n))
		fmt.Fprintf(ts.Stdout(), "%s %d\n", table, n)
	}
}

// startWorker starts the worker of every role in this process, until the script
// ends.
func startWorker(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: worker")
	}
	c, err := config.Load(ts.Getenv("CANCUOC_CONFIG"))
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	office, err := office.Open(ctx, c, slog.New(slog.DiscardHandler))
	ts.Check(err)
	workers, err := office.All(ctx, "PX-01")
	ts.Check(err)
	ts.Check(workers.Start())
	ts.Defer(func() {
		workers.Stop()
		office.Close()
		stop()
	})
}

// anchorAudit anchors the audit trail once, as a worker does every minute.
func anchorAudit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: anchor")
	}
	c, err := config.Load(ts.Getenv("CANCUOC_CONFIG"))
	ts.Check(err)
	office, err := office.Open(context.Background(), c, slog.New(slog.DiscardHandler))
	ts.Check(err)
	defer office.Close()
	anchor, err := office.Anchor()
	ts.Check(err)
	_, err = anchor.Pass(context.Background())
	ts.Check(err)
}

// behindTriggers runs a statement in the audit trail and the ledgers as a superuser,
// whom no trigger stops.
func behindTriggers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: behind SQL")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, ts.Value(schemaKey{}).(string))
	ts.Check(err)
	defer func() { ts.Check(conn.Close(ctx)) }()
	for _, sql := range []string{`SET session_replication_role = replica`, args[0]} {
		_, err := conn.Exec(ctx, sql)
		ts.Check(err)
	}
}

// number VARIABLE sets an environment variable to the first word of the last
// output.
func number(ts *testscript.TestScript, neg bool, args []string) {
	words := strings.Fields(ts.ReadFile("stdout"))
	if neg || len(args) != 1 || len(words) == 0 {
		ts.Fatalf("usage: number VARIABLE, after a command that printed something")
	}
	ts.Setenv(args[0], words[0])
}

// enroll VARIABLE SAMPLE submits and approves a sample's application, and sets an
// environment variable to its number.
func enroll(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: enroll VARIABLE SAMPLE")
	}
	ts.Check(ts.Exec("starter", "submit", "samples/"+args[1]))
	number(ts, false, args[:1])
	app := ts.Getenv(args[0])
	until(ts, false, []string{app, "starter", "list", "--awaiting", "approval"})
	ts.Check(ts.Exec("starter", "approve", app, "--officer", "PD-001-0009"))
}

// reset sets a workflow back to its first task, as by the Temporal UI, and what it was told
// since with it: reset application-7QF3M-9T2XK-D.
func reset(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: reset WORKFLOW")
	}
	inTemporal(ts, func(ctx context.Context, c client.Client, namespace string) error {
		_, err := c.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: args[0]},
			Reason: "by mistake", WorkflowTaskFinishEventId: 4, RequestId: rand.Text(),
			ResetReapplyExcludeTypes: []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL},
		})
		return err
	})
}

// terminate ends a workflow as an accident does: terminate consignment-C-000001.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: terminate WORKFLOW")
	}
	inTemporal(ts, func(ctx context.Context, c client.Client, _ string) error {
		return c.TerminateWorkflow(ctx, args[0], "", "an accident")
	})
}

// inTemporal does something to a workflow behind the office's back.
func inTemporal(ts *testscript.TestScript, do func(ctx context.Context, c client.Client, namespace string) error) {
	c, err := config.Load(ts.Getenv("CANCUOC_CONFIG"))
	ts.Check(err)
	office, err := office.Open(context.Background(), c, slog.New(slog.DiscardHandler))
	ts.Check(err)
	defer office.Close()
	temporal, err := office.Temporal(context.Background())
	ts.Check(err)
	ts.Check(do(context.Background(), temporal, c.Temporal.Namespace))
}

// same runs a command ten times at the same moment, as those do who do not know whether it
// arrived: each is done, and answered alike.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: same COMMAND")
	}
	var script strings.Builder
	for i := range 10 {
		fmt.Fprintf(&script, "(%s >same-%d 2>&1; echo exit code $? >>same-%d) &\n", args[0], i, i)
	}
	ts.Check(ts.Exec("sh", "-c", script.String()+"wait; cat same-0"))
	for i := range 10 {
		answer := ts.ReadFile(fmt.Sprintf("same-%d", i))
		if answer != ts.ReadFile("same-0") || !strings.Contains(answer, "exit code 0\n") {
			ts.Fatalf("%s was answered:\n%s\nand:\n%s", args[0], ts.ReadFile("same-0"), answer)
		}
	}
}

// rival runs commands at the same moment, each as one argument, three times each. One of
// them wins, all three times, and the others are refused.
func rival(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: rival COMMAND COMMAND...")
	}
	var script strings.Builder
	for i, command := range args {
		for try := range 3 {
			fmt.Fprintf(&script, "(%s >/dev/null 2>&1; echo $? >code-%d-%d) &\n", command, i, try)
		}
	}
	ts.Check(ts.Exec("sh", "-c", script.String()+"wait"))
	winners := 0
	for i, command := range args {
		var codes strings.Builder
		for try := range 3 {
			codes.WriteString(strings.TrimSpace(ts.ReadFile(fmt.Sprintf("code-%d-%d", i, try))))
		}
		ts.Logf("%s: %s", &codes, command)
		switch codes.String() {
		case "000":
			winners++
		case "222":
		default:
			ts.Fatalf("%s: exit codes %s", command, &codes)
		}
	}
	if winners != 1 {
		ts.Fatalf("%d commands were carried out", winners)
	}
}

// watchStock counts the blanks again and again until the script ends: at every instant
// the accounts must make what was received, and what the ledger says.
func watchStock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: watched")
	}
	counted, err := registry.Open(context.Background(), ts.Value(schemaKey{}).(string), registry.Options{MaxConns: 1})
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	unequal := make(chan registry.Stock, 1)
	go func() {
		defer close(unequal)
		for ctx.Err() == nil {
			stock, err := counted.Stock(ctx)
			if err == nil && !stock.Balanced {
				unequal <- stock
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	ts.Defer(func() {
		stop()
		if stock, ok := <-unequal; ok {
			ts.Fatalf("the stock did not balance: %+v", stock)
		}
		counted.Close()
	})
}

// until PATTERN starter ARG... repeats the command until its output matches, for at most
// a minute.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: until PATTERN PROGRAM ARG...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if ts.Exec(args[1], args[2:]...) == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%q did not come; the last output was\n%s%s", args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
}

func TestExplain_TellsRefusalsAndFaultsOfOneCommand(t *testing.T) {
	t.Parallel()
	refused := inFile("a.json", errors.Join(errors.New("refused"), io.ErrUnexpectedEOF))

	require.Equal(t, []string{"a.json: refused", "a.json: unexpected EOF"}, explain(refused))
	require.False(t, isRefusal(refused))
}
