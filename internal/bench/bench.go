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
	"sync"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/proto"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/workflows"
)

// bench starts servers of its own and measures.
func bench(ctx context.Context, cards, atOnce int, progress io.Writer) (measurements, error) {
	dir, err := os.MkdirTemp("", "cancuoc-bench-")
	if err != nil {
		return measurements{}, fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil {
		return measurements{}, fmt.Errorf("make folder: %w", err)
	}
	say := func(format string, args ...any) { fmt.Fprintf(progress, format+"\n", args...) }
	postgres, err := devserver.StartPostgres(ctx, devserver.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Durable: true, Install: true}, say)
	if err != nil {
		return measurements{}, err
	}
	defer postgres.Stop()
	temporal, err := devserver.StartTemporal(ctx, devserver.TemporalOptions{
		Dir: filepath.Join(dir, "temporal"), Keep: true, SearchAttributes: workflows.SearchAttributes,
	}, say)
	if err != nil {
		return measurements{}, err
	}
	defer temporal.Stop()
	b := &benchmark{cards: cards, atOnce: atOnce, say: say, temporalPID: temporal.PID, postgresPID: postgres.PID}
	c, err := settings(dir, postgres.URL, temporal.Address, cards)
	if err != nil {
		return measurements{}, err
	}
	b.office, err = office.Open(ctx, c, slog.New(slog.DiscardHandler), office.WithTracer(&b.trips))
	if err != nil {
		return measurements{}, err
	}
	defer b.office.Close()
	return b.run(ctx)
}

// settings are those of development, without its waits.
func settings(dir, database, temporal string, cards int) (config.Config, error) {
	if err := os.Unsetenv("CANCUOC_CONFIG"); err != nil {
		return config.Config{}, fmt.Errorf("set up bench: %w", err)
	}
	return config.Load("",
		config.Setting{Key: "data_dir", Value: dir},
		config.Setting{Key: "database.url", Value: database},
		config.Setting{Key: "temporal.address", Value: temporal},
		config.Setting{Key: "worker.slots", Value: "8"},
		config.Setting{Key: "station.spoil_first", Value: "0"},
		config.Setting{Key: "office.consignment_size", Value: strconv.Itoa(min(50, cards))},
		config.Setting{Key: "office.consignment_cut_off", Value: "2s"},
	)
}

// benchmark is one measurement.
type benchmark struct {
	cards, atOnce            int
	say                      func(string, ...any)
	office                   *office.Office
	client                   client.Client
	workflows                *workflows.Client
	trips                    tripCounter
	temporalPID, postgresPID int
}

// run measures the no-op workflow, the cards, and the no-op workflow again: the
// machine's speed drifts.
func (b *benchmark) run(ctx context.Context) (measurements, error) {
	var err error
	if b.workflows, err = b.office.Workflows(ctx); err != nil {
		return measurements{}, err
	}
	b.client = b.workflows.Temporal
	workers, err := b.office.All(ctx, "PX-01")
	if err != nil {
		return measurements{}, err
	}
	if err := workers.Start(); err != nil {
		return measurements{}, err
	}
	defer workers.Stop()
	w := worker.New(b.client, noOpQueue, worker.Options{})
	w.RegisterWorkflow(tenNoOps)
	w.RegisterActivity(noOp)
	if err := w.Start(); err != nil {
		return measurements{}, fmt.Errorf("start worker: %w", err)
	}
	defer w.Stop()

	f := measurements{Cards: b.cards, Cores: runtime.NumCPU()}
	before, err := b.noOps(ctx)
	if err != nil {
		return measurements{}, err
	}
	if err := b.whole(ctx, &f); err != nil {
		return measurements{}, err
	}
	after, err := b.noOps(ctx)
	if err != nil {
		return measurements{}, err
	}
	n := float64(b.cards)
	f.NoOpsPerSecond = 2 * n / (before.took + after.took).Seconds()
	f.NoOpCPU, f.NoOpTemporalCPU = ms(before.here+after.here)/2/n, ms(before.temporal+after.temporal)/2/n
	f.Ratio = f.CardsPerSecond / f.NoOpsPerSecond
	return f, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// cost is time on the clock and on the processors.
type cost struct{ took, here, temporal, postgres time.Duration }

// measure runs a part and says what it cost.
func (b *benchmark) measure(part func() error) (cost, error) {
	began, here, temporal, postgres := time.Now(), ownCPU(), cpuOf(b.temporalPID), cpuOf(b.postgresPID)
	if err := part(); err != nil {
		return cost{}, err
	}
	return cost{
		took: time.Since(began), here: ownCPU() - here, temporal: cpuOf(b.temporalPID) - temporal, postgres: cpuOf(b.postgresPID) - postgres,
	}, nil
}

// each does a thing for every card, so many at once.
func (b *benchmark) each(do func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, b.atOnce)
	for range b.atOnce {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.cards {
					return
				}
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

// whole takes cards from the signed packet to the citizen's hand.
func (b *benchmark) whole(ctx context.Context, f *measurements) error {
	b.say("Preparing %d applications ...", b.cards)
	applicants, err := b.applicants(ctx)
	if err != nil {
		return err
	}
	door, err := b.office.Door(ctx)
	if err != nil {
		return err
	}
	b.say("Taking %d cards from the packet to the citizen's hand ...", b.cards)
	people := newPeople(b)
	trips := b.trips.n.Load()
	measured, err := b.measure(func() error {
		playing, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { people.shipping(playing) })
		defer wg.Wait()
		defer stop()
		return b.each(func(i int) error {
			receipt, err := door.Receive(ctx, applicants[i].packet)
			if err != nil {
				return err
			}
			applicants[i].number = receipt.Number
			return people.accompany(ctx, applicants[i])
		})
	})
	if err != nil {
		return err
	}
	n := float64(b.cards)
	f.CardsPerSecond = n / measured.took.Seconds()
	f.RoundTrips = float64(b.trips.n.Load()-trips) / n
	f.CPU, f.TemporalCPU, f.PostgresCPU = ms(measured.here)/n, ms(measured.temporal)/n, ms(measured.postgres)/n
	f.Events, f.HistoryBytes, err = b.history(ctx, applicants[b.cards/2].number)
	return err
}

// history measures the history of one application.
func (b *benchmark) history(ctx context.Context, number identity.ApplicationNumber) (events, size int, err error) {
	all := b.client.GetWorkflowHistory(ctx, workflows.ApplicationWorkflowID(number), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for all.HasNext() {
		event, err := all.Next()
		if err != nil {
			return 0, 0, fmt.Errorf("read history: %w", err)
		}
		events++
		size += proto.Size(event)
	}
	return events, size, nil
}
