package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/proto"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/workflows"
)

// benchmark is one measurement, on one registry.
type benchmark struct {
	options

	registry                                      int // which, from 0
	say                                           devserver.Say
	office                                        *office.Office
	keys                                          cast.Keys // of the officers
	camera                                        *lens
	client                                        client.Client
	workflows                                     *workflows.Client
	trips                                         tripCounter
	registryPID, temporalPID, temporalDatabasePID int
}

// run measures the no-op workflow, the cards, and the no-op workflow again: the
// machine's speed drifts. What is made once and then kept is made before.
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
	stop, err := b.keepOrder(ctx)
	if err != nil {
		return measurements{}, err
	}
	defer stop()
	w := worker.New(b.client, noOpQueue, worker.Options{})
	w.RegisterWorkflow(tenNoOps)
	w.RegisterActivity(noOp)
	if err := w.Start(); err != nil {
		return measurements{}, fmt.Errorf("start worker: %w", err)
	}
	defer w.Stop()

	warming := max(b.atOnce, min(warmUp, b.cards))
	b.say("Preparing %d applications ...", warming+b.cards)
	applicants, err := b.applicants(ctx, warming+b.cards)
	if err != nil {
		return measurements{}, err
	}
	b.say("Warming up with %d cards ...", warming)
	if err := b.cardsOf(ctx, applicants[:warming]); err != nil {
		return measurements{}, err
	}
	if err := b.noOps(ctx, warming); err != nil {
		return measurements{}, err
	}
	b.say("Measuring what idling costs ...")
	idle, err := b.measure(func() error { return sleep(ctx, idling) })
	if err != nil {
		return measurements{}, err
	}
	m, err := b.compare(ctx, applicants[warming:])
	m.Idle = idle.each(int(idling / time.Second))
	return m, err
}

// warmUp is how many cards are made before anything is measured, unless fewer are. PostgreSQL keeps the plan
// of a statement when a connection has run it five times, and a process has 16 of them.
const warmUp = 120

// keepOrder has the registry compared with Temporal, and the audit trail anchored, as
// a pipeline's worker does. What was in the trail before is anchored first.
func (b *benchmark) keepOrder(ctx context.Context) (stop func(), err error) {
	anchor, err := b.office.Anchor()
	if err != nil {
		return nil, err
	}
	if _, err := anchor.Pass(ctx); err != nil {
		return nil, fmt.Errorf("anchor the audit trail: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	if err := b.office.StartAnchoring(ctx); err != nil {
		cancel()
		return nil, err
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.office.Reconcile(ctx); err != nil {
			b.say("Registry and Temporal are not compared: %v", err)
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}, nil
}

// idling is how long nothing is done, to measure what that costs.
const idling = 5 * time.Second

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// compare measures cards between two measurements of as many no-op workflows.
func (b *benchmark) compare(ctx context.Context, applicants []*applicant) (measurements, error) {
	noOps := func() error {
		b.say("Running %d workflows of ten no-op activities ...", len(applicants))
		return b.noOps(ctx, len(applicants))
	}
	before, err := b.measure(noOps)
	if err != nil {
		return measurements{}, err
	}
	b.say("Taking %d cards from the packet to the citizen's hand ...", len(applicants))
	trips := b.trips.n.Load()
	stop, err := profileTo(b.profile)
	if err != nil {
		return measurements{}, err
	}
	cards, err := b.measure(func() error { return b.cardsOf(ctx, applicants) })
	stop()
	if err != nil {
		return measurements{}, err
	}
	m := measurements{Cards: len(applicants), RoundTrips: float64(b.trips.n.Load()-trips) / float64(len(applicants))}
	after, err := b.measure(noOps)
	if err != nil {
		return measurements{}, err
	}
	m.Card = cards.each(len(applicants))
	m.NoOps = before.plus(after).each(2 * len(applicants))
	m.Events, m.HistoryBytes, err = b.history(ctx, applicants[len(applicants)/2].number)
	return m, err
}

// each does a thing n times, some at once.
func (b *benchmark) each(n int, do func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, b.atOnce)
	for range b.atOnce {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
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

// cardsOf takes cards from the signed packet to the citizen's hand.
func (b *benchmark) cardsOf(ctx context.Context, applicants []*applicant) error {
	door := b.office.Door()
	people := newPeople(b)
	playing, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { people.look(playing) })
	wg.Go(func() { people.shipping(playing) })
	defer wg.Wait()
	defer stop()
	return b.each(len(applicants), func(i int) error {
		receipt, err := door.Receive(ctx, applicants[i].packet)
		if err != nil {
			return err
		}
		applicants[i].number = receipt.Number
		return people.accompany(ctx, applicants[i])
	})
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
