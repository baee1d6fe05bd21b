package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/workflows"
)

// stations are the personalization stations of the office.
var stations = []identity.StationID{"PX-01", "PX-02"}

// Names of the other processes.
const (
	postgresName = "PostgreSQL"
	temporalName = "Temporal"
	gatewayName  = "gateway"
	pipelineName = "pipeline"
)

// site is an office in a folder of its own, made of real processes.
type site struct {
	dir     string
	expiry  time.Duration // how long citizens have to come again; some never come
	cards   int           // that may be spoiled before a person is asked
	targets []*target     // in the order in which they were started
	ports   map[string]int
	guard   *guard
	wipe    atomic.Bool // Temporal's database is thrown away before its next start

	postgres atomic.Pointer[devserver.Postgres] // as it was started last
	backup   atomic.Pointer[string]             // folder of the registry's backup; nil: there is none
	restore  atomic.Pointer[string]             // PostgreSQL is restored to that before its next start
	restored atomic.Int64                       // how often it was

	office *office.Office // what people work with
	flows  *workflows.Client
	keys   cast.Keys     // of the officers
	db     *pgxpool.Pool // of those who look; apart, with short limits, and read-only
	state  string        // URL by which the State puts the population registry right
}

// bringUp starts everything and waits until it can work.
func bringUp(ctx context.Context, o options, say func(string, ...any)) (_ *site, err error) {
	s := &site{expiry: min(90*time.Second, max(20*time.Second, o.duration/2)), cards: 3, ports: make(map[string]int)}
	if o.ordered() { // nobody fails to come, and a spoiled card is for a person
		s.expiry, s.cards = time.Hour, 1
	}
	if s.dir, err = filepath.Abs(o.dir); err != nil {
		return nil, fmt.Errorf("find folder: %w", err)
	}
	if s.guard, err = newGuard(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.tearDown()
		}
	}()
	say("Building worker and gateway ...")
	if err := s.build(ctx); err != nil {
		return nil, err
	}
	say("Starting PostgreSQL and Temporal in %s ...", s.dir)
	if err := s.startServers(ctx, say); err != nil {
		return nil, err
	}
	say("Starting gateway, pipeline and %d stations ...", len(stations))
	return s, s.startPrograms(ctx)
}

// build makes the programs, once.
func (s *site) build(ctx context.Context) error {
	bin := filepath.Join(s.dir, "bin") + string(filepath.Separator)
	out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "example.org/cancuoc/worker", "example.org/cancuoc/gateway").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build worker and gateway: %w\n%s", err, out)
	}
	return nil
}

// startServers starts the servers, makes the schema, and opens the office once, which
// makes the keys before the programs do so at the same time.
func (s *site) startServers(ctx context.Context, say func(string, ...any)) error {
	cli, err := devserver.TemporalCLI(ctx, say)
	if err != nil {
		return err
	}
	if err := os.Setenv("TEMPORAL_CLI", cli); err != nil { // found once; it is started often
		return fmt.Errorf("pass the Temporal CLI on: %w", err)
	}
	for _, name := range []string{postgresName, temporalName, gatewayName, pipelineName, string(stations[0]), string(stations[1])} {
		if s.ports[name], err = freePort(ctx, slices.Collect(maps.Values(s.ports))); err != nil {
			return err
		}
	}
	var database atomic.Pointer[devserver.Postgres]
	err = s.add(ctx, &target{name: postgresName, start: func(ctx context.Context) (*running, error) {
		p, err := s.startPostgres(ctx)
		if err != nil {
			return nil, err
		}
		database.Store(p)
		return &running{Process: p.Process, end: p.Stop}, nil
	}})
	if err != nil {
		return err
	}
	if err := s.add(ctx, &target{name: temporalName, start: s.startTemporal}); err != nil {
		return err
	}
	postgres := database.Load()
	s.state = postgres.OwnerURL
	if err := s.writeSettings(postgres.URL); err != nil {
		return err
	}
	c, err := config.Load(s.settingsFile(gatewayName))
	if err != nil {
		return err
	}
	c.Database.OwnerURL = config.Secret(postgres.OwnerURL)
	if _, err := office.Migrate(ctx, c); err != nil {
		return err
	}
	if s.keys, err = cast.Found(ctx, postgres.OwnerURL); err != nil {
		return err
	}
	return s.open(ctx, postgres.URL)
}

// add keeps a target running, and waits until it can work.
func (s *site) add(ctx context.Context, t *target) error {
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx)) // all end in order
	t.guard, t.stop, t.done = s.guard, stop, make(chan struct{})
	s.targets = append(s.targets, t)
	go t.keep(keeping)
	return t.awaitUp(ctx)
}

// errPort says that a server could not have the port that the others know.
var errPort = errors.New("its port is taken")

func (s *site) startPostgres(ctx context.Context) (*devserver.Postgres, error) {
	o := devserver.PostgresOptions{Dir: filepath.Join(s.dir, "postgres"), Durable: true, Install: true, Port: s.ports[postgresName]}
	if from := s.restore.Swap(nil); from != nil {
		o.Restore = *from
		s.restored.Add(1)
	}
	p, err := devserver.StartPostgres(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	s.postgres.Store(p)
	if !strings.Contains(p.URL, ":"+strconv.Itoa(s.ports[postgresName])+"/") {
		p.Stop()
		return nil, errPort
	}
	return p, nil
}

func (s *site) startTemporal(ctx context.Context) (*running, error) {
	dir := filepath.Join(s.dir, "temporal")
	if s.wipe.Swap(false) {
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("throw Temporal's database away: %w", err)
		}
	}
	t, err := devserver.StartTemporal(ctx, devserver.TemporalOptions{
		Dir: dir, Keep: true, Port: s.ports[temporalName], SearchAttributes: workflows.SearchAttributes,
	}, nil)
	if err != nil {
		return nil, err
	}
	if t.Address != s.address(temporalName) {
		t.Stop()
		return nil, errPort
	}
	return &running{Process: t.Process, end: t.Stop}, nil
}

// startPrograms starts what works in the office.
func (s *site) startPrograms(ctx context.Context) error {
	for _, name := range []string{pipelineName, string(stations[0]), string(stations[1]), gatewayName} {
		program := "worker"
		if name == gatewayName {
			program = "gateway"
		}
		start := func(context.Context) (*running, error) {
			p, err := devserver.Start(filepath.Join(s.dir, "bin", program), filepath.Join(s.dir, name+".log"), "--config", s.settingsFile(name))
			if err != nil {
				return nil, err
			}
			return &running{Process: p, end: p.Stop}, nil
		}
		if err := s.add(ctx, &target{name: name, start: start, probe: "http://" + s.address(name) + "/readyz"}); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) address(name string) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ports[name]))
}

func (s *site) settingsFile(name string) string { return filepath.Join(s.dir, name+".yaml") }

// settings of an office in which everything takes seconds that takes days in life.
type settings map[string]map[string]any

// writeSettings writes each program's configuration file.
func (s *site) writeSettings(database string) error {
	for _, name := range []string{gatewayName, pipelineName, string(stations[0]), string(stations[1])} {
		all := settings{
			"database": {"url": database},
			"temporal": {"address": s.address(temporalName)},
			"gateway":  {"listen": s.address(gatewayName), "citizens_listen": "", "public_url": "http://" + s.address(gatewayName)},
			"worker":   {"reconcile": "5s"},
			"station":  {"write_time": "600ms", "print_time": "300ms", "spoil_first": 2},
			"office": {
				"recapture": s.expiry.String(), "station_wait": "20s", "cards": s.cards,
				"consignment_size": 6, "consignment_cut_off": "8s",
			},
		}
		switch name {
		case gatewayName:
		case pipelineName:
			all["worker"]["role"], all["worker"]["listen"] = "pipeline", s.address(name)
		default: // a station has encoder, printer and journal to itself
			all["worker"]["role"], all["worker"]["station"], all["worker"]["listen"] = "station", name, s.address(name)
			all["station"]["magazine"], all["station"]["journal"] = s.magazine(name), s.journal(name)
			all["printing"] = map[string]any{"spool": filepath.Join(s.dir, name, "prints")}
		}
		top, err := yaml.Marshal(map[string]string{"data_dir": s.dir})
		if err != nil {
			return fmt.Errorf("write settings: %w", err)
		}
		sections, err := yaml.Marshal(all)
		if err != nil {
			return fmt.Errorf("write settings: %w", err)
		}
		if err := os.WriteFile(s.settingsFile(name), append(top, sections...), 0o600); err != nil {
			return fmt.Errorf("write settings: %w", err)
		}
	}
	return nil
}

func (s *site) magazine(station string) string { return filepath.Join(s.dir, station, "magazine") }
func (s *site) journal(station string) string  { return filepath.Join(s.dir, station, "journal") }

// open connects those who work with the office, and those who look at it.
func (s *site) open(ctx context.Context, database string) error {
	c, err := config.Load(s.settingsFile(gatewayName))
	if err != nil {
		return err
	}
	if s.office, err = office.Open(ctx, c, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if _, err := s.office.Authority(); err != nil {
		return err
	}
	if s.flows, err = s.office.Workflows(ctx); err != nil {
		return err
	}
	s.flows.Patience = 15 * time.Second
	pool, err := pgxpool.ParseConfig(database)
	if err != nil {
		return errors.New("the database URL cannot be read") // the cause may hold the password
	}
	pool.MaxConns, pool.ConnConfig.ConnectTimeout = 32, 2*time.Second
	pool.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	s.db, err = pgxpool.NewWithConfig(ctx, pool)
	return err
}

// target finds a process by its name.
func (s *site) target(name string) *target {
	return s.targets[slices.IndexFunc(s.targets, func(t *target) bool { return t.name == name })]
}

// up reports whether everything runs, undisturbed, and can work.
func (s *site) up() bool {
	return !slices.ContainsFunc(s.targets, func(t *target) bool { return !t.up() })
}

// tearDown ends everything: first who uses the servers, then the servers.
func (s *site) tearDown() {
	if s.office != nil {
		s.office.Close()
	}
	if s.db != nil {
		s.db.Close()
	}
	const servers = 2
	var programs sync.WaitGroup
	for _, t := range s.targets[min(servers, len(s.targets)):] {
		programs.Go(t.end)
	}
	programs.Wait()
	for _, t := range slices.Backward(s.targets[:min(servers, len(s.targets))]) {
		t.end()
	}
	s.guard.close()
}

// end ends the process for good.
func (t *target) end() {
	t.stop()
	<-t.done
}

// freePort finds a port that nobody listens on, below those that the system gives
// to outgoing connections: while a server is away, nobody else may take its port.
func freePort(ctx context.Context, but []int) (int, error) {
	for port := 20_000 + os.Getpid()%10_000; port < 32_000; port++ {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if got, err := devserver.Listen(ctx, address); err == nil && got == address && !slices.Contains(but, port) {
			return port, nil
		}
	}
	return 0, errors.New("there is no free port between 20000 and 32000")
}
