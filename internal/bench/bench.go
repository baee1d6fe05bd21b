package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/bench/ended"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/vault"
	"example.org/cancuoc/workflows"
)

// options of a bench.
type options struct {
	cards, atOnce int
	server        string // see the servers
	finished      int    // applications that ended before, in a second registry
	profile       string // file for a CPU profile of the cards; none if empty
}

// The Temporal servers to measure on.
const (
	serverDev      = "dev"      // the CLI's development server
	serverPostgres = "postgres" // the server of production, on a PostgreSQL of its own
)

// bench starts servers for itself and measures on them.
func bench(ctx context.Context, o options, progress io.Writer) (report, error) {
	dir, err := os.MkdirTemp("", "cancuoc-bench-")
	if err != nil {
		return report{}, fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil {
		return report{}, fmt.Errorf("make folder: %w", err)
	}
	s := &servers{dir: dir, say: func(format string, args ...any) { fmt.Fprintf(progress, format+"\n", args...) }}
	defer s.stop()
	if err := s.start(ctx, o); err != nil {
		return report{}, err
	}
	r := report{Server: o.server, Cores: runtime.NumCPU()}
	for i := range s.registries {
		m, err := s.measure(ctx, o, i)
		if err != nil {
			return report{}, err
		}
		r.Runs = append(r.Runs, m)
	}
	return r, nil
}

// servers are what a bench measures on. Every database writes as in production:
// what is committed survives a power cut.
type servers struct {
	dir string
	say devserver.Say

	temporal         *devserver.Temporal
	temporalDatabase *devserver.Postgres // nil where it needs none
	registries       []finishedRegistry  // each in a PostgreSQL of its own
	stops            []func()
}

// finishedRegistry is a registry in which that many applications have ended.
type finishedRegistry struct {
	postgres *devserver.Postgres
	finished int
}

func (s *servers) stop() {
	for _, stop := range s.stops {
		stop()
	}
}

func (s *servers) start(ctx context.Context, o options) error {
	sizes := []int{0}
	if o.finished > 0 {
		sizes = append(sizes, o.finished)
	}
	for _, finished := range sizes {
		postgres, err := s.startRegistry(ctx, finished)
		if err != nil {
			return err
		}
		s.stops = append(s.stops, postgres.Stop)
		s.registries = append(s.registries, finishedRegistry{postgres, finished})
	}
	var err error
	if o.server == serverPostgres {
		if s.temporalDatabase, err = s.startPostgres(ctx, "temporal-postgres", true); err != nil {
			return err
		}
		s.stops = append(s.stops, s.temporalDatabase.Stop)
		s.temporal, err = devserver.StartTemporalServer(ctx, devserver.TemporalServerOptions{
			Dir: filepath.Join(s.dir, "temporal"), Database: s.temporalDatabase.AdminURL, SearchAttributes: workflows.SearchAttributes,
		}, s.say)
	} else {
		s.temporal, err = devserver.StartTemporal(ctx, devserver.TemporalOptions{
			Dir: filepath.Join(s.dir, "temporal"), Keep: true, SearchAttributes: workflows.SearchAttributes,
		}, s.say)
	}
	if err != nil {
		return err
	}
	s.stops = append([]func(){s.temporal.Stop}, s.stops...) // before its database
	return nil
}

func (s *servers) startPostgres(ctx context.Context, name string, durable bool) (*devserver.Postgres, error) {
	return devserver.StartPostgres(ctx, devserver.PostgresOptions{Dir: filepath.Join(s.dir, name), Durable: durable, Install: true}, s.say)
}

// startRegistry starts the PostgreSQL of a registry in which that many
// applications have ended.
func (s *servers) startRegistry(ctx context.Context, finished int) (*devserver.Postgres, error) {
	name := fmt.Sprintf("postgres-%d", finished)
	if finished > 0 {
		fast, err := s.startPostgres(ctx, name, false)
		if err != nil {
			return nil, err
		}
		s.say("Filling a registry with %d applications that have ended ...", finished)
		if _, err = registry.Migrate(ctx, fast.OwnerURL, nil); err == nil {
			err = s.fill(ctx, fast.AdminURL, finished)
		}
		if err == nil {
			err = ended.Settle(ctx, fast.AdminURL)
		}
		fast.Stop()
		if err != nil {
			return nil, err
		}
	}
	return s.startPostgres(ctx, name, true)
}

// fill has that many applications sealed with the key by which the offices of settings open
// them.
func (s *servers) fill(ctx context.Context, url string, finished int) error {
	sealing, err := s.vault()
	if err != nil {
		return err
	}
	return ended.Fill(ctx, url, finished, sealing)
}

func (s *servers) vault() (*vault.Vault, error) {
	master, err := vault.OpenFile(filepath.Join(s.dir, "keys", "vault.key"), true)
	if err != nil {
		return nil, err
	}
	return vault.New(master), nil
}

// measure opens an office on a registry and measures what a card costs there.
func (s *servers) measure(ctx context.Context, o options, i int) (measurements, error) {
	r := s.registries[i]
	eye, err := newLens(ctx, filepath.Join(s.dir, "out", "prints"))
	if err != nil {
		return measurements{}, err
	}
	defer eye.stop()
	c, err := settings(s.dir, i, r.postgres.URL, s.temporal.Address, eye.url, o.cards)
	if err != nil {
		return measurements{}, err
	}
	b := &benchmark{options: o, registry: i, say: s.say, camera: eye, registryPID: r.postgres.PID, temporalPID: s.temporal.PID}
	if s.temporalDatabase != nil {
		b.temporalDatabasePID = s.temporalDatabase.PID
	}
	if _, err := registry.Migrate(ctx, r.postgres.OwnerURL, s.vault); err != nil {
		return measurements{}, err
	}
	if b.keys, err = cast.Found(ctx, r.postgres.OwnerURL); err != nil {
		return measurements{}, err
	}
	office.SpareCollection() // as a worker does
	b.office, err = office.Open(ctx, c, slog.New(slog.DiscardHandler), office.WithTracer(&b.trips))
	if err != nil {
		return measurements{}, err
	}
	defer b.office.Close()
	m, err := b.run(ctx)
	m.Finished = r.finished
	return m, err
}

// settings are those of development, without its waits: a box that takes 200 cards in
// production, and a day, takes 50 here, or what is packed within seconds. Each registry has
// an audit log of its own.
func settings(dir string, registry int, database, temporal, camera string, cards int) (config.Config, error) {
	if err := os.Unsetenv("CANCUOC_CONFIG"); err != nil {
		return config.Config{}, fmt.Errorf("set up bench: %w", err)
	}
	return config.Load("",
		config.Setting{Key: "data_dir", Value: dir},
		config.Setting{Key: "audit.log_dir", Value: filepath.Join(dir, fmt.Sprintf("audit-log-%d", registry))},
		config.Setting{Key: "audit.checkpoint_file", Value: filepath.Join(dir, fmt.Sprintf("audit-checkpoint-%d", registry))},
		config.Setting{Key: "database.url", Value: database},
		config.Setting{Key: "temporal.address", Value: temporal},
		config.Setting{Key: "worker.slots", Value: "8"},
		config.Setting{Key: "camera.driver", Value: "http"},
		config.Setting{Key: "camera.url", Value: camera},
		config.Setting{Key: "station.spoil_first", Value: "0"},
		config.Setting{Key: "office.consignment_size", Value: strconv.Itoa(min(50, cards))},
		config.Setting{Key: "office.consignment_cut_off", Value: "5s"},
	)
}
