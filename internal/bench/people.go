package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// people play the human parts of a bench at once: one look at the registry for
// everybody, then each decision as an update.
type people struct {
	b *benchmark

	mu     sync.Mutex
	stages map[identity.ApplicationNumber]identity.Stage
	failed error         // of the last look
	looked chan struct{} // closed, and made anew, with each look
}

func newPeople(b *benchmark) *people { return &people{b: b, looked: make(chan struct{})} }

// accompany approves an application when it waits for it, and hands the card over.
func (p *people) accompany(ctx context.Context, a *applicant) error {
	if err := p.await(ctx, a.number, identity.Approval); err != nil {
		return err
	}
	if err := p.decide(ctx, a.number, identity.Approve{Officer: "PD-001-0001"}); err != nil {
		return err
	}
	if err := p.await(ctx, a.number, identity.HandOver); err != nil {
		return err
	}
	try, err := p.b.office.Registry.Probe(ctx, a.number, a.probe)
	if err != nil {
		return err
	}
	return p.decide(ctx, a.number, identity.HandOverCard{Officer: "CB-001-0002", Method: identity.HandOverByFingerprint, Probe: try})
}

// decide carries an act to an application.
func (p *people) decide(ctx context.Context, number identity.ApplicationNumber, act identity.Act) error {
	signed, err := p.b.keys.State(act, statement.Application(number), "")
	if err != nil {
		return err
	}
	return again(func() error {
		_, err := p.b.workflows.Decide(ctx, number, act, signed)
		return err
	})
}

// move carries an act to a consignment.
func (p *people) move(ctx context.Context, number identity.ConsignmentNumber, act identity.Act) error {
	signed, err := p.b.keys.State(act, statement.Consignment(number), "")
	if err != nil {
		return err
	}
	return again(func() error {
		_, err := p.b.workflows.Move(ctx, number, act, signed)
		return err
	})
}

// again repeats an act whose time has not quite come.
func again(act func() error) error {
	for tries := 0; ; tries++ {
		err := act()
		if err == nil || tries == 20 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// await waits until the registry has an application at a stage.
func (p *people) await(ctx context.Context, number identity.ApplicationNumber, stage identity.Stage) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Minute, fmt.Errorf("application %s did not come to %s", number, stage))
	defer cancel()
	for {
		p.mu.Lock()
		at, failed, looked := p.stages[number], p.failed, p.looked
		p.mu.Unlock()
		if failed != nil || at == stage {
			return failed
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-looked:
		}
	}
}

// lookEvery is how often people look at their lists.
const lookEvery = 500 * time.Millisecond

// look has everybody see where the applications are that wait for them.
func (p *people) look(ctx context.Context) {
	for ctx.Err() == nil {
		waiting, err := p.b.office.Registry.List(looking(ctx), registry.Filter{Stages: []identity.Stage{identity.Approval, identity.HandOver}})
		stages := make(map[identity.ApplicationNumber]identity.Stage, len(waiting))
		for _, r := range waiting {
			stages[r.Number] = r.Stage
		}
		p.mu.Lock()
		p.stages, p.failed = stages, err
		close(p.looked)
		p.looked = make(chan struct{})
		p.mu.Unlock()
		_ = sleep(ctx, lookEvery) // the loop ends with ctx
	}
}

// shipping sends and counts consignments in as they are sealed.
func (p *people) shipping(ctx context.Context) {
	for ctx.Err() == nil {
		list, err := p.b.office.Registry.Consignments(looking(ctx), time.Now())
		if err != nil {
			continue
		}
		for _, c := range list {
			if c.State == identity.ConsignmentSealed {
				_ = p.move(ctx, c.Number, identity.SendConsignment{Officer: "SX-C06-0001", Courier: "VNPost", Seal: "1"}) // tried again with the next look
			}
			if c.State == identity.ConsignmentSealed || c.State == identity.ConsignmentSent {
				_ = p.move(ctx, c.Number, identity.ReceiveConsignment{Officer: "CB-001-0002", Counted: len(c.Cards)}) // tried again with the next look
			}
		}
		_ = sleep(ctx, lookEvery) // the loop ends with ctx
	}
}
