package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/samples/generate/finger"
	"example.org/cancuoc/workflows"
)

// figures are what a bench measured.
type figures struct {
	Cards           int     `json:"cards"`
	CardsPerSecond  float64 `json:"cards_per_second"`
	NoOpsPerSecond  float64 `json:"no_ops_per_second"` // workflows of ten no-op activities
	Ratio           float64 `json:"ratio"`
	Events          int     `json:"events_per_card"`
	HistoryBytes    int     `json:"history_bytes_per_card"`
	RoundTrips      float64 `json:"database_round_trips_per_card"`
	CPU             float64 `json:"cpu_ms_per_card"` // this process: workers, software cards, people's parts
	TemporalCPU     float64 `json:"temporal_cpu_ms_per_card"`
	PostgresCPU     float64 `json:"postgres_cpu_ms_per_card"`
	NoOpCPU         float64 `json:"no_op_cpu_ms"`
	NoOpTemporalCPU float64 `json:"no_op_temporal_cpu_ms"`
	Cores           int     `json:"cores"`
}

func newBench(a *app) *cobra.Command {
	var cards, atOnce int
	var profile string
	c := &cobra.Command{
		Use: "bench", Short: "Measure what a card costs, beside a workflow that does nothing", GroupID: "set-up",
		Long: `Take cards through their whole life on servers of its own, with the people's
parts played at once, and a workflow of ten no-op activities on the same Temporal
server in the same run; report both rates, their ratio, and what a card costs:
history events and bytes, database round trips, CPU.`,
		Example: "  starter bench\n  starter bench --cards 500 --json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if profile != "" {
				f, err := os.Create(profile)
				if err != nil {
					return fmt.Errorf("write profile: %w", err)
				}
				defer f.Close()
				if err := pprof.StartCPUProfile(f); err != nil {
					return fmt.Errorf("write profile: %w", err)
				}
				defer pprof.StopCPUProfile()
			}
			measured, err := bench(cmd.Context(), cards, atOnce, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return a.print(cmd, measured, measured.print)
		},
	}
	c.Flags().IntVar(&cards, "cards", 200, "how many cards, and how many no-op workflows")
	c.Flags().StringVar(&profile, "cpuprofile", "", "write a CPU profile of this process (go tool pprof)")
	c.Flags().IntVar(&atOnce, "at-once", 50, "how many are on their way at the same time")
	return c
}

func (f figures) print(w io.Writer) {
	fmt.Fprintf(w, "cards per second, whole life     %8.1f\n", f.CardsPerSecond)
	fmt.Fprintf(w, "ten no-op activities, per second %8.1f\n", f.NoOpsPerSecond)
	fmt.Fprintf(w, "ratio                            %8.2f\n", f.Ratio)
	fmt.Fprintf(w, "history per card                 %8d events, %d bytes\n", f.Events, f.HistoryBytes)
	fmt.Fprintf(w, "database round trips per card    %8.1f\n", f.RoundTrips)
	fmt.Fprintf(w, "CPU per card, ms                 %8.1f here, %.1f Temporal, %.1f PostgreSQL\n", f.CPU, f.TemporalCPU, f.PostgresCPU)
	fmt.Fprintf(w, "CPU per no-op workflow, ms       %8.1f here, %.1f Temporal\n", f.NoOpCPU, f.NoOpTemporalCPU)
	fmt.Fprintf(w, "(%d cores)\n", f.Cores)
}

// bench starts servers of its own and measures.
func bench(ctx context.Context, cards, atOnce int, progress io.Writer) (figures, error) {
	dir, err := os.MkdirTemp("", "cancuoc-bench-")
	if err != nil {
		return figures{}, fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil {
		return figures{}, fmt.Errorf("make folder: %w", err)
	}
	say := func(format string, args ...any) { fmt.Fprintf(progress, format+"\n", args...) }
	postgres, err := devserver.StartPostgres(ctx, devserver.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Durable: true, Install: true}, say)
	if err != nil {
		return figures{}, err
	}
	defer postgres.Stop()
	temporal, err := devserver.StartTemporal(ctx, devserver.TemporalOptions{Dir: filepath.Join(dir, "temporal"), Keep: true}, say)
	if err != nil {
		return figures{}, err
	}
	defer temporal.Stop()
	b := &benchmark{cards: cards, atOnce: atOnce, say: say, temporalPID: temporal.PID, postgresPID: postgres.PID}
	settings, err := benchSettings(dir, postgres.URL, temporal.Address, cards)
	if err != nil {
		return figures{}, err
	}
	b.office, err = office.Open(ctx, settings, slog.New(slog.DiscardHandler), office.WithTracer(&b.trips))
	if err != nil {
		return figures{}, err
	}
	defer b.office.Close()
	return b.run(ctx)
}

// benchSettings are those of development, with no waits.
func benchSettings(dir, database, temporal string, cards int) (config.Config, error) {
	for key, value := range map[string]string{
		"CANCUOC_CONFIG": "", "CANCUOC_DATA_DIR": dir, "CANCUOC_DATABASE_URL": database, "CANCUOC_TEMPORAL_ADDRESS": temporal,
		"CANCUOC_WORKER_SLOTS": "8", "CANCUOC_OFFICE_CONSIGNMENT_SIZE": strconv.Itoa(min(50, cards)),
		"CANCUOC_OFFICE_CONSIGNMENT_CUT_OFF": "2s", "CANCUOC_STATION_SPOIL_FIRST": "0",
	} {
		if err := os.Setenv(key, value); err != nil {
			return config.Config{}, fmt.Errorf("set up bench: %w", err)
		}
	}
	return config.Load("")
}

// benchmark is one measurement.
type benchmark struct {
	cards, atOnce            int
	say                      func(string, ...any)
	office                   *office.Office
	client                   client.Client
	trips                    tripCounter
	temporalPID, postgresPID int
}

// tripCounter counts round trips to the database, but for those of people who look
// where their applications are.
type tripCounter struct{ n atomic.Int64 }

type lookingKey struct{}

// looking marks what people do only to look.
func looking(ctx context.Context) context.Context { return context.WithValue(ctx, lookingKey{}, true) }

func (t *tripCounter) count(ctx context.Context) {
	if ctx.Value(lookingKey{}) == nil {
		t.n.Add(1)
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (t *tripCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	t.count(ctx)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*tripCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer: a batch is one round trip.
func (t *tripCounter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.count(ctx)
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (*tripCounter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (*tripCounter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// run measures the no-op workflow, the cards, and the no-op workflow again: the
// machine's speed drifts.
func (b *benchmark) run(ctx context.Context) (figures, error) {
	var err error
	if b.client, err = b.office.Temporal(ctx); err != nil {
		return figures{}, err
	}
	workers, err := b.office.All(ctx, "PX-01")
	if err != nil {
		return figures{}, err
	}
	if err := workers.Start(); err != nil {
		return figures{}, err
	}
	defer workers.Stop()
	w := worker.New(b.client, noOpQueue, worker.Options{})
	w.RegisterWorkflow(tenNoOps)
	w.RegisterActivity(noOp)
	if err := w.Start(); err != nil {
		return figures{}, fmt.Errorf("start worker: %w", err)
	}
	defer w.Stop()

	f := figures{Cards: b.cards, Cores: runtime.NumCPU()}
	before, err := b.noOps(ctx)
	if err != nil {
		return figures{}, err
	}
	if err := b.whole(ctx, &f); err != nil {
		return figures{}, err
	}
	after, err := b.noOps(ctx)
	if err != nil {
		return figures{}, err
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

// The workflow that a card is compared with: ten remote activities one after the
// other, which do nothing.
const noOpQueue = "no-op"

func noOp(context.Context) error { return nil }

func tenNoOps(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for range 10 {
		if err := workflow.ExecuteActivity(ctx, noOp).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// noOps runs as many no-op workflows as there are cards.
func (b *benchmark) noOps(ctx context.Context) (cost, error) {
	b.say("Running %d workflows of ten no-op activities ...", b.cards)
	return b.measure(func() error {
		return b.each(func(int) error {
			run, err := b.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: noOpQueue}, tenNoOps)
			if err != nil {
				return err
			}
			return run.Get(ctx, nil)
		})
	})
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
func (b *benchmark) whole(ctx context.Context, f *figures) error {
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

// applicant is one person of the bench.
type applicant struct {
	packet []byte
	probe  []byte // the finger at hand-over
	number identity.ApplicationNumber
}

// applicants makes people, tells the population registry of them, and has their
// applications signed. All of it is before the clock runs.
func (b *benchmark) applicants(ctx context.Context) ([]*applicant, error) {
	const station = "001-TN-01"
	key, err := b.office.NewStationKey(station)
	if err != nil {
		return nil, err
	}
	err = b.office.Registry.SaveStation(ctx, registry.Station{ID: station, Kind: "enrolment", Province: "001", PublicKey: key})
	if err != nil {
		return nil, err
	}
	err = b.office.Registry.ReceiveBlanks(ctx, registry.Box{
		Number: "B-BENCH", First: "PB00000001", Last: registry.BlankSerial(fmt.Sprintf("PB%08d", b.cards+b.cards/10+10)), Location: "centre", ReceivedBy: "TK-1", CountedBy: "TK-2",
	})
	if err != nil {
		return nil, err
	}
	signer, err := b.office.StationKey(station)
	if err != nil {
		return nil, err
	}
	portrait, err := os.ReadFile("samples/02-exchange-at-25/portrait.jpg")
	if err != nil {
		return nil, fmt.Errorf("read a portrait (the bench runs in the clone): %w", err)
	}
	random := identitytest.Seeded(1)
	list := make([]*applicant, b.cards)
	for i := range list {
		person := identitytest.Person(random)
		for person.Birth.AgeOn(identity.DateOf(time.Now())) < 18 || !person.Birth.Complete() {
			person = identitytest.Person(random)
		}
		if err := b.office.Registry.SeedCitizen(ctx, registry.Citizen{Person: person, Status: registry.Alive}); err != nil {
			return nil, err
		}
		if list[i], err = newApplicant(uint64(i)); err != nil {
			return nil, err
		}
		submission := intake.SubmissionOf(identity.Application{
			EnrollmentID: fmt.Sprintf("BENCH-%06d", i), Station: station, Officer: "CB-001-0001", Channel: identity.AtStation,
			Type: identity.FirstIssue, Ground: identity.GroundFirstCard, FiledOn: identity.DateOf(time.Now()), Person: person, Delivery: identity.Collect,
		})
		submission.Portrait = &intake.Image{Data: portrait}
		left, right := finger.Strew(uint64(2*i)), finger.Strew(uint64(2*i+1))
		for position, s := range map[biometrics.Position]*finger.Scatter{biometrics.LeftIndex: left, biometrics.RightIndex: right} {
			template, err := minutiae.Encode(s.Impression(1))
			if err != nil {
				return nil, err
			}
			submission.Fingerprints = append(submission.Fingerprints, intake.Fingerprint{Position: string(position), TemplateData: template})
		}
		if list[i].packet, err = intake.Sign(submission, signer); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// newApplicant makes the finger that will be laid on the reader.
func newApplicant(i uint64) (*applicant, error) {
	template, err := minutiae.Encode(finger.Strew(2 * i).Impression(2))
	if err != nil {
		return nil, err
	}
	probe, err := biometrics.Templates{biometrics.LeftIndex: template}.MarshalBinary()
	return &applicant{probe: probe}, err
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
